"""The directory: who keeps it, and what a reporting line may be."""

from __future__ import annotations

import pytest

from domain.directory.founding import FirstPerson, FoundOrganization
from domain.directory.lines import SetManager
from domain.directory.people import AddPerson, ChangePerson, DeactivatePerson
from domain.directory.roles import GrantRole, RevokeRole, RoleGranted
from domain.directory.state import DIRECTORY, Role
from domain.directory.teams import AddTeam, ChangeTeam
from domain.messages import Command
from tests.support.given import HEAD, LEAD, OTHER, STAFF, TEAM, World, who


def founding(person: str = "lead") -> FoundOrganization:
    return FoundOrganization(name="Harbour Works", first_person=FirstPerson(id=who(person), name="Lin"))


def test_an_organization_is_founded_once_by_its_first_person_who_keeps_the_directory() -> None:
    world = World()
    world.refused("organization.not_first_person", HEAD, DIRECTORY, founding())
    world.when(LEAD, DIRECTORY, founding())
    assert world.directory.has_role(LEAD, Role.ADMIN)
    world.refused("organization.founded", LEAD, DIRECTORY, founding())


@pytest.mark.parametrize(
    "command",
    [
        AddPerson(person=who("new"), name="New"),
        DeactivatePerson(person=STAFF),
        SetManager(person=STAFF, manager=LEAD),
        AddTeam(team=who("new"), name="New", lead=STAFF),
        GrantRole(person=STAFF, role=Role.AUDITOR),
        RevokeRole(person=LEAD, role=Role.ADMIN),
        ChangePerson(person=STAFF, team=TEAM),
        ChangeTeam(team=TEAM, lead=STAFF),
    ],
    ids=lambda command: type(command).__name__,
)
def test_only_an_administrator_keeps_the_directory(command: Command) -> None:
    World().founded().refused("directory.not_admin", HEAD, DIRECTORY, command)
    World().refused("organization.unknown", LEAD, DIRECTORY, command)


def test_people_and_teams_share_one_space_of_ids() -> None:
    world = World().founded()
    world.refused("person.exists", LEAD, DIRECTORY, AddPerson(person=STAFF, name="Twice"))
    world.refused("person.exists", LEAD, DIRECTORY, AddPerson(person=TEAM, name="A team's id"))
    world.refused("team.exists", LEAD, DIRECTORY, AddTeam(team=STAFF, name="A person's id", lead=HEAD))
    world.refused("person.unknown", LEAD, DIRECTORY, AddPerson(person=who("x"), name="X", manager=who("nobody")))


def test_a_reporting_line_has_no_circle() -> None:
    world = World().founded()
    world.refused("directory.line_circle", LEAD, DIRECTORY, SetManager(person=LEAD, manager=STAFF))
    world.refused("directory.line_circle", LEAD, DIRECTORY, SetManager(person=LEAD, manager=LEAD))
    world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=LEAD))
    assert list(world.directory.line_above(STAFF)) == [LEAD]


def test_who_has_left_is_passed_over_in_the_line() -> None:
    world = World().founded()
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=HEAD))
    assert list(world.directory.line_above(STAFF)) == [LEAD]
    world.refused("person.unknown", LEAD, DIRECTORY, DeactivatePerson(person=HEAD))


def test_an_organization_keeps_an_administrator() -> None:
    world = World().founded()
    world.refused("directory.last_admin", LEAD, DIRECTORY, RevokeRole(person=LEAD, role=Role.ADMIN))
    world.refused("directory.last_admin", LEAD, DIRECTORY, DeactivatePerson(person=LEAD))
    world.when(LEAD, DIRECTORY, GrantRole(person=HEAD, role=Role.ADMIN))
    world.when(LEAD, DIRECTORY, RevokeRole(person=LEAD, role=Role.ADMIN))
    world.refused("directory.not_admin", LEAD, DIRECTORY, AddPerson(person=who("x"), name="X"))


def test_granting_a_role_twice_is_once() -> None:
    world = World().founded()
    assert world.when(LEAD, DIRECTORY, GrantRole(person=STAFF, role=Role.AUDITOR)) == [
        RoleGranted(person=STAFF, role=Role.AUDITOR, allowed_by="directory.admin")
    ]
    assert world.when(LEAD, DIRECTORY, GrantRole(person=STAFF, role=Role.AUDITOR)) == []
    assert world.when(LEAD, DIRECTORY, RevokeRole(person=OTHER, role=Role.AUDITOR)) == []


def test_r3_9_a_team_answers_through_its_lead() -> None:
    world = World().founded()
    assert world.directory.responsible(TEAM) == OTHER
    assert world.directory.responsible(STAFF) == STAFF
