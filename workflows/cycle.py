"""The workflow of a cycle: draft → negotiate → commit → track → retrospect. One run keeps one phase."""

from __future__ import annotations

from temporalio import workflow

from activities.signatures import AgendaAnswer
from workflows.keeper import Keeper, Progress


@workflow.defn
class CycleWorkflow:
    """Closes the phases of a cycle at their deadlines, escalates gates that fail, sends the digests of track."""

    @workflow.init
    def __init__(self, progress: Progress) -> None:
        self._keeper = Keeper(progress)

    @workflow.run
    async def run(self, progress: Progress) -> None:
        """Keep the present phase, then continue as new with the next; a re-opened phase is one run more."""
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

    async def _draft(self) -> AgendaAnswer:
        """Goals are written until every participant has some; the deadline asks whether all have."""
        return await self._keeper.keep("draft")

    async def _negotiate(self) -> AgendaAnswer:
        """Levels agree until the deadline finds every OKR agreed and every KPI received."""
        return await self._keeper.keep("negotiate")

    async def _commit(self) -> AgendaAnswer:
        """Plans are signed until the deadline finds every one complete."""
        return await self._keeper.keep("commit")

    async def _track(self) -> AgendaAnswer:
        """A digest a period asks for check-ins, until the final values are in."""
        return await self._keeper.keep("track")

    async def _retrospect(self) -> AgendaAnswer:
        """Results are published and received; then the cycle is closed."""
        return await self._keeper.keep("retrospect")

    @workflow.signal
    def nudge(self, position: int, own: int = 0) -> None:
        """The relay: the log has something new up to `position`, of this very stream up to `own`."""
        self._keeper.nudge(position, own)

    @workflow.query
    def position(self) -> int:
        """Up to which position this workflow has seen the log: for diagnosis only."""
        return self._keeper.seen
