"""Clocks that are off: libfaketime turns the clock of API and workers, ahead or behind, and steps it back.

Only the wall clock is turned; the monotonic clock, which timeouts run by, goes on as on a machine whose time is
corrected. Postgres and Temporal keep the right time.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.faults.answers import accidents
from tests.faults.campaign import Fault
from tests.faults.system import System

HOUR = 3600
DAYS = 40 * 24 * HOUR
PLACES = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/lib")
RIGHT = "+0"

MISDATED = """
select count(*) from goalcycle.events
 where at > recorded_at + interval '1 second' or at < recorded_at - interval '5 seconds'
"""
SAYS = "clock.skewed"
"""What a process writes whose clock the log does not accept."""


@cache
def library() -> Path | None:
    """libfaketime for programs with threads; None: it is not installed."""
    for place in map(Path, PLACES):
        for found in (*place.glob("*/faketime/libfaketimeMT.so.1"), *place.glob("faketime/libfaketimeMT.so.1")):
            return found
    return None


def turned(dial: Path) -> dict[str, str]:
    """What a process needs in its environment for its wall clock to follow a dial."""
    return {
        "LD_PRELOAD": str(library()),
        "FAKETIME_TIMESTAMP_FILE": str(dial),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def turn(dial: Path, offset: str) -> None:
    """Put all clocks that follow this dial so many seconds off the right time, like `+3600`."""
    fresh = dial.with_suffix(".new")
    fresh.write_text(f"{offset}\n", encoding="ascii")
    fresh.replace(dial)


class ClockOff(Fault):
    """The wall clock of some processes jumps, stays off for a while, and is stepped back."""

    lasts = 6.0
    parts: tuple[str, ...] = ("api", "worker")
    seconds = 0
    """How far it is off; negative: behind."""
    everybody = True
    """Else only one process of each part."""

    def __init__(self) -> None:
        self._off: set[str] = set()

    def unavailable(self) -> str:
        return "" if library() else "libfaketime is not installed (Debian: apt-get install faketime)"

    async def before_parts(self, system: System) -> None:
        for part in self.parts:
            for number in range(1, getattr(system.shape, part) + 1):
                name = f"{part}-{number}"
                turn(self._dial(system, name), RIGHT)
                system.environments[name] = turned(self._dial(system, name))

    async def strike(self, system: System) -> None:
        for part in self.parts:
            for name in system.names(part) if self.everybody else [system.any(part)]:
                turn(self._dial(system, name), f"{self.seconds:+d}")
                self._off.add(name)

    async def heal(self, system: System) -> None:
        for name in self._off:
            turn(self._dial(system, name), RIGHT)
        self._off.clear()

    async def check(self, system: System) -> list[str]:
        found = []
        if misdated := await system.engine.pool.fetchval(MISDATED):
            found.append(f"{misdated} events have an instant that is not when they happened")
        if not any(SAYS in system.log_of(name) for part in self.parts for name in system.names(part)):
            found.append("no process ever said that its clock is off")
        return found + await accidents(system)

    def _dial(self, system: System, name: str) -> Path:
        return system.home / f"clock-of-{name}"


class HourAhead(ClockOff):
    name = "clock-hour-ahead"
    sentence = "The clocks of every API and worker jump an hour ahead, and are stepped back"
    seconds = HOUR


class HourBehind(ClockOff):
    name = "clock-hour-behind"
    sentence = "The clocks of every API and worker fall an hour behind, and are set right"
    seconds = -HOUR


class DaysAhead(ClockOff):
    name = "clock-40-days-ahead"
    sentence = "The clocks of every API and worker jump 40 days ahead, past every deadline, and are stepped back"
    seconds = DAYS


class DaysBehind(ClockOff):
    name = "clock-40-days-behind"
    sentence = "The clocks of every API and worker fall 40 days behind, and are set right"
    seconds = -DAYS


class OneAhead(ClockOff):
    name = "clock-of-one-ahead"
    sentence = "The clocks of one API and one worker jump 40 days ahead, the others' are right"
    seconds = DAYS
    everybody = False


FAULTS: tuple[Fault, ...] = (HourAhead(), HourBehind(), DaysAhead(), DaysBehind(), OneAhead())
