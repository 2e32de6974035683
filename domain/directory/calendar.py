"""When people of a place work: a site's calendar as a value, without knowing any country's holidays (R2.2).

Order of what says whether a day is a working day: the organization's own exception, the country's make-up working
day, its public holiday, the week. The country's days come from a library outside the domain.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from domain.canonical import canonical_bytes, content_hash
from domain.problems import problem
from domain.sealed import CommonName
from domain.values import Frozen

NO_WORKING_DAYS = problem(
    "calendar.no_working_days",
    422,
    "The calendar leaves no working day for more than a year.",
    "Let its week have a working day, and take exceptions out.",
)
LONGEST_REST = timedelta(days=366)
"""No calendar may leave more days than this without one that works (ours)."""
MONDAY_TO_FRIDAY = (0, 1, 2, 3, 4)
SURE_WEEK = (0, 1, 2, 3)
"""Monday to Thursday: what the weeks of (almost) all countries have in common."""

ZoneName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$", max_length=64)]
"""An IANA time zone, such as Asia/Shanghai."""
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""
SubdivisionCode = Annotated[str, StringConstraints(pattern=r"^\w[\w -]{0,31}$")]
"""A part of a country with holidays of its own, mostly ISO 3166-2 without the country: `BY` for Bavaria."""


def _ascending(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(set(numbers)))


Week = Annotated[
    tuple[Annotated[int, Field(ge=0, le=6)], ...], Field(min_length=1, max_length=7), AfterValidator(_ascending)
]
"""The weekdays that are worked, 0 = Monday; (0, 1, 2, 3, 4, 5) is a six-day week."""
Years = Annotated[
    tuple[Annotated[int, Field(ge=1900, lt=3000)], ...], Field(max_length=200), AfterValidator(_ascending)
]


class Day(Frozen):
    """One day that is worked, or is not, whatever the country and the week say."""

    on: Annotated[date, Field(ge=date(1900, 1, 1), lt=date(3000, 1, 1))]
    works: bool


def _on(day: Day) -> date:
    return day.on


def _by_day(days: tuple[Day, ...]) -> tuple[Day, ...]:
    ordered = tuple(sorted(days, key=_on))
    if any(one.on == other.on for one, other in pairwise(ordered)):
        raise ValueError("two exceptions name the same day")
    return ordered


Days = Annotated[tuple[Day, ...], Field(max_length=2_000), AfterValidator(_by_day)]
"""In order, so that a day is found by bisection."""


class Calendar(Frozen):
    """The working days of a site, and the zone in which they end."""

    zone: ZoneName = "UTC"
    country: CountryCode | None = None
    """Whose public holidays and make-up working days count; None: no country's."""
    subdivision: SubdivisionCode | None = None
    week: Week | None = None
    """None: the country's own, which is Sunday to Thursday in Egypt; without a country Monday to Friday."""
    exceptions: Days = ()
    """The organization's own days."""
    confirmed: Years = ()
    """Years whose official notice the organization has entered itself: they are provisional no longer."""

    @model_validator(mode="after")
    def _subdivision_of_a_country(self) -> Self:
        if self.subdivision is not None and self.country is None:
            raise ValueError("a subdivision needs its country")
        return self

    @property
    def hash(self) -> str:
        """Tells it from every other calendar: what was reckoned by it says so (R2.2)."""
        return content_hash("calendar/1", canonical_bytes(self))

    def exception(self, day: date) -> bool | None:
        """Whether the organization itself says that a day works; None where it says nothing."""
        if not self.exceptions:
            return None
        place = bisect_left(self.exceptions, day, key=_on)
        found = self.exceptions[place] if place < len(self.exceptions) else None
        return found.works if found is not None and found.on == day else None

    def require_working_days(self, pointer: str) -> None:
        """Refuse exceptions that take every working day away for longer than a year.

        Raises `calendar.no_working_days`.
        """
        week = self.week or (MONDAY_TO_FRIDAY if self.country is None else SURE_WEEK)
        off = [day.on for day in self.exceptions if not day.works and day.on.weekday() in week]
        begun = last = off[0] if off else None
        for day in off:
            assert begun is not None
            assert last is not None
            if any(self._works(between, week) for between in _between(last, day)):
                begun = day
            last = day
            if day - begun > LONGEST_REST:
                raise NO_WORKING_DAYS(pointer)

    def _works(self, day: date, week: tuple[int, ...]) -> bool:
        said = self.exception(day)
        return day.weekday() in week if said is None else said


def _between(first: date, last: date) -> Iterable[date]:
    """The days strictly between two, at most a week of them: a week without exceptions has a day that works."""
    return (first + timedelta(days=n) for n in range(1, min((last - first).days, 8)))


class Site(Frozen):
    """A place where people of the organization work."""

    id: UUID
    name: CommonName
    calendar: Calendar
