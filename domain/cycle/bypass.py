"""Passing over a rule that stands in the way, by two people, for a reason, and for everybody to see (R2.5).

A bypass of the present gate lets the phase close over its failing checks; one of the scoring rules or the chain lets
AmendCycle change what is frozen. It serves once, in the phase it was asked for in.
"""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from domain.access.refusals import NOT_SECOND
from domain.cycle.blockers import Blocker, Bypass
from domain.cycle.gates import blockers
from domain.cycle.state import CycleCommand, CycleState, cycle
from domain.cycle.windows import Phase
from domain.decider import Context
from domain.directory.effects import directory_at
from domain.directory.state import DirectoryState
from domain.messages import Event, Wake
from domain.problems import problem
from domain.sealed import AuthorText

OPEN_ALREADY = problem(
    "bypass.open_already", 409, "A bypass of the {subject} is open already: number {bypass}.", "Confirm that one."
)
UNKNOWN = problem(
    "bypass.unknown", 404, "There is no bypass {bypass} that waits for a second person.", "Look at the cycle for those."
)
OWN_PLAN = problem(
    "bypass.own_plan", 403, "Nobody waves a plan of their own through.", "Ask somebody whose plan fails no check."
)


class RequestBypass(CycleCommand):
    """Ask to pass over the present gate, or over what is frozen of the rules."""

    edits: ClassVar[bool] = True
    reads_plans: ClassVar[bool] = True

    subject: Literal["gate", "scoring", "chain"]
    reason: AuthorText


class ConfirmBypass(CycleCommand):
    """The second person agrees, for a reason of their own."""

    reads_plans: ClassVar[bool] = True

    bypass: int
    reason: AuthorText


class BypassRequested(Event):
    """One of two people asks to pass over a rule."""

    bypass: int
    subject: Literal["gate", "scoring", "chain"]
    phase: Phase
    requested_by: UUID
    reason: AuthorText


class BypassConfirmed(Event):
    """Two people have agreed to pass over a rule."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    bypass: int
    confirmed_by: UUID
    reason: AuthorText


@cycle.decides(RequestBypass)
def request_bypass(state: CycleState, command: RequestBypass, context: Context) -> list[Event]:
    """The facilitator asks, once for each subject in a phase."""
    state.require_phase(context.at, *Phase)
    for item in state.bypasses:
        if item.subject == command.subject and item.stands:
            raise OPEN_ALREADY("/subject", subject=command.subject, bypass=item.number)
    _require_not_own(state, command.subject, context)
    return [
        BypassRequested(
            bypass=len(state.bypasses) + 1,
            subject=command.subject,
            phase=state.phase,
            requested_by=context.actor,
            reason=command.reason,
        )
    ]


@cycle.decides(ConfirmBypass)
def confirm_bypass(state: CycleState, command: ConfirmBypass, context: Context) -> list[Event]:
    """Another person than who asked, with a role of their own."""
    state.require_phase(context.at, *Phase)
    found = next((item for item in state.bypasses if item.number == command.bypass and item.stands), None)
    if found is None or found.confirmed_by is not None:
        raise UNKNOWN("/bypass", bypass=command.bypass)
    directory: DirectoryState = directory_at(context)
    if directory.human(context.actor) == directory.human(found.requested_by):
        raise NOT_SECOND()
    _require_not_own(state, found.subject, context)
    return [BypassConfirmed(bypass=found.number, confirmed_by=context.actor, reason=command.reason)]


def _require_not_own(state: CycleState, subject: str, context: Context) -> None:
    if subject == "gate" and _has_own(blockers(state, context), directory_at(context), {context.actor}):
        raise OWN_PLAN()


def _has_own(found: tuple[Blocker, ...], directory: DirectoryState, people: set[UUID]) -> bool:
    humans = {directory.human(person) for person in people}
    owners = {directory.responsible(item.owner) for item in found if item.owner is not None}
    return not humans.isdisjoint(directory.human(owner) for owner in owners)


def passed_over(state: CycleState, found: tuple[Blocker, ...], directory: DirectoryState) -> int | None:
    """The number of the bypass by which the present gate's failing checks are passed over; None: they are not.

    A plan of one of the two that began to fail after they agreed is not.
    """
    for item in state.bypasses:
        if item.subject == "gate" and item.stands and item.confirmed_by is not None:
            own = _has_own(found, directory, {item.requested_by, item.confirmed_by})
            return None if own else item.number
    return None


@cycle.evolves(BypassRequested)
def bypass_requested(state: CycleState, event: BypassRequested) -> CycleState:
    item = Bypass(
        number=event.bypass,
        subject=event.subject,
        phase=event.phase,
        requested_by=event.requested_by,
        reason=event.reason,
    )
    return state.model_copy(update={"bypasses": (*state.bypasses, item)})


@cycle.evolves(BypassConfirmed)
def bypass_confirmed(state: CycleState, event: BypassConfirmed) -> CycleState:
    bypasses = tuple(
        item.model_copy(update={"confirmed_by": event.confirmed_by, "confirmation": event.reason})
        if item.number == event.bypass
        else item
        for item in state.bypasses
    )
    # The closing of a gate that failed is owed anew, and looks again.
    return state.model_copy(update={"bypasses": bypasses, "owed_since": state.version + 1})
