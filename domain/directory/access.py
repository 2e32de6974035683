"""How somebody stands to the directory."""

from __future__ import annotations

from uuid import UUID

from domain.access.grants import DIRECTORY
from domain.access.verdict import NOBODY, Facts, Stand
from domain.decider import Context
from domain.directory.founding import NOT_FOUNDED, FoundOrganization
from domain.directory.state import DirectoryState, Role, directory
from domain.messages import Command

FOUNDER = Facts(frozenset({Stand.FOUNDER}))


def directory_facts(state: DirectoryState, command: Command, context: Context) -> Facts:
    """The facts of a command to the directory. Raises `organization.unknown`."""
    if isinstance(command, FoundOrganization):
        return FOUNDER if context.actor == command.first_person.id else NOBODY
    if not state.founded:
        raise NOT_FOUNDED()
    return Facts(stands_in(state, context.actor))


def stands_in(state: DirectoryState, person: UUID) -> frozenset[Stand]:
    """The stands that the directory alone gives somebody; nobody who has left has any."""
    found = state.people.get(person)
    if found is None or not found.active:
        return frozenset()
    return frozenset({Stand.MEMBER, *(stand for role, stand in ROLES.items() if role in found.roles)})


ROLES = {
    Role.ADMIN: Stand.ADMIN,
    Role.AUDITOR: Stand.AUDITOR,
    Role.BOARD_APPROVER: Stand.BOARD_APPROVER,
}
directory.facts, directory.grants = directory_facts, DIRECTORY
