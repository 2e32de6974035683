"""Alignment: a goal asks to be a child of another, the other's owner answers, and no circle ever comes of it (R3.7).

Everything is kept in the child's plan. A rule that could close a circle looks at every plan above, and the append
holds it to all of them: of two sides that accept at once, one decides again and finds what the other did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from domain.cycle.windows import ALIGNABLE
from domain.decider import Context, Ref
from domain.goals import Okr
from domain.messages import Event
from domain.plan.goal import Goal
from domain.plan.ground import Ground, admitted, ground_of
from domain.plan.links import MOST_PLANS, NOTHING_NEW, Edge, End, Place, lineage
from domain.plan.patience import by_when
from domain.plan.seeing import Sight
from domain.plan.state import PlanCommand, PlanState, plan
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Hash, Instant

MOST_EDGES = 20
"""Alignments of one goal, declined ones included."""

INCOMPLETE = problem(
    "alignment.incomplete",
    422,
    "An alignment names its id, the parent and the parent's hash; without a parent, a reason is given.",
    "Send `edge`, `parent` and `parent_hash`, or `reason` alone.",
)
PARENT_UNKNOWN = problem(
    "alignment.parent_unknown",
    422,
    "There is no such goal or key result to align to.",
    "Look for the goal in its plan: it may have been dropped.",
)
KEY_RESULT_UNKNOWN = problem(
    "alignment.key_result_unknown", 422, "The goal has no such key result.", "Look at the goal for its key results."
)
OTHER_CYCLE = problem(
    "alignment.other_cycle",
    422,
    "A parent is a goal of the same cycle or of its parent cycle.",
    "Choose a goal of one of these cycles.",
)
STALE_PARENT = problem(
    "alignment.stale_parent",
    409,
    "The parent has changed since you saw it: it is revision {number} ({now}) now.",
    "Look at the difference and align to the present hash.",
)
ID_TAKEN = problem(
    "alignment.id_taken", 409, "This id is another alignment's.", "Use another id, or name the same goals as before."
)
EXISTS = problem(
    "alignment.exists", 409, "The goal is aligned to this parent by {edge} already.", "Send the request under that id."
)
TOO_MANY = problem(
    "alignment.too_many",
    409,
    "The goal has {most} alignments, which is as many as a goal has.",
    "Withdraw one of them first.",
)
CIRCLE = problem(
    "alignment.circle",
    409,
    "The parent is aligned to this goal, directly or through others: that would be a circle.",
    "Choose a parent that does not rest on this goal, or have an alignment between them withdrawn.",
)
TOO_DEEP = problem(
    "alignment.too_deep",
    409,
    "More than {most} plans lie above this parent.",
    "Choose a parent with fewer goals above it.",
)
NOT_ORPHAN = problem(
    "alignment.not_orphan", 409, "The goal has a parent already.", "Withdraw its alignments first, or leave it so."
)


class RequestAlignment(PlanCommand):
    """Ask that a goal be aligned to a parent; sent again with the parent's new hash it says: it still fits. Without a
    parent, say why the goal has none (R3.7).
    """

    edge: UUID | None = None
    goal: UUID
    key_result: UUID | None = None
    parent: End | None = None
    parent_hash: Hash | None = None
    """The parent goal's revision that was seen."""
    reason: AuthorText | None = None

    def subject_scope(self) -> UUID | None:
        return self.goal

    def looks_at(self, stream: UUID, state: PlanState, states: Mapping[Ref, Any]) -> Iterable[Ref]:
        if self.parent is None:
            return ()
        above: PlanState | None = states.get(Ref("plan", self.parent.plan))
        cycle = above.cycle if above is not None else None
        plans = plans_above(self.parent, stream, state, states)
        return plans if cycle is None else [*plans, Ref("cycle", cycle)]


class AlignmentRequested(Event):
    """A goal asks to be a child of another."""

    edge: UUID
    goal: UUID
    key_result: UUID | None = None
    parent: End
    parent_owner: UUID
    parent_hash: Hash
    reason: AuthorText | None = None
    requested_at: Instant
    answer_by: Instant
    """When the parent's owner is reminded."""


class AlignmentAccepted(Event):
    """A goal is a child of another."""

    edge: UUID
    goal: UUID
    hash: Hash
    """The child goal's that was seen."""
    accepted_at: Instant


class AlignmentConfirmed(Event):
    """The child still fits the parent as it is now."""

    edge: UUID
    goal: UUID
    parent_hash: Hash


class OrphanExplained(Event):
    """Why a goal has no parent is known."""

    goal: UUID
    reason: AuthorText


def plans_above(start: End, stream: UUID, state: PlanState, states: Mapping[Ref, Any]) -> list[Ref]:
    """The plans above a goal that are not among the states yet."""
    found = lineage(start, lambda plan: _edges(plan, stream, state, states))
    return [Ref("plan", plan) for plan in found.unknown]


def _edges(plan: UUID, stream: UUID, state: PlanState, states: Mapping[Ref, Any]) -> Mapping[UUID, Edge] | None:
    found = state if plan == stream else states.get(Ref("plan", plan))
    return None if found is None else found.edges


@plan.decides(RequestAlignment)
def request_alignment(state: PlanState, command: RequestAlignment, context: Context) -> list[Event]:
    """The plan's owner asks; between goals of one person nobody else is left to answer."""
    found = admitted(state, context, *ALIGNABLE)
    goal = state.goal(command.goal)
    if command.parent is None:
        return _explain_orphan(state, goal, command)
    if command.edge is None or command.parent_hash is None:
        raise INCOMPLETE("/edge" if command.edge is None else "/parent_hash")
    if command.key_result is not None and not has_key_result(goal, command.key_result):
        raise KEY_RESULT_UNKNOWN("/key_result")
    above = plan_of(command.parent, state, context)
    parent = standing(command.parent, above)
    if parent is None or above.owner is None:
        raise PARENT_UNKNOWN("/parent")
    if parent.hash != command.parent_hash:
        # Who names the present hash was shown it. To anybody else a goal that they may not see is not there (R8).
        if not _sees(above, parent, found, context):
            raise PARENT_UNKNOWN("/parent")
        raise STALE_PARENT("/parent_hash", number=parent.number, now=parent.hash)
    if above.cycle not in (state.cycle, found.cycle.parent):
        raise OTHER_CYCLE("/parent/plan")
    if (known := _known(state, goal, command, command.edge)) is not None:
        if known.seen_hash == parent.hash and not known.waits_for_look:
            return []
        if known.state == "accepted":
            return [AlignmentConfirmed(edge=known.id, goal=goal.id, parent_hash=parent.hash)]
    require_no_circle(state, Place(context.stream, goal.id), command.parent, context)
    requested = AlignmentRequested(
        edge=command.edge,
        goal=goal.id,
        key_result=command.key_result,
        parent=command.parent,
        parent_owner=above.owner,
        parent_hash=parent.hash,
        reason=command.reason,
        requested_at=context.at,
        answer_by=by_when(found, context, {above.owner}, found.cycle.policy.alignment_answer),
    )
    if found.directory.responsible(above.owner) != found.owner:
        return [requested]
    return [requested, AlignmentAccepted(edge=command.edge, goal=goal.id, hash=goal.hash, accepted_at=context.at)]


def _sees(above: PlanState, parent: Goal, found: Ground, context: Context) -> bool:
    around = ground_of(above.owner or context.actor, context.state("cycle", above.cycle or above.id), found.directory)
    return Sight(context.actor, around, above).sees(parent)


def _explain_orphan(state: PlanState, goal: Goal, command: RequestAlignment) -> list[Event]:
    if command.reason is None:
        raise INCOMPLETE("/reason")
    if any(edge.goal == goal.id and edge.state == "accepted" for edge in state.edges.values()):
        raise NOT_ORPHAN("/goal")
    if goal.orphan == command.reason:
        return []
    return [OrphanExplained(goal=goal.id, reason=command.reason)]


def _known(state: PlanState, goal: Goal, command: RequestAlignment, edge: UUID) -> Edge | None:
    """The alignment of this id that waits or holds; None where it is a new one, or was declined."""
    asked = (goal.id, command.key_result, command.parent)
    same = next((one for one in state.edges.values() if (one.goal, one.key_result, one.parent) == asked), None)
    if same is not None:
        if same.id != edge:
            raise EXISTS("/edge", edge=str(same.id))
        return None if same.state == "declined" else same
    taken = state.edges.get(edge)
    # A parent that is gone may be followed to where it went, under the same id.
    if taken is not None and not (taken.dropped and taken.goal == goal.id):
        raise ID_TAKEN("/edge")
    if taken is None and sum(one.goal == goal.id for one in state.edges.values()) >= MOST_EDGES:
        raise TOO_MANY("/goal", most=MOST_EDGES)
    return None


def has_key_result(goal: Goal, key_result: UUID) -> bool:
    """Whether the goal's present revision has this key result."""
    return isinstance(goal.definition, Okr) and any(item.id == key_result for item in goal.definition.key_results)


def plan_of(end: End, state: PlanState, context: Context) -> PlanState:
    """The plan at an end of an alignment; `state` is the rule's own."""
    found: PlanState = state if end.plan == context.stream else context.state("plan", end.plan)
    return found


def standing(end: End, above: PlanState) -> Goal | None:
    """The goal at an end of an alignment as its plan says now; None where it, or its key result, is gone."""
    goal = above.goals.get(end.goal)
    if goal is None or (end.key_result is not None and not has_key_result(goal, end.key_result)):
        return None
    return goal


def require_no_circle(state: PlanState, child: Place, parent: End, context: Context) -> None:
    """Refuse a parent that the child lies above. The walk is over states that the append checks."""
    found = lineage(parent, lambda plan: _edges(plan, context.stream, state, context.states))
    if child in found.places:
        raise CIRCLE("/parent")
    if found.unknown:
        raise TOO_DEEP("/parent", most=MOST_PLANS)


@plan.evolves(AlignmentRequested)
def alignment_requested(state: PlanState, event: AlignmentRequested) -> PlanState:
    return state.with_edge(
        Edge(
            id=event.edge,
            goal=event.goal,
            key_result=event.key_result,
            parent=event.parent,
            parent_owner=event.parent_owner,
            state="requested",
            seen_hash=event.parent_hash,
            at=event.requested_at,
            since=state.version + 1,
            due=event.answer_by,
        )
    )


@plan.evolves(AlignmentAccepted)
def alignment_accepted(state: PlanState, event: AlignmentAccepted) -> PlanState:
    edge = state.edges[event.edge]
    accepted = {"state": "accepted", "at": event.accepted_at, "since": state.version + 1}
    goal = state.goal(edge.goal).model_copy(update={"orphan": None})
    return state.with_edge(edge.model_copy(update=accepted)).with_goal(goal)


@plan.evolves(AlignmentConfirmed)
def alignment_confirmed(state: PlanState, event: AlignmentConfirmed) -> PlanState:
    seen = {**NOTHING_NEW, "seen_hash": event.parent_hash, "since": state.version + 1}
    return state.with_edge(state.edges[event.edge].model_copy(update=seen))


@plan.evolves(OrphanExplained)
def orphan_explained(state: PlanState, event: OrphanExplained) -> PlanState:
    return state.with_goal(state.goal(event.goal).model_copy(update={"orphan": event.reason}))
