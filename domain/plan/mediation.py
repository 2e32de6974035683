"""Mediation: when a turn is not answered, the rounds are spent or a side asks, somebody above decides (R4.3).

A mediator imposes a committed OKR, which is marked *imposed*, or gives it back for one more round; nobody imposes what
somebody else is to aspire to.
"""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field, model_validator

from domain.cycle.windows import NEGOTIABLE
from domain.decider import Context
from domain.goals import Ambition, GoalDefinition, goal_hash
from domain.messages import Event, Wake
from domain.plan.above import decides_for, mediator_of
from domain.plan.bounds import require_bounds
from domain.plan.diff import Change, diff
from domain.plan.drafting import require_current
from domain.plan.goal import Goal
from domain.plan.ground import Ground, admitted
from domain.plan.lint import lint_goal
from domain.plan.metrics import require_metrics
from domain.plan.negotiation import KIND_CHANGED, reasoned
from domain.plan.patience import times_to_decide
from domain.plan.state import PlanCommand, PlanState, plan
from domain.plan.talks import Cause, Mediation, Side
from domain.plan.turns import KPI_NOT_NEGOTIATED, NOT_PROPOSED, require_no_mediation, times_to_answer
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Hash, Instant

AGREED = problem("mediation.agreed", 409, "Both sides agree on this goal.", "Propose a revision to change it.")
NOT_OPEN = problem(
    "mediation.not_open", 409, "Nobody has been asked to mediate this goal.", "One of its sides requests mediation."
)
ASPIRATIONAL = problem(
    "mediation.aspirational",
    422,
    "An aspirational OKR cannot be imposed.",
    "Impose a committed one, or give it back to its sides.",
)


class RequestMediation(PlanCommand):
    """A side asks somebody above both to mediate, with a reason (R4.3)."""

    goal: UUID
    hash: Hash
    reason: AuthorText


class DecideMediation(PlanCommand):
    """The mediator ends it: imposes a committed OKR, or returns it with advice for one more round (R4.3)."""

    goal: UUID
    hash: Hash
    """Of the revision on the table."""
    outcome: Literal["impose", "return"]
    definition: GoalDefinition | None = None
    """What is imposed; absent: the revision on the table."""
    reason: AuthorText

    @model_validator(mode="after")
    def _returned_as_it_is(self) -> DecideMediation:
        if self.outcome == "return" and self.definition is not None:
            raise ValueError("a goal is returned as it is: only what is imposed has a definition")
        return self

    def subject_scope(self) -> UUID | None:
        return self.goal


class MediationOpened(Event):
    """Somebody above both sides is asked. A fact, because it changes who may speak."""

    goal: UUID
    hash: Hash
    mediator: UUID | None = None
    """None where nobody is left to ask: it waits until there is somebody."""
    cause: Cause
    since: int
    """The version since which the turn waits."""
    reason: AuthorText | None = None
    answer_by: Instant
    """When the mediator is reminded."""
    escalate_by: Instant | None = None
    """When the next level is asked too; None before there were levels."""
    asked_at: Instant | None = None


class MediationDecided(Event):
    """The mediator has ended it."""

    goal: UUID
    hash: Hash
    outcome: Literal["impose", "return"]
    by: UUID
    reason: AuthorText
    rounds: int | None = None
    """Of a return: the rounds that count as spent."""
    answer_by: Instant | None = None
    """... when the owner, whose turn it is, is reminded."""
    mediate_by: Instant | None = None
    on_behalf_of: UUID | None = None
    """Whose delegate decided (R5.5)."""


class RevisionImposed(Event):
    """A revision stands that no side has accepted: it counts as agreed, and is marked."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT, Wake.CHILDREN})

    goal: UUID
    number: int
    definition: GoalDefinition
    hash: Hash
    changes: tuple[Change, ...]
    reasons: dict[str, AuthorText] = Field(default_factory=dict)
    findings: tuple[str, ...]
    by: UUID


@plan.decides(RequestMediation)
def request_mediation(state: PlanState, command: RequestMediation, context: Context) -> list[Event]:
    """Either side, as soon as there is a revision on the table."""
    found = admitted(state, context, *NEGOTIABLE)
    goal = state.goal(command.goal)
    if goal.definition.kind == "kpi":
        raise KPI_NOT_NEGOTIATED("/goal")
    require_current(goal, command.hash)
    if goal.agreed:
        raise AGREED("/goal")
    if not goal.on_the_table:
        raise NOT_PROPOSED("/goal")
    require_no_mediation(goal)
    spent = goal.rounds >= found.cycle.policy.rounds_most
    return [open_mediation(found, goal, context, "rounds" if spent else "requested", command.reason)]


def open_mediation(
    found: Ground, goal: Goal, context: Context, cause: Cause, reason: AuthorText | None = None
) -> MediationOpened:
    """The event that asks somebody above both sides."""
    mediator = mediator_of(found, goal)
    answer_by, escalate_by = times_to_decide(found, context, mediator, found.cycle.policy.turn)
    return MediationOpened(
        goal=goal.id,
        hash=goal.hash,
        mediator=mediator,
        cause=cause,
        since=goal.turn_since,
        reason=reason,
        answer_by=answer_by,
        escalate_by=escalate_by,
        asked_at=context.at,
    )


@plan.decides(DecideMediation)
def decide_mediation(state: PlanState, command: DecideMediation, context: Context) -> list[Event]:
    """By the mediator only. A submitted plan has no goal in mediation, so there is no signature to void."""
    found = admitted(state, context, *NEGOTIABLE)
    goal = state.goal(command.goal)
    if goal.mediation is None:
        raise NOT_OPEN("/goal")
    require_current(goal, command.hash)
    decided = MediationDecided(
        goal=goal.id,
        hash=goal.hash,
        outcome=command.outcome,
        by=context.actor,
        reason=command.reason,
        on_behalf_of=decides_for(goal, found, context.actor),
    )
    if command.outcome == "return":
        answer_by, mediate_by = times_to_answer(found, context, Side.OWNER)
        rounds = found.cycle.policy.rounds_most - 1
        return [decided.model_copy(update={"rounds": rounds, "answer_by": answer_by, "mediate_by": mediate_by})]
    if command.definition is not None:
        require_metrics(state, command.definition, context)
    return [decided, _imposed(found, goal, command, context)]


def _imposed(found: Ground, goal: Goal, command: DecideMediation, context: Context) -> RevisionImposed:
    definition = command.definition or goal.definition
    if definition.kind != "okr" or goal.definition.kind != "okr":
        raise KIND_CHANGED("/definition/kind")
    if definition.ambition is not Ambition.COMMITTED:
        raise ASPIRATIONAL("/definition/ambition" if command.definition else "/outcome")
    require_bounds(found, definition)
    imposed, changes = goal_hash(definition), diff(goal.definition, definition)
    return RevisionImposed(
        goal=goal.id,
        number=goal.numbered + 1 if imposed != goal.hash else goal.number,
        definition=definition,
        hash=imposed,
        changes=changes,
        reasons=reasoned(changes, command.reason),
        findings=lint_goal(definition, found.cycle),
        by=context.actor,
    )


@plan.evolves(MediationOpened)
def mediation_opened(state: PlanState, event: MediationOpened) -> PlanState:
    goal = state.goal(event.goal)
    asked = Mediation(
        mediator=event.mediator,
        cause=event.cause,
        since=state.version + 1,
        due=event.answer_by,
        asked_at=event.asked_at,
        escalate_at=event.escalate_by,
    )
    return state.with_goal(goal.model_copy(update={"mediation": asked}))


@plan.evolves(MediationDecided)
def mediation_decided(state: PlanState, event: MediationDecided) -> PlanState:
    goal = state.goal(event.goal)
    ended: dict[str, object] = {"mediation": None, "before": None}
    if event.outcome == "return":
        ended |= {
            "rounds": event.rounds,
            "turn": Side.OWNER,
            "turn_due": event.answer_by,
            "mediate_at": event.mediate_by,
            "turn_since": state.version + 1,
            "turn_reminded": False,
        }
    return state.with_goal(goal.model_copy(update=ended))


@plan.evolves(RevisionImposed)
def revision_imposed(state: PlanState, event: RevisionImposed) -> PlanState:
    """It settles the comments that block, too: nobody holds up by a comment what was decided above them."""
    goal = state.goal(event.goal)
    return state.with_goal(
        goal.model_copy(
            update={
                "definition": event.definition,
                "hash": event.hash,
                "number": event.number,
                "numbered": max(goal.numbered, event.number),
                "author": event.by,
                "accepted": frozenset(),
                "accepted_by": frozenset(),
                "imposed": event.hash,
                "turn": None,
                "turn_due": None,
                "mediate_at": None,
                "final": False,
                "comments": {
                    id_: one.model_copy(update={"resolved_by": event.by}) if one.blocks else one
                    for id_, one in goal.comments.items()
                },
            }
        )
    )
