"""The activities: thin hands between a workflow and the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.signatures import (
    HEARTBEAT_TIMEOUT,
    PERFORM_DUTY,
    READ_AGENDA,
    AgendaAnswer,
    AgendaQuestion,
    DutyAnswer,
    DutyOrder,
    OwedDuty,
    StreamName,
)
from domain.decider import Ref
from domain.problems import DomainError
from eventlog.agendas import Agendas


class Duties:
    """Activities over one engine."""

    def __init__(self, agendas: Agendas) -> None:
        self._agendas = agendas

    @activity.defn(name=READ_AGENDA)
    async def read_agenda(self, question: AgendaQuestion) -> AgendaAnswer:
        """The agenda of a stream, read from the log at or after the target."""
        name = question.name
        reading = await self._agendas.read_agenda(name.organization, _ref(name), question.now, target=question.target)
        agenda = reading.agenda
        return AgendaAnswer(
            position=reading.position,
            due=tuple(OwedDuty(key=duty.key, due=duty.due) for duty in agenda.due),
            next_due=agenda.next_due,
            phase=agenda.phase,
            closed=agenda.closed,
            quiet_seconds=agenda.quiet_seconds,
            summary=agenda.summary,
        )

    @activity.defn(name=PERFORM_DUTY)
    async def perform_duty(self, order: DutyOrder) -> DutyAnswer:
        """Perform a duty through the command handler, at most once for ever.

        A rule's refusal is not retried here: the workflow reads the agenda again and decides whether it is still owed.
        """
        name = order.name
        try:
            async with _heartbeats():
                performed = await self._agendas.perform(name.organization, _ref(name), order.key, order.now)
        except DomainError as refusal:
            if refusal.problem.status >= 500:
                raise
            raise ApplicationError(
                refusal.code, type=refusal.code, non_retryable=True, category=ApplicationErrorCategory.BENIGN
            ) from None
        return DutyAnswer(outcome=performed.outcome, position=performed.position)


@asynccontextmanager
async def _heartbeats() -> AsyncIterator[None]:
    """Tell Temporal that the duty is under way; a quick one sends none."""
    beating = asyncio.create_task(_beat())
    try:
        yield
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating


async def _beat() -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_TIMEOUT.total_seconds() / 4)
        activity.heartbeat()


def _ref(name: StreamName) -> Ref:
    return Ref(name.kind, name.stream)
