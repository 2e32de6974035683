"""FoundOrganization: the first command of an organization, by its first person."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from pydantic import model_validator

from domain.decider import Context
from domain.directory.calendar import Calendar, CountryCode, SubdivisionCode, ZoneName
from domain.directory.requiring import require_calendar
from domain.directory.state import DirectoryState, Person, Role, directory, with_person
from domain.messages import Command, Event
from domain.problems import problem
from domain.sealed import CommonName, PersonName
from domain.values import Frozen

FOUNDED = problem("organization.founded", 409, "This organization exists already.", "Use another organization id.")
NOT_FOUNDED = problem(
    "organization.unknown", 404, "There is no such organization.", "Found it first with FoundOrganization."
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
    country: CountryCode | None = None
    """Whose public holidays count wherever no site says otherwise; ChangeCalendar says more."""
    subdivision: SubdivisionCode | None = None
    first_person: FirstPerson
    simulated: bool = False
    """Take the clock from the commands: for rehearsals and tests of whole quarters."""

    @property
    def calendar(self) -> Calendar:
        """The organization's own, to begin with."""
        return Calendar(zone=self.zone, country=self.country, subdivision=self.subdivision)

    @model_validator(mode="after")
    def _subdivision_of_a_country(self) -> FoundOrganization:
        if self.subdivision is not None and self.country is None:
            raise ValueError("a subdivision needs its country")
        return self

    def named_person(self) -> UUID | None:
        return self.first_person.id


class OrganizationFounded(Event):
    """The organization's log has begun."""

    name: CommonName
    zone: str
    country: str | None = None
    subdivision: str | None = None
    first_person: FirstPerson
    simulated: bool


@directory.decides(FoundOrganization)
def found_organization(state: DirectoryState, command: FoundOrganization, context: Context) -> list[Event]:
    """An organization is founded once, by its first person."""
    if state.founded:
        raise FOUNDED()
    require_calendar(command.calendar, context, "")
    return [
        OrganizationFounded(
            name=command.name,
            zone=command.zone,
            country=command.country,
            subdivision=command.subdivision,
            first_person=command.first_person,
            simulated=command.simulated,
        )
    ]


@directory.evolves(OrganizationFounded)
def organization_founded(state: DirectoryState, event: OrganizationFounded) -> DirectoryState:
    first = Person(id=event.first_person.id, name=event.first_person.name, roles=frozenset({Role.ADMIN}))
    calendar = Calendar(zone=event.zone, country=event.country, subdivision=event.subdivision)
    founded = {"founded": True, "name": event.name, "calendar": calendar, "simulated": event.simulated}
    return with_person(state.model_copy(update=founded), first)
