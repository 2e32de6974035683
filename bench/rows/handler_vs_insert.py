"""`handler_vs_insert`: the whole command handler against the plainest INSERT.

Ours: `CommandHandler.execute` of ExtendDeadline with a reason: decide, seal the reason, canonical bytes, hash, append;
64 clients at once, each on a cycle of its own.
Theirs: as in `append_fn_vs_insert`, rows whose bytes are ready, 32 clients each on a connection of its own.
Both sides run in this process, on the same event loop.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bench.clients import Step, steps_taken
from bench.plain import PlainInsert
from bench.quarter import Quarter
from bench.rounds import Row, Sample, rates, rounds
from bench.stage import Stage
from domain.cycle.exceptions import ExtendDeadline
from domain.cycle.opening import OpenCycle
from domain.cycle.windows import Period, Phase
from domain.decider import Ref

NAME = "handler_vs_insert"
CLIENTS = 64
TINY = {"clients": 4}


async def measure(stage: Stage, count: int, seconds: float, *, clients: int = CLIENTS) -> list[Row]:
    """Commands a second against rows a second."""
    async with stage.site() as site, site.engine() as engine:
        quarter = Quarter(engine)
        await quarter.found()
        pairs = await rounds(Handler(quarter, clients), PlainInsert(site.database_url), count=count, seconds=seconds)
    return [Row(NAME, rates(pairs))]


class Handler:
    """Clients of the handler."""

    def __init__(self, quarter: Quarter, clients: int) -> None:
        self._quarter = quarter
        self._clients = clients

    async def __call__(self, seconds: float) -> Sample:
        cycles = [await self._open() for _ in range(self._clients)]
        return await steps_taken(seconds, [self._step(*cycle) for cycle in cycles])

    async def _open(self) -> tuple[Ref, datetime]:
        ref, starts = Ref("cycle", uuid4()), datetime.now(UTC) + timedelta(days=60)
        period = Period(starts=starts, ends=starts + timedelta(days=90))
        lead = self._quarter.lead
        await self._quarter.act(lead, ref, OpenCycle(name="Bench", facilitator=lead, period=period))
        return ref, starts

    def _step(self, ref: Ref, until: datetime) -> Step:
        async def step() -> None:
            nonlocal until
            until += timedelta(seconds=1)
            await self._quarter.act(
                self._quarter.lead, ref, ExtendDeadline(phase=Phase.DRAFT, until=until, reason="Once more")
            )

        return step
