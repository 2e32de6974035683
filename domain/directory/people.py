"""People, teams, reporting lines and roles, kept by an administrator."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.access.refusals import NOT_ADMIN as NOT_ADMIN
from domain.decider import Context
from domain.directory.founding import NOT_FOUNDED
from domain.directory.state import DirectoryState, Person, Role, Team, directory
from domain.messages import Command, Event, Wake
from domain.problems import problem
from domain.sealed import CommonName, PersonName

PERSON_EXISTS = problem("person.exists", 409, "This person is in the directory already.", "Use another person id.")
PERSON_UNKNOWN = problem(
    "person.unknown", 422, "There is no active person {person} in the directory.", "Add the person first."
)
TEAM_EXISTS = problem("team.exists", 409, "This team is in the directory already.", "Use another team id.")
LINE_CIRCLE = problem(
    "directory.line_circle",
    422,
    "This would make a circle in the reporting line.",
    "Choose a manager who does not report to this person.",
)
LAST_ADMIN = problem(
    "directory.last_admin", 409, "An organization keeps at least one administrator.", "Grant the role to another first."
)


class AddPerson(Command):
    """Add somebody to the directory."""

    person: UUID
    name: PersonName
    manager: UUID | None = None
    roles: tuple[Role, ...] = ()

    def named_person(self) -> UUID | None:
        return self.person


class DeactivatePerson(Command):
    """Somebody has left: they decide nothing any more, what waits for them goes up the line."""

    edits: ClassVar[bool] = True

    person: UUID


class SetManager(Command):
    """Change whom somebody reports to."""

    edits: ClassVar[bool] = True

    person: UUID
    manager: UUID | None = None


class AddTeam(Command):
    """Add a team that can own a plan."""

    team: UUID
    name: CommonName
    lead: UUID


class GrantRole(Command):
    """Give somebody a role."""

    person: UUID
    role: Role


class RevokeRole(Command):
    """Take a role from somebody."""

    person: UUID
    role: Role


class PersonAdded(Event):
    """Somebody is in the directory."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})  # a new approver may end a step's waiting (R5.4)

    person: UUID
    name: PersonName
    manager: UUID | None = None
    roles: tuple[Role, ...]


class PersonDeactivated(Event):
    """Somebody has left."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    person: UUID


class ManagerSet(Event):
    """Somebody reports to another manager, or to nobody."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    person: UUID
    manager: UUID | None = None


class TeamAdded(Event):
    """A team is in the directory."""

    team: UUID
    name: CommonName
    lead: UUID


class RoleGranted(Event):
    """Somebody holds a role."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    person: UUID
    role: Role


class RoleRevoked(Event):
    """Somebody holds a role no longer."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    person: UUID
    role: Role


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


@directory.decides(AddPerson)
def add_person(state: DirectoryState, command: AddPerson, context: Context) -> list[Event]:
    """A new person reports to somebody known."""
    require_admin(state, context)
    if command.person in state.people or command.person in state.teams:
        raise PERSON_EXISTS("/person")
    if command.manager is not None:
        require_person(state, command.manager, "/manager")
    return [PersonAdded(person=command.person, name=command.name, manager=command.manager, roles=command.roles)]


@directory.decides(DeactivatePerson)
def deactivate_person(state: DirectoryState, command: DeactivatePerson, context: Context) -> list[Event]:
    """The last administrator cannot leave."""
    require_admin(state, context)
    require_person(state, command.person, "/person")
    if state.holders(Role.ADMIN) == {command.person}:
        raise LAST_ADMIN("/person")
    return [PersonDeactivated(person=command.person)]


@directory.decides(SetManager)
def set_manager(state: DirectoryState, command: SetManager, context: Context) -> list[Event]:
    """A reporting line has no circle."""
    require_admin(state, context)
    require_person(state, command.person, "/person")
    if command.manager is not None:
        require_person(state, command.manager, "/manager")
        above: UUID | None = command.manager
        seen: set[UUID] = set()
        while above is not None and above not in seen:
            if above == command.person:
                raise LINE_CIRCLE("/manager")
            seen.add(above)
            above = state.people[above].manager
    return [ManagerSet(person=command.person, manager=command.manager)]


@directory.decides(AddTeam)
def add_team(state: DirectoryState, command: AddTeam, context: Context) -> list[Event]:
    """A team has a lead who is known."""
    require_admin(state, context)
    if command.team in state.teams or command.team in state.people:
        raise TEAM_EXISTS("/team")
    require_person(state, command.lead, "/lead")
    return [TeamAdded(team=command.team, name=command.name, lead=command.lead)]


@directory.decides(GrantRole)
def grant_role(state: DirectoryState, command: GrantRole, context: Context) -> list[Event]:
    """Granting twice is once."""
    require_admin(state, context)
    require_person(state, command.person, "/person")
    held = command.role in state.people[command.person].roles
    return [] if held else [RoleGranted(person=command.person, role=command.role)]


@directory.decides(RevokeRole)
def revoke_role(state: DirectoryState, command: RevokeRole, context: Context) -> list[Event]:
    """The last administrator keeps the role."""
    require_admin(state, context)
    require_person(state, command.person, "/person")
    if command.role not in state.people[command.person].roles:
        return []
    if command.role is Role.ADMIN and state.holders(Role.ADMIN) == {command.person}:
        raise LAST_ADMIN("/person")
    return [RoleRevoked(person=command.person, role=command.role)]


def _with_person(state: DirectoryState, person: Person) -> DirectoryState:
    return state.model_copy(update={"people": {**state.people, person.id: person}})


@directory.evolves(PersonAdded)
def person_added(state: DirectoryState, event: PersonAdded) -> DirectoryState:
    added = Person(id=event.person, name=event.name, manager=event.manager, roles=frozenset(event.roles))
    return _with_person(state, added)


@directory.evolves(PersonDeactivated)
def person_deactivated(state: DirectoryState, event: PersonDeactivated) -> DirectoryState:
    return _with_person(state, state.people[event.person].model_copy(update={"active": False}))


@directory.evolves(ManagerSet)
def manager_set(state: DirectoryState, event: ManagerSet) -> DirectoryState:
    return _with_person(state, state.people[event.person].model_copy(update={"manager": event.manager}))


@directory.evolves(TeamAdded)
def team_added(state: DirectoryState, event: TeamAdded) -> DirectoryState:
    team = Team(id=event.team, name=event.name, lead=event.lead)
    return state.model_copy(update={"teams": {**state.teams, team.id: team}})


@directory.evolves(RoleGranted)
def role_granted(state: DirectoryState, event: RoleGranted) -> DirectoryState:
    person = state.people[event.person]
    return _with_person(state, person.model_copy(update={"roles": person.roles | {event.role}}))


@directory.evolves(RoleRevoked)
def role_revoked(state: DirectoryState, event: RoleRevoked) -> DirectoryState:
    person = state.people[event.person]
    return _with_person(state, person.model_copy(update={"roles": person.roles - {event.role}}))
