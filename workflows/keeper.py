"""The one loop that every workflow shares: read the agenda, perform what is due, sleep until more is.

Invariant: what has been seen of the log is never older than what was delivered (`seen >= target`) when the keeper
sleeps, and its timer is never later than the next due instant. The one exception is the rest between two looks at a
failed gate, which facts of dependants do not end. Signals only raise positions, so lost, doubled, late and reordered
ones are harmless.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

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
EARLY_FIRST = timedelta(milliseconds=100)
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
        self.own = 0
        """The highest position that was delivered of the stream's own events."""
        self.seen = 0
        self._performed: frozenset[str] = frozenset()
        """The keys of the duties that were performed last."""
        self._backoff = BACKOFF_FIRST
        self._early = EARLY_FIRST

    def nudge(self, position: int, own: int = 0) -> None:
        """Something new is in the log up to this position; the stream's own last event is at `own`."""
        self.target = max(self.target, position)
        self.own = max(self.own, own)

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
        delivered = max(self.target, self.own)
        agenda = await read_agenda(AgendaQuestion(name=self.name, now=workflow.now(), target=delivered))
        self.seen = max(self.seen, agenda.position)
        workflow.set_current_details(agenda.summary)
        return agenda

    async def _perform(self, agenda: AgendaAnswer) -> None:
        """Perform each due duty; what is owed although it was performed a moment ago waits longer each time.

        A duty's key names it for ever, so one that comes back was refused, or judged by another worker's clock.
        """
        keys = frozenset(duty.key for duty in agenda.due)
        if keys <= self._performed:
            await self._wait(self._backoff, "a due duty changed nothing")
            self._backoff = min(self._backoff * 2, BACKOFF_MOST)
        else:
            self._backoff = BACKOFF_FIRST
        self._performed = keys
        for duty in agenda.due:
            try:
                await perform_duty(DutyOrder(name=self.name, key=duty.key, now=workflow.now()))
            except ActivityError as refused:
                workflow.logger.warning("duty %s was refused: %s", duty.key, refused.cause)

    async def _sleep(self, agenda: AgendaAnswer) -> None:
        """Sleep until the next due instant or a newer position."""
        until = FOREVER if agenda.next_due is None else agenda.next_due - workflow.now()
        if until <= timedelta(0):
            # The worker's clock is behind Temporal's: the timer fired, but nothing is due there yet.
            await self._wait(self._early, agenda.summary)
            self._early = min(self._early * 2, BACKOFF_MOST)
            return
        self._early = EARLY_FIRST
        rest = min(timedelta(seconds=agenda.quiet_seconds), until)
        if rest and (await self._rest(rest) or rest == until):
            return
        if agenda.next_due is None:
            await workflow.wait_condition(self._is_behind)
        else:
            await self._wait(min(until - rest, FOREVER), agenda.summary)

    async def _rest(self, at_most: timedelta) -> bool:
        """Let a failed gate be, whatever its dependants do; true where the stream itself moved, which cannot wait."""
        try:
            await workflow.wait_condition(
                lambda: self.own > self.seen, timeout=at_most, timeout_summary="letting the gate rest"
            )
        except TimeoutError:
            return False
        return True

    async def _wait(self, at_most: timedelta, reason: str) -> None:
        try:
            await workflow.wait_condition(self._is_behind, timeout=at_most, timeout_summary=reason[:200])
        except TimeoutError:
            return

    def _is_behind(self) -> bool:
        return self.target > self.seen
