"""Moving a key result from one goal of a plan to another, with what was measured of it, in one request (R3.9).

It is a revision of both goals, each under all the rules of a revision: turns, rounds, reasons, easing. Neither is
withdrawn alone, or the key result would be in both or in none.
"""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from domain.access.refusals import GOAL_UNKNOWN
from domain.cycle.windows import NEGOTIABLE
from domain.decider import Context
from domain.goals import MOST_KEY_RESULTS, Okr
from domain.messages import Event, Wake
from domain.plan.alignment import KEY_RESULT_UNKNOWN
from domain.plan.drafting import require_current
from domain.plan.goal import Goal
from domain.plan.ground import admitted
from domain.plan.negotiation import ProposeRevision, RevisionProposed, propose_revision
from domain.plan.patience import by_when
from domain.plan.seeing import Sight
from domain.plan.state import PlanCommand, PlanState, plan
from domain.plan.turns import KPI_NOT_NEGOTIATED
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Hash, Instant

SAME_GOAL = problem("key_result.same_goal", 422, "The key result is in this goal already.", "Name another goal.")
LAST = problem(
    "key_result.last", 409, "The goal has no other key result.", "Abandon the goal, or add another key result first."
)
FULL = problem(
    "key_result.full",
    409,
    "The goal has {most} key results, which is as many as a goal has.",
    "Choose another goal.",
)
EXISTS = problem("key_result.exists", 409, "The goal has this key result already.", "Look at the goal.")


class MoveKeyResult(PlanCommand):
    """Take a key result out of one goal and put it into another of the same plan (R3.9)."""

    goal: UUID
    hash: Hash
    key_result: UUID
    to_goal: UUID
    to_hash: Hash
    reason: AuthorText

    def subject_scope(self) -> UUID | None:
        return self.goal


class KeyResultMoved(Event):
    """A key result went from one goal to another; the revisions of both stand before this."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    goal: UUID
    to_goal: UUID
    key_result: UUID
    answer_by: Instant
    """When those are reminded who answer for parents of the key result: its alignments are asked for anew."""


@plan.decides(MoveKeyResult)
def move_key_result(state: PlanState, command: MoveKeyResult, context: Context) -> list[Event]:
    """Either side, like any revision, of two OKRs that it may revise now."""
    found = admitted(state, context, *NEGOTIABLE)
    source, target = state.goal(command.goal), state.goals.get(command.to_goal)
    if target is None or not Sight(context.actor, found, state).sees(target):
        raise GOAL_UNKNOWN("/to_goal", goal=str(command.to_goal))
    if source.id == target.id:
        raise SAME_GOAL("/to_goal")
    require_current(source, command.hash)
    require_current(target, command.to_hash, "/to_hash")
    less, more = _moved(source, target, command.key_result)
    path = f"key_results.{command.key_result}"
    revised = [
        propose_revision(state, ProposeRevision(goal=id_, definition=said, reasons={path: command.reason}), context)
        for id_, said in ((source.id, less), (target.id, more))
    ]
    owners = {edge.parent_owner for edge in state.edges.values() if edge.key_result == command.key_result}
    moved = KeyResultMoved(
        goal=source.id,
        to_goal=target.id,
        key_result=command.key_result,
        answer_by=by_when(found, context, owners, found.cycle.policy.alignment_answer),
    )
    proposed = [event for events in revised for event in events if isinstance(event, RevisionProposed)]
    voided = [event for event in revised[0] if not isinstance(event, RevisionProposed)]  # once, whichever goal changed
    return [*proposed, moved, *voided]


def _moved(source: Goal, target: Goal, key_result: UUID) -> tuple[Okr, Okr]:
    """What both goals say without and with it."""
    before, after = source.definition, target.definition
    if not isinstance(before, Okr):
        raise KPI_NOT_NEGOTIATED("/goal")
    if not isinstance(after, Okr):
        raise KPI_NOT_NEGOTIATED("/to_goal")
    going = [item for item in before.key_results if item.id == key_result]
    if not going:
        raise KEY_RESULT_UNKNOWN("/key_result")
    if len(before.key_results) == 1:
        raise LAST("/key_result")
    if any(item.id == key_result for item in after.key_results):
        raise EXISTS("/key_result")
    if len(after.key_results) >= MOST_KEY_RESULTS:
        raise FULL("/to_goal", most=MOST_KEY_RESULTS)
    staying = tuple(item for item in before.key_results if item.id != key_result)
    return (
        before.model_copy(update={"key_results": staying}),
        after.model_copy(update={"key_results": (*after.key_results, *going)}),
    )


@plan.evolves(KeyResultMoved)
def key_result_moved(state: PlanState, event: KeyResultMoved) -> PlanState:
    """What was measured goes along; its alignments are asked for anew, so that no circle closes unseen."""
    source, target = state.goal(event.goal), state.goal(event.to_goal)
    less: dict[str, Any] = {"before": None}
    more: dict[str, Any] = {"before": None}
    for name in ("readings", "tallies"):
        measured = getattr(source, name)
        less[name] = {measure: value for measure, value in measured.items() if measure != event.key_result}
        going = {measure: value for measure, value in measured.items() if measure == event.key_result}
        more[name] = {**getattr(target, name), **going}
    asked = {"goal": event.to_goal, "state": "requested", "due": event.answer_by, "since": state.version + 1}
    asked |= {"changed_hash": None, "dropped": False, "reminded": False}
    edges = {
        id_: edge.model_copy(update=asked) if edge.key_result == event.key_result and edge.state != "declined" else edge
        for id_, edge in state.edges.items()
    }
    moved = state.with_goal(source.model_copy(update=less)).with_goal(target.model_copy(update=more))
    return moved.model_copy(update={"edges": edges})
