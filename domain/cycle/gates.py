"""Gates: the named checks that a phase must pass to close, and who blocks them (R2.3, R2.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from domain.cycle.state import Blocker, CycleState
from domain.cycle.windows import Phase
from domain.decider import Context, Ref
from domain.plan.state import PlanState
from domain.values import plan_id

Check = Callable[[CycleState, UUID, PlanState], Iterator[Blocker]]


def _goals(_cycle: CycleState, owner: UUID, plan: PlanState) -> Iterator[Blocker]:
    """Draft: every participant has goals or is excused."""
    if not plan.goals:
        yield Blocker(check="goals", owner=owner)


def _agreement(_cycle: CycleState, owner: UUID, plan: PlanState) -> Iterator[Blocker]:
    """Negotiate: every OKR agreed, every KPI acknowledged or served."""
    for goal in plan.goals.values():
        if not goal.agreed:
            check = "agreement" if goal.definition.kind == "okr" else "acknowledgement"
            yield Blocker(check=check, owner=owner, goal=goal.id)


def _signature(_cycle: CycleState, owner: UUID, plan: PlanState) -> Iterator[Blocker]:
    """Commit: every plan signed."""
    if not plan.signed:
        yield Blocker(check="signature", owner=owner)


def _final_values(_cycle: CycleState, owner: UUID, plan: PlanState) -> Iterator[Blocker]:
    """Track: final values in."""
    for goal in plan.goals.values():
        if not goal.final:
            yield Blocker(check="final_values", owner=owner, goal=goal.id)


def _receipt(cycle: CycleState, owner: UUID, plan: PlanState) -> Iterator[Blocker]:
    """Retrospect: results acknowledged or deemed served."""
    result = cycle.results.get(plan.id) if plan.cycle else None
    if result is not None and not plan.received(result.hash):
        yield Blocker(check="receipt", owner=owner)


CHECKS: dict[Phase, tuple[Check, ...]] = {
    Phase.DRAFT: (_goals,),
    Phase.NEGOTIATE: (_goals, _agreement),
    Phase.COMMIT: (_goals, _signature),
    Phase.TRACK: (_final_values,),
    Phase.RETROSPECT: (_receipt,),
}


def blockers(state: CycleState, context: Context) -> tuple[Blocker, ...]:
    """Everything that keeps the present phase from closing; empty: its gate holds. Reads every plan."""
    return failing(state, context.states)


def failing(state: CycleState, states: Mapping[Ref, Any]) -> tuple[Blocker, ...]:
    """The same of states at hand: those of the plans of everybody who takes part."""
    found: list[Blocker] = []
    if state.phase is Phase.RETROSPECT and not state.published:
        found.append(Blocker(check="results"))
    for participant in state.participants.values():
        if participant.excused or state.id is None:
            continue
        plan: PlanState = states[Ref("plan", plan_id(state.id, participant.owner))]
        for check in CHECKS[state.phase]:
            found.extend(check(state, participant.owner, plan))
    return tuple(found)
