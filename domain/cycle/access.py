"""How somebody stands to a cycle."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.access.grants import CYCLE
from domain.access.refusals import CYCLE_UNKNOWN
from domain.access.verdict import Facts, Stand, When
from domain.cycle.state import CycleState, cycle
from domain.decider import Context
from domain.directory.access import stands_in
from domain.directory.effects import directory_at
from domain.directory.state import DirectoryState
from domain.messages import Command


def phase_of(state: CycleState, at: datetime) -> When | None:
    """The phase that a grant is judged by; None while it is being closed or the cycle is held: the rule waits for what
    comes, or says so (R2.3, R2.6).
    """
    if state.closed:
        return "closed"
    return None if state.closing_in_force(at) or state.held is not None else state.phase


def cycle_facts(state: CycleState, command: Command, context: Context) -> Facts:
    """The facts of a command to a cycle. Raises `cycle.unknown`."""
    if not state.opened and not command.opens:
        raise CYCLE_UNKNOWN()
    return facts_of(context.actor, directory_at(context), state, context.at)


def facts_of(person: UUID, known: DirectoryState, state: CycleState, at: datetime) -> Facts:
    """The facts of an action of somebody on a cycle."""
    stands = stands_in(known, person)
    # An administrator stands in where the facilitator has left: else nobody could end the cycle.
    facilitates = person == state.facilitator or (Stand.ADMIN in stands and not known.is_active(state.facilitator))
    if stands and facilitates:
        stands |= {Stand.FACILITATOR}
    return Facts(stands, phase_of(state, at) if state.opened else None)


cycle.facts, cycle.grants = cycle_facts, CYCLE
