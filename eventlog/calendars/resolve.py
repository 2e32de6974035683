"""Durations of a site's calendar as instants, in both directions (R2.2).

A working day ends at the instant at which the next local day begins, whatever the clocks do in between.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from domain.directory.calendar import MONDAY_TO_FRIDAY, NO_WORKING_DAYS, Calendar
from domain.values import Duration, Elapsed
from eventlog.calendars.days import begins_a_day, first_instant, zone_of
from eventlog.calendars.holidays_of import rest_days, year_of

ONE = timedelta(days=1)
TICK = timedelta(microseconds=1)
FARTHEST = 4_000
"""Days to look at before a calendar is said to have no working days: ten times the longest wait."""


def works(calendar: Calendar, day: date) -> bool:
    """Whether a day is worked: by an exception, else a make-up day, else a holiday, else the week."""
    if calendar.exceptions and (said := calendar.exception(day)) is not None:
        return said
    if calendar.country is not None:
        rest = rest_days(calendar.country, calendar.subdivision, calendar.week, day.year)
        return day not in rest
    return day.weekday() in (calendar.week or MONDAY_TO_FRIDAY)


def after(start: datetime, duration: Duration, calendar: Calendar) -> datetime:
    """The instant, in UTC, that lies a duration after `start`.

    `Elapsed` adds seconds. `WorkingDays(n)` is the END of the n-th working day after the local day of `start`: the
    instant at which the day after it begins. A start at which a day begins ends the day before: counting begins with
    the day that it begins, so a period's working day 1 is its first (R2.1). n = 0 is the end of the local day of
    `start` itself, and a negative n counts working days back from it.

    Raises `calendar.no_working_days` where too few are found.
    """
    if isinstance(duration, Elapsed):
        return start.astimezone(UTC) + timedelta(seconds=duration.seconds)
    zone = zone_of(calendar.zone)
    day = start.astimezone(zone).date()
    if duration.days > 0 and begins_a_day(start, zone):
        day -= ONE
    if calendar.exceptions:
        return _end_of(calendar, day, duration.days)
    return _known_end(calendar.zone, calendar.country, calendar.subdivision, calendar.week, day, duration.days)


@lru_cache(maxsize=4096)
def _known_end(
    zone: str, country: str | None, subdivision: str | None, week: tuple[int, ...] | None, day: date, number: int
) -> datetime:
    """Kept, because on one day many wait equally long, and a signature asks twice."""
    return _end_of(Calendar(zone=zone, country=country, subdivision=subdivision, week=week), day, number)


def _end_of(calendar: Calendar, day: date, number: int) -> datetime:
    return first_instant(_nth(calendar, day, number) + ONE, zone_of(calendar.zone))


def _nth(calendar: Calendar, day: date, number: int) -> date:
    step, left = (ONE if number > 0 else -ONE), abs(number)
    for _ in range(FARTHEST):
        if not left:
            return day
        day += step
        left -= works(calendar, day)
    if left:
        raise NO_WORKING_DAYS()
    return day


def provisional(start: datetime, end: datetime, calendar: Calendar) -> bool:
    """Whether the days that are counted from `start` to `end`, forward or back, lie in a year without an official
    notice that the organization has not entered itself.
    """
    if calendar.country is None:
        return False
    zone = zone_of(calendar.zone)
    begun, reached = start.astimezone(zone).date(), _day_before(end, calendar)
    forward = reached >= begun
    first = begun + ONE * (not begins_a_day(start, zone)) if forward else reached
    last = reached if forward else begun - ONE
    return any(
        year_of(calendar.country, calendar.subdivision, year).provisional
        for year in range(first.year, last.year + 1)
        if year not in calendar.confirmed
    )


def working_days(start: datetime, end: datetime, calendar: Calendar) -> int:
    """How many working days there are from the local day of `start` to the last one begun before `end`."""
    first, last = start.astimezone(zone_of(calendar.zone)).date(), _day_before(end, calendar)
    return sum(works(calendar, first + timedelta(days=n)) for n in range((last - first).days + 1))


def months_after(instant: datetime, months: int, calendar: Calendar) -> datetime:
    """The same local day and time of day so many months later; where the month is shorter, its last day."""
    zone = zone_of(calendar.zone)
    there = instant.astimezone(zone)
    year, month = divmod(there.year * 12 + there.month - 1 + months, 12)
    day = date(year, month + 1, min(there.day, monthrange(year, month + 1)[1]))
    if begins_a_day(instant, zone):
        return first_instant(day, zone)  # a period that begins with a day does so in every season
    return datetime.combine(day, there.timetz()).astimezone(UTC)


def _day_before(instant: datetime, calendar: Calendar) -> date:
    """The local day that lies just before an instant: a deadline at midnight ends the day before."""
    return (instant - TICK).astimezone(zone_of(calendar.zone)).date()
