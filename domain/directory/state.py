"""What is known of an organization, and the questions other rules ask of it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

from pydantic import Field

from domain.decider import Decider, Ref
from domain.directory.calendar import Calendar, Site
from domain.directory.edits import Pending
from domain.sealed import CommonName, PersonName
from domain.values import Frozen, Instant

DIRECTORY = Ref("directory", UUID("00000000-0000-0000-0000-000000000001"))
"""The directory's stream: one in every organization, and the organization leads every key, so its id is a constant."""
NO_DELEGATES: frozenset[UUID] = frozenset()


class Role(StrEnum):
    """What somebody may do beyond their place in the line."""

    ADMIN = "admin"
    """Keeps the directory and opens cycles."""
    BOARD_APPROVER = "board_approver"
    """Signs where the line has nobody above (R5.2)."""
    AUDITOR = "auditor"
    """Reads everything, changes nothing (R8)."""
    UNIT_HR = "unit_hr"
    """Looks after the people of a unit, and signs where a chain asks for it (R5.2)."""
    FINANCE = "finance"
    """Signs where a chain asks whether the money is there (R5.2)."""


class Grant(Frozen):
    """A role within a team and all teams below it."""

    role: Role
    team: UUID


class Person(Frozen):
    """Somebody of the organization."""

    id: UUID
    name: PersonName
    manager: UUID | None = None
    functional_manager: UUID | None = None
    """Who leads their profession. Signs where a chain asks for them; nothing escalates to them."""
    team: UUID | None = None
    """The unit they work in."""
    site: UUID | None = None
    """Where they work; None: the organization's own site."""
    account_of: UUID | None = None
    """The person whose further account this is (R5.4)."""
    roles: frozenset[Role] = frozenset()
    """Roles in the whole organization."""
    grants: frozenset[Grant] = frozenset()
    """Roles within a unit."""
    delegates: frozenset[UUID] = frozenset()
    """Who may sign for them now (R5.5)."""
    active: bool = True


class Team(Frozen):
    """A team can own a plan; its lead answers for it (R3.9). With the teams below it, it is a unit."""

    id: UUID
    name: CommonName
    lead: UUID
    parent: UUID | None = None
    legal_entity: bool = False
    """Whether the unit is a legal entity of its own: as far as its auditors see (R8)."""


class Delegation(Frozen):
    """Somebody signs for somebody else between two instants (R5.5)."""

    id: UUID
    person: UUID
    """For whom."""
    to: UUID
    starts: Instant | None = None
    """None: from when it was given."""
    ends: Instant
    active: bool = False
    """Whether it is in force: set by events, so that what has no clock can ask."""
    ended: bool = False
    """Whether it was ended before its time."""


class DirectoryState(Frozen):
    """The directory after its events."""

    version: int = 0
    founded: bool = False
    name: CommonName | None = None
    simulated: bool = False
    """The organization's clock is its events' `at`."""
    calendar: Calendar = Calendar()
    """Of whoever has no site."""
    sites: dict[UUID, Site] = Field(default_factory=dict)
    people: dict[UUID, Person] = Field(default_factory=dict)
    teams: dict[UUID, Team] = Field(default_factory=dict)
    delegations: dict[UUID, Delegation] = Field(default_factory=dict)
    holding: dict[Role, frozenset[UUID]] = Field(default_factory=dict, exclude=True)
    """Who holds a role anywhere or once did: an organization has thousands of people and few of these."""
    pending: tuple[Pending, ...] = ()
    """What takes effect later, in the order in which it does."""
    waiting: dict[UUID, tuple[Pending, ...]] = Field(default_factory=dict, exclude=True)
    """The same by what it changes: a date may bring thousands, and each is checked against what comes later."""

    @cached_property
    def chains(self) -> dict[tuple[UUID | None, UUID], Any]:
        """What `plan.chain` worked out from the directory as it is here, by cycle and owner: every order to a plan asks
        for the same more than once, and the directory seldom changes.
        """
        return {}

    @property
    def zone(self) -> str:
        """IANA name of the time zone in which the organization's own working days end."""
        return self.calendar.zone

    def calendar_of(self, site: UUID | None) -> Calendar:
        """When a site works; None, or one that is unknown: the organization's own."""
        found = self.sites.get(site) if site is not None else None
        return self.calendar if found is None else found.calendar

    def is_active(self, person: UUID | None) -> bool:
        """Whether somebody is known and active."""
        found = self.people.get(person) if person is not None else None
        return found is not None and found.active

    def has_role(self, person: UUID, role: Role, team: UUID | None = None) -> bool:
        """Whether an active person holds a role: in the whole organization, or in a team or above it."""
        if not self.is_active(person):
            return False
        held = self.people[person]
        return role in held.roles or any(Grant(role=role, team=unit) in held.grants for unit in self.units_above(team))

    def holders(self, role: Role, team: UUID | None = None) -> frozenset[UUID]:
        """The active people who hold a role: in the whole organization, or in a team or above it."""
        return frozenset(one for one in self.holding.get(role, ()) if self.has_role(one, role, team))

    def human(self, person: UUID) -> UUID:
        """The person behind an account: signatures of two accounts are one person's (R5.4)."""
        found = self.people.get(person)
        while found is not None and found.account_of is not None:
            person, found = found.account_of, self.people.get(found.account_of)
        return person

    def delegates_of(self, person: UUID) -> frozenset[UUID]:
        """Who may sign for somebody now (R5.5)."""
        found = self.people.get(person)
        if found is None or not found.delegates:
            return NO_DELEGATES
        return frozenset(filter(self.is_active, found.delegates))

    def functional_manager(self, person: UUID) -> UUID | None:
        """Who leads somebody's profession, unless they have left."""
        found = self.people.get(person)
        return found.functional_manager if found is not None and self.is_active(found.functional_manager) else None

    def unit_of(self, owner: UUID) -> UUID | None:
        """The unit of an owner: a person's team, a team itself."""
        if owner in self.teams:
            return owner
        return self.people[owner].team if owner in self.people else None

    def units_above(self, team: UUID | None) -> Iterator[UUID]:
        """A team and the teams above it, nearest first."""
        while team is not None:
            yield team
            team = self.teams[team].parent if team in self.teams else None

    def units_under(self, team: UUID) -> frozenset[UUID]:
        """A team and every team under it."""
        return frozenset(unit for unit in self.teams if team in self.units_above(unit)) | {team}

    def site_of(self, owner: UUID) -> UUID | None:
        """Where whoever answers for an owner works; None: at the organization's own site."""
        found = self.people.get(self.responsible(owner))
        return found.site if found is not None else None

    def responsible(self, owner: UUID) -> UUID:
        """Who answers for an owner: the person, or the team's lead (R3.9)."""
        team = self.teams.get(owner)
        return owner if team is None else team.lead

    def line_above(self, person: UUID) -> Iterator[UUID]:
        """The active managers above somebody, nearest first; one who left is passed over (R10)."""
        seen, found = {person}, self.people.get(person)
        while found is not None and (above := found.manager) is not None and above not in seen:
            seen.add(above)
            found = self.people.get(above)
            if found is not None and found.active:
                yield above


def with_person(state: DirectoryState, person: Person) -> DirectoryState:
    """The directory in which this is what is known of somebody."""
    people = {**state.people, person.id: person}
    gained = _roles_of(person) - {role for role, held_by in state.holding.items() if person.id in held_by}
    if not gained:
        return state.model_copy(update={"people": people})
    gainers = {role: state.holding.get(role, frozenset()) | {person.id} for role in gained}
    return state.model_copy(update={"people": people, "holding": {**state.holding, **gainers}})


def _roles_of(person: Person) -> frozenset[Role]:
    """The roles that somebody holds anywhere."""
    return person.roles | {grant.role for grant in person.grants} if person.grants else person.roles


def _no_needs(*_: object) -> tuple[()]:
    return ()


directory = Decider(kind="directory", initial=DirectoryState(), needs=_no_needs)
