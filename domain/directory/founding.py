"""FoundOrganization: the first command of an organization, by its first person."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.decider import Context
from domain.directory.calendar import Calendar, ZoneName
from domain.directory.state import DirectoryState, Person, Role, directory, with_person
from domain.messages import Command, Event
from domain.problems import problem
from domain.sealed import CommonName, PersonName
from domain.values import Frozen

FOUNDED = problem("organization.founded", 409, "This organization exists already.", "Use another organization id.")
NOT_FOUNDED = problem(
    "organization.unknown", 404, "There is no such organization.", "Found it first with FoundOrganization."
)
ZONE_UNKNOWN = problem(
    "organization.zone_unknown", 422, "There is no time zone {zone}.", "Use an IANA name, such as Asia/Shanghai."
)


class FirstPerson(Frozen):
    """Who founds the organization and becomes its first administrator."""

    id: UUID
    name: PersonName


class FoundOrganization(Command):
    """Open an organization's log."""

    opens: ClassVar[bool] = True
    founds: ClassVar[bool] = True

    name: CommonName
    zone: ZoneName = "UTC"
    """IANA time zone in which the organization's working days end (R2.2)."""
    first_person: FirstPerson
    simulated: bool = False
    """Take the clock from the commands: for rehearsals and tests of whole quarters."""

    def named_person(self) -> UUID | None:
        return self.first_person.id


class OrganizationFounded(Event):
    """The organization's log has begun."""

    name: CommonName
    zone: str
    first_person: FirstPerson
    simulated: bool


@directory.decides(FoundOrganization)
def found_organization(state: DirectoryState, command: FoundOrganization, context: Context) -> list[Event]:
    """An organization is founded once, by its first person."""
    if state.founded:
        raise FOUNDED()
    if not context.calendar.zone_exists(command.zone):
        raise ZONE_UNKNOWN("/zone", zone=command.zone)
    return [
        OrganizationFounded(
            name=command.name, zone=command.zone, first_person=command.first_person, simulated=command.simulated
        )
    ]


@directory.evolves(OrganizationFounded)
def organization_founded(state: DirectoryState, event: OrganizationFounded) -> DirectoryState:
    first = Person(id=event.first_person.id, name=event.first_person.name, roles=frozenset({Role.ADMIN}))
    calendar = Calendar(zone=event.zone)
    founded = {"founded": True, "name": event.name, "calendar": calendar, "simulated": event.simulated}
    return with_person(state.model_copy(update=founded), first)
