"""Which quarter a cycle is about: the next one, or what `--period` says."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from pydantic import ValidationError

from domain.cycle.windows import Period
from eventlog.calendars.days import zone_of

LEAD = timedelta(days=21)
"""A cycle opens 15 working days before its period (R2.1); a quarter that begins sooner is too close to open one for."""
QUARTER = re.compile(r"(\d{4})-?Q([1-4])", re.I)


class PeriodError(ValueError):
    """What was given is no period."""


def next_quarter(now: datetime, zone: str) -> Period:
    """The first calendar quarter that begins at least three weeks from now."""
    day = now.astimezone(zone_of(zone)).date()
    year, quarter = day.year, (day.month - 1) // 3 + 1
    while (found := _quarter(year, quarter, zone)).starts < now + LEAD:
        year, quarter = (year + 1, 1) if quarter == 4 else (year, quarter + 1)
    return found


def read_period(text: str, zone: str) -> Period:
    """`2027-Q1`, or `START..END` of dates (both inclusive, in the zone) or instants. Raises PeriodError."""
    if (quarter := QUARTER.fullmatch(text.strip())) is not None:
        return _quarter(int(quarter.group(1)), int(quarter.group(2)), zone)
    start, between, end = text.partition("..")
    try:
        if not between:
            raise ValueError
        return Period(starts=_instant(start, zone, 0), ends=_instant(end, zone, 1))
    except ValidationError as error:
        raise PeriodError("the period ends before it starts") from error
    except (ValueError, OverflowError) as error:
        raise PeriodError("a period is 2027-Q1, or START..END of dates or instants with an offset") from error


def period_name(period: Period, zone: str) -> str:
    """`2027-Q1` where it is a calendar quarter, else its first and last day."""
    starts, ends = (instant.astimezone(zone_of(zone)) for instant in (period.starts, period.ends))
    quarter = (starts.month - 1) // 3 + 1
    if period == _quarter(starts.year, quarter, zone):
        return f"{starts.year}-Q{quarter}"
    return f"{starts.date()}..{(ends - timedelta(microseconds=1)).date()}"


def _quarter(year: int, quarter: int, zone: str) -> Period:
    following = date(year + 1, 1, 1) if quarter == 4 else date(year, quarter * 3 + 1, 1)
    return Period(starts=_midnight(date(year, quarter * 3 - 2, 1), zone), ends=_midnight(following, zone))


def _instant(text: str, zone: str, days: int) -> datetime:
    if "T" in text:
        instant = datetime.fromisoformat(text.strip())
        if instant.tzinfo is None:
            raise ValueError("an instant without an offset")
        return instant
    return _midnight(date.fromisoformat(text.strip()) + timedelta(days=days), zone)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone_of(zone)).astimezone(UTC)
