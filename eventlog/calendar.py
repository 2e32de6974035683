"""Durations of the organization's calendar as instants (R2.2).

This calendar knows weekends and time zones. Public holidays, make-up working days and six-day weeks come with the
calendars of sites; until then Monday to Friday are the working days everywhere.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.values import Duration, Elapsed, WorkingDays

SATURDAY = 5


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


def after(start: datetime, duration: Duration, zone: str = "UTC") -> datetime:
    """The instant, in UTC, that lies a duration after `start`.

    `Elapsed` adds seconds. `WorkingDays(n)` is the END of the n-th working day after the local day of `start`: the
    local midnight that begins the day after it. A start at local midnight ends the day before: counting begins with
    the day that it begins, so a period's working day 1 is its first (R2.1). n = 0 is the end of the local day of
    `start` itself, and a negative n counts working days back from it.
    """
    if isinstance(duration, Elapsed):
        return start.astimezone(UTC) + timedelta(seconds=duration.seconds)
    local = zone_of(zone)
    there = start.astimezone(local)
    at_midnight = duration.days > 0 and there.time() == time()
    day = _working_day(there.date() - timedelta(days=at_midnight), duration)
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=local).astimezone(UTC)


def _working_day(day: date, duration: WorkingDays) -> date:
    step = timedelta(days=1 if duration.days > 0 else -1)
    left = abs(duration.days)
    while left:
        day += step
        if day.weekday() < SATURDAY:
            left -= 1
    return day
