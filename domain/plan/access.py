"""The facts by which a command to a plan is judged."""

from __future__ import annotations

from uuid import UUID

from domain.access.grants import PLAN
from domain.access.refusals import CYCLE_UNKNOWN, GOAL_UNKNOWN, PLAN_UNKNOWN
from domain.access.verdict import Facts, Stand
from domain.cycle.access import phase_of
from domain.cycle.windows import Phase
from domain.decider import Context
from domain.messages import Command
from domain.plan.ground import ground
from domain.plan.seeing import Sight
from domain.plan.stands import Asking, stands_for
from domain.plan.state import PlanState, plan


def plan_facts(state: PlanState, command: Command, context: Context) -> Facts:
    """The facts of a command to a plan. Raises `plan.unknown`, `plan.id_mismatch`, `cycle.unknown`, and of what the
    person may not see the same as of what is not there: `plan.unknown`, `goal.unknown`.
    """
    found = ground(state, context, command)
    if not found.cycle.opened:
        raise CYCLE_UNKNOWN()
    phase = phase_of(found.cycle, context.at)
    person = context.actor
    if not found.directory.is_active(person):
        return Facts(phase=phase, active=False)
    named = _goal_named(state, command)
    goal = state.goals.get(named) if named is not None else None
    grants = PLAN.get(type(command).__name__)
    if phase is Phase.TRACK and grants is not None and not grants.given_in(phase):
        phase = state.stage(phase)
    stands = stands_for(Asking(person, found, state, goal), grants) if grants else NONE
    # What one may not see is not there. Who has no stand is told so without a look at the goal they name.
    if not stands:
        if not command.opens and Sight(person, found, state).plan(state) is None:
            raise PLAN_UNKNOWN()
    elif goal is not None and person != found.owner and not Sight(person, found, state).sees(goal):
        raise GOAL_UNKNOWN(goal=str(named))
    return Facts(stands, phase, goal.definition.kind if goal else None)


def _goal_named(state: PlanState, command: Command) -> UUID | None:
    """The goal that a command is about, by itself or by an alignment of it."""
    edge = state.edges.get(getattr(command, "edge", None)) if state.edges else None  # type: ignore[arg-type]
    return edge.goal if edge is not None else getattr(command, "goal", None)


NONE: frozenset[Stand] = frozenset()
plan.facts, plan.grants = plan_facts, PLAN
