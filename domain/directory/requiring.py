"""What the rules of the directory ask first: that whom and what a command names is there.

Who may keep the directory is no question of a rule: domain/access answers it before.
"""

from __future__ import annotations

from uuid import UUID

from domain.directory.state import DirectoryState, Placed
from domain.problems import problem

PERSON_UNKNOWN = problem(
    "person.unknown", 422, "There is no active person {person} in the directory.", "Add the person first."
)
TEAM_UNKNOWN = problem("team.unknown", 422, "There is no team {team} in the directory.", "Add the team first.")
SITE_UNKNOWN = problem("site.unknown", 422, "There is no site {site} in the directory.", "Add the site first.")


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
