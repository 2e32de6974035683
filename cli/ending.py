"""Ending what Temporal keeps, so that it can be started anew from a log that was set back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from cli.temporal import WORKFLOWS

TYPES = ", ".join(f"'{one.__name__}'" for one in dict.fromkeys(WORKFLOWS.values()))
OURS = f"WorkflowType in ({TYPES}) and ExecutionStatus = 'Running'"
REASON = "goalcycle: started anew from the log"
LIST_LAG_SECONDS = 0.5


async def end_workflows(client: Client, query: str = OURS) -> int:
    """End every workflow that runs and that the query finds; returns how many. What they kept is in the log.

    Workflows wait for the position that they were told of. A restored log that is older has not got it, and what it
    holds there one day will be something else; and a build that is gone performs nothing. `rebuild_wakes` has them
    started anew.
    """
    ended: set[tuple[str, str]] = set()
    # Temporal's list lags: what is ended stays on it for a while, what was just started comes late.
    while found := [run async for run in client.list_workflows(query)]:
        for run in found:
            with _gone_is_fine():
                await client.get_workflow_handle(run.id, run_id=run.run_id).terminate(reason=REASON)
                ended.add((run.id, run.run_id))
        await asyncio.sleep(LIST_LAG_SECONDS)
    return len(ended)


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    """Let pass that a workflow does not run any more."""
    try:
        yield
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
