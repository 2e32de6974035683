"""What would happen if the present phase closed now: every failing check, and whom it waits for (R2.3).

Looking changes nothing: no event, no freeze. The checks are those of the closing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from domain.cycle.blockers import Blocker
from domain.cycle.bypass import passed_over
from domain.cycle.gates import failing
from domain.cycle.state import CycleState
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.directory.state import DirectoryState
from domain.plan.ground import ground_of
from domain.plan.state import PlanState
from domain.values import Frozen, Instant, plan_id
from domain.waiting import Wait, cycle_waits, plan_waits


class FailingCheck(Frozen):
    """One thing that keeps the gate from passing."""

    check: str
    owner: UUID | None = None
    """Whose plan fails; None: the cycle as a whole."""
    plan: UUID | None = None
    goal: UUID | None = None
    waits_for: tuple[UUID, ...] = ()
    """Who must act before it passes; empty where nobody is left to ask."""


class WhatIf(Frozen):
    """What closing the phase now would come to."""

    phase: Phase
    deadline: Instant
    closes: bool
    """The phase would close: no check fails, or a bypass of two people passes over those that do."""
    held: bool
    """Nothing closes before the cycle is resumed (R2.6)."""
    bypass: int | None = None
    """The bypass by which it would close."""
    escalates_to: UUID | None = None
    """Who is told at the deadline where it would not close."""
    counts: dict[str, int]
    """How many times each failing check fails."""
    failing: tuple[FailingCheck, ...]


def what_if(state: CycleState, plans: Mapping[Ref, PlanState], directory: DirectoryState) -> WhatIf:
    """What closing the present phase now would come to. `plans`: those of everybody who takes part."""
    found = failing(state, plans)
    counts: dict[str, int] = {}
    for item in found:
        counts[item.check] = counts.get(item.check, 0) + 1
    bypass = passed_over(state, found, directory) if found else None
    closes = (not found or bypass is not None) and state.held is None
    return WhatIf(
        phase=state.phase,
        deadline=state.deadlines[state.phase],
        closes=closes,
        held=state.held is not None,
        bypass=bypass,
        escalates_to=None if closes else state.facilitator,
        counts=counts,
        failing=tuple(_awaited(item, state, plans, directory) for item in found),
    )


def _awaited(
    item: Blocker, state: CycleState, plans: Mapping[Ref, PlanState], directory: DirectoryState
) -> FailingCheck:
    if item.owner is None or state.id is None:
        return FailingCheck(check=item.check, waits_for=_people(cycle_waits(state, directory), None))
    plan = plan_id(state.id, item.owner)
    found = ground_of(item.owner, state, directory)
    waits = plan_waits(plans[Ref("plan", plan)], found, item.owner, plan)
    return FailingCheck(
        check=item.check, owner=item.owner, plan=plan, goal=item.goal, waits_for=_people(waits, item.goal)
    )


def _people(waits: Iterable[Wait], goal: UUID | None) -> tuple[UUID, ...]:
    """Whom the things wait for that block a gate, of one goal or of the plan as a whole."""
    return tuple(sorted({wait.person for wait in waits if wait.blocks_gate and goal in (None, wait.goal)}))
