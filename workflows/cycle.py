"""The workflow of a cycle: draft → negotiate → commit → track → retrospect."""

from __future__ import annotations

from temporalio import workflow

from workflows.keeper import Keeper, Progress


@workflow.defn
class CycleWorkflow:
    """Closes the phases of a cycle at their deadlines, escalates gates that fail, sends the digests of track."""

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
        """Goals are written until every participant has some; the deadline asks whether all have."""
        await self._keeper.keep("draft")

    async def _negotiate(self) -> None:
        """Levels agree until the deadline finds every OKR agreed and every KPI received."""
        await self._keeper.keep("negotiate")

    async def _commit(self) -> None:
        """Plans are signed until the deadline finds every one complete."""
        await self._keeper.keep("commit")

    async def _track(self) -> None:
        """A digest a period asks for check-ins, until the final values are in."""
        await self._keeper.keep("track")

    async def _retrospect(self) -> None:
        """Results are published and received; then the cycle is closed."""
        await self._keeper.keep("retrospect")

    @workflow.signal
    def nudge(self, position: int, own: int = 0) -> None:
        """The relay: the log has something new up to `position`, of this very stream up to `own`."""
        self._keeper.nudge(position, own)

    @workflow.query
    def position(self) -> int:
        """Up to which position this workflow has seen the log: for diagnosis only."""
        return self._keeper.seen
