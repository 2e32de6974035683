"""Bad lines from every own part to Postgres, and to Temporal: slow, dropping, silent, cut at a named moment."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from tests.faults.answers import accidents
from tests.faults.campaign import Fault
from tests.faults.proxy import FLAKY, HALF_OPEN, PASS, SLOW, Cut, Line, Proxy, When, proxied
from tests.faults.system import System


class Wired(Fault):
    """The own parts reach one server over a proxy."""

    to_temporal = False
    line: Line = PASS

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._proxy: Proxy | None = None

    @property
    def proxy(self) -> Proxy:
        assert self._proxy is not None
        return self._proxy

    async def before_parts(self, system: System) -> None:
        seed = system.random.randrange(2**32)
        if self.to_temporal:
            far = system.environment.get(
                "TEMPORAL_ADDRESS", system.temporal_address
            )  # two bad lines: one after the other
            host, _, port = far.rpartition(":")
            self._proxy = await self._stack.enter_async_context(Proxy(host, int(port), seed=seed))
            system.environment["TEMPORAL_ADDRESS"] = self.proxy.address
        else:
            far = system.environment.get("GOALCYCLE_DATABASE_URL", system.database_url)
            self._proxy, near = await self._stack.enter_async_context(proxied(far, seed=seed))
            system.environment["GOALCYCLE_DATABASE_URL"] = near

    async def strike(self, system: System) -> None:
        self.proxy.line = self.line

    async def heal(self, system: System) -> None:
        self.proxy.line = PASS

    async def after(self, system: System) -> None:
        await self._stack.aclose()

    async def check(self, system: System) -> list[str]:
        """A fault that never struck proves nothing."""
        breaking = self.line.breaks or self.line.silent
        idle = ["the line was never bad"] if breaking and not self.proxy.dropped else []
        return idle + await accidents(system)


class SlowPostgres(Wired):
    name = "postgres-slow"
    sentence = "Every piece of data to and from Postgres is 50 ms late, at 200 kB/s"
    line = SLOW
    lasts = 6.0


class FlakyPostgres(Wired):
    name = "postgres-flaky"
    sentence = "One in 50 pieces of data to or from Postgres breaks its connection"
    line = FLAKY
    lasts = 8.0


class SilentPostgres(Wired):
    name = "postgres-half-open"
    sentence = "Postgres's connections are accepted and swallow everything; those that were open stay dead afterwards"
    line = HALF_OPEN
    lasts = 12.0


class Cutting(Wired):
    """The line breaks a few times, at a moment that each fault chooses."""

    lasts = 0.5
    times: int
    idle: str
    """What is wrong where it never broke."""
    _struck = 0

    def cut(self, system: System) -> Cut:
        """Arm the next break."""
        raise NotImplementedError

    async def strike(self, system: System) -> None:
        for _ in range(self.times):
            cut = self.cut(system)
            try:
                async with asyncio.timeout(20):
                    await cut.struck.wait()
                self._struck += 1
            except TimeoutError:
                self.proxy.disarm()

    async def check(self, system: System) -> list[str]:
        return ([] if self._struck else [self.idle]) + await accidents(system)


class CutPostgres(Cutting):
    name = "postgres-cut"
    sentence = (
        "A connection breaks, or falls silent, at an append: before it arrives, after it was handed on, or with its "
        "answer"
    )
    within = 90.0
    times = 6
    idle = "no append was ever cut"

    def cut(self, system: System) -> Cut:
        when, silent = system.random.choice(list(When)), system.random.random() < 0.2
        return self.proxy.cut(when, statement="goalcycle.append", silent=silent)


class SlowTemporal(Wired):
    name = "temporal-slow"
    sentence = "Every piece of data to and from Temporal is 50 ms late, at 200 kB/s"
    to_temporal = True
    line = SLOW
    lasts = 6.0


class FlakyTemporal(Wired):
    name = "temporal-flaky"
    sentence = "One in 50 pieces of data to or from Temporal breaks its connection"
    to_temporal = True
    line = FLAKY
    lasts = 8.0


class SilentTemporal(Wired):
    name = "temporal-half-open"
    sentence = "Temporal's connections are accepted and swallow everything; those that were open stay dead afterwards"
    to_temporal = True
    line = HALF_OPEN
    lasts = 12.0
    within = 120.0


class CutTemporal(Cutting):
    name = "temporal-cut"
    sentence = "A connection to Temporal breaks after a number of bytes, each time another"
    to_temporal = True
    times = 8
    idle = "no connection was ever cut"

    def cut(self, system: System) -> Cut:
        when = system.random.choice([When.BEFORE, When.FORWARDED, When.ANSWERED])
        return self.proxy.cut(when, after_bytes=system.random.randrange(1, 20_000))


FAULTS: tuple[Fault, ...] = (
    SlowPostgres(),
    FlakyPostgres(),
    SilentPostgres(),
    CutPostgres(),
    SlowTemporal(),
    FlakyTemporal(),
    SilentTemporal(),
    CutTemporal(),
)
