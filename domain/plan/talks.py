"""What is known of the talk about one goal: what was withdrawn, commented, mediated or objected to (R4).

The values lie in `Goal`; the rules that make them are in negotiation, withdrawing, comments, mediation and objection.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from domain.goals import GoalDefinition
from domain.values import Frozen, Instant


class Side(StrEnum):
    """The two sides of a negotiation (R4.1)."""

    OWNER = "owner"
    COUNTERPART = "counterpart"
    """The owner's manager, or who stands in where there is none."""

    @property
    def other(self) -> Side:
        return Side.COUNTERPART if self is Side.OWNER else Side.OWNER


class Standing(Frozen):
    """How a goal stood before the revision on the table: what its withdrawal brings back."""

    definition: GoalDefinition
    hash: str
    number: int
    author: UUID
    accepted: frozenset[Side] = frozenset()
    turn: Side | None = None
    turn_due: Instant | None = None
    mediate_at: Instant | None = None
