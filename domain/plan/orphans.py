"""An orphan states why: an OKR that neither has nor asks for a parent (R3.7)."""

from __future__ import annotations

from domain.plan.goal import Goal
from domain.plan.state import PlanState
from domain.problems import problem

ORPHAN = problem(
    "plan.orphan",
    409,
    "Goal {goal} has no parent and states no reason.",
    "Send RequestAlignment with a parent, or with a reason alone.",
)


def is_orphan(state: PlanState, goal: Goal) -> bool:
    """Whether nobody knows what an OKR serves."""
    if goal.definition.kind != "okr" or goal.orphan is not None:
        return False
    return not any(edge.goal == goal.id and edge.state != "declined" for edge in state.edges.values())


def orphans(state: PlanState) -> tuple[str, ...]:
    """The finding that a submitted plan carries."""
    return ("lint.orphan",) if any(is_orphan(state, goal) for goal in state.goals.values()) else ()
