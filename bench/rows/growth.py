"""`growth`: what a command costs when much has happened before it.

The command is a check-in through the command handler, one client, its states cached as in every process that has
served a while. Figures are its p50 in milliseconds, the ratio is the grown side's over the small side's.
`growth`: 1,000,000 events in the organization's log against 1,000, each in a database of its own on the same server.
`stream`: 1,000 events in the plan's stream against 10, 40 plans each in one cycle (the rounds add a few to both).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from time import perf_counter
from uuid import UUID

from bench.filling import fill
from bench.quarter import Quarter, check_in
from bench.rounds import Figure, Row, Sample, Side, compared, rounds
from bench.stage import Stage

NAME = "growth"
LOG = (1_000, 1_000_000)
STREAM = (10, 1_000)
PLANS = 40
TINY = {"log": (300, 1_000), "stream": (10, 30), "plans": 4, "commands": 8}
COMMANDS = 120
"""In one round of one side: a fixed number, so that the small side stays small."""


async def measure(
    stage: Stage,
    count: int,
    seconds: float,
    *,
    log: tuple[int, int] = LOG,
    stream: tuple[int, int] = STREAM,
    plans: int = PLANS,
    commands: int = COMMANDS,
) -> list[Row]:
    """Milliseconds of a command."""
    del seconds
    grown = await _in_the_log(stage, count, *log, plans=plans // 4, commands=commands)
    return [Row(NAME, grown, {"stream": await _in_the_stream(stage, count, *stream, plans=plans, commands=commands)})]


async def _in_the_log(stage: Stage, count: int, few: int, many: int, *, plans: int, commands: int) -> Figure:
    async with stage.site() as small, stage.site() as large, small.engine() as first, large.engine() as second:
        quarters = Quarter(first), Quarter(second)
        for site, quarter, events in zip((small, large), quarters, (few, many), strict=True):
            await quarter.track(plans)
            await fill(site.database_url, quarter.organization, events)
        return await _compared(count, *(_side(quarter, quarter.owners, commands) for quarter in quarters))


async def _in_the_stream(stage: Stage, count: int, few: int, many: int, *, plans: int, commands: int) -> Figure:
    async with stage.site() as site, site.engine() as engine:
        quarter = Quarter(engine, objectives=("100",), indicators=())
        await quarter.track(2 * plans)
        short, long = quarter.owners[:plans], quarter.owners[plans:]
        for owners, events in ((short, few), (long, many)):
            for owner in owners:
                await quarter.fill(owner, events)
        return await _compared(count, _side(quarter, short, commands), _side(quarter, long, commands))


async def _compared(count: int, small: Side, large: Side) -> Figure:
    pairs = await rounds(large, small, count=count, seconds=0)
    return compared([(1000 * (ours.p50 or 0), 1000 * (theirs.p50 or 0)) for ours, theirs in pairs], "ms")


def _side(quarter: Quarter, owners: Sequence[UUID], commands: int) -> Side:
    async def side(seconds: float) -> Sample:
        del seconds
        times = []
        for number in range(commands):
            owner = owners[number % len(owners)]
            report = check_in(await quarter.plan(owner), number)
            begun = perf_counter()
            await quarter.act(owner, quarter.plan_ref(owner), report)
            times.append(perf_counter() - begun)
        return Sample(len(times) / sum(times), median(times))

    return side
