"""Auditors see all of their legal entity, and nothing beyond it (R8)."""

from __future__ import annotations

import pytest

from domain.directory.auditing import audits
from domain.directory.people import AddPerson, ChangePerson, DeactivatePerson
from domain.directory.roles import GrantRole, RevokeRole
from domain.directory.state import DIRECTORY, Role
from domain.directory.teams import AddTeam, ChangeTeam
from domain.plan.ground import ground_of
from domain.plan.seeing import Sight
from tests.support.given import LEAD, STAFF, World, who

UNITS = {  # unit: its parent, and whether it is a legal entity
    "group": (None, False),
    "works": ("group", True),
    "yard": ("works", False),
    "slip": ("yard", False),
    "quay": ("works", False),
    "ningbo": ("works", True),
    "dock": ("ningbo", False),
    "club": (None, False),
    "choir": ("club", False),
}
AUDITED = {  # where an auditor holds the role: what they audit. By hand
    "group": {*UNITS} - {"club", "choir"},
    "works": {"works", "yard", "slip", "quay"},
    "yard": {"works", "yard", "slip", "quay"},
    "slip": {"works", "yard", "slip", "quay"},
    "ningbo": {"ningbo", "dock"},
    "dock": {"ningbo", "dock"},
    "club": {"club", "choir"},
    "choir": {"choir"},
}


def placed(world: World) -> World:
    for unit, (parent, entity) in UNITS.items():
        above = who(parent) if parent is not None else None
        world.when(LEAD, DIRECTORY, AddTeam(team=who(unit), name=unit, lead=LEAD, parent=above, legal_entity=entity))
    return world


def auditing(world: World, person: str, place: str | None) -> World:
    world.when(LEAD, DIRECTORY, AddPerson(person=who(person), name="Somebody"))
    team = who(place) if place is not None else None
    world.when(LEAD, DIRECTORY, GrantRole(person=who(person), role=Role.AUDITOR, team=team))
    return world


@pytest.fixture(scope="module")
def units() -> World:
    world = placed(World().founded())
    for unit in AUDITED:
        auditing(world, f"auditor of {unit}", unit)
    return world


@pytest.mark.parametrize("place", AUDITED)
def test_r8_an_auditor_audits_the_legal_entity_of_the_unit(units: World, place: str) -> None:
    person = who(f"auditor of {place}")
    assert {unit for unit in UNITS if audits(units.directory, person, who(unit))} == AUDITED[place]
    assert not audits(units.directory, person, None), "who is in no unit belongs to no entity"


def test_r8_who_audits_the_whole_organization_audits_owners_in_no_unit_too_until_they_leave() -> None:
    world = auditing(World().founded(), "auditor", None)
    assert audits(world.directory, who("auditor"), None)
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=who("auditor")))
    assert not audits(world.directory, who("auditor"), None)


def test_r8_no_other_role_audits() -> None:
    world = placed(World().founded())
    world.when(LEAD, DIRECTORY, AddPerson(person=who("hr"), name="Somebody", roles=(Role.UNIT_HR,)))
    world.when(LEAD, DIRECTORY, GrantRole(person=who("hr"), role=Role.FINANCE, team=who("works")))
    assert not audits(world.directory, who("hr"), who("works"))


def test_r8_what_an_auditor_sees_follows_people_entities_and_roles() -> None:
    world = auditing(placed(World().founded().opened().drafted()), "auditor", "yard")

    def sees() -> tuple[bool, bool]:
        """The plan, and what it came to."""
        eyes = Sight(who("auditor"), ground_of(STAFF, world.the_cycle(), world.directory), world.plan())
        return eyes.plan(world.plan()) is not None, eyes.scorecard

    world.when(LEAD, DIRECTORY, ChangePerson(person=STAFF, team=who("quay")))
    assert sees() == (True, True), "the quay belongs to the entity of the yard"
    world.when(LEAD, DIRECTORY, ChangePerson(person=STAFF, team=who("dock")))
    assert sees() == (False, False), "the dock belongs to another entity"
    world.when(LEAD, DIRECTORY, ChangeTeam(team=who("ningbo"), legal_entity=False))
    assert sees() == (True, True)
    world.when(LEAD, DIRECTORY, RevokeRole(person=who("auditor"), role=Role.AUDITOR, team=who("yard")))
    assert sees() == (False, False)
