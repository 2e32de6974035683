"""Faults of processes: killed at a named point or anywhere, all away, frozen and continued."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tests.faults.campaign import Fault
from tests.faults.points import AFTER_APPEND, BEFORE_APPEND, IN_HEARTBEAT, SHUFFLED_NUDGES
from tests.faults.system import PAIRS, Shape, System

IN_TRANSACTION = """
select count(*) from pg_stat_activity
 where datname = current_database() and state = 'idle in transaction' and state_change < now() - interval '50 ms'
"""
STRUCK_WITHIN = 60.0
"""Seconds in which some process must come by an armed point."""


@dataclass
class KilledAt(Fault):
    """A part dies at a named point; a worker is alone, so nobody takes over from it."""

    part: str
    point: str
    name: str
    sentence: str
    shape = Shape(worker=1)

    async def strike(self, system: System) -> None:
        system.points.arm(self.part, self.point)
        async with asyncio.timeout(STRUCK_WITHIN):
            while system.points.is_armed(self.part, self.point):
                await asyncio.sleep(0.02)


@dataclass
class KilledAnywhere(Fault):
    """One process of a part dies wherever it is."""

    part: str
    name: str
    sentence: str
    shape = PAIRS

    async def strike(self, system: System) -> None:
        system.kill(system.any(self.part))


@dataclass
class AllAway(Fault):
    """No process of a part is there for a while."""

    part: str
    name: str
    sentence: str
    lasts: float = 60.0

    async def strike(self, system: System) -> None:
        await asyncio.gather(*(system.stop(name) for name in system.names(self.part)))

    async def heal(self, system: System) -> None:
        await asyncio.gather(*(system.start(name) for name in system.names(self.part)))


@dataclass
class Frozen(Fault):
    """Two of everything run, and one of them stands still in the midst of whatever it holds, then goes on."""

    part: str
    name: str
    sentence: str
    lasts: float = 8.0
    tolerated: float = 75.0  # a transaction that stands still is ended by Postgres after a minute
    shape = PAIRS
    _frozen: str = ""

    def silent(self) -> str:
        return self._frozen

    async def strike(self, system: System) -> None:
        self._frozen = system.any(self.part)
        system.freeze(self._frozen)

    async def heal(self, system: System) -> None:
        system.thaw(self._frozen)


@dataclass
class FrozenInTransaction(Frozen):
    """The worst moment to stand still: rows are locked, and stay so until Postgres ends the transaction."""

    async def strike(self, system: System) -> None:
        self._frozen = system.any(self.part)
        async with asyncio.timeout(STRUCK_WITHIN):
            while True:
                system.freeze(self._frozen)
                await asyncio.sleep(0.1)  # what is under way in Postgres ends; what is left waits for the frozen one
                async with system.owner() as owner:
                    if await owner.fetchval(IN_TRANSACTION):
                        return
                system.thaw(self._frozen)
                await asyncio.sleep(system.random.uniform(0.01, 0.1))


class Repeated(Fault):
    """Every command and every nudge goes out one to three times, in no order."""

    name = "repeated-and-shuffled"
    sentence = "Every command and every nudge is sent one to three times in shuffled order"
    shape = PAIRS
    lasts = 6.0
    copies = 3

    async def strike(self, system: System) -> None:
        system.pace.copies = self.copies
        system.points.arm("relay", SHUFFLED_NUDGES)

    async def heal(self, system: System) -> None:
        system.pace.copies = 1
        system.points.disarm("relay", SHUFFLED_NUDGES)


FAULTS: tuple[Fault, ...] = (
    KilledAt("worker", BEFORE_APPEND, "worker-before-append", "A worker is killed (SIGKILL) before it appends"),
    KilledAt("worker", AFTER_APPEND, "worker-after-append", "A worker is killed after Postgres has committed"),
    KilledAt("worker", IN_HEARTBEAT, "worker-in-heartbeat", "A worker is killed inside a duty's heartbeat"),
    KilledAt("api", AFTER_APPEND, "api-after-commit", "An API is killed after the commit and before the answer"),
    *(
        KilledAnywhere(part, f"{part}-killed", f"One {part} of two is killed wherever it is")
        for part in ("api", "relay", "projector")
    ),
    AllAway("worker", "workers-away", "All workers are away for a minute"),
    *(
        Frozen(part, f"{part}-frozen", f"One {part} of two is frozen (SIGSTOP) and continued; the other takes over")
        for part in ("api", "worker", "relay", "projector")
    ),
    FrozenInTransaction(
        "projector",
        "projector-frozen-in-transaction",
        "One projector of two is frozen while it holds a transaction open, and continued",
    ),
    Repeated(),
)
