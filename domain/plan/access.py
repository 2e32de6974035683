"""The facts by which a command to a plan is judged."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.grants import PLAN
from domain.access.refusals import CYCLE_UNKNOWN, GOAL_UNKNOWN, PLAN_UNKNOWN
from domain.access.verdict import Facts, Stand
from domain.cycle.access import phase_of
from domain.cycle.windows import Phase
from domain.decider import Context
from domain.messages import Command, Event
from domain.plan.goal import Goal
from domain.plan.ground import Ground, ground
from domain.plan.seeing import Sight
from domain.plan.stands import Asking, stands_for
from domain.plan.state import PlanState, plan
from domain.values import SYSTEM


def plan_facts(state: PlanState, command: Command, context: Context) -> Facts:
    """The facts of a command to a plan. Raises `plan.unknown`, `plan.id_mismatch`, `cycle.unknown`, and of what the
    person may not see the same as of what is not there: `plan.unknown`, `goal.unknown`.
    """
    found = ground(state, context, command)
    if not found.cycle.opened:
        raise CYCLE_UNKNOWN()
    person, goal = context.actor, goal_named(state, command)
    facts = facts_of(type(command).__name__, person, found, state, goal, context.at)
    # What one may not see is not there. Who has no stand is told so without a look at the goal they name.
    if not facts.stands:
        if facts.active and not command.opens and Sight(person, found, state).plan(state) is None:
            raise PLAN_UNKNOWN()
    elif goal is not None and person != found.owner and not Sight(person, found, state).sees(goal):
        raise GOAL_UNKNOWN(goal=str(goal.id))
    return facts


def facts_of(action: str, person: UUID, found: Ground, state: PlanState, goal: Goal | None, at: datetime) -> Facts:
    """The facts of an action of somebody on a plan, and on a goal of it."""
    phase = phase_of(found.cycle, at)
    if not found.directory.is_active(person):
        return Facts(phase=phase, active=False)
    grants = PLAN.get(action)
    if phase is Phase.TRACK and grants is not None and not grants.given_in(phase):
        phase = found.stage(state)
    stands = stands_for(Asking(person, found, state, goal), grants) if grants else NONE
    return Facts(stands, phase, goal.definition.kind if goal else None)


def goal_named(state: PlanState, message: Command | Event) -> Goal | None:
    """The goal that a command or an event is about, by itself or by an alignment of it; None: no goal that is there."""
    told = message.__dict__  # asking a model for a field that it lacks takes longer than all the rest
    edge = state.edges.get(told.get("edge", SYSTEM)) if state.edges else None
    named: Any = told.get("goal") if edge is None else edge.goal
    return state.goals.get(named) if named is not None else None


NONE: frozenset[Stand] = frozenset()
plan.facts, plan.grants = plan_facts, PLAN
