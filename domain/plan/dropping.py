"""Abandoning a goal: it leaves the plan with a reason, and what was signed over it is void (R5.1)."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.cycle.windows import NEGOTIABLE
from domain.decider import Context
from domain.messages import Event, Wake
from domain.plan.drafting import require_current
from domain.plan.ground import admitted
from domain.plan.state import PlanCommand, PlanState, plan
from domain.plan.voiding import void_signatures
from domain.sealed import AuthorText
from domain.values import Hash


class AbandonGoal(PlanCommand):
    """Give a goal up, with the reason: before commit closes, or while the plan is being amended (R5.7)."""

    goal: UUID
    hash: Hash
    reason: AuthorText


class GoalAbandoned(Event):
    """A goal is given up."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT, Wake.CHILDREN})

    goal: UUID
    hash: Hash
    number: int
    """Which revision was given up."""
    reason: AuthorText


@plan.decides(AbandonGoal)
def abandon_goal(state: PlanState, command: AbandonGoal, context: Context) -> list[Event]:
    """An OKR by its owner; a KPI by who assigned it or people above: it is mandatory to its owner (R1)."""
    admitted(state, context, *NEGOTIABLE)
    goal = state.goal(command.goal)
    require_current(goal, command.hash)
    abandoned = GoalAbandoned(goal=goal.id, hash=goal.hash, number=goal.number, reason=command.reason)
    return [abandoned, *void_signatures(state, "goal_dropped", goal.id, context.actor)]


@plan.evolves(GoalAbandoned)
def goal_abandoned(state: PlanState, event: GoalAbandoned) -> PlanState:
    return state.without_goal(event.goal)
