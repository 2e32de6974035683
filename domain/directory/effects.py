"""What is decided today and takes effect at a date: of lines, places, teams and delegations.

Invariant: what has no clock (a row, a nudge) sees a change once `EffectTaken` says that its date has come; a decision
sees it from its very date, through `in_effect`. So a worker that is down delays what is shown, never what is allowed.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from domain.decider import Context
from domain.directory.edits import DelegationTurn, Edit, Pending, PersonEdit, TeamEdit
from domain.directory.state import DIRECTORY, DirectoryState, Person, directory
from domain.messages import Command, Event, Wake
from domain.values import Instant


class TakeEffect(Command):
    """Say that the date of what was decided earlier has come."""

    system: ClassVar[bool] = True

    due: Instant


class EffectTaken(Event):
    """What was decided for this date is so from now on."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    due: Instant
    versions: tuple[int, ...]
    """Of the events that decided it."""


def from_when(context: Context, valid_from: datetime | None) -> datetime | None:
    """The date that an event keeps: None where it takes effect at once, for nothing is ever dated back."""
    return valid_from if valid_from is not None and valid_from > context.at else None


def applied(state: DirectoryState, change: Edit, valid_from: datetime | None = None) -> DirectoryState:
    """The directory after a change; with a date, the change waits for it. For evolve steps."""
    if valid_from is None:
        return _folded(state, [change])
    later = Pending(due=valid_from, version=state.version + 1, change=change)
    pending = list(state.pending)
    insort(pending, later, key=_due)
    own = sorted((*state.waiting.get(change.subject, ()), later), key=_due)
    waiting = {**state.waiting, change.subject: tuple(own)}
    return state.model_copy(update={"pending": tuple(pending), "waiting": waiting})


def less(state: DirectoryState, pending: tuple[Pending, ...]) -> DirectoryState:
    """The directory with only these changes to come."""
    return state.model_copy(update={"pending": pending, "waiting": _waiting(pending)})


def in_effect(state: DirectoryState, at: datetime) -> DirectoryState:
    """The directory as it is at an instant, whether or not anything has said so yet."""
    if not state.pending or state.pending[0].due > at:
        return state
    due = bisect_right(state.pending, at, key=_due)
    return _folded(less(state, state.pending[due:]), [one.change for one in state.pending[:due]])


def directory_at(context: Context) -> DirectoryState:
    """The directory that a rule decides by."""
    return in_effect(context.states[DIRECTORY], context.at)


def _folded(state: DirectoryState, changes: Iterable[Edit]) -> DirectoryState:
    """The directory after changes: one copy for all, for a date may bring thousands."""
    people, teams, delegations = dict(state.people), dict(state.teams), dict(state.delegations)
    for change in changes:
        match change:
            case PersonEdit():
                people[change.person] = _edited(people[change.person], change)
            case TeamEdit():
                update = _present(change, "name", "lead", "legal_entity") | _placed(change, "parent")
                teams[change.team] = teams[change.team].model_copy(update=update)
            case DelegationTurn():
                turned = delegations[change.delegation].model_copy(update={"active": change.active})
                delegations[turned.id] = turned
                to = frozenset(one.to for one in delegations.values() if one.active and one.person == turned.person)
                people[turned.person] = people[turned.person].model_copy(update={"delegates": to})
    return state.model_copy(update={"people": people, "teams": teams, "delegations": delegations})


def _edited(person: Person, change: PersonEdit) -> Person:
    places = _placed(change, "manager", "functional_manager", "team", "site", "account_of")
    update = _present(change, "name") | places
    if change.returns and not person.active:
        # Who comes back is asked anew for what they may do; who is back already keeps it.
        update |= {"active": True, "roles": frozenset(), "grants": frozenset()}
    return person.model_copy(update=update)


def _present(change: Edit, *names: str) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(change, name)) is not None}


def _placed(change: Edit, *names: str) -> dict[str, Any]:
    return {name: None if value == "none" else value for name, value in _present(change, *names).items()}


def circles(state: DirectoryState, start: UUID, place: str, at: datetime) -> bool:
    """Whether the way up from a person or team comes back to them, at an instant or at any later one for which a
    change is decided. `place` names the field that leads up.
    """
    return any(_comes_back(state, start, place, instant) for instant in _instants(state, at))


def _instants(state: DirectoryState, at: datetime) -> Iterator[datetime]:
    """An instant, and every later one for which a change is decided."""
    yield at
    while (place := bisect_right(state.pending, at, key=_due)) < len(state.pending):
        at = state.pending[place].due
        yield at


def _comes_back(state: DirectoryState, start: UUID, place: str, at: datetime) -> bool:
    known: Mapping[UUID, Any] = state.teams if start in state.teams else state.people
    seen: set[UUID] = set()
    one = start
    while one not in seen:
        seen.add(one)
        above = getattr(known[one], place)
        for waiting in state.waiting.get(one, ()):
            if waiting.due <= at:
                above = _placed(waiting.change, place).get(place, above)
        if above is None or above == start:
            return above is not None
        one = above
    return False


def _waiting(pending: Iterable[Pending]) -> dict[UUID, tuple[Pending, ...]]:
    found: dict[UUID, list[Pending]] = {}
    for one in pending:
        found.setdefault(one.change.subject, []).append(one)
    return {subject: tuple(waiting) for subject, waiting in found.items()}


def _due(pending: Pending) -> datetime:
    return pending.due


def _taken(state: DirectoryState, at: datetime) -> list[Event]:
    """What is to be said of changes whose date has come by an instant."""
    due = state.pending[: bisect_right(state.pending, at, key=_due)]
    return [EffectTaken(due=due[-1].due, versions=tuple(one.version for one in due))] if due else []


directory.overdue = _taken


@directory.decides(TakeEffect)
def take_effect(state: DirectoryState, command: TakeEffect, context: Context) -> list[Event]:
    """It adds nothing to what every command of the directory says first."""
    del state, command, context
    return []


@directory.evolves(EffectTaken)
def effect_taken(state: DirectoryState, event: EffectTaken) -> DirectoryState:
    return in_effect(state, event.due)
