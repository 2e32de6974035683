"""What is known of an organization, and the questions other rules ask of it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from domain.decider import Decider, Ref
from domain.directory.calendar import Calendar, Site
from domain.sealed import CommonName, PersonName
from domain.values import Frozen

DIRECTORY = Ref("directory", UUID("00000000-0000-0000-0000-000000000001"))
"""The directory's stream: one in every organization, and the organization leads every key, so its id is a constant."""


class Role(StrEnum):
    """What somebody may do beyond their place in the line."""

    ADMIN = "admin"
    """Keeps the directory and opens cycles."""
    BOARD_APPROVER = "board_approver"
    """Signs where the line has nobody above (R5.2)."""
    AUDITOR = "auditor"
    """Reads everything, changes nothing (R8)."""


class Person(Frozen):
    """Somebody of the organization."""

    id: UUID
    name: PersonName
    manager: UUID | None = None
    roles: frozenset[Role] = frozenset()
    active: bool = True


class Team(Frozen):
    """A team can own a plan; its lead answers for it (R3.9)."""

    id: UUID
    name: CommonName
    lead: UUID


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

    def has_role(self, person: UUID, role: Role) -> bool:
        """Whether an active person holds a role."""
        return self.is_active(person) and role in self.people[person].roles

    def holders(self, role: Role) -> frozenset[UUID]:
        """The active people who hold a role."""
        return frozenset(person.id for person in self.people.values() if person.active and role in person.roles)

    def responsible(self, owner: UUID) -> UUID:
        """Who answers for an owner: the person, or the team's lead (R3.9)."""
        team = self.teams.get(owner)
        return owner if team is None else team.lead

    def line_above(self, person: UUID) -> Iterator[UUID]:
        """The active managers above somebody, nearest first; one who left is passed over (R10)."""
        seen = {person}
        above = self.people[person].manager if person in self.people else None
        while above is not None and above not in seen:
            seen.add(above)
            if self.is_active(above):
                yield above
            above = self.people[above].manager if above in self.people else None


def _no_needs(*_: object) -> tuple[()]:
    return ()


directory = Decider(kind="directory", initial=DirectoryState(), needs=_no_needs)
