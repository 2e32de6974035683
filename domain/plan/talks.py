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


class Mediation(Frozen):
    """Somebody above both sides is asked to end their talk (R4.3)."""

    mediator: UUID | None
    """Whom it went to; None where nobody was left to ask."""
    cause: Cause
    since: int
    """The version since which they are asked."""
    due: Instant
    reminded: bool = False


KpiField = Literal["target", "threshold", "stretch", "weight"]
"""What an owner may object to in a KPI (R4.2)."""


class Objection(Frozen):
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
    """Whom it went to; None where nobody was left to ask."""
    due: Instant
    since: int
    """The version since which they are asked."""
    reminded: bool = False
    outcome: Literal["upheld", "rejected"] | None = None


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


class Escalation(Frozen):
    """Somebody above was told that the owner cannot promise a committed goal (R3.6)."""

    to: UUID | None
    """None where nobody is left above: the facilitator is asked."""
    asked: frozenset[UUID] = frozenset()
    """Everybody who was told of this revision so far."""
    since: int
    """The plan's version that told them."""
