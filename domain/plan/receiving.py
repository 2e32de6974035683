"""A key result goes out of a goal of one plan and into a goal of another in one request, linked both ways (R3.9).

It is a revision of both goals like a move within one plan, each decided by the rules of its own plan: so it takes a
side of both, and after commit an amendment of both (R5.7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from uuid import UUID

from domain.access.refusals import PLAN_UNKNOWN
from domain.cycle.windows import NEGOTIABLE
from domain.decider import Context, Ref
from domain.goals import MOST_KEY_RESULTS, GoalDefinition, Okr
from domain.key_results import KeyResult
from domain.messages import Event, Wake
from domain.plan.alignment import KEY_RESULT_UNKNOWN
from domain.plan.carrying import as_requests, less_measured, more_measured
from domain.plan.departed import GoneKeyResult
from domain.plan.drafting import require_current
from domain.plan.goal import Goal, Reading
from domain.plan.ground import admitted
from domain.plan.links import Edge
from domain.plan.negotiation import ProposeRevision, propose_revision
from domain.plan.state import PlanCommand, PlanState, plan
from domain.plan.tallies import Tally
from domain.plan.turns import KPI_NOT_NEGOTIATED
from domain.problems import DomainError, problem
from domain.sealed import AuthorText
from domain.values import Hash

FULL = problem(
    "key_result.full",
    409,
    "The goal has {most} key results, which is as many as a goal has.",
    "Choose another goal.",
)
EXISTS = problem("key_result.exists", 409, "The goal has this key result already.", "Look at the goal.")


class ReceiveKeyResult(PlanCommand):
    """The other half of MoveKeyResult into another plan."""

    inner: ClassVar[bool] = True

    goal: UUID
    hash: Hash
    key_result: UUID
    from_plan: UUID
    reason: AuthorText

    def subject_scope(self) -> UUID | None:
        return self.goal

    def looks_at(self, stream: UUID, state: PlanState, states: Mapping[Ref, Any]) -> Iterable[Ref]:
        del stream, state
        source = Ref("plan", self.from_plan)
        gone = states[source].gone_key_results.get(self.key_result) if source in states else None
        metric = getattr(gone.definition, "metric", None) if gone is not None else None
        return (source,) if metric is None else (source, Ref("metric", metric.metric))


class KeyResultTransferred(Event):
    """A key result left the plan for a goal of another; the revision of the goal that it left stands before this."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    goal: UUID
    hash: Hash
    """The goal's without it."""
    key_result: UUID
    to_plan: UUID
    to_owner: UUID
    to_goal: UUID
    to_hash: Hash
    """The other goal's with it."""
    to_version: int
    """The other plan's version that received it."""


class KeyResultReceived(Event):
    """A key result came into the plan from a goal of another; the revision of the goal with it stands before this."""

    goal: UUID
    hash: Hash
    """The goal's with it."""
    key_result: UUID
    from_plan: UUID
    from_owner: UUID
    from_goal: UUID
    from_hash: Hash
    """The other goal's without it."""
    from_version: int
    """The other plan's version that let it go."""
    reading: Reading | None = None
    tally: Tally | None = None
    edges: tuple[Edge, ...] = ()
    """Its alignments, as requests."""


@plan.decides(ReceiveKeyResult)
def receive_key_result(state: PlanState, command: ReceiveKeyResult, context: Context) -> list[Event]:
    """A revision of the goal that it comes into, by the side that sent it."""
    found = admitted(state, context, *NEGOTIABLE)
    source: PlanState = context.state("plan", command.from_plan)
    gone = source.gone_key_results.get(command.key_result)
    if gone is None or (gone.to_plan, gone.to_goal) != (context.stream, command.goal):
        raise KEY_RESULT_UNKNOWN("/key_result")
    if source.owner is None:
        raise PLAN_UNKNOWN("/from_plan")
    target = state.goal(command.goal)
    require_current(target, command.hash, "/to_hash")
    more = added(target, gone.definition)
    proposed, *voided = revised(state, target, more, command.key_result, command.reason, context, "/to_goal")
    received = KeyResultReceived(
        goal=target.id,
        hash=proposed.hash,
        key_result=command.key_result,
        from_plan=command.from_plan,
        from_owner=source.owner,
        from_goal=gone.goal,
        from_hash=source.goal(gone.goal).hash,
        from_version=gone.at_version,
        reading=gone.reading,
        tally=gone.tally,
        edges=as_requests(gone.edges, state, found, context),
    )
    return [proposed, received, *voided]


def added(target: Goal, item: KeyResult) -> Okr:
    """What a goal says with one more key result."""
    definition = target.definition
    if not isinstance(definition, Okr):
        raise KPI_NOT_NEGOTIATED("/to_goal")
    if any(known.id == item.id for known in definition.key_results):
        raise EXISTS("/key_result")
    if len(definition.key_results) >= MOST_KEY_RESULTS:
        raise FULL("/to_goal", most=MOST_KEY_RESULTS)
    return definition.model_copy(update={"key_results": (*definition.key_results, item)})


def revised(
    state: PlanState,
    goal: Goal,
    definition: GoalDefinition,
    key_result: UUID,
    reason: AuthorText,
    context: Context,
    pointer: str,
) -> list[Any]:
    """The revision of a goal by which a key result leaves or comes, then what it voids. `pointer`: where a move names
    the goal, for what is refused of the revision is told of the move.
    """
    said = ProposeRevision(goal=goal.id, definition=definition, reasons={f"key_results.{key_result}": reason})
    try:
        return propose_revision(state, said, context)
    except DomainError as refusal:
        at = {"goal": pointer, "definition": "/key_result", "reasons": "/reason"}
        field = refusal.pointer.strip("/").split("/")[0]
        raise refusal.problem(at.get(field, refusal.pointer), **refusal.params) from None


@plan.evolves(KeyResultTransferred)
def key_result_transferred(state: PlanState, event: KeyResultTransferred) -> PlanState:
    """What it said is in the revision that was on the table before, and is kept for the plan that receives it."""
    source = state.goal(event.goal)
    said = source.before.definition if source.before is not None else source.definition
    item = next(one for one in said.key_results if one.id == event.key_result) if isinstance(said, Okr) else None
    if item is None:
        return state
    gone = GoneKeyResult(
        goal=event.goal,
        definition=item,
        to_plan=event.to_plan,
        to_goal=event.to_goal,
        at_version=state.version + 1,
        reading=source.readings.get(event.key_result),
        tally=source.tallies.get(event.key_result),
        edges=tuple(edge for edge in state.edges.values() if edge.key_result == event.key_result),
    )
    left = state.with_goal(source.model_copy(update=less_measured(source, event.key_result)))
    edges = {id_: edge for id_, edge in state.edges.items() if edge.key_result != event.key_result}
    going = {**state.gone_key_results, event.key_result: gone}
    return left.model_copy(update={"edges": edges, "gone_key_results": going})


@plan.evolves(KeyResultReceived)
def key_result_received(state: PlanState, event: KeyResultReceived) -> PlanState:
    target = state.goal(event.goal)
    more = more_measured(target, event.key_result, event.reading, event.tally)
    more["key_results_from"] = {**target.key_results_from, event.key_result: event.from_plan}
    come = {"goal": event.goal, "since": state.version + 1}
    edges = {edge.id: edge.model_copy(update=come) for edge in event.edges}
    gone = {id_: one for id_, one in state.gone_key_results.items() if id_ != event.key_result}
    received = state.with_goal(target.model_copy(update=more))
    return received.model_copy(update={"edges": {**state.edges, **edges}, "gone_key_results": gone})
