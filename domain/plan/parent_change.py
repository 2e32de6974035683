"""A parent's change asks the child for a look, and never changes the child's hash (R3.7).

The child is told once for each revision of the parent. It looks, and says that it still fits (RequestAlignment with the
new hash), revises its goal, or withdraws.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple
from uuid import UUID

from domain.decider import Context
from domain.messages import Event
from domain.plan.alignment import plan_of, standing
from domain.plan.links import Edge
from domain.plan.state import PlanState, plan
from domain.values import Hash


class ParentChanged(Event):
    """The child was told that a parent is not what it saw. A notice: what to do about it is the child's to say."""

    notice: ClassVar[bool] = True

    edge: UUID
    goal: UUID
    """The child."""
    parent_hash: Hash | None = None
    """The parent goal's now: absent where it is gone; what the child saw, where it is as it was again."""
    moved_to: UUID | None = None
    """The plan that a parent which is gone went to: it may be asked there, under the same id."""


class Now(NamedTuple):
    """A parent as its plan has it."""

    hash: str | None
    """None: it is gone."""
    moved_to: UUID | None = None


def parent_now(edge: Edge, state: PlanState, context: Context) -> Now:
    """The parent goal's present hash, or where it went."""
    above = plan_of(edge.parent, state, context)
    goal = standing(edge.parent, above)
    if goal is not None:
        return Now(goal.hash)
    departed, gone = above.departed.get(edge.parent.goal), edge.parent.key_result
    if departed is None and gone is not None and gone in above.gone_key_results:
        return Now(None, above.gone_key_results[gone].to_plan)
    return Now(None, departed.to if departed is not None else None)


def is_news(edge: Edge, now: Now) -> bool:
    """Whether the child has neither seen this of its parent, nor was told of it."""
    known = Now(None, edge.moved_to) if edge.dropped else Now(edge.changed_hash or edge.seen_hash)
    return now != known


@plan.evolves(ParentChanged)
def parent_changed(state: PlanState, event: ParentChanged) -> PlanState:
    edge = state.edges[event.edge]
    told = {
        "changed_hash": None if event.parent_hash == edge.seen_hash else event.parent_hash,
        "dropped": event.parent_hash is None,
        "moved_to": event.moved_to,
        "since": state.version + 1,
    }
    return state.with_edge(edge.model_copy(update=told))


def looked_at(state: PlanState, goal: UUID) -> PlanState:
    """The plan after the child was revised: that answers every parent's change it was told of (R3.7)."""
    for edge in state.edges.values():
        if edge.goal == goal and edge.changed_hash is not None:
            seen = {"seen_hash": edge.changed_hash, "changed_hash": None, "since": state.version + 1}
            state = state.with_edge(edge.model_copy(update=seen))
    return state
