"""Faults of processes: killed, frozen, away."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tests.faults.campaign import Fault
from tests.faults.points import AFTER_APPEND, BEFORE_APPEND, IN_HEARTBEAT
from tests.faults.system import System

STRUCK_WITHIN = 30.0
"""Seconds in which some process must come by an armed point."""


@dataclass
class KilledAt(Fault):
    """A part dies at a named point."""

    part: str
    point: str
    name: str
    sentence: str
    shape = Fault.shape

    async def strike(self, system: System) -> None:
        system.points.arm(self.part, self.point)
        async with asyncio.timeout(STRUCK_WITHIN):
            while system.points.is_armed(self.part, self.point):
                await asyncio.sleep(0.02)


@dataclass
class KilledAtRandom(Fault):
    """One process of a part dies wherever it is."""

    part: str
    name: str
    sentence: str

    async def strike(self, system: System) -> None:
        system.kill(system.any(self.part))


FAULTS: tuple[Fault, ...] = (
    KilledAt("worker", BEFORE_APPEND, "worker-before-append", "A worker is killed (SIGKILL) before it appends"),
    KilledAt("worker", AFTER_APPEND, "worker-after-append", "A worker is killed after Postgres has committed"),
    KilledAt("worker", IN_HEARTBEAT, "worker-in-heartbeat", "A worker is killed while it says that a duty goes on"),
    KilledAt("api", AFTER_APPEND, "api-after-commit", "An API is killed after the commit and before the answer"),
    KilledAtRandom("api", "api-killed", "An API is killed wherever it is"),
    KilledAtRandom("relay", "relay-killed", "A relay is killed wherever it is"),
    KilledAtRandom("projector", "projector-killed", "A projector is killed wherever it is"),
)
