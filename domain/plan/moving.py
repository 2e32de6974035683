"""Moving a key result from one goal to another, of the same plan or of another one, in one request (R3.9).

It is a revision of both goals, each under all the rules of a revision: turns, rounds, reasons, easing. Neither is
withdrawn alone, or the key result would be in both or in none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from uuid import UUID

from domain.access.refusals import GOAL_UNKNOWN, PLAN_UNKNOWN
from domain.cycle.windows import NEGOTIABLE
from domain.decider import Context, Ref
from domain.goals import Okr, goal_hash
from domain.key_results import KeyResult
from domain.messages import Event, Wake
from domain.plan.alignment import KEY_RESULT_UNKNOWN
from domain.plan.carrying import less_measured, more_measured
from domain.plan.drafting import require_current
from domain.plan.goal import Goal
from domain.plan.ground import Ground, admitted, ground_of
from domain.plan.patience import by_when
from domain.plan.receiving import KeyResultTransferred, ReceiveKeyResult, added, revised
from domain.plan.seeing import Sight
from domain.plan.state import PlanCommand, PlanState, plan
from domain.plan.transferring import OTHER_CYCLE
from domain.plan.turns import KPI_NOT_NEGOTIATED
from domain.problems import problem
from domain.sealed import AuthorText
from domain.spreading import Part
from domain.values import Hash, Instant

SAME_GOAL = problem("key_result.same_goal", 422, "The key result is in this goal already.", "Name another goal.")
LAST = problem(
    "key_result.last", 409, "The goal has no other key result.", "Abandon the goal, or add another key result first."
)


class MoveKeyResult(PlanCommand):
    """Take a key result out of one goal and put it into another, before commit closes, or while what it leaves and what
    it comes into are being amended (R3.9, R5.7). Sent to the plan that it leaves.
    """

    goal: UUID
    hash: Hash
    key_result: UUID
    to_goal: UUID
    to_hash: Hash
    to_plan: UUID | None = None
    """The plan of the other goal, of the same cycle; absent: this one."""
    reason: AuthorText

    def subject_scope(self) -> UUID | None:
        return self.goal

    def crosses(self, stream: UUID) -> UUID | None:
        """The other plan; None within one."""
        return self.to_plan if self.to_plan != stream else None

    def spread(self, stream: UUID) -> tuple[Part, ...]:
        other = self.crosses(stream)
        if other is None:
            return ()
        receiving = ReceiveKeyResult(
            goal=self.to_goal, hash=self.to_hash, key_result=self.key_result, from_plan=stream, reason=self.reason
        )
        return (Part(Ref("plan", other), receiving),)

    def looks_at(self, stream: UUID, state: PlanState, states: Mapping[Ref, Any]) -> Iterable[Ref]:
        del state, states
        other = self.crosses(stream)
        return () if other is None else (Ref("plan", other),)


class KeyResultMoved(Event):
    """A key result went from one goal of the plan to another; the revisions of both stand before this."""

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
    source, other = state.goal(command.goal), command.crosses(context.stream)
    into = state if other is None else _other_plan(state, other, context)
    target = _seen(into, command.to_goal, found, context)
    if source.id == target.id:
        raise SAME_GOAL("/to_goal")
    require_current(source, command.hash)
    require_current(target, command.to_hash, "/to_hash")
    less, item = _parted(source, command.key_result)
    more = added(target, item)
    left, *voided = revised(state, source, less, item.id, command.reason, context, "/goal")
    if other is not None:
        transferred = KeyResultTransferred(
            goal=source.id,
            hash=left.hash,
            key_result=item.id,
            to_plan=other,
            to_owner=into.owner or found.plan_owner,
            to_goal=target.id,
            to_hash=goal_hash(more),
            to_version=into.version + 2,
        )
        return [left, transferred, *voided]
    came, *_ = revised(state, target, more, item.id, command.reason, context, "/to_goal")
    owners = {edge.parent_owner for edge in state.edges.values() if edge.key_result == item.id}
    moved = KeyResultMoved(
        goal=source.id,
        to_goal=target.id,
        key_result=item.id,
        answer_by=by_when(found, context, owners, found.cycle.policy.alignment_answer),
    )
    return [left, came, moved, *voided]  # voided once, whichever goal changed


def _other_plan(state: PlanState, other: UUID, context: Context) -> PlanState:
    found: PlanState = context.state("plan", other)
    if found.owner is None:
        raise PLAN_UNKNOWN("/to_plan")
    if found.cycle != state.cycle:
        raise OTHER_CYCLE("/to_plan")
    return found


def _seen(into: PlanState, goal: UUID, found: Ground, context: Context) -> Goal:
    """The goal that the key result goes into; one that somebody may not see is not there."""
    target = into.goals.get(goal)
    there = found if into.owner in (None, found.plan_owner) else ground_of(into.owner, found.cycle, found.directory)
    if target is None or not Sight(context.actor, there, into).sees(target):
        raise GOAL_UNKNOWN("/to_goal", goal=str(goal))
    return target


def _parted(source: Goal, key_result: UUID) -> tuple[Okr, KeyResult]:
    """What a goal says without one of its key results, and that key result."""
    before = source.definition
    if not isinstance(before, Okr):
        raise KPI_NOT_NEGOTIATED("/goal")
    item = next((one for one in before.key_results if one.id == key_result), None)
    if item is None:
        raise KEY_RESULT_UNKNOWN("/key_result")
    if len(before.key_results) == 1:
        raise LAST("/key_result")
    staying = tuple(one for one in before.key_results if one.id != key_result)
    return before.model_copy(update={"key_results": staying}), item


@plan.evolves(KeyResultMoved)
def key_result_moved(state: PlanState, event: KeyResultMoved) -> PlanState:
    """What was measured goes along; its alignments are asked for anew, so that no circle closes unseen."""
    source, target = state.goal(event.goal), state.goal(event.to_goal)
    id_ = event.key_result
    less = less_measured(source, id_)
    more = more_measured(target, id_, source.readings.get(id_), source.tallies.get(id_))
    if id_ in source.key_results_from:
        more["key_results_from"] = {**target.key_results_from, id_: source.key_results_from[id_]}
    asked = {"goal": event.to_goal, "state": "requested", "due": event.answer_by, "since": state.version + 1}
    asked |= {"changed_hash": None, "dropped": False, "reminded": False}
    edges = {
        key: edge.model_copy(update=asked) if edge.key_result == id_ and edge.state != "declined" else edge
        for key, edge in state.edges.items()
    }
    moved = state.with_goal(source.model_copy(update=less)).with_goal(target.model_copy(update=more))
    return moved.model_copy(update={"edges": edges})
