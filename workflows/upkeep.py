"""The workflow of streams without phases: directories, and metrics."""

from __future__ import annotations

from temporalio import workflow

from workflows.keeper import Keeper, Progress

OPEN = "open"
"""The one phase of a stream without phases."""


@workflow.defn
class UpkeepWorkflow:
    """Does what a stream without phases owes, for as long as the stream lives."""

    @workflow.init
    def __init__(self, progress: Progress) -> None:
        self._keeper = Keeper(progress)

    @workflow.run
    async def run(self, progress: Progress) -> None:
        """Keep the stream until it is closed; continue as new when the server suggests it."""
        del progress
        await self._keeper.live({OPEN: lambda: self._keeper.keep(OPEN)})

    @workflow.signal
    def nudge(self, position: int, own: int = 0) -> None:
        """The relay: the log has something new up to `position`, of this very stream up to `own`."""
        self._keeper.nudge(position, own)

    @workflow.query
    def position(self) -> int:
        """Up to which position this workflow has seen the log: for diagnosis only."""
        return self._keeper.seen
