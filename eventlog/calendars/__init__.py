"""The calendars of an organization's sites, as rules ask them (domain.decider.Calendars).

Answers depend on zones and on the installed version of `holidays`: they are given to `decide` alone, whose events keep
them, so no later version changes what is stored (R2.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.directory.calendar import Calendar
from domain.directory.state import DirectoryState
from domain.values import Duration
from eventlog.calendars import resolve
from eventlog.calendars.days import zone_exists
from eventlog.calendars.holidays_of import country_exists, library_version

NOWHERE = Calendar()


@dataclass(frozen=True, slots=True)
class SiteCalendars:
    """What the calendars in a directory say. `directory` is asked whenever an answer depends on its state."""

    directory: Callable[[], Any]

    def after(self, start: datetime, duration: Duration, site: UUID | None = None) -> datetime:
        return resolve.after(start, duration, self._calendar(site))

    def provisional(self, start: datetime, end: datetime, site: UUID | None = None) -> bool:
        return resolve.provisional(start, end, self._calendar(site))

    def holidays_version(self, site: UUID | None = None) -> str | None:
        return library_version() if self._calendar(site).country is not None else None

    def working_days(self, start: datetime, end: datetime, site: UUID | None = None) -> int:
        return resolve.working_days(start, end, self._calendar(site))

    def months_after(self, instant: datetime, months: int, site: UUID | None = None) -> datetime:
        return resolve.months_after(instant, months, self._calendar(site))

    def zone_exists(self, name: str) -> bool:
        return zone_exists(name)

    def country_exists(self, country: str, subdivision: str | None = None) -> bool:
        return country_exists(country, subdivision)

    def _calendar(self, site: UUID | None) -> Calendar:
        state = self.directory()
        return state.calendar_of(site) if isinstance(state, DirectoryState) else NOWHERE
