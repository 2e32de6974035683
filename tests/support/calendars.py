"""A calendar for specifications: Monday to Friday in UTC, at every site."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Never
from uuid import UUID

from domain.values import Duration, Elapsed


def weekdays(start: datetime, duration: Duration, off: frozenset[date] = frozenset()) -> datetime:
    """The end of the n-th working day after an instant."""
    if isinstance(duration, Elapsed):
        return start + timedelta(seconds=duration.seconds)
    day = _midnight(start)
    if start == day and duration.days > 0:
        day -= timedelta(days=1)  # the day that begins now is the first to count
    step, left = (1 if duration.days > 0 else -1), abs(duration.days)
    while left:
        day += timedelta(days=step)
        left -= day.weekday() < 5 and day.date() not in off
    return day + timedelta(days=1)


@dataclass(frozen=True)
class Weekdays:
    """What rules ask of calendars, without files: the years from `guessed` on have no official notice."""

    guessed: int = 2060
    off: frozenset[date] = frozenset()
    """Days that are not worked besides, wherever a wait is reckoned."""

    def after(self, start: datetime, duration: Duration, site: UUID | None = None) -> datetime:
        return weekdays(start, duration, self.off)

    def provisional(self, start: datetime, end: datetime, site: UUID | None = None) -> bool:
        return max(start, end).year >= self.guessed

    def holidays_version(self, site: UUID | None = None) -> str | None:
        return None

    def working_days(self, start: datetime, end: datetime, site: UUID | None = None) -> int:
        first = _midnight(start)
        return sum((first + timedelta(days=n)).weekday() < 5 for n in range(-((first - end) // timedelta(days=1))))

    def months_after(self, instant: datetime, months: int, site: UUID | None = None) -> datetime:
        year, month = divmod(instant.year * 12 + instant.month - 1 + months, 12)
        return instant.replace(year=year, month=month + 1, day=min(instant.day, monthrange(year, month + 1)[1]))

    def zone_exists(self, name: str) -> bool:
        return name != "Mars/Olympus"

    def country_exists(self, country: str, subdivision: str | None = None) -> bool:
        return country != "XX"


class NoCalendars:
    """What stands in an agenda's context here: asked for anything it fails, for the answer is not in the log."""

    def __getattr__(self, name: str) -> Never:
        raise AssertionError(f"an agenda asks the calendar for `{name}`: let an event keep the answer (R2.2)")


def _midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)
