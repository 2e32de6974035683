"""What the rules of the directory ask first: that whom and what a command names is there.

Who may keep the directory is no question of a rule: domain/access answers it before.
"""

from __future__ import annotations

from uuid import UUID

from domain.decider import Context
from domain.directory.calendar import Calendar
from domain.directory.edits import Placed
from domain.directory.state import DirectoryState
from domain.problems import problem

PERSON_UNKNOWN = problem(
    "person.unknown", 422, "There is no active person {person} in the directory.", "Add the person first."
)
TEAM_UNKNOWN = problem("team.unknown", 422, "There is no team {team} in the directory.", "Add the team first.")
SITE_UNKNOWN = problem("site.unknown", 422, "There is no site {site} in the directory.", "Add the site first.")
ZONE_UNKNOWN = problem(
    "organization.zone_unknown", 422, "There is no time zone {zone}.", "Use an IANA name, such as Asia/Shanghai."
)
COUNTRY_UNKNOWN = problem(
    "calendar.country_unknown",
    422,
    "No public holidays are known for {country}.",
    "Use a code such as CN, or DE with the subdivision BY; or leave the country out and enter the days as exceptions.",
)


def require_person(state: DirectoryState, person: Placed, pointer: str) -> None:
    """Refuse a person who is unknown or has left; nobody is no such person."""
    if isinstance(person, UUID) and not state.is_active(person):
        raise PERSON_UNKNOWN(pointer, person=str(person))


def require_known(state: DirectoryState, person: Placed, pointer: str) -> None:
    """Refuse a person who never was in the directory; one who left is still who they are."""
    if isinstance(person, UUID) and person not in state.people:
        raise PERSON_UNKNOWN(pointer, person=str(person))


def require_team(state: DirectoryState, team: Placed, pointer: str) -> None:
    """Refuse a team that is unknown; none is no such team."""
    if isinstance(team, UUID) and team not in state.teams:
        raise TEAM_UNKNOWN(pointer, team=str(team))


def require_site(state: DirectoryState, site: Placed, pointer: str) -> None:
    """Refuse a site that is unknown; none is the organization's own."""
    if isinstance(site, UUID) and site not in state.sites:
        raise SITE_UNKNOWN(pointer, site=str(site))


def require_calendar(calendar: Calendar, context: Context, pointer: str) -> None:
    """Refuse a calendar that cannot be reckoned by."""
    known = context.calendar
    if not known.zone_exists(calendar.zone):
        raise ZONE_UNKNOWN(f"{pointer}/zone", zone=calendar.zone)
    if calendar.country is not None and not known.country_exists(calendar.country, calendar.subdivision):
        place = "-".join(filter(None, (calendar.country, calendar.subdivision)))
        raise COUNTRY_UNKNOWN(f"{pointer}/country", country=place)
    calendar.require_working_days(f"{pointer}/exceptions")
