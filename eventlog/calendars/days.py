"""Local days: the zones that they lie in, and the instants at which they begin."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

MOST_FORWARD = 7
"""Hours: no zone's clocks have gone forward further at midnight since 1970 (Antarctica/Vostok in 1994)."""


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises ZoneInfoNotFoundError (a KeyError) or ValueError."""
    return ZoneInfo(name)


def zone_exists(name: str) -> bool:
    """Whether there is an IANA zone of this name."""
    try:
        zone_of(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which a local day begins.

    Where clocks go forward at midnight that is 01:00 local; where midnight comes twice it is the first one.
    """
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def begins_a_day(instant: datetime, zone: ZoneInfo) -> bool:
    """Whether a local day begins at this very instant."""
    there = instant.astimezone(zone)
    return there.hour <= MOST_FORWARD and first_instant(there.date(), zone) == instant
