"""What rules may ask of calendars, which lie outside the domain: they read zones and a library of holidays (R2.2)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.values import Duration


class Calendars(Protocol):
    """What a rule may ask of the calendars of the organization's sites; site None is the organization's own.

    Zones and holidays are files that change with a release: so only `decide` asks, and its events keep the answers.
    `evolve` and `agenda` never do.
    """

    def after(self, start: datetime, duration: Duration, site: UUID | None = None) -> datetime:
        """The instant a duration after (or before) another."""
        ...

    def provisional(self, start: datetime, end: datetime, site: UUID | None = None) -> bool:
        """Whether working days between two instants lie in a year without an official notice (R2.2)."""
        ...

    def holidays_version(self, site: UUID | None = None) -> str | None:
        """Of the library that knows the public holidays; None where the site counts no country's."""
        ...

    def working_days(self, start: datetime, end: datetime, site: UUID | None = None) -> int:
        """How many working days there are from the local day of `start` to before `end`."""
        ...

    def months_after(self, instant: datetime, months: int, site: UUID | None = None) -> datetime:
        """The same local day and time so many months later, where there is none the month's last day."""
        ...

    def zone_exists(self, name: str) -> bool:
        """Whether a time zone of this name can be resolved."""
        ...

    def country_exists(self, country: str, subdivision: str | None = None) -> bool:
        """Whether the public holidays of a country, or of a part of it, are known."""
        ...
