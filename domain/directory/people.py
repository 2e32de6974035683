"""People, kept by an administrator: who they are, where they work, and that they left or came back."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.decider import Context
from domain.directory.edits import PersonEdit, Placed
from domain.directory.effects import applied, circles, from_when
from domain.directory.requiring import require_known, require_person, require_site, require_team
from domain.directory.state import DirectoryState, Person, Role, directory, with_person
from domain.messages import Command, Event, Wake
from domain.problems import problem
from domain.sealed import PersonName
from domain.values import Instant

PERSON_EXISTS = problem("person.exists", 409, "This person is in the directory already.", "Use another person id.")
ACCOUNT_CIRCLE = problem(
    "person.account_circle",
    422,
    "This would make somebody a further account of themselves.",
    "Name the person whose further account this is.",
)
LAST_ADMIN = problem(
    "directory.last_admin", 409, "An organization keeps at least one administrator.", "Grant the role to another first."
)
CHANGEABLE = ("name", "team", "site", "account_of", "returns")


class AddPerson(Command):
    """Add somebody to the directory."""

    person: UUID
    name: PersonName
    manager: UUID | None = None
    functional_manager: UUID | None = None
    team: UUID | None = None
    site: UUID | None = None
    account_of: UUID | None = None
    """The person whose further account this is (R5.4)."""
    roles: tuple[Role, ...] = ()

    def named_person(self) -> UUID | None:
        return self.person


class ChangePerson(Command):
    """Change somebody's name, unit, site or the person behind the account, or take back somebody who left.

    From a date, if one is given. What is absent stays; `none` ends a place.
    """

    edits: ClassVar[bool] = True

    person: UUID
    name: PersonName | None = None
    team: Placed = None
    site: Placed = None
    account_of: Placed = None
    returns: bool = False
    """Somebody who left is back, without the roles they had."""
    valid_from: Instant | None = None

    def named_person(self) -> UUID | None:
        return self.person


class DeactivatePerson(Command):
    """Somebody has left: they decide nothing any more, what waits for them goes up the line."""

    edits: ClassVar[bool] = True

    person: UUID


class PersonAdded(Event):
    """Somebody is in the directory."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})  # a new approver may end a step's waiting (R5.4)

    person: UUID
    name: PersonName
    manager: UUID | None = None
    functional_manager: UUID | None = None
    team: UUID | None = None
    site: UUID | None = None
    account_of: UUID | None = None
    roles: tuple[Role, ...]


class PersonChanged(Event):
    """Somebody is called or placed otherwise, or is back."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    person: UUID
    name: PersonName | None = None
    team: Placed = None
    site: Placed = None
    account_of: Placed = None
    returns: bool | None = None
    valid_from: Instant | None = None
    """Absent: at once."""

    @property
    def changed(self) -> frozenset[str]:
        """The fields that it changes."""
        return frozenset(name for name in CHANGEABLE if getattr(self, name) is not None)

    def woken(self) -> frozenset[Wake]:
        """A name and a site change nobody's agenda: the deadlines that are set stay."""
        decides = self.valid_from is None and bool(self.changed - {"name", "site"})
        return self.wakes if decides else frozenset()


class PersonDeactivated(Event):
    """Somebody has left."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    person: UUID


@directory.decides(AddPerson)
def add_person(state: DirectoryState, command: AddPerson, context: Context) -> list[Event]:
    """A new person reports to somebody known."""
    if command.person in state.people or command.person in state.teams:
        raise PERSON_EXISTS("/person")
    require_person(state, command.manager, "/manager")
    require_person(state, command.functional_manager, "/functional_manager")
    require_team(state, command.team, "/team")
    require_site(state, command.site, "/site")
    if command.account_of == command.person:
        raise ACCOUNT_CIRCLE("/account_of")
    require_known(state, command.account_of, "/account_of")
    return [
        PersonAdded(
            person=command.person,
            name=command.name,
            manager=command.manager,
            functional_manager=command.functional_manager,
            team=command.team,
            site=command.site,
            account_of=command.account_of,
            roles=command.roles,
        )
    ]


@directory.decides(ChangePerson)
def change_person(state: DirectoryState, command: ChangePerson, context: Context) -> list[Event]:
    """Nobody is a further account of themselves, on the day of the change nor on any later one."""
    if command.returns:
        require_known(state, command.person, "/person")
    else:
        require_person(state, command.person, "/person")
    require_team(state, command.team, "/team")
    require_site(state, command.site, "/site")
    require_known(state, command.account_of, "/account_of")
    begins = from_when(context, command.valid_from)
    returns = True if command.returns and not state.is_active(command.person) else None
    event = PersonChanged(
        person=command.person,
        name=command.name,
        team=command.team,
        site=command.site,
        account_of=command.account_of,
        returns=returns,
        valid_from=begins,
    )
    if not event.changed:
        return []
    if isinstance(command.account_of, UUID) and circles(
        person_changed(state, event), command.person, "account_of", begins or context.at
    ):
        raise ACCOUNT_CIRCLE("/account_of")
    return [event]


@directory.decides(DeactivatePerson)
def deactivate_person(state: DirectoryState, command: DeactivatePerson, context: Context) -> list[Event]:
    """The last administrator cannot leave."""
    require_person(state, command.person, "/person")
    if state.holders(Role.ADMIN) == {command.person}:
        raise LAST_ADMIN("/person")
    return [PersonDeactivated(person=command.person)]


@directory.evolves(PersonAdded)
def person_added(state: DirectoryState, event: PersonAdded) -> DirectoryState:
    added = Person(
        id=event.person,
        name=event.name,
        manager=event.manager,
        functional_manager=event.functional_manager,
        team=event.team,
        site=event.site,
        account_of=event.account_of,
        roles=frozenset(event.roles),
    )
    return with_person(state, added)


@directory.evolves(PersonChanged)
def person_changed(state: DirectoryState, event: PersonChanged) -> DirectoryState:
    change = PersonEdit(
        person=event.person,
        name=event.name,
        team=event.team,
        site=event.site,
        account_of=event.account_of,
        returns=bool(event.returns),
    )
    return applied(state, change, event.valid_from)


@directory.evolves(PersonDeactivated)
def person_deactivated(state: DirectoryState, event: PersonDeactivated) -> DirectoryState:
    return with_person(state, state.people[event.person].model_copy(update={"active": False}))
