"""`handler_vs_insert`: the whole command handler against the plainest INSERT.

Ours: `CommandHandler.execute` of a check-in with a narrative: decide, seal it, canonical bytes, hash, append; 64
clients at once, each the owner of a plan. The commands are parsed before: that belongs to `http_vs_noop`.
Theirs: as in `append_fn_vs_insert`, rows whose bytes are ready, 32 clients each on a connection of its own.
Both sides run in this process, on the same event loop.
"""

from __future__ import annotations

from itertools import cycle
from uuid import UUID

from bench.clients import Step, steps_taken
from bench.plain import PlainInsert
from bench.quarter import Quarter, check_in
from bench.rounds import Row, Sample, rates, rounds
from bench.stage import Stage
from domain.plan.tracking import CheckIn
from domain.sealed import AuthorText

NAME = "handler_vs_insert"
CLIENTS = 64
TINY = {"clients": 4}


async def measure(stage: Stage, count: int, seconds: float, *, clients: int = CLIENTS) -> list[Row]:
    """Commands a second against rows a second."""
    async with stage.site() as site, site.engine() as engine:
        quarter = Quarter(engine)
        await quarter.track(clients)
        pairs = await rounds(Handler(quarter), PlainInsert(site.database_url), count=count, seconds=seconds)
    return [Row(NAME, rates(pairs))]


class Handler:
    """Clients of the handler."""

    def __init__(self, quarter: Quarter) -> None:
        self._quarter = quarter

    async def __call__(self, seconds: float) -> Sample:
        return await steps_taken(seconds, [await self._client(owner) for owner in self._quarter.owners])

    async def _client(self, owner: UUID) -> Step:
        plan, ref = await self._quarter.plan(owner), self._quarter.plan_ref(owner)
        narrative = AuthorText("Two captains came back this week; the third berth is still closed")
        ready = [check_in(plan, number).model_copy(update={"narrative": narrative}) for number in range(9)]
        commands = cycle(CheckIn.model_validate(command) for command in ready)

        async def step() -> None:
            await self._quarter.act(owner, ref, next(commands))

        return step
