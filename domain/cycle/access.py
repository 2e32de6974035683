"""How somebody stands to a cycle."""

from __future__ import annotations

from datetime import datetime

from domain.access.grants import CYCLE
from domain.access.verdict import Facts, Stand, When
from domain.cycle.state import CYCLE_UNKNOWN, CycleState, cycle
from domain.decider import Context
from domain.directory.access import stands_in
from domain.directory.effects import directory_at
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
    known = directory_at(context)
    stands = stands_in(known, context.actor)
    # An administrator stands in where the facilitator has left: else nobody could end the cycle.
    facilitates = context.actor == state.facilitator or (
        Stand.ADMIN in stands and not known.is_active(state.facilitator)
    )
    if stands and facilitates:
        stands |= {Stand.FACILITATOR}
    return Facts(stands, phase_of(state, context.at) if state.opened else None)


cycle.facts, cycle.grants = cycle_facts, CYCLE
