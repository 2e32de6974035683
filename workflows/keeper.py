"""The one loop that every workflow shares: read the agenda, perform what is due, sleep until more is.

Invariant: what has been seen of the log is never older than what was delivered (`seen >= target`) when the keeper
sleeps, and its timer is never later than the next due instant. Signals only raise the target, so lost, doubled, late
and reordered ones are harmless.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.signatures import (
    AgendaAnswer,
    AgendaQuestion,
    DutyOrder,
    Message,
    StreamName,
    perform_duty,
    read_agenda,
)

BACKOFF_FIRST = timedelta(seconds=1)
BACKOFF_MOST = timedelta(seconds=60)
FOREVER = timedelta(days=3650)


class Progress(Message):
    """What one run hands to the next: where it is, nothing of what happened."""

    name: StreamName
    target: int = 0
    """The highest position that was delivered."""
    phase: str = ""
    """The phase this run keeps; empty before the first agenda."""


class Keeper:
    """Keeps the time of one stream for one run."""

    def __init__(self, progress: Progress) -> None:
        self.name = progress.name
        self.target = progress.target
        self.phase = progress.phase
        self.seen = 0
        self._backoff = BACKOFF_FIRST
        self._quiet_until: datetime | None = None

    def nudge(self, position: int) -> None:
        """Something new is in the log up to this position."""
        self.target = max(self.target, position)

    async def live(self, phases: Mapping[str, Callable[[], Awaitable[AgendaAnswer]]]) -> None:
        """Keep the present phase; then end where the stream is closed, else continue as new with the next phase.

        A re-opened phase is just one run more.
        """
        keep = phases[self.phase or next(iter(phases))]
        agenda = await keep()
        if agenda.closed and self.seen >= self.target:
            return
        workflow.continue_as_new(Progress(name=self.name, target=self.target, phase=agenda.phase))

    async def keep(self, phase: str) -> AgendaAnswer:
        """Do what the stream owes until it is in another phase, or closed, or this run has grown long."""
        while True:
            agenda = await self._read()
            if agenda.phase != phase or (agenda.closed and self.seen >= self.target):
                return agenda
            if workflow.info().is_continue_as_new_suggested():
                return agenda
            if agenda.due:
                await self._perform(agenda)
            elif not agenda.closed:
                await self._sleep(agenda)

    async def _read(self) -> AgendaAnswer:
        if self._quiet_until is not None and (wait := self._quiet_until - workflow.now()) > timedelta(0):
            await workflow.sleep(wait, summary="letting the gate rest")
        asked = self.target
        agenda = await read_agenda(AgendaQuestion(name=self.name, now=workflow.now(), target=asked))
        self.seen = max(self.seen, agenda.position)
        self._quiet_until = workflow.now() + timedelta(seconds=agenda.quiet_seconds) if agenda.quiet_seconds else None
        workflow.set_current_details(agenda.summary)
        return agenda

    async def _perform(self, agenda: AgendaAnswer) -> None:
        """Perform each due duty; where that moved nothing, wait before looking again."""
        self._quiet_until = None  # a closing that has begun must not wait for the gate's rest
        moved = False
        for duty in agenda.due:
            try:
                answer = await perform_duty(DutyOrder(name=self.name, key=duty.key, now=workflow.now()))
            except ActivityError as refused:
                workflow.logger.warning("duty %s was refused: %s", duty.key, refused.cause)
                continue
            moved = moved or answer.position > agenda.position or answer.outcome == "no_longer_owed"
        if moved:
            self._backoff = BACKOFF_FIRST
            return
        await self._wait(self._backoff, "a due duty changed nothing")
        self._backoff = min(self._backoff * 2, BACKOFF_MOST)

    async def _sleep(self, agenda: AgendaAnswer) -> None:
        """Sleep until the next due instant or a newer position."""
        self._backoff = BACKOFF_FIRST
        if agenda.next_due is None:
            await workflow.wait_condition(lambda: self.target > self.seen)
            return
        until = agenda.next_due - workflow.now()
        # The worker's clock may be a little behind Temporal's: a timer that fires early must not spin.
        await self._wait(min(max(until, timedelta(milliseconds=100)), FOREVER), agenda.summary)

    async def _wait(self, at_most: timedelta, reason: str) -> None:
        try:
            await workflow.wait_condition(
                lambda: self.target > self.seen, timeout=at_most, timeout_summary=reason[:200]
            )
        except TimeoutError:
            return
