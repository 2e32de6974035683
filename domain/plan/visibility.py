"""SetVisibility: who may see a goal, besides or instead of what its kind says (R8). It changes no hash."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from domain.cycle.windows import Phase
from domain.decider import Context
from domain.directory.requiring import require_person
from domain.messages import Event
from domain.plan.goal import Audience
from domain.plan.ground import ground
from domain.plan.state import PlanCommand, PlanState, plan


class SetVisibility(PlanCommand):
    """Choose a goal's audience. Who negotiates or signs it always sees it: nobody signs what is hidden from them."""

    goal: UUID
    audience: Audience
    viewers: tuple[UUID, ...] = Field(default=(), max_length=50)
    """People who may see it besides."""


class VisibilitySet(Event):
    """A goal has another audience."""

    goal: UUID
    audience: Audience
    viewers: tuple[UUID, ...] = ()


@plan.decides(SetVisibility)
def set_visibility(state: PlanState, command: SetVisibility, context: Context) -> list[Event]:
    """Of an OKR its owner; of a KPI who assigned it, and the unit's HR."""
    found = ground(state, context)
    found.cycle.require_phase(context.at, *Phase)
    goal = state.goal(command.goal)
    viewers = tuple(sorted(set(command.viewers)))
    for place, person in enumerate(command.viewers):
        require_person(found.directory, person, f"/viewers/{place}")
    if (command.audience, frozenset(viewers)) == (goal.audience, goal.viewers):
        return []
    return [VisibilitySet(goal=goal.id, audience=command.audience, viewers=viewers)]


@plan.evolves(VisibilitySet)
def visibility_set(state: PlanState, event: VisibilitySet) -> PlanState:
    seen_by = {"audience": event.audience, "viewers": frozenset(event.viewers)}
    return state.with_goal(state.goal(event.goal).model_copy(update=seen_by))
