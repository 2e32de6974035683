"""How somebody stands to the directory."""

from __future__ import annotations

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
    return Facts(member_stands(state, context))


def member_stands(state: DirectoryState, context: Context) -> frozenset[Stand]:
    """The stands that the directory alone gives; nobody who has left has any."""
    person = state.people.get(context.actor)
    if person is None or not person.active:
        return frozenset()
    return frozenset({Stand.MEMBER, *(stand for role, stand in ROLES.items() if role in person.roles)})


ROLES = {
    Role.ADMIN: Stand.ADMIN,
    Role.AUDITOR: Stand.AUDITOR,
    Role.BOARD_APPROVER: Stand.BOARD_APPROVER,
}
directory.facts, directory.grants = directory_facts, DIRECTORY
