"""Negotiation as data: full revisions by one side, the computed difference, agreement on one content hash (R4)."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field, field_validator

from domain.cycle.windows import NEGOTIABLE
from domain.decider import Context
from domain.goals import GoalDefinition, goal_hash
from domain.messages import Event, Wake
from domain.plan.amending import require_reasons_to_ease
from domain.plan.bounds import require_bounds
from domain.plan.diff import PATH, Change, diff
from domain.plan.drafting import require_current
from domain.plan.goal import Goal
from domain.plan.ground import admitted
from domain.plan.lint import lint_goal
from domain.plan.metrics import require_metrics
from domain.plan.parent_change import looked_at
from domain.plan.patience import by_when
from domain.plan.state import PlanCommand, PlanState, plan
from domain.plan.talks import Side, Standing
from domain.plan.turns import (
    KPI_NOT_NEGOTIATED,
    NOT_PROPOSED,
    NOT_YOUR_TURN,
    require_turn,
    require_unblocked,
    times_to_answer,
)
from domain.plan.voiding import void_signatures
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Hash, Instant

KIND_CHANGED = problem(
    "goal.kind_changed", 422, "A revision cannot turn an OKR into a KPI or back.", "Draft or assign another goal."
)
NOTHING_CHANGED = problem(
    "revision.nothing_changed",
    409,
    "This revision says what is on the table already.",
    "Accept it, or change something.",
)
REASON_MISSING = problem(
    "revision.reason_missing",
    422,
    "The change of {path} needs a reason.",
    "Give one in `reasons` under this path.",
)


class ProposeRevision(PlanCommand):
    """Put a complete revision on the table. By the other side it is a counter-proposal (R4.1)."""

    edits: ClassVar[bool] = True

    goal: UUID
    definition: GoalDefinition
    reasons: dict[str, AuthorText] = Field(default_factory=dict)
    """Why each changed target, weight, date or kind changes, by the difference's path."""

    @field_validator("reasons")
    @classmethod
    def _paths(cls, reasons: dict[str, AuthorText]) -> dict[str, AuthorText]:
        # The log stores keys as they are: a free one could hold a text that nobody could erase any more.
        if not all(PATH.fullmatch(path) for path in reasons):
            raise ValueError("a reason stands under the path of a change")
        return reasons

    def subject_scope(self) -> UUID | None:
        return self.goal


class AcceptRevision(PlanCommand):
    """Accept exactly the revision that was seen; both sides on one hash is agreement."""

    goal: UUID
    hash: Hash


class RevisionProposed(Event):
    """One side has put a complete revision on the table."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT, Wake.CHILDREN})

    goal: UUID
    number: int
    round: int
    side: Side
    author: UUID
    definition: GoalDefinition
    hash: Hash
    changes: tuple[Change, ...]
    reasons: dict[str, AuthorText] = Field(default_factory=dict)
    findings: tuple[str, ...]
    answer_by: Instant
    """When the other side is reminded; for a KPI, when it counts as served."""
    mediate_by: Instant | None = None
    """When it goes to the mediator unanswered (R4.3); None for a KPI, and before there was mediation."""


class RevisionAccepted(Event):
    """A side accepted the revision on the table."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT})

    goal: UUID
    hash: Hash
    side: Side
    agreed: bool
    """Both sides have accepted this hash."""
    by: UUID | None = None


@plan.decides(ProposeRevision)
def propose_revision(state: PlanState, command: ProposeRevision, context: Context) -> list[Event]:
    """Either side proposes or counters before commit closes; in commit this voids signatures (R5.1)."""
    found = admitted(state, context, *NEGOTIABLE)
    goal = state.goal(command.goal)
    side = found.side_of(context.actor) or Side.COUNTERPART
    if command.definition.kind != goal.definition.kind:
        raise KIND_CHANGED("/definition/kind")
    if goal.definition.kind == "kpi" and side is Side.OWNER:
        raise KPI_NOT_NEGOTIATED("/goal")
    policy = found.cycle.policy
    require_turn(goal, side, policy)
    require_bounds(found, command.definition)
    require_metrics(state, command.definition, context)
    changes = diff(goal.definition, command.definition)
    if goal.on_the_table or goal.definition.kind == "kpi":
        if not changes:
            raise NOTHING_CHANGED("/definition")
        if policy.reasons_required:
            _require_reasons(command, changes)
    require_reasons_to_ease(state, goal, command.definition, command.reasons)
    revised = goal_hash(command.definition)
    altered = revised != goal.hash  # also by another order of its key results, of which the difference says nothing
    is_okr = goal.definition.kind == "okr"
    if is_okr:
        answer_by, mediate_by = times_to_answer(found, context, side.other)
    else:
        answer_by, mediate_by = by_when(found, context, {found.owner}, policy.assignment_served), None
    proposed = RevisionProposed(
        goal=goal.id,
        number=goal.numbered + 1 if altered else goal.number,
        round=goal.round + 1,
        side=side,
        author=context.actor,
        definition=command.definition,
        hash=revised,
        changes=changes,
        reasons=command.reasons,
        findings=lint_goal(command.definition, found.cycle),
        answer_by=answer_by,
        mediate_by=mediate_by,
    )
    voided = void_signatures(state, "goal_changed", goal.id, context.actor, side, changes) if altered else []
    return [proposed, *voided]


def reasoned(changes: tuple[Change, ...], reason: AuthorText) -> dict[str, AuthorText]:
    """One reason for every change that needs one."""
    return {change.path: reason for change in changes if change.needs_reason}


def _require_reasons(command: ProposeRevision, changes: tuple[Change, ...]) -> None:
    for change in changes:
        if change.needs_reason and change.path not in command.reasons:
            raise REASON_MISSING("/reasons", path=change.path)


@plan.decides(AcceptRevision)
def accept_revision(state: PlanState, command: AcceptRevision, context: Context) -> list[Event]:
    """The side whose turn it is accepts; whoever proposed has accepted by proposing."""
    found = admitted(state, context, *NEGOTIABLE)
    goal = state.goal(command.goal)
    if goal.definition.kind == "kpi":
        raise KPI_NOT_NEGOTIATED("/goal")
    side = found.side_of(context.actor) or Side.COUNTERPART
    if not goal.on_the_table:
        raise NOT_PROPOSED("/goal")
    require_current(goal, command.hash)
    if side in goal.accepted:
        if goal.agreed:
            return []
        raise NOT_YOUR_TURN("/goal")
    require_unblocked(goal)
    agreed = goal.agreed or side.other in goal.accepted  # what was imposed stands without anybody's word
    return [RevisionAccepted(goal=goal.id, hash=goal.hash, side=side, agreed=agreed, by=context.actor)]


@plan.evolves(RevisionProposed)
def revision_proposed(state: PlanState, event: RevisionProposed) -> PlanState:
    goal = state.goal(event.goal)
    is_okr = event.definition.kind == "okr"
    looked = looked_at(state, goal.id) if state.edges and event.side is Side.OWNER else state
    return looked.with_goal(
        goal.model_copy(
            update={
                "definition": event.definition,
                "hash": event.hash,
                "number": event.number,
                "numbered": max(goal.numbered, event.number),
                "round": event.round,
                "rounds": 1 if goal.agreed else goal.rounds + 1,
                "author": event.author,
                "accepted": frozenset({event.side}) if is_okr else frozenset(),
                "accepted_by": frozenset({event.author}) if is_okr else frozenset(),
                "turn": event.side.other if is_okr else None,
                "turn_due": event.answer_by if is_okr else None,
                "turn_since": state.version + 1,
                "turn_reminded": False,
                "mediate_at": event.mediate_by,
                "before": _standing(goal) if is_okr else None,
                "imposed": None,
                "receipt": None,
                "escalation": None,
                "served_at": None if is_okr else event.answer_by,
                # Other measures may be asked for now: in a re-opened cycle the final values are owed anew (R2.4).
                "final": False,
            }
        )
    )


def _standing(goal: Goal) -> Standing:
    return Standing(
        definition=goal.definition,
        hash=goal.hash,
        number=goal.number,
        author=goal.author,
        accepted=goal.accepted,
        imposed=goal.imposed,
        turn=goal.turn,
    )


@plan.evolves(RevisionAccepted)
def revision_accepted(state: PlanState, event: RevisionAccepted) -> PlanState:
    goal: Goal = state.goal(event.goal)
    answered: dict[str, Any] = {"turn": None, "turn_due": None, "mediate_at": None, "before": None, "mediation": None}
    by = goal.accepted_by if event.by is None else goal.accepted_by | {event.by}
    answered |= {"accepted": goal.accepted | {event.side}, "accepted_by": by}
    return state.with_goal(goal.model_copy(update=answered))
