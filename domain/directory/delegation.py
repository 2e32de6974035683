"""Delegation with dates: somebody signs for somebody else, and what waits already moves with it (R5.5).

Who delegated keeps the right, and a delegate passes nothing on. There is no reason to give: a leave is nobody's
business.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from domain.access.refusals import NOT_ADMIN
from domain.decider import Context
from domain.directory.edits import DelegationTurn
from domain.directory.effects import applied, from_when, less
from domain.directory.requiring import require_person
from domain.directory.state import Delegation, DirectoryState, Role, directory
from domain.messages import Command, Event, Wake
from domain.problems import problem
from domain.values import Instant

LONGEST = timedelta(days=366)

EXISTS = problem("delegation.exists", 409, "This delegation exists already.", "Use another delegation id.")
UNKNOWN = problem("delegation.unknown", 404, "There is no such delegation.", "Look for its id in the directory.")
TO_SELF = problem(
    "delegation.to_self", 422, "Nobody can delegate to themselves, nor to another account of theirs.", "Choose another."
)
TOO_LONG = problem(
    "delegation.too_long", 422, "A delegation lasts at most {days} days.", "Choose an earlier end, and renew it then."
)
NO_TIME = problem(
    "delegation.no_time", 422, "The delegation would be over before it begins.", "Choose an end that is still to come."
)


class Delegate(Command):
    """Have somebody sign for oneself, or, as an administrator, for another."""

    delegation: UUID
    to: UUID
    starts: Instant | None = None
    """Absent: now."""
    ends: Instant
    person: UUID | None = None
    """For whom; absent: for who sends this."""


class EndDelegation(Command):
    """End a delegation before its time."""

    delegation: UUID


class Delegated(Event):
    """Somebody signs for somebody else, from its start to its end."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    delegation: UUID
    person: UUID
    to: UUID
    starts: Instant | None = None
    """Absent: at once."""
    ends: Instant

    def woken(self) -> frozenset[Wake]:
        return self.wakes if self.starts is None else frozenset()


class DelegationEnded(Event):
    """A delegation is over before its time."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    delegation: UUID


def _require_for(state: DirectoryState, context: Context, person: UUID) -> None:
    """Everybody delegates what is theirs; an administrator does it for somebody who cannot."""
    if context.actor != person and not state.has_role(context.actor, Role.ADMIN):
        raise NOT_ADMIN("/person")


@directory.decides(Delegate)
def delegate(state: DirectoryState, command: Delegate, context: Context) -> list[Event]:
    """To another human being, for a year at most (R5.4, R5.5)."""
    person = command.person or context.actor
    _require_for(state, context, person)
    if command.delegation in state.delegations:
        raise EXISTS("/delegation")
    require_person(state, person, "/person")
    require_person(state, command.to, "/to")
    if state.human(person) == state.human(command.to):
        raise TO_SELF("/to")
    starts = from_when(context, command.starts)
    _require_span(starts or context.at, command.ends)
    return [
        Delegated(delegation=command.delegation, person=person, to=command.to, starts=starts, ends=command.ends),
    ]


def _require_span(starts: datetime, ends: datetime) -> None:
    if ends <= starts:
        raise NO_TIME("/ends")
    if ends - starts > LONGEST:
        raise TOO_LONG("/ends", days=LONGEST.days)


@directory.decides(EndDelegation)
def end_delegation(state: DirectoryState, command: EndDelegation, context: Context) -> list[Event]:
    """By who gave it, or by an administrator; ending twice is once."""
    found = state.delegations.get(command.delegation)
    if found is None:
        raise UNKNOWN()
    _require_for(state, context, found.person)
    return [DelegationEnded(delegation=found.id)] if found.ends > context.at and not found.ended else []


@directory.evolves(Delegated)
def delegated(state: DirectoryState, event: Delegated) -> DirectoryState:
    given = Delegation(id=event.delegation, person=event.person, to=event.to, starts=event.starts, ends=event.ends)
    state = state.model_copy(update={"delegations": {**state.delegations, given.id: given}})
    state = applied(state, DelegationTurn(delegation=given.id, active=True), event.starts)
    return applied(state, DelegationTurn(delegation=given.id, active=False), event.ends)


@directory.evolves(DelegationEnded)
def delegation_ended(state: DirectoryState, event: DelegationEnded) -> DirectoryState:
    ended = state.delegations[event.delegation].model_copy(update={"ended": True})
    delegations = {**state.delegations, ended.id: ended}
    pending = tuple(one for one in state.pending if one.change.subject != ended.id)
    state = less(state.model_copy(update={"delegations": delegations}), pending)
    return applied(state, DelegationTurn(delegation=ended.id, active=False))
