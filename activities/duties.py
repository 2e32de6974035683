"""The activities: thin hands between a workflow and the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from temporalio import activity

from activities.signatures import HEARTBEAT_TIMEOUT, PERFORM_DUE, AgendaAnswer, AgendaQuestion
from domain.decider import Ref
from eventlog.agendas import Agendas


class Duties:
    """Activities over one engine."""

    def __init__(self, agendas: Agendas) -> None:
        self._agendas = agendas

    @activity.defn(name=PERFORM_DUE)
    async def perform_due(self, question: AgendaQuestion) -> AgendaAnswer:
        """Perform what is due through the command handler, each duty at most once for ever; then tell what is owed.

        A rule's refusal is not retried here: the workflow is told that the duty is still due, and comes back.
        """
        name = question.name
        async with _heartbeats():
            turn = await self._agendas.perform_due(
                name.organization, Ref(name.kind, name.stream), question.now, target=question.target
            )
        agenda = turn.reading.agenda
        return AgendaAnswer(
            position=turn.reading.position,
            performed=turn.performed,
            due=tuple(duty.key for duty in agenda.due),
            next_due=agenda.next_due,
            phase=agenda.phase,
            closed=agenda.closed,
            quiet_seconds=agenda.quiet_seconds,
            summary=agenda.summary,
        )


@asynccontextmanager
async def _heartbeats() -> AsyncIterator[None]:
    """Tell Temporal that the turn is under way; a quick one sends none, and a local one needs none."""
    if activity.info().is_local:
        yield
        return
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
