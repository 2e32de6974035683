"""Moves in the directory: people, lines, roles, teams, sites, delegations."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from domain.directory.calendar import Calendar, Day
from domain.directory.delegation import Delegate, EndDelegation
from domain.directory.lines import SetManager
from domain.directory.people import AddPerson, ChangePerson, DeactivatePerson
from domain.directory.roles import GrantRole, RevokeRole
from domain.directory.sites import AddSite, ChangeCalendar
from domain.directory.state import DIRECTORY, Role
from domain.directory.teams import AddTeam, ChangeTeam
from tests.moves import PEOPLE, TEXT, NoMove, Scene, Sending, sends
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, TEAM, who

MOST = 12
"""People, teams and sites that come in a walk."""
ROLES = (Role.BOARD_APPROVER, Role.UNIT_HR, Role.FINANCE, Role.AUDITOR)


def newcomer(scene: Scene, known: dict[UUID, object], what: str) -> UUID:
    if len(known) >= MOST:
        raise NoMove
    return who(f"{what} {len(known)}")


def perhaps_later(scene: Scene) -> datetime | None:
    return scene.world.now + timedelta(days=scene.chance.randint(0, 6)) if scene.often(0.3) else None


@sends(AddPerson)
def add_person(scene: Scene) -> Sending:
    person = newcomer(scene, dict(scene.world.directory.people), "newcomer")
    return DIRECTORY, AddPerson(
        person=person,
        name="Somebody",
        manager=scene.one([LEAD, HEAD, None]),
        team=TEAM if scene.often(0.3) else None,
        account_of=scene.one(PEOPLE) if scene.often(0.3) else None,
        roles=(scene.one(ROLES),) if scene.often(0.5) else (),
    )


@sends(ChangePerson)
def change_person(scene: Scene) -> Sending:
    left = [person for person, found in scene.world.directory.people.items() if not found.active]
    if left and scene.often(0.7):
        return DIRECTORY, ChangePerson(person=scene.one(left), returns=True)
    person = scene.one(sorted(scene.world.directory.people))
    if scene.often(0.2):
        return DIRECTORY, ChangePerson(person=person, account_of=scene.one([LEAD, HEAD, "none"]))
    team = scene.one([TEAM, "none"])
    return DIRECTORY, ChangePerson(person=person, team=team, valid_from=perhaps_later(scene))


@sends(DeactivatePerson)
def deactivate_person(scene: Scene) -> Sending:
    gone = {LEAD, STAFF, OTHER} if scene.often(0.9) else set()
    return DIRECTORY, DeactivatePerson(person=scene.one(sorted(set(scene.world.directory.people) - gone)))


@sends(SetManager)
def set_manager(scene: Scene) -> Sending:
    return DIRECTORY, SetManager(
        person=scene.one([STAFF, OTHER, HEAD, BOARD[0]]),
        manager=scene.one([LEAD, HEAD, HEAD, BOARD[1], None]),
        line="functional" if scene.often(0.3) else "reporting",
        valid_from=perhaps_later(scene),
    )


@sends(GrantRole)
def grant_role(scene: Scene) -> Sending:
    team = TEAM if scene.often(0.3) else None
    return DIRECTORY, GrantRole(person=scene.one([OTHER, HEAD, STAFF]), role=scene.one(ROLES), team=team)


@sends(RevokeRole)
def revoke_role(scene: Scene) -> Sending:
    held = [
        *((one.id, role, None) for one in scene.world.directory.people.values() for role in one.roles),
        *((one.id, grant.role, grant.team) for one in scene.world.directory.people.values() for grant in one.grants),
    ]
    person, role, team = scene.one(sorted(held, key=str))
    return DIRECTORY, RevokeRole(person=person, role=role, team=team)


@sends(AddTeam)
def add_team(scene: Scene) -> Sending:
    team = newcomer(scene, dict(scene.world.directory.teams), "team")
    return DIRECTORY, AddTeam(team=team, name="Crew", lead=scene.one([OTHER, HEAD]), parent=TEAM)


@sends(ChangeTeam)
def change_team(scene: Scene) -> Sending:
    lead = scene.one([OTHER, OTHER, HEAD, STAFF])
    return DIRECTORY, ChangeTeam(team=TEAM, lead=lead, valid_from=perhaps_later(scene))


def some_calendar(scene: Scene) -> Calendar:
    days = sorted({(scene.world.now + timedelta(days=scene.chance.randint(-3, 40))).date() for _ in range(3)})
    return Calendar(exceptions=tuple(Day(on=day, works=scene.often(0.3)) for day in days))


@sends(AddSite)
def add_site(scene: Scene) -> Sending:
    site = newcomer(scene, dict(scene.world.directory.sites), "site")
    return DIRECTORY, AddSite(site=site, name="The yard", calendar=some_calendar(scene))


@sends(ChangeCalendar)
def change_calendar(scene: Scene) -> Sending:
    site = scene.one([None, *scene.world.directory.sites])
    return DIRECTORY, ChangeCalendar(site=site, calendar=some_calendar(scene), reason=TEXT)


@sends(Delegate)
def delegate(scene: Scene) -> Sending:
    """An administrator's for others, or one's own, which only some of the senders may give."""
    known, now = scene.world.directory.delegations, scene.world.now
    person = scene.one([HEAD, LEAD, *BOARD])
    given = Delegate(
        delegation=who(f"delegation {len(known)}"),
        person=None if scene.often(0.3) else person,
        to=scene.one(PEOPLE),
        starts=now + timedelta(days=2) if scene.often(0.2) else None,
        ends=now + timedelta(days=scene.chance.randint(1, 60)),
    )
    return DIRECTORY, given


@sends(EndDelegation)
def end_delegation(scene: Scene) -> Sending:
    return DIRECTORY, EndDelegation(delegation=scene.one(sorted(scene.world.directory.delegations)))
