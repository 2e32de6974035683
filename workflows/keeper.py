"""The one loop that every workflow shares: do what is due, learn what is owed next, sleep until then.

Invariant: what has been seen of the log is never older than what was delivered (`seen >= target`) when the keeper
sleeps, and its timer is never later than the next due instant. The one exception is the rest between two looks at a
failed gate, which facts of dependants do not end. Signals only raise positions, so lost, doubled, late and reordered
ones are harmless.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from temporalio import workflow

from activities.signatures import AgendaAnswer, AgendaQuestion, Message, StreamName, perform_due

UPGRADE = workflow.ContinueAsNewVersioningBehavior.AUTO_UPGRADE
"""A run stays with the build of workers that began it; the next one begins on the current build."""
BACKOFF_FIRST = timedelta(seconds=1)
BACKOFF_MOST = timedelta(seconds=60)
EARLY_FIRST = timedelta(milliseconds=100)
FOREVER = timedelta(days=3650)
SHORT_HISTORY = 100
"""Events up to which a history is not worth a new run: that costs seven, and replaying these takes milliseconds."""


class Progress(Message):
    """What one run hands to the next: where it is, nothing of what happened."""

    name: StreamName
    target: int = 0
    """The highest position that was delivered."""
    phase: str = ""
    """The phase this run begins in; empty before the first agenda."""


class Keeper:
    """Keeps the time of one stream for one run."""

    def __init__(self, progress: Progress) -> None:
        self.name = progress.name
        self.target = progress.target
        self.own = 0
        """The highest position that was delivered of the stream's own events."""
        self.seen = 0
        self._agenda = AgendaAnswer(position=0, phase=progress.phase)
        self._backoff = BACKOFF_FIRST
        self._early = EARLY_FIRST
        self._nudged = False
        """Since the last turn."""

    def nudge(self, position: int, own: int = 0) -> None:
        """Something new is in the log up to this position; the stream's own last event is at `own`."""
        self.target = max(self.target, position)
        self.own = max(self.own, own)
        self._nudged = True

    async def live(self, phases: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
        """Keep one phase after the other, in the order in which the log enters them, until the stream is closed.

        A re-opened phase is just kept once more. A phase's end is where a long history is left behind.
        """
        begin = next(iter(phases.values()))
        await self._turn()
        while not self._is_over():
            await phases.get(self._agenda.phase, begin)()
            if self._must_renew() or workflow.info().get_current_history_length() > SHORT_HISTORY:
                self._renew()

    async def keep(self, phase: str) -> None:
        """Sleep until something is due or new, do it, and again, until the phase ends or the run must."""
        while True:
            await self._sleep()
            await self._turn()
            if self._agenda.phase != phase or self._is_over() or self._must_renew():
                return

    def _is_over(self) -> bool:
        return self._agenda.closed and not self._is_behind()

    def _must_renew(self) -> bool:
        """The history has grown too long for the server, or a newer release of the workers is there."""
        info = workflow.info()
        return info.is_continue_as_new_suggested() or info.is_target_worker_deployment_version_changed()

    def _renew(self) -> None:
        if not self._is_over():
            workflow.continue_as_new(
                Progress(name=self.name, target=self.target, phase=self._agenda.phase),
                initial_versioning_behavior=UPGRADE,
            )

    async def _turn(self) -> None:
        """Do what is due and learn what is owed next.

        A duty's key names it for ever, so one that stays due was refused, or judged by another worker's clock.
        """
        self._nudged = False
        left = frozenset(self._agenda.due)
        delivered = max(self.target, self.own)
        self._agenda = await perform_due(AgendaQuestion(name=self.name, now=workflow.now(), target=delivered))
        self.seen = max(self.seen, self._agenda.position)
        if not left.issuperset(self._agenda.due):
            self._backoff = BACKOFF_FIRST
        workflow.set_current_details(self._agenda.summary)

    async def _sleep(self) -> None:
        """Sleep until the next due instant or a newer position; what is due all the same waits longer each time."""
        agenda = self._agenda
        until = FOREVER if agenda.next_due is None else agenda.next_due - workflow.now()
        if agenda.due:
            workflow.logger.warning("still due: %s", ", ".join(agenda.due))
            await self._wait(min(self._backoff, max(until, EARLY_FIRST)), "a due duty changed nothing")
            self._backoff = min(self._backoff * 2, BACKOFF_MOST)
            return
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
            await workflow.wait_condition(self._is_roused)
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
            await workflow.wait_condition(self._is_roused, timeout=at_most, timeout_summary=reason[:200])
        except TimeoutError:
            return

    def _is_behind(self) -> bool:
        return self.target > self.seen

    def _is_roused(self) -> bool:
        """The log has something new, or a nudge without news finds another build of the workers current."""
        return self._is_behind() or (self._nudged and workflow.info().is_target_worker_deployment_version_changed())
