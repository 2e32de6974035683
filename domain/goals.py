"""What a goal says: an objective with key results, or a KPI. One definition has one content hash.

The hash covers every field here, weight included; what lies outside (alignment, contributors, visibility, pay link)
changes no hash and voids no signature.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from domain.canonical import canonical_bytes, content_hash
from domain.sealed import OwnerText
from domain.values import Frozen, Number, Weight

Unit = Annotated[str, StringConstraints(pattern=r"^[^\s\x00-\x1f][^\x00-\x1f]{0,31}$")]
"""What a measure counts, such as `%`, `CNY` or `customers`. Not sealed: it names no person."""


class Ambition(StrEnum):
    """What an OKR promises (R3.6)."""

    COMMITTED = "committed"
    ASPIRATIONAL = "aspirational"


class Milestone(Frozen):
    """One step of a milestone key result; its weight is a share of the steps' sum (R3.1)."""

    id: UUID
    title: OwnerText
    weight: Weight = Decimal(1)


class Measured(Frozen):
    """A key result that a number grows or shrinks towards (R3.1)."""

    kind: Literal["increase", "decrease"]
    id: UUID
    title: OwnerText
    weight: Weight = Decimal(1)
    """Share of the objective, relative to its other key results."""
    unit: Unit
    baseline: Number
    target: Number

    @model_validator(mode="after")
    def _direction(self) -> Measured:
        if self.kind == "increase" and self.target <= self.baseline:
            raise ValueError("target must be above baseline for an increase")
        if self.kind == "decrease" and self.target >= self.baseline:
            raise ValueError("target must be below baseline for a decrease")
        return self


class Milestones(Frozen):
    """A key result reached in steps (R3.1)."""

    kind: Literal["milestones"]
    id: UUID
    title: OwnerText
    weight: Weight = Decimal(1)
    milestones: tuple[Milestone, ...] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _distinct(self) -> Milestones:
        _require_distinct((step.id for step in self.milestones), "milestone")
        return self


KeyResult = Annotated[Measured | Milestones, Field(discriminator="kind")]


class Okr(Frozen):
    """An objective with its key results."""

    kind: Literal["okr"]
    title: OwnerText
    approach: OwnerText | None = None
    """The path and method; the process counts (R1.2)."""
    ambition: Ambition
    weight: Weight
    """Percentage points of the plan's OKRs (R3.4)."""
    key_results: tuple[KeyResult, ...] = Field(min_length=1, max_length=30)

    @model_validator(mode="after")
    def _distinct(self) -> Okr:
        _require_distinct((item.id for item in self.key_results), "key result")
        return self


class Kpi(Frozen):
    """A quantified duty with its three points (R3.2)."""

    kind: Literal["kpi"]
    title: OwnerText
    weight: Weight
    """Percentage points of the plan's KPIs (R3.4)."""
    unit: Unit
    direction: Literal["higher", "lower"] = "higher"
    baseline: Number | None = None
    threshold: Number
    target: Number
    stretch: Number

    @model_validator(mode="after")
    def _ordered(self) -> Kpi:
        points = (self.threshold, self.target, self.stretch)
        rising = points[0] < points[1] < points[2]
        falling = points[0] > points[1] > points[2]
        if not (rising if self.direction == "higher" else falling):
            raise ValueError("threshold, target and stretch must run in the KPI's direction")
        return self


GoalDefinition = Annotated[Okr | Kpi, Field(discriminator="kind")]


def _require_distinct(ids: Iterable[UUID], what: str) -> None:
    seen = list(ids)
    if len(set(seen)) != len(seen):
        raise ValueError(f"two of the {what} ids are equal")


def goal_hash(definition: Okr | Kpi) -> str:
    """The content hash of one revision of a goal. Its texts must be sealed."""
    return content_hash("goal/1", canonical_bytes(definition))


def plan_hash(goal_hashes: Iterable[str], scoring_hash: str) -> str:
    """The content hash of a plan: its goals' hashes, in order of value, and the cycle's scoring rules (R5.1, R2.5)."""
    return content_hash("plan/1", *(item.encode() for item in sorted(goal_hashes)), scoring_hash.encode())
