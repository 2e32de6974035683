"""Objecting to an assigned KPI, once for each revision; who decides stands above the assigner (R4.2)."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import model_validator

from domain.cycle.windows import NEGOTIABLE
from domain.decider import Context
from domain.goals import Kpi, goal_hash
from domain.messages import Event, Wake
from domain.plan.above import decider_of, decides_for
from domain.plan.bounds import require_bounds
from domain.plan.diff import diff
from domain.plan.drafting import NOT_ASSIGNED, require_current
from domain.plan.goal import Goal
from domain.plan.ground import Ground, admitted
from domain.plan.lint import lint_goal
from domain.plan.metrics import require_metrics
from domain.plan.negotiation import NOTHING_CHANGED, RevisionProposed, reasoned
from domain.plan.patience import by_when, times_to_decide
from domain.plan.state import PlanCommand, PlanState, plan
from domain.plan.talks import KpiField, Objection, Side
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Hash, Instant, Number

OBJECTED_ALREADY = problem(
    "assignment.objected_already",
    409,
    "You have objected to this revision already.",
    "Wait for the decision, or acknowledge the assignment.",
)
RECEIVED_ALREADY = problem(
    "assignment.received_already",
    409,
    "This assignment is acknowledged or decided.",
    "Speak to who assigned it: a revision may be objected to again.",
)
SUBMITTED = problem(
    "assignment.submitted", 409, "The plan with this assignment is submitted.", "Recall the plan first, then object."
)
NONE_OPEN = problem(
    "objection.none_open", 409, "No objection to this assignment waits for a decision.", "Look at the goal."
)


class ObjectToAssignment(PlanCommand):
    """The owner objects to an assigned KPI with a reason and a counter-value, once for each revision (R4.2)."""

    goal: UUID
    hash: Hash
    path: KpiField = "target"
    """What the counter-value stands for."""
    counter: Number
    reason: AuthorText


class DecideObjection(PlanCommand):
    """Who stands above the assigner upholds the objection with another definition, or rejects it (R4.2)."""

    goal: UUID
    hash: Hash
    """Of the revision that was objected to."""
    outcome: Literal["rejected", "upheld"]
    definition: Kpi | None = None
    """Of an upheld objection: what is assigned instead."""
    reason: AuthorText

    @model_validator(mode="after")
    def _definition_where_upheld(self) -> DecideObjection:
        if (self.outcome == "upheld") != (self.definition is not None):
            raise ValueError("an objection is upheld with a definition, and rejected without one")
        return self

    def subject_scope(self) -> UUID | None:
        return self.goal


class AssignmentObjected(Event):
    """The owner does not take the KPI as it was assigned."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT})

    goal: UUID
    hash: Hash
    by: UUID
    path: KpiField
    counter: Number
    reason: AuthorText
    decider: UUID | None = None
    """None where nobody is left to ask: it waits until there is somebody."""
    answer_by: Instant
    """When they are reminded."""
    escalate_by: Instant | None = None
    """When the next level is asked too; None before there were levels."""
    asked_at: Instant | None = None


class ObjectionDecided(Event):
    """The KPI stands as decided; the owner need not acknowledge it."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT})

    goal: UUID
    hash: Hash
    """Of the revision that was objected to."""
    outcome: Literal["upheld", "rejected"]
    by: UUID
    reason: AuthorText
    on_behalf_of: UUID | None = None
    """Whose delegate decided (R5.5)."""


@plan.decides(ObjectToAssignment)
def object_to_assignment(state: PlanState, command: ObjectToAssignment, context: Context) -> list[Event]:
    """Also to what was served: who was away for three days keeps their say until they submit the plan."""
    found = admitted(state, context, *NEGOTIABLE)
    goal = state.goal(command.goal)
    if goal.definition.kind != "kpi":
        raise NOT_ASSIGNED("/goal")
    require_current(goal, command.hash)
    if goal.objection is not None and goal.objection.number == goal.number:
        raise OBJECTED_ALREADY("/hash")
    if goal.receipt in ("acknowledged", "decided"):
        raise RECEIVED_ALREADY("/hash")
    if state.signing is not None:
        raise SUBMITTED("/goal")
    if command.counter == getattr(goal.definition, command.path):
        raise NOTHING_CHANGED("/counter")
    decider = decider_of(found, goal)
    answer_by, escalate_by = times_to_decide(found, context, decider, found.cycle.policy.objection_answer)
    objected = AssignmentObjected(
        goal=goal.id,
        hash=goal.hash,
        by=context.actor,
        path=command.path,
        counter=command.counter,
        reason=command.reason,
        decider=decider,
        answer_by=answer_by,
        escalate_by=escalate_by,
        asked_at=context.at,
    )
    return [objected]


@plan.decides(DecideObjection)
def decide_objection(state: PlanState, command: DecideObjection, context: Context) -> list[Event]:
    """By who stands above the assigner. A submitted plan has no open objection, so there is no signature to void."""
    found = admitted(state, context, *NEGOTIABLE)
    goal = state.goal(command.goal)
    if not goal.objected:
        raise NONE_OPEN("/goal")
    require_current(goal, command.hash)
    if command.definition is not None:
        require_metrics(state, command.definition, context)
    revised = [] if command.definition is None else [_revised(found, goal, command.definition, command.reason, context)]
    decided = ObjectionDecided(
        goal=goal.id,
        hash=goal.hash,
        outcome=command.outcome,
        by=context.actor,
        reason=command.reason,
        on_behalf_of=decides_for(goal, found, context.actor),
    )
    return [*revised, decided]


def _revised(found: Ground, goal: Goal, definition: Kpi, reason: AuthorText, context: Context) -> RevisionProposed:
    require_bounds(found, definition)
    changes = diff(goal.definition, definition)
    if not changes:
        raise NOTHING_CHANGED("/definition")
    policy = found.cycle.policy
    return RevisionProposed(
        goal=goal.id,
        number=goal.numbered + 1,
        round=goal.round + 1,
        side=Side.COUNTERPART,
        author=context.actor,
        definition=definition,
        hash=goal_hash(definition),
        changes=changes,
        reasons=reasoned(changes, reason),
        findings=lint_goal(definition, found.cycle),
        answer_by=by_when(found, context, [found.owner], policy.assignment_served),
    )


@plan.evolves(AssignmentObjected)
def assignment_objected(state: PlanState, event: AssignmentObjected) -> PlanState:
    """What was served waits for the decision now."""
    goal = state.goal(event.goal)
    objection = Objection(
        number=goal.number,
        hash=event.hash,
        path=event.path,
        counter=event.counter,
        reason=event.reason,
        by=event.by,
        decider=event.decider,
        due=event.answer_by,
        since=state.version + 1,
        asked_at=event.asked_at,
        escalate_at=event.escalate_by,
    )
    return state.with_goal(goal.model_copy(update={"objection": objection, "receipt": None}))


@plan.evolves(ObjectionDecided)
def objection_decided(state: PlanState, event: ObjectionDecided) -> PlanState:
    goal = state.goal(event.goal)
    decided = goal.objection.model_copy(update={"outcome": event.outcome}) if goal.objection is not None else None
    return state.with_goal(goal.model_copy(update={"objection": decided, "receipt": "decided"}))
