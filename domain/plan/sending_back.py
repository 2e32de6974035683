"""Ways in which a submitted plan goes back to its owner before it is signed through (R5.3).

Each keeps its reason, and voids the signatures that were given.
"""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from domain.cycle.windows import Phase
from domain.decider import Context
from domain.messages import Event
from domain.plan.ground import admitted, require_actor
from domain.plan.signing import COMPLETE, NOT_SUBMITTED, waiting
from domain.plan.state import PlanCommand, PlanState, plan
from domain.plan.voiding import void_signatures
from domain.sealed import AuthorText
from domain.values import Hash


class RejectPlan(PlanCommand):
    """Refuse the plan that was seen, with a reason; it goes back to its owner (R5.3)."""

    hash: Hash
    reason: AuthorText


class RequestChanges(PlanCommand):
    """Send the plan back naming the goals to change (R5.3)."""

    hash: Hash
    goals: tuple[UUID, ...] = Field(min_length=1)
    reason: AuthorText


class RecallPlan(PlanCommand):
    """The owner takes a submitted plan back before it is signed through (R5.3)."""

    reason: AuthorText


class PlanRejected(Event):
    """An approver refused the plan."""

    hash: Hash
    step: int
    approver: UUID
    reason: AuthorText


class ChangesRequested(Event):
    """An approver sent the plan back."""

    hash: Hash
    step: int
    approver: UUID
    goals: tuple[UUID, ...]
    reason: AuthorText


class PlanRecalled(Event):
    """The owner took the plan back."""

    hash: Hash
    reason: AuthorText


@plan.decides(RejectPlan)
def reject_plan(state: PlanState, command: RejectPlan, context: Context) -> list[Event]:
    """An approver refuses; earlier signatures are void with the reason kept (R5.3)."""
    _, signing = waiting(state, command.hash, context)
    rejected = PlanRejected(hash=command.hash, step=signing.step, approver=context.actor, reason=command.reason)
    return [rejected, *void_signatures(state, "rejected", by=context.actor)]


@plan.decides(RequestChanges)
def request_changes(state: PlanState, command: RequestChanges, context: Context) -> list[Event]:
    """An approver names the goals to change (R5.3)."""
    _, signing = waiting(state, command.hash, context)
    for goal in command.goals:
        state.goal(goal)
    requested = ChangesRequested(
        hash=command.hash, step=signing.step, approver=context.actor, goals=command.goals, reason=command.reason
    )
    return [requested, *void_signatures(state, "changes_requested", by=context.actor)]


@plan.decides(RecallPlan)
def recall_plan(state: PlanState, command: RecallPlan, context: Context) -> list[Event]:
    """Before the last signature; those already given are void with the reason kept (R5.3)."""
    found = admitted(state, context, Phase.COMMIT)
    require_actor(context, frozenset({found.owner}), "the plan's owner")
    if state.signing is None:
        raise NOT_SUBMITTED()
    if state.signing.complete:
        raise COMPLETE()
    recalled = PlanRecalled(hash=state.signing.hash, reason=command.reason)
    return [recalled, *void_signatures(state, "recalled", by=context.actor)]


@plan.evolves(PlanRejected)
def plan_rejected(state: PlanState, event: PlanRejected) -> PlanState:
    del event
    return state


@plan.evolves(ChangesRequested)
def changes_requested(state: PlanState, event: ChangesRequested) -> PlanState:
    del event
    return state


@plan.evolves(PlanRecalled)
def plan_recalled(state: PlanState, event: PlanRecalled) -> PlanState:
    del event
    return state
