"""Ten times more callers than an API process lets in, writing to another organization beside the clients."""

from __future__ import annotations

import asyncio

from tests.faults.answers import accidents
from tests.faults.api_process import check_ins
from tests.faults.campaign import Fault
from tests.faults.ground import prepare
from tests.faults.load import Heard, Post, press, resident
from tests.faults.system import System

BOUND = 16
MOST_MEBIBYTES = 40
"""What a process may grow by."""
LONGEST = 2.0
"""Seconds within which 95 % of the refusals must be there, on a machine that is busy with everything else, too."""


class Overload(Fault):
    name = "overload"
    sentence = "Every API process, which lets 16 requests in, has 160 callers more"
    lasts = 8.0
    within = 30.0

    def __init__(self) -> None:
        self._posts: list[Post] = []
        self._pressing: list[asyncio.Task[Heard]] = []
        self._heard = Heard()
        self._memory: dict[str, float] = {}

    async def before_parts(self, system: System) -> None:
        system.environment["GOALCYCLE_QUEUE_LIMIT"] = str(BOUND)
        ground = await prepare(system.engine)
        self._posts = check_ins(ground, system.settings.token_secret_path.read_text(encoding="ascii").strip())

    async def strike(self, system: System) -> None:
        self._memory = self._memory or self._measured(system)
        self._pressing = [
            asyncio.create_task(press(url, self._posts, callers=10 * BOUND, seconds=self.lasts))
            for url in system.api_urls
        ]

    async def heal(self, system: System) -> None:
        for heard in await asyncio.gather(*self._pressing):
            self._heard += heard
        self._pressing = []

    async def after(self, system: System) -> None:
        for task in self._pressing:
            task.cancel()
        await asyncio.gather(*self._pressing, return_exceptions=True)

    async def check(self, system: System) -> list[str]:
        heard, found = self._heard, []
        if not heard.refused:
            found.append("nobody was refused")
        if not heard.acknowledged:
            found.append("nobody was served meanwhile")
        if strange := set(heard.codes) - {"queue.full", "log.contended"}:  # two processes write to the same plans
            found.append(f"callers were refused for other reasons: {', '.join(strange)}")
        if heard.malformed:
            found.append(f"{len(heard.malformed)} refusals did not say when to come back")
        if heard.slowest() > LONGEST:
            found.append(f"refusals took {heard.slowest():.1f} s")
        for name, memory in self._measured(system).items():
            if memory - self._memory.get(name, memory) > MOST_MEBIBYTES:
                found.append(f"{name} grew from {self._memory[name]:.0f} to {memory:.0f} MiB")
        return found + await accidents(system)

    def _measured(self, system: System) -> dict[str, float]:
        return {name: resident(system.pid(name)) for name in system.names("api")}


FAULTS: tuple[Fault, ...] = (Overload(),)
