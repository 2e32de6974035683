"""Faults of Temporal: killed, and killed with all it knew."""

from __future__ import annotations

import asyncio

from tests.faults.campaign import Fault
from tests.faults.system import System


class TemporalKilled(Fault):
    """It comes back with its file."""

    name = "temporal-killed"
    sentence = "Temporal is killed (SIGKILL) and started again on its file"

    async def strike(self, system: System) -> None:
        system.kill("temporal")

    async def heal(self, system: System) -> None:
        await system.serving("temporal")


class TemporalAway(Fault):
    """Commands do not notice; what falls due meanwhile is late, and is done."""

    name = "temporal-away"
    sentence = "Temporal is stopped for 40 s; commands are answered all the while"
    lasts = 40.0

    async def strike(self, system: System) -> None:
        await system.stop("temporal")

    async def heal(self, system: System) -> None:
        await system.start("temporal")


class TemporalForgets(Fault):
    """It comes back empty; the log says all that it must know."""

    name = "temporal-rebuilt"
    sentence = "Temporal is killed, its file deleted, and its workflows rebuilt by `goalcycle rebuild workflows`"
    times = 1

    async def strike(self, system: System) -> None:
        system.kill("temporal")
        await system.stop("temporal")
        for file in system.home.glob("temporal.db*"):
            file.unlink()

    async def heal(self, system: System) -> None:
        await system.start("temporal")
        await asyncio.gather(*(system.goalcycle("rebuild", "workflows") for _ in range(self.times)))


class TemporalForgetsTwice(TemporalForgets):
    """Two operators at once."""

    name = "temporal-rebuilt-twice"
    sentence = "The same, rebuilt by two commands at once"
    times = 2


FAULTS: tuple[Fault, ...] = (TemporalKilled(), TemporalAway(), TemporalForgets(), TemporalForgetsTwice())
