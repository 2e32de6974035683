"""Establishing where a KPI begins, once it is assigned without a baseline (R3.2).

What is found lies beside the definition: it changes no hash and voids no signature, for it moves no goal post. Any
other baseline is a revision.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from domain.cycle.windows import NEGOTIABLE, Phase
from domain.decider import Context
from domain.goals import Kpi
from domain.measuring import Unit
from domain.messages import Event
from domain.plan.goal import Goal
from domain.plan.ground import Ground, admitted
from domain.plan.state import PlanCommand, PlanState, plan
from domain.plan.tallies import Baseline
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Number

ESTABLISHING = (Phase.NEGOTIATE, Phase.COMMIT, Phase.TRACK)
"""When a missing baseline is asked for; in draft the KPI may still change under it."""
NOT_A_KPI = problem(
    "baseline.not_a_kpi",
    409,
    "Only a KPI has a baseline of its own.",
    "A key result states its baseline in its revision.",
)
BASELINE_EXISTS = problem(
    "baseline.exists",
    409,
    "The KPI has its baseline: {value}.",
    "To change it, let a revision be proposed that states another, with its reason.",
)


class SetBaseline(PlanCommand):
    """Say where a KPI without a baseline begins. The first one moves no goal post; another is a revision (R3.2)."""

    goal: UUID
    value: Number
    """In the KPI's unit."""
    reason: AuthorText | None = None
    """How it was found."""


class BaselineSet(Event):
    """The KPI's first baseline is known."""

    goal: UUID
    value: Number
    unit: Unit
    """A revision to another unit asks for a baseline anew."""
    by: UUID
    reason: AuthorText | None = None


@plan.decides(SetBaseline)
def set_baseline(state: PlanState, command: SetBaseline, context: Context) -> list[Event]:
    """The plan's owner or the number's owner, until track closes; once."""
    admitted(state, context, *NEGOTIABLE, Phase.TRACK)
    goal = state.in_force.get(command.goal) or state.goal(command.goal)
    if not isinstance(goal.definition, Kpi):
        raise NOT_A_KPI("/goal")
    if goal.baseline is not None:
        raise BASELINE_EXISTS("/value", value=str(goal.baseline))
    return [
        BaselineSet(
            goal=goal.id, value=command.value, unit=goal.definition.unit, by=context.actor, reason=command.reason
        )
    ]


def unfounded(state: PlanState, found: Ground) -> Iterator[tuple[Goal, UUID]]:
    """The KPIs without a baseline, and who is to find it: the number's owner, else who answers for the plan."""
    for goal in state.goals.values():
        if isinstance(goal.definition, Kpi) and goal.baseline is None:
            person = goal.definition.data_owner
            yield goal, person if person is not None and found.directory.is_active(person) else found.owner


@plan.evolves(BaselineSet)
def baseline_set(state: PlanState, event: BaselineSet) -> PlanState:
    found = {"found_baseline": Baseline(value=event.value, unit=event.unit, by=event.by)}
    if event.goal in state.in_force:
        return state.with_report(event.goal, found)
    return state.with_goal(state.goal(event.goal).model_copy(update=found))  # an amendment would add it
