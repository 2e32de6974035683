"""The shape of a goal's negotiation. Definitions and reasons are rendered: texts opened, an erased one null."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from api.shapes import Shape
from domain.plan.diff import Change
from domain.plan.record import Acceptance, Raised, Turn
from domain.plan.talks import Cause, Side
from domain.values import Instant, Number


class RevisionShown(Shape):
    """One complete revision."""

    how: Literal["drafted", "assigned", "proposed", "imposed"]
    version: int
    """Of the plan: two of them are the ends of a difference."""
    number: int
    round: int
    """0 where it was drafted, assigned or imposed."""
    side: Side | None
    by: UUID
    at: Instant
    hash: str
    definition: dict[str, Any]
    changes: list[Change]
    """Against the revision before."""
    reasons: dict[str, str | None]
    """By the path of the change."""
    findings: list[str]
    acceptances: list[Acceptance]
    withdrawn_at: Instant | None


class CommentShown(Shape):
    """A comment and what became of it."""

    comment: UUID
    hash: str
    path: str | None
    by: UUID
    side: Side | None
    at: Instant
    text: str | None
    blocking: bool
    asks: bool
    answer: str | None
    resolved_by: UUID | None
    resolved_at: Instant | None


class MediationShown(Shape):
    """Somebody above was asked, and what they decided."""

    mediator: UUID | None
    cause: Cause
    hash: str
    reason: str | None
    at: Instant
    due: Instant
    raised: list[Raised]
    """Whom it went to besides, in order."""
    outcome: Literal["impose", "return", "agreed"] | None
    decided_by: UUID | None
    decided_for: UUID | None
    """Whose delegate they were."""
    decided_at: Instant | None
    advice: str | None


class ObjectionShown(Shape):
    """The owner's objection, and what was decided."""

    hash: str
    path: str
    counter: Number
    reason: str | None
    by: UUID
    at: Instant
    decider: UUID | None
    due: Instant
    raised: list[Raised]
    """Whom it went to besides, in order."""
    outcome: Literal["upheld", "rejected"] | None
    decided_by: UUID | None
    decided_for: UUID | None
    """Whose delegate they were."""
    decided_at: Instant | None
    decision: str | None


class NegotiationAnswer(Shape):
    """Everything that was said of a goal, and how it stands."""

    plan: UUID
    goal: UUID
    hash: str
    number: int
    rounds: int
    """Since both sides last agreed."""
    rounds_most: int
    agreed: bool
    imposed: bool
    turn: Side | None
    waits_for: list[UUID]
    """Whose answer or decision it waits for."""
    revisions: list[RevisionShown]
    turns: list[Turn]
    comments: list[CommentShown]
    mediations: list[MediationShown]
    objections: list[ObjectionShown]
    erased: list[str]
    """JSON pointers into the answer of texts whose key was erased: they are null there."""
    names: dict[UUID, str | None]
    """Of the people that the answer speaks of."""
