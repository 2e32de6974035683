"""What travels between workflows and activities: ids, positions, instants and duty keys. No text, no names.

Workflows import this module and `domain`, nothing else of goalcycle.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

from domain.messages import Kind

PERFORM_DUE = "perform_due"
TASK_QUEUE = "goalcycle"

AT_HAND = timedelta(seconds=4)
"""How long a turn may take as a local activity: well within a workflow task, which lasts 10 s."""

LONGEST_PAUSE = timedelta(seconds=5)
"""Between two tries of a turn while the log is away. What is due is done so soon after it is back: a closing that was
begun before must not lapse (30 s) while its workflow sleeps."""
HEARTBEAT_TIMEOUT = timedelta(seconds=10)
"""After this a turn of a worker that died goes to another: well before a phase's closing lapses, which is 30 s. A
workflow task, and with it a local activity, passes on after as long."""


class Message(BaseModel):
    """A value on the wire. Fields are only ever added, with defaults, because histories are replayed."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class StreamName(Message):
    """Which stream a workflow keeps."""

    organization: UUID
    kind: Kind
    stream: UUID


class AgendaQuestion(Message):
    """What does the stream owe, once what is due by now has been done?"""

    name: StreamName
    now: datetime
    """The workflow's time: the clock of a simulated organization."""
    target: int
    """The answer considers at least every event up to this position."""


class AgendaAnswer(Message):
    """The agenda as a workflow needs it."""

    position: int
    performed: tuple[str, ...] = ()
    """The keys of the duties that were performed for this answer."""
    due: tuple[str, ...] = ()
    """The keys of those that are due all the same: they were refused, or judged by a clock that is behind."""
    next_due: datetime | None = None
    phase: str = ""
    closed: bool = False
    quiet_seconds: int = 0
    summary: str = ""


async def perform_due(question: AgendaQuestion) -> AgendaAnswer:
    """Have everything performed that is due, and learn what is owed next: one turn of the loop.

    A local activity, for a turn is a few statements and so costs Temporal one event. What fails or takes long, because
    the log is away or a cycle has very many plans, is left to a regular activity: it is tried again without a trace in
    the history, shows what it waits for, and tells by its heartbeats when its worker has died.
    """
    try:
        answer: AgendaAnswer = await workflow.execute_local_activity(
            PERFORM_DUE,
            question,
            result_type=AgendaAnswer,
            start_to_close_timeout=AT_HAND,
            retry_policy=RetryPolicy(maximum_attempts=1),
        )
    except FailureError as late:  # of a local activity, not always wrapped in an ActivityError
        if is_cancelled_exception(late):
            raise
        answer = await workflow.execute_activity(
            PERFORM_DUE,
            question,
            result_type=AgendaAnswer,
            start_to_close_timeout=timedelta(seconds=60),
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=RetryPolicy(maximum_interval=LONGEST_PAUSE),
        )
    return answer
