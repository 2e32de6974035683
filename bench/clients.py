"""Many clients in one process, each taking one step after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from statistics import median

from bench.rounds import Sample

Step = Callable[[], Awaitable[None]]


async def steps_taken(seconds: float, steps: Sequence[Step], *, things: int = 1) -> Sample:
    """How many things a second the clients do together, when a step does so many, and half of the steps' time."""
    loop = asyncio.get_running_loop()
    times: list[float] = []
    begun = loop.time()
    end = begun + seconds

    async def client(step: Step) -> None:
        now = loop.time()
        while now < end:
            await step()
            before, now = now, loop.time()
            times.append(now - before)

    await asyncio.gather(*(client(step) for step in steps))
    return Sample(len(times) * things / (loop.time() - begun), median(times))
