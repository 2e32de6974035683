"""What left a plan, and where it went: goals, and key results that went into a goal of another plan (R3.9)."""

from __future__ import annotations

from uuid import UUID

from domain.key_results import KeyResult
from domain.plan.goal import Goal, Reading
from domain.plan.links import Edge
from domain.plan.tallies import Tally
from domain.values import Frozen


class Departed(Frozen):
    """A goal that was the plan's: abandoned, or transferred (R3.9)."""

    goal: Goal
    to: UUID | None = None
    """The plan that it was transferred to."""
    at_version: int
    """The plan's version that let it go."""
    edges: tuple[Edge, ...] = ()
    """Its alignments then."""


class GoneKeyResult(Frozen):
    """A key result that went into a goal of another plan (R3.9)."""

    goal: UUID
    """Of this plan, that it left."""
    definition: KeyResult
    to_plan: UUID
    to_goal: UUID
    at_version: int
    """The plan's version that let it go."""
    reading: Reading | None = None
    tally: Tally | None = None
    edges: tuple[Edge, ...] = ()
    """Its alignments then."""
