"""The workflow of a plan: draft → negotiate → commit → track → retrospect."""

from __future__ import annotations

from temporalio import workflow

from workflows.keeper import Keeper, Progress


@workflow.defn
class PlanWorkflow:
    """Reminds who keeps others waiting, escalates signatures, serves what nobody answered."""

    @workflow.init
    def __init__(self, progress: Progress) -> None:
        self._keeper = Keeper(progress)

    @workflow.run
    async def run(self, progress: Progress) -> None:
        """Keep one phase after the other until the cycle is closed; a re-opened phase is kept once more."""
        del progress
        await self._keeper.live(
            {
                "draft": self._draft,
                "negotiate": self._negotiate,
                "commit": self._commit,
                "track": self._track,
                "retrospect": self._retrospect,
            }
        )

    async def _draft(self) -> None:
        """Early proposals wait for an answer; assigned KPIs wait to be received."""
        await self._keeper.keep("draft")

    async def _negotiate(self) -> None:
        """Whoever's turn it is gets reminded; an unanswered assignment is served."""
        await self._keeper.keep("negotiate")

    async def _commit(self) -> None:
        """A waiting signature is reminded, then escalated to the next level."""
        await self._keeper.keep("commit")

    async def _track(self) -> None:
        """Nothing with a date of its own: reminders of check-ins ride the cycle's digest."""
        await self._keeper.keep("track")

    async def _retrospect(self) -> None:
        """A published result that nobody answers is deemed served."""
        await self._keeper.keep("retrospect")

    @workflow.signal
    def nudge(self, position: int, own: int = 0) -> None:
        """The relay: the log has something new up to `position`, of this very stream up to `own`."""
        self._keeper.nudge(position, own)

    @workflow.query
    def position(self) -> int:
        """Up to which position this workflow has seen the log: for diagnosis only."""
        return self._keeper.seen
