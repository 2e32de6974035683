"""Thousands of KPIs assigned in one request, all or nothing (R4.2): one command to the cycle, a part for every goal.

Each part is an AssignGoal, decided by the rules of the plan that it comes into; the cycle itself keeps nothing of it.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from domain.cycle.state import CycleCommand, CycleState, cycle
from domain.cycle.windows import NEGOTIABLE
from domain.decider import Context, Ref
from domain.goals import Kpi
from domain.messages import Event
from domain.plan.drafting import AssignGoal
from domain.spreading import Part
from domain.values import Frozen, plan_id

MOST_ASSIGNMENTS = 5_000
"""Of one request."""


class Assignment(Frozen):
    """A KPI and whom it is assigned to."""

    owner: UUID
    goal: UUID
    definition: Kpi


class AssignGoals(CycleCommand):
    """Assign many KPIs to many owners, all or nothing: a refusal names every assignment at fault (R4.2)."""

    bulk: ClassVar[bool] = True

    assignments: tuple[Assignment, ...] = Field(min_length=1, max_length=MOST_ASSIGNMENTS)

    def spread(self, stream: UUID) -> tuple[Part, ...]:
        return tuple(assign_part(stream, one, f"/assignments/{place}") for place, one in enumerate(self.assignments))


def assign_part(cycle_id: UUID, one: Assignment, pointer: str) -> Part:
    """The command that assigns one of many."""
    command = AssignGoal(cycle=cycle_id, owner=one.owner, goal=one.goal, definition=one.definition)
    return Part(Ref("plan", plan_id(cycle_id, one.owner)), command, pointer)


@cycle.decides(AssignGoals)
def assign_goals(state: CycleState, command: AssignGoals, context: Context) -> list[Event]:
    """Before commit closes. Who may assign to whom is asked of each plan."""
    del command
    state.require_phase(context.at, *NEGOTIABLE)
    return []
