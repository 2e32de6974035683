"""Gates: the named checks that a phase must pass to close, and who blocks them (R2.3, R2.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.cycle.blockers import Blocker
from domain.cycle.state import CycleState
from domain.cycle.windows import Phase
from domain.decider import Context, Ref
from domain.plan.joining import catching_up
from domain.plan.state import PlanState
from domain.values import plan_id


@dataclass(frozen=True)
class Check:
    """One named check of a gate."""

    code: str
    fails: Callable[[CycleState, PlanState], Iterator[UUID | None]]
    """The goals of a plan that fail it; None: the plan as a whole."""


def _no_goals(_cycle: CycleState, plan: PlanState) -> Iterator[None]:
    if not plan.goals:
        yield None


def _not_agreed(kind: str) -> Callable[[CycleState, PlanState], Iterator[UUID]]:
    def fails(_cycle: CycleState, plan: PlanState) -> Iterator[UUID]:
        return (goal.id for goal in plan.goals.values() if goal.definition.kind == kind and not goal.agreed)

    return fails


def _not_signed(_cycle: CycleState, plan: PlanState) -> Iterator[None]:
    if not plan.signed:
        yield None


def _not_final(_cycle: CycleState, plan: PlanState) -> Iterator[UUID]:
    return (goal.id for goal in plan.in_force.values() if not goal.final)


def _amended(_cycle: CycleState, plan: PlanState) -> Iterator[None]:
    if plan.amendment is not None:
        yield None


def _not_received(cycle: CycleState, plan: PlanState) -> Iterator[None]:
    result = cycle.results.get(plan.id) if plan.cycle else None
    if result is not None and not plan.received(result.hash):
        yield None


GOALS = Check("goals", _no_goals)
"""Every participant has goals or is excused."""
AGREEMENT = Check("agreement", _not_agreed("okr"))
"""Every OKR is agreed."""
ACKNOWLEDGEMENT = Check("acknowledgement", _not_agreed("kpi"))
"""Every KPI is acknowledged, decided or served."""
SIGNATURE = Check("signature", _not_signed)
"""Every plan is signed."""
FINAL_VALUES = Check("final_values", _not_final)
"""Final values are in."""
AMENDMENT = Check("amendment", _amended)
"""No plan is being amended (R5.7)."""
RECEIPT = Check("receipt", _not_received)
"""Results are acknowledged or deemed served."""
RESULTS = "results"
"""Results are published: the one check of the cycle itself."""
LATE_PLAN = "late_plan"
"""Whoever joined in track has their plan signed, or is excused: until then it is asked nothing else (R2.6)."""

CHECKS: Mapping[Phase, tuple[Check, ...]] = {
    Phase.DRAFT: (GOALS,),
    Phase.NEGOTIATE: (GOALS, AGREEMENT, ACKNOWLEDGEMENT),
    Phase.COMMIT: (GOALS, SIGNATURE),
    Phase.TRACK: (FINAL_VALUES, AMENDMENT),
    Phase.RETROSPECT: (RECEIPT,),
}
"""What each plan must pass, in the order in which it is shown (R2.4)."""
FIRST: Mapping[Phase, tuple[str, ...]] = {Phase.TRACK: (LATE_PLAN,), Phase.RETROSPECT: (RESULTS,)}
GATES: Mapping[Phase, tuple[str, ...]] = {
    phase: (*FIRST.get(phase, ()), *(check.code for check in checks)) for phase, checks in CHECKS.items()
}
"""The codes of all checks of a phase's gate."""


def failing_of(cycle: CycleState, owner: UUID, plan: PlanState) -> Iterator[Blocker]:
    """What keeps an owner's plan from passing the present gate."""
    if catching_up(cycle, owner, plan):
        yield Blocker(check=LATE_PLAN, owner=owner)
        return
    for check in CHECKS[cycle.phase]:
        for goal in check.fails(cycle, plan):
            yield Blocker(check=check.code, owner=owner, goal=goal)


def failing(state: CycleState, states: Mapping[Ref, Any]) -> tuple[Blocker, ...]:
    """Everything that keeps the present phase from closing; empty: its gate holds.

    `states`: those of the plans of everybody who takes part.
    """
    found: list[Blocker] = []
    if state.phase is Phase.RETROSPECT and not state.published:
        found.append(Blocker(check=RESULTS))
    for participant in state.participants.values():
        if participant.excused or state.id is None:
            continue
        plan: PlanState = states[Ref("plan", plan_id(state.id, participant.owner))]
        found.extend(failing_of(state, participant.owner, plan))
    return tuple(found)


def blockers(state: CycleState, context: Context) -> tuple[Blocker, ...]:
    """The same of the states that a rule asked for."""
    return failing(state, context.states)
