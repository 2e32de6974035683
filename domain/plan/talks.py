"""What is known of the talk about one goal: what was withdrawn, commented, mediated or objected to (R4).

The values lie in `Goal`; the rules that make them are in negotiation, withdrawing, comments, mediation and objection.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal
from uuid import UUID

from domain.goals import GoalDefinition
from domain.sealed import AuthorText
from domain.values import Frozen, Instant, Number


class Side(StrEnum):
    """The two sides of a negotiation (R4.1)."""

    OWNER = "owner"
    COUNTERPART = "counterpart"
    """The owner's manager, or who stands in where there is none."""

    @property
    def other(self) -> Side:
        return Side.COUNTERPART if self is Side.OWNER else Side.OWNER


class Comment(Frozen):
    """What somebody says of a revision, or of one field of it (R4.4)."""

    hash: str
    """Of the revision that it speaks of."""
    on_draft: bool = False
    """Whether that was a draft, which is not everybody's to read (R8)."""
    path: str | None = None
    """The field, by the difference's path; None: the whole goal."""
    by: UUID
    side: Side | None = None
    """None where who wrote it is on neither."""
    text: AuthorText
    blocking: bool = False
    asks: bool = False
    """It asks the other side, whose turn it then is (R4.1)."""
    answer: AuthorText | None = None
    resolved_by: UUID | None = None

    @property
    def blocks(self) -> bool:
        """Whether it keeps its goal from being agreed and submitted."""
        return self.blocking and self.resolved_by is None


Cause = Literal["silence", "rounds", "requested"]
"""Why a goal came into mediation: nobody answered, the rounds were spent, or a side asked for it (R4.3)."""


class Decision(Frozen):
    """Somebody above is asked to end what the sides of a talk cannot; in their silence the next level is asked too."""

    since: int
    """The version since which whom it went to last is asked."""
    due: Instant
    """When they are reminded."""
    reminded: bool = False
    asked_at: Instant | None = None
    escalate_at: Instant | None = None
    """When it goes to the next level; None where it was asked before there were levels, and is only reminded."""
    escalated_to: tuple[UUID, ...] = ()
    """Whom it went to besides the first, in this order."""
    in_vain: bool = False
    """Nobody was left above when it last went up."""

    @property
    def went_first(self) -> UUID | None:
        """Whom it went to at first; None where nobody was left to ask."""
        raise NotImplementedError

    @property
    def asked(self) -> frozenset[UUID]:
        """Everybody whom it went to so far."""
        first = self.went_first
        return frozenset(self.escalated_to if first is None else (first, *self.escalated_to))


class Mediation(Decision):
    """Somebody above both sides is asked to end their talk (R4.3)."""

    mediator: UUID | None
    cause: Cause

    @property
    def went_first(self) -> UUID | None:
        return self.mediator


KpiField = Literal["target", "threshold", "stretch", "weight"]
"""What an owner may object to in a KPI (R4.2)."""


class Objection(Decision):
    """What the owner of a KPI holds against one revision of it (R4.2)."""

    number: int
    """Of the revision: each is objected to once."""
    hash: str
    path: KpiField
    counter: Number
    """What the owner would take instead."""
    reason: AuthorText
    by: UUID
    decider: UUID | None
    outcome: Literal["upheld", "rejected"] | None = None

    @property
    def went_first(self) -> UUID | None:
        return self.decider


class Standing(Frozen):
    """How a goal stood before the revision on the table: what its withdrawal brings back."""

    definition: GoalDefinition
    hash: str
    number: int
    author: UUID
    accepted: frozenset[Side] = frozenset()
    imposed: str | None = None
    turn: Side | None = None
    turn_due: Instant | None = None
    mediate_at: Instant | None = None

    @property
    def is_draft(self) -> bool:
        """Whether it had not come on the table: nobody stood by it, nor was it imposed."""
        return not self.accepted and self.imposed != self.hash


class Escalation(Frozen):
    """Somebody above was told that the owner cannot promise a committed goal (R3.6)."""

    to: UUID | None
    """None where nobody is left above: the facilitator is asked."""
    asked: frozenset[UUID] = frozenset()
    """Everybody who was told of this revision so far."""
    since: int
    """The plan's version that told them."""
