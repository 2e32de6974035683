"""What travels between workflows and activities: ids, positions, instants and duty keys. No text, no names.

Workflows import this module and `domain`, nothing else of goalcycle.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from temporalio import workflow
from temporalio.common import RetryPolicy

from domain.messages import Kind

READ_AGENDA = "read_agenda"
PERFORM_DUTY = "perform_duty"
TASK_QUEUE = "goalcycle"

PATIENT = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))
"""Infrastructure comes back; a duty is tried until it does."""


HEARTBEAT_TIMEOUT = timedelta(seconds=10)
"""After this a duty of a worker that died goes to another: well before a phase's closing lapses, which is 30 s."""


class Message(BaseModel):
    """A value on the wire. Fields are only ever added, with defaults, because histories are replayed."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class StreamName(Message):
    """Which stream a workflow keeps."""

    organization: UUID
    kind: Kind
    stream: UUID


class AgendaQuestion(Message):
    """What does the stream owe?"""

    name: StreamName
    now: datetime
    """The workflow's time: the clock of a simulated organization."""
    target: int
    """The answer considers at least every event up to this position."""


class OwedDuty(Message):
    """A duty by its key."""

    key: str
    due: datetime


class AgendaAnswer(Message):
    """The agenda as a workflow needs it."""

    position: int
    due: tuple[OwedDuty, ...] = ()
    next_due: datetime | None = None
    phase: str = ""
    closed: bool = False
    quiet_seconds: int = 0
    summary: str = ""


class DutyOrder(Message):
    """Perform one duty."""

    name: StreamName
    key: str
    now: datetime


class DutyAnswer(Message):
    """How it ended; `no_longer_owed` is success."""

    outcome: str
    position: int = 0


async def read_agenda(question: AgendaQuestion) -> AgendaAnswer:
    """Ask for the agenda: a local activity, for it is a short read and happens at every turn of the loop."""
    answer: AgendaAnswer = await workflow.execute_local_activity(
        READ_AGENDA,
        question,
        result_type=AgendaAnswer,
        # A cycle's first look folds every plan; what was folded by then is kept for the next try.
        start_to_close_timeout=timedelta(seconds=60),
        schedule_to_close_timeout=None,
        retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10)),
    )
    return answer


async def perform_duty(order: DutyOrder) -> DutyAnswer:
    """Have a duty performed: a regular activity, visible and retried on its own."""
    answer: DutyAnswer = await workflow.execute_activity(
        PERFORM_DUTY,
        order,
        result_type=DutyAnswer,
        start_to_close_timeout=timedelta(seconds=60),
        heartbeat_timeout=HEARTBEAT_TIMEOUT,
        retry_policy=PATIENT,
        summary=order.key,
    )
    return answer
