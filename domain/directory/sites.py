"""Sites and their calendars, kept by an administrator (R2.2).

A changed calendar changes no deadline that is set: only RecomputeDeadlines does, cycle by cycle. So these events wake
nobody.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.decider import Context
from domain.directory.calendar import Calendar, Site
from domain.directory.requiring import require_calendar, require_site
from domain.directory.state import DirectoryState, directory
from domain.messages import Command, Event
from domain.problems import problem
from domain.sealed import AuthorText, CommonName

SITE_EXISTS = problem("site.exists", 409, "This site is in the directory already.", "Use another site id.")


class AddSite(Command):
    """Add a place with working days of its own."""

    site: UUID
    name: CommonName
    calendar: Calendar


class ChangeCalendar(Command):
    """Change when a site works, or the organization where it names no site. Deadlines that are set stay."""

    edits: ClassVar[bool] = True

    site: UUID | None = None
    """None: the organization's own."""
    calendar: Calendar
    reason: AuthorText


class SiteAdded(Event):
    """A site is in the directory."""

    site: UUID
    name: CommonName
    calendar: Calendar


class CalendarChanged(Event):
    """A site, or the organization, has other working days from now on."""

    site: UUID | None = None
    calendar: Calendar
    reason: AuthorText


@directory.decides(AddSite)
def add_site(state: DirectoryState, command: AddSite, context: Context) -> list[Event]:
    """A site has a calendar that can be reckoned by."""
    if command.site in state.sites:
        raise SITE_EXISTS("/site")
    require_calendar(command.calendar, context, "/calendar")
    return [SiteAdded(site=command.site, name=command.name, calendar=command.calendar)]


@directory.decides(ChangeCalendar)
def change_calendar(state: DirectoryState, command: ChangeCalendar, context: Context) -> list[Event]:
    """The same calendar again changes nothing."""
    require_site(state, command.site, "/site")
    require_calendar(command.calendar, context, "/calendar")
    if command.calendar == state.calendar_of(command.site):
        return []
    return [CalendarChanged(site=command.site, calendar=command.calendar, reason=command.reason)]


@directory.evolves(SiteAdded)
def site_added(state: DirectoryState, event: SiteAdded) -> DirectoryState:
    site = Site(id=event.site, name=event.name, calendar=event.calendar)
    return state.model_copy(update={"sites": {**state.sites, site.id: site}})


@directory.evolves(CalendarChanged)
def calendar_changed(state: DirectoryState, event: CalendarChanged) -> DirectoryState:
    if event.site is None:
        return state.model_copy(update={"calendar": event.calendar})
    site = state.sites[event.site].model_copy(update={"calendar": event.calendar})
    return state.model_copy(update={"sites": {**state.sites, site.id: site}})
