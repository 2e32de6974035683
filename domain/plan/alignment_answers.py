"""The answers to an alignment: whoever answers for the parent accepts or declines, the child withdraws (R3.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from domain.access.refusals import NOT_ALLOWED
from domain.cycle.windows import ALIGNABLE
from domain.decider import Context, Ref
from domain.messages import Event
from domain.plan.alignment import (
    PARENT_UNKNOWN,
    AlignmentAccepted,
    plan_of,
    plans_above,
    require_no_circle,
    standing,
)
from domain.plan.drafting import require_current
from domain.plan.ground import Ground, admitted
from domain.plan.links import NOTHING_NEW, Edge, Place
from domain.plan.state import PlanCommand, PlanState, plan
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Hash

UNKNOWN = problem("alignment.unknown", 404, "The plan has no alignment {edge}.", "Look at the plan for its alignments.")
DECLINED = problem("alignment.declined", 409, "This alignment was declined.", "Its goal's owner may request it again.")


class AcceptAlignment(PlanCommand):
    """The parent's owner takes the goal, as it was seen, for a child. Sent to the child's plan."""

    edge: UUID
    hash: Hash
    """The child goal's."""

    def looks_at(self, stream: UUID, state: PlanState, states: Mapping[Ref, Any]) -> Iterable[Ref]:
        edge = state.edges.get(self.edge)
        return () if edge is None else plans_above(edge.parent, stream, state, states)


class DeclineAlignment(PlanCommand):
    """The parent's owner refuses or ends an alignment, or the goal's owner withdraws it. Sent to the child's plan."""

    edge: UUID
    reason: AuthorText


class AlignmentDeclined(Event):
    """An alignment was refused or ended by the parent's owner, or withdrawn by the child's."""

    edge: UUID
    goal: UUID
    reason: AuthorText
    withdrawn: bool


def edge_of(state: PlanState, edge: UUID) -> Edge:
    """An alignment of the plan. Raises `alignment.unknown`."""
    found = state.edges.get(edge)
    if found is None:
        raise UNKNOWN(edge=str(edge))
    return found


def answering(edge: Edge, found: Ground) -> UUID:
    """Who answers for the parent."""
    return found.directory.responsible(edge.parent_owner)


def require_answering(edge: Edge, found: Ground, context: Context) -> None:
    """Who answers for another parent of the same goal may come as well, and not decide on this one (R3.7)."""
    if context.actor != answering(edge, found):
        raise NOT_ALLOWED(who="who answers for the parent goal")


@plan.decides(AcceptAlignment)
def accept_alignment(state: PlanState, command: AcceptAlignment, context: Context) -> list[Event]:
    """Whoever answers for the parent accepts the child as it was seen; once is enough."""
    found = admitted(state, context, *ALIGNABLE)
    edge = edge_of(state, command.edge)
    require_answering(edge, found, context)
    if edge.state == "accepted":
        return []
    if edge.state == "declined":
        raise DECLINED("/edge")
    goal = state.goal(edge.goal)
    require_current(goal, command.hash)
    if standing(edge.parent, plan_of(edge.parent, state, context)) is None:
        raise PARENT_UNKNOWN("/edge")
    require_no_circle(state, Place(context.stream, goal.id), edge.parent, context)
    return [AlignmentAccepted(edge=edge.id, goal=goal.id, hash=goal.hash, accepted_at=context.at)]


@plan.decides(DeclineAlignment)
def decline_alignment(state: PlanState, command: DeclineAlignment, context: Context) -> list[Event]:
    """Either owner ends it, asked or accepted; what was declined stays visible, what was withdrawn is gone."""
    found = admitted(state, context, *ALIGNABLE)
    edge = edge_of(state, command.edge)
    withdrawn = context.actor == found.owner
    if not withdrawn:
        require_answering(edge, found, context)
    if edge.state == "declined" and not withdrawn:
        return []
    return [AlignmentDeclined(edge=edge.id, goal=edge.goal, reason=command.reason, withdrawn=withdrawn)]


@plan.evolves(AlignmentDeclined)
def alignment_declined(state: PlanState, event: AlignmentDeclined) -> PlanState:
    if event.withdrawn:
        return state.model_copy(update={"edges": {id: edge for id, edge in state.edges.items() if id != event.edge}})
    declined = {**NOTHING_NEW, "state": "declined", "since": state.version + 1}
    return state.with_edge(state.edges[event.edge].model_copy(update=declined))
