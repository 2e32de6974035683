"""What the library of public holidays knows of a country in a year, kept in memory once looked up.

A country's calendar is a set of the days that rest although the week works, and of those that work although it rests
(make-up days). The library fills a year when the year is asked for, so each year is made whole, on its own.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib.metadata import version
from typing import Any


@dataclass(frozen=True, slots=True)
class CountryYear:
    """A year of a country, or of a part of it."""

    holidays: frozenset[date]
    """Public holidays; a half day is a working day."""
    make_up: frozenset[date]
    """Days of the weekend that are worked by the official notice."""
    weekend: frozenset[date]
    """Days of the country's own weekend."""
    provisional: bool
    """Whether the year is a guess: no official notice of its make-up days is known, or it has an estimated holiday."""


@lru_cache(maxsize=1024)
def rest_days(country: str, subdivision: str | None, week: tuple[int, ...] | None, year: int) -> frozenset[date]:
    """The days of a year that are not worked, in a week of one's own or, where it is None, in the country's."""
    found = year_of(country, subdivision, year)
    weekend = found.weekend if week is None else {day for day in _days_of(year) if day.weekday() not in week}
    return (found.holidays | weekend) - found.make_up


@lru_cache(maxsize=1024)
def year_of(country: str, subdivision: str | None, year: int) -> CountryYear:
    """A year as the installed library knows it."""
    entity = _entity(country)
    known = entity.start_year <= year <= entity.end_year
    found = entity(years=(year,) if known else (), subdiv=subdivision, language=entity.default_language)
    return CountryYear(
        holidays=frozenset(day for day in found if day.year == year),
        make_up=frozenset(day for day in found.weekend_workdays if day.year == year),
        weekend=frozenset(day for day in _days_of(year) if found.is_weekend(day)),
        provisional=year > entity.end_year or _is_guessed(found, year),
    )


@lru_cache(maxsize=1)
def library_version() -> str:
    """Which release of the library this is: another one may know other days."""
    return version("holidays")


@lru_cache(maxsize=1024)
def country_exists(country: str, subdivision: str | None = None) -> bool:
    """Whether the library knows a country by its ISO code, and this part of it."""
    from holidays.registry import COUNTRIES

    if not any(country == codes[1] for codes in COUNTRIES.values()):
        return False
    return subdivision is None or subdivision in _entity(country).subdivisions


def _days_of(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + timedelta(days=n) for n in range(366 if isleap(year) else 365))


def _entity(country: str) -> Any:
    import holidays  # a tenth of a second, which no command pays that asks for no country

    return getattr(holidays, country)


def _is_guessed(found: Any, year: int) -> bool:
    if found.has_substituted_holidays:
        noticed = [key for key in found.special_public_holidays if isinstance(key, int)]
        if year > max(noticed, default=0):
            return True
    marks = [_mark(getattr(found, label, None)) for label in ("estimated_label", "observed_estimated_label")]
    return any(mark in name for name in found.values() for mark in marks if mark)


def _mark(label: str | None) -> str:
    """What a label such as `%s (estimated)` adds to a holiday's name."""
    return (label or "").partition("%s")[2].strip()
