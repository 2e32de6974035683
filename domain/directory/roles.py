"""What somebody may do beyond their place in the line: in the whole organization, or within a unit (R5.2, R8)."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.decider import Context
from domain.directory.people import LAST_ADMIN
from domain.directory.requiring import require_person, require_team
from domain.directory.state import DirectoryState, Grant, Person, Role, directory, with_person
from domain.messages import Command, Event, Wake
from domain.problems import problem

NOT_SCOPED = problem(
    "role.not_scoped",
    422,
    "The role {role} is held in the whole organization, not within a team.",
    "Leave `team` out.",
)


class GrantRole(Command):
    """Give somebody a role: in the whole organization, or within a team and all teams below it."""

    person: UUID
    role: Role
    team: UUID | None = None


class RevokeRole(Command):
    """Take a role from somebody."""

    person: UUID
    role: Role
    team: UUID | None = None


class RoleGranted(Event):
    """Somebody holds a role."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    person: UUID
    role: Role
    team: UUID | None = None
    """Absent: in the whole organization."""


class RoleRevoked(Event):
    """Somebody holds a role no longer."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    person: UUID
    role: Role
    team: UUID | None = None


def _holds(person: Person, role: Role, team: UUID | None) -> bool:
    """Whether exactly this was granted."""
    return role in person.roles if team is None else Grant(role=role, team=team) in person.grants


def _require_scope(state: DirectoryState, command: GrantRole | RevokeRole) -> None:
    if command.team is not None and command.role is Role.ADMIN:
        raise NOT_SCOPED("/team", role=command.role.value)
    require_team(state, command.team, "/team")


@directory.decides(GrantRole)
def grant_role(state: DirectoryState, command: GrantRole, context: Context) -> list[Event]:
    """Granting twice is once; an administrator keeps the whole directory, so that role has no unit."""
    require_person(state, command.person, "/person")
    _require_scope(state, command)
    held = _holds(state.people[command.person], command.role, command.team)
    return [] if held else [RoleGranted(person=command.person, role=command.role, team=command.team)]


@directory.decides(RevokeRole)
def revoke_role(state: DirectoryState, command: RevokeRole, context: Context) -> list[Event]:
    """The last administrator keeps the role."""
    require_person(state, command.person, "/person")
    if not _holds(state.people[command.person], command.role, command.team):
        return []
    if command.role is Role.ADMIN and state.holders(Role.ADMIN) == {command.person}:
        raise LAST_ADMIN("/person")
    return [RoleRevoked(person=command.person, role=command.role, team=command.team)]


@directory.evolves(RoleGranted)
def role_granted(state: DirectoryState, event: RoleGranted) -> DirectoryState:
    person = state.people[event.person]
    if event.team is None:
        return with_person(state, person.model_copy(update={"roles": person.roles | {event.role}}))
    grants = person.grants | {Grant(role=event.role, team=event.team)}
    return with_person(state, person.model_copy(update={"grants": grants}))


@directory.evolves(RoleRevoked)
def role_revoked(state: DirectoryState, event: RoleRevoked) -> DirectoryState:
    person = state.people[event.person]
    if event.team is None:
        return with_person(state, person.model_copy(update={"roles": person.roles - {event.role}}))
    grants = person.grants - {Grant(role=event.role, team=event.team)}
    return with_person(state, person.model_copy(update={"grants": grants}))
