"""People, kept by an administrator: who they are, where they work, and that they left or came back."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.access.refusals import NOT_ADMIN as NOT_ADMIN
from domain.decider import Context
from domain.directory.effects import applied, circles, from_when
from domain.directory.founding import NOT_FOUNDED
from domain.directory.state import DirectoryState, Person, PersonEdit, Placed, Role, directory, with_person
from domain.messages import Command, Event, Wake
from domain.problems import problem
from domain.sealed import PersonName
from domain.values import Instant

PERSON_EXISTS = problem("person.exists", 409, "This person is in the directory already.", "Use another person id.")
PERSON_UNKNOWN = problem(
    "person.unknown", 422, "There is no active person {person} in the directory.", "Add the person first."
)
TEAM_EXISTS = problem("team.exists", 409, "This team is in the directory already.", "Use another team id.")
TEAM_UNKNOWN = problem("team.unknown", 422, "There is no team {team} in the directory.", "Add the team first.")
ACCOUNT_CIRCLE = problem(
    "person.account_circle",
    422,
    "This would make somebody a further account of themselves.",
    "Name the person whose further account this is.",
)
LAST_ADMIN = problem(
    "directory.last_admin", 409, "An organization keeps at least one administrator.", "Grant the role to another first."
)


class AddPerson(Command):
    """Add somebody to the directory."""

    person: UUID
    name: PersonName
    manager: UUID | None = None
    functional_manager: UUID | None = None
    team: UUID | None = None
    account_of: UUID | None = None
    """The person whose further account this is (R5.4)."""
    roles: tuple[Role, ...] = ()

    def named_person(self) -> UUID | None:
        return self.person


class ChangePerson(Command):
    """Change somebody's name, unit or the person behind the account, or take back somebody who left; from a date if
    one is given. What is absent stays; `none` ends a place.
    """

    edits: ClassVar[bool] = True

    person: UUID
    name: PersonName | None = None
    team: Placed = None
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
    account_of: UUID | None = None
    roles: tuple[Role, ...]


class PersonChanged(Event):
    """Somebody is called or placed otherwise, or is back."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    person: UUID
    name: PersonName | None = None
    team: Placed = None
    account_of: Placed = None
    returns: bool | None = None
    valid_from: Instant | None = None
    """Absent: at once."""

    def woken(self) -> frozenset[Wake]:
        """A name decides nothing."""
        decides = self.valid_from is None and (self.team, self.account_of, self.returns) != (None, None, None)
        return self.wakes if decides else frozenset()


class PersonDeactivated(Event):
    """Somebody has left."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    person: UUID


def require_admin(state: DirectoryState, context: Context) -> None:
    """Refuse anybody but an administrator."""
    if not state.founded:
        raise NOT_FOUNDED()
    if not state.has_role(context.actor, Role.ADMIN):
        raise NOT_ADMIN()


def require_person(state: DirectoryState, person: UUID, pointer: str) -> None:
    """Refuse a person who is unknown or has left."""
    if not state.is_active(person):
        raise PERSON_UNKNOWN(pointer, person=str(person))


def require_team(state: DirectoryState, team: UUID, pointer: str) -> None:
    """Refuse a team that is unknown."""
    if team not in state.teams:
        raise TEAM_UNKNOWN(pointer, team=str(team))


@directory.decides(AddPerson)
def add_person(state: DirectoryState, command: AddPerson, context: Context) -> list[Event]:
    """A new person reports to somebody known."""
    require_admin(state, context)
    if command.person in state.people or command.person in state.teams:
        raise PERSON_EXISTS("/person")
    if command.manager is not None:
        require_person(state, command.manager, "/manager")
    if command.functional_manager is not None:
        require_person(state, command.functional_manager, "/functional_manager")
    if command.team is not None:
        require_team(state, command.team, "/team")
    if command.account_of == command.person:
        raise ACCOUNT_CIRCLE("/account_of")
    if command.account_of is not None:
        require_known(state, command.account_of, "/account_of")
    return [
        PersonAdded(
            person=command.person,
            name=command.name,
            manager=command.manager,
            functional_manager=command.functional_manager,
            team=command.team,
            account_of=command.account_of,
            roles=command.roles,
        )
    ]


def require_known(state: DirectoryState, person: UUID, pointer: str) -> None:
    """Refuse a person who never was in the directory; one who left is still who they are."""
    if person not in state.people:
        raise PERSON_UNKNOWN(pointer, person=str(person))


@directory.decides(ChangePerson)
def change_person(state: DirectoryState, command: ChangePerson, context: Context) -> list[Event]:
    """Nobody is a further account of themselves, on the day of the change nor on any later one."""
    require_admin(state, context)
    if command.returns:
        require_known(state, command.person, "/person")
    else:
        require_person(state, command.person, "/person")
    if isinstance(command.team, UUID):
        require_team(state, command.team, "/team")
    if isinstance(command.account_of, UUID):
        require_known(state, command.account_of, "/account_of")
    begins = from_when(context, command.valid_from)
    returns = True if command.returns and not state.is_active(command.person) else None
    event = PersonChanged(
        person=command.person,
        name=command.name,
        team=command.team,
        account_of=command.account_of,
        returns=returns,
        valid_from=begins,
    )
    if (event.name, event.team, event.account_of, event.returns) == (None, None, None, None):
        return []
    if isinstance(command.account_of, UUID) and circles(
        person_changed(state, event), command.person, "account_of", begins or context.at
    ):
        raise ACCOUNT_CIRCLE("/account_of")
    return [event]


@directory.decides(DeactivatePerson)
def deactivate_person(state: DirectoryState, command: DeactivatePerson, context: Context) -> list[Event]:
    """The last administrator cannot leave."""
    require_admin(state, context)
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
        account_of=event.account_of,
        returns=bool(event.returns),
    )
    return applied(state, change, event.valid_from)


@directory.evolves(PersonDeactivated)
def person_deactivated(state: DirectoryState, event: PersonDeactivated) -> DirectoryState:
    return with_person(state, state.people[event.person].model_copy(update={"active": False}))
