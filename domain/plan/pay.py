"""Whether pay depends on a goal: visible to everybody who sees the goal, and outside its hash (R7.6)."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from domain.cycle.windows import Phase
from domain.decider import Context
from domain.goals import Ambition, Okr
from domain.messages import Event
from domain.plan.goal import Goal
from domain.plan.ground import admitted
from domain.plan.state import PlanCommand, PlanState, plan


class LinkPay(PlanCommand):
    """Say that pay depends on a goal. On an aspirational one the drift report names it (R7.6, R9.8)."""

    goal: UUID


class UnlinkPay(PlanCommand):
    """Say that pay depends on a goal no more."""

    goal: UUID


class PayLinked(Event):
    """Pay depends on a goal."""

    goal: UUID
    ambition: Literal["committed", "aspirational"] | None = None
    """Of an OKR, as it was then: no link may lead from an aspirational one to pay unseen."""


class PayUnlinked(Event):
    """Pay depends on a goal no more."""

    goal: UUID


@plan.decides(LinkPay)
def link_pay(state: PlanState, command: LinkPay, context: Context) -> list[Event]:
    """The counterpart says so, in any phase; it is allowed and seen, never hidden."""
    admitted(state, context, *Phase)
    goal = state.goal(command.goal)
    return [] if goal.pay_linked else [PayLinked(goal=goal.id, ambition=_ambition(goal))]


def _ambition(goal: Goal) -> Literal["committed", "aspirational"] | None:
    if not isinstance(goal.definition, Okr):
        return None
    return "aspirational" if goal.definition.ambition is Ambition.ASPIRATIONAL else "committed"


@plan.decides(UnlinkPay)
def unlink_pay(state: PlanState, command: UnlinkPay, context: Context) -> list[Event]:
    """The counterpart takes it back."""
    admitted(state, context, *Phase)
    goal = state.goal(command.goal)
    return [PayUnlinked(goal=goal.id)] if goal.pay_linked else []


@plan.evolves(PayLinked)
def pay_linked(state: PlanState, event: PayLinked) -> PlanState:
    return state.with_goal(state.goal(event.goal).model_copy(update={"pay_linked": True}))


@plan.evolves(PayUnlinked)
def pay_unlinked(state: PlanState, event: PayUnlinked) -> PlanState:
    return state.with_goal(state.goal(event.goal).model_copy(update={"pay_linked": False}))
