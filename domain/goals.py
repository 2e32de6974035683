"""What a goal says: an objective with key results, or a KPI. One definition has one content hash.

The hash covers every field here, weight included; what lies outside (alignment, contributors, visibility, pay link)
changes no hash and voids no signature. A new field may be absent, so that what was signed before keeps its hash.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from domain.canonical import canonical_bytes, content_hash
from domain.key_results import KeyResult, Maintained, Measured, require_distinct
from domain.measuring import Aggregation, Direction, Frequency, MetricVersion, Unit
from domain.sealed import OwnerText
from domain.values import Date, Frozen, Number, Weight


class Ambition(StrEnum):
    """What an OKR promises (R3.6)."""

    COMMITTED = "committed"
    ASPIRATIONAL = "aspirational"


MOST_KEY_RESULTS = 30
"""Of one goal."""


class Okr(Frozen):
    """An objective with its key results."""

    kind: Literal["okr"]
    title: OwnerText
    approach: OwnerText | None = None
    """The path and method; the process counts (R1.2)."""
    ambition: Ambition
    weight: Weight
    """Percentage points of the plan's OKRs (R3.4)."""
    due: Date | None = None
    """The last day on which it counts; absent: the period's last (R3.8)."""
    key_results: tuple[KeyResult, ...] = Field(min_length=1, max_length=MOST_KEY_RESULTS)

    @model_validator(mode="after")
    def _distinct(self) -> Okr:
        require_distinct((item.id for item in self.key_results), "key result")
        return self


Flag = Annotated[bool, AfterValidator(lambda flag: flag or None)]
"""Yes, or absent: that it is not so has one spelling, and so one hash."""


class Kpi(Frozen):
    """A quantified duty with its three points (R3.2)."""

    kind: Literal["kpi"]
    title: OwnerText
    weight: Weight
    """Percentage points of the plan's KPIs (R3.4); of a bonus or deduction item, the most that it adds or takes."""
    unit: Unit
    direction: Direction = "higher"
    baseline: Number | None = None
    threshold: Number
    target: Number
    stretch: Number
    due: Date | None = None
    """The last day on which it counts; absent: the period's last (R3.8)."""
    aggregation: Aggregation | None = None
    """What the cycle's readings make together; absent: the last one counts (R3.2)."""
    frequency: Frequency | None = None
    """How often it is read (R3.2)."""
    data_owner: UUID | None = None
    """Whose number it is: a person who can vouch for it (R3.2)."""
    source: OwnerText | None = None
    """Where the number comes from (R3.2)."""
    metric: MetricVersion | None = None
    """What it is counted by, where that outlives the plan (R3.10)."""
    flat_from: Number | None = None
    """From here to the target the payout is the target's (R3.3)."""
    flat_to: Number | None = None
    """... and from the target to here."""
    threshold_pays: Number | None = Field(default=None, ge=0)
    """Percent, instead of what the cycle's rules pay there (R3.3)."""
    stretch_pays: Number | None = Field(default=None, ge=0)
    red_line: Flag | None = None
    """Short of its threshold, it caps the whole scorecard (一票否决, R3.3)."""
    item: Literal["bonus", "deduction"] | None = None
    """It stands outside the 100 (R3.3): a bonus adds points as far as it is reached, a deduction takes them as far as
    it is not."""

    @model_validator(mode="after")
    def _ordered(self) -> Kpi:
        sign = 1 if self.direction == "higher" else -1
        threshold, target, stretch = sign * self.threshold, sign * self.target, sign * self.stretch
        if not threshold < target < stretch:
            raise ValueError("threshold, target and stretch must run in the KPI's direction")
        flat_from = target if self.flat_from is None else sign * self.flat_from
        flat_to = target if self.flat_to is None else sign * self.flat_to
        if not threshold < flat_from <= target <= flat_to < stretch:
            raise ValueError("the flat part of a payout curve lies round the target, within threshold and stretch")
        if self.red_line and self.item == "bonus":
            raise ValueError("a bonus item draws no red line")
        return self


GoalDefinition = Annotated[Okr | Kpi, Field(discriminator="kind")]


def measures_of(definition: Okr | Kpi) -> tuple[Kpi | Measured | Maintained, ...]:
    """What of a goal counts in a unit, and so may name a metric: a KPI itself, or key results of an OKR."""
    if isinstance(definition, Kpi):
        return (definition,)
    return tuple([item for item in definition.key_results if isinstance(item, Measured | Maintained)])


def metrics_of(definition: Okr | Kpi) -> frozenset[MetricVersion]:
    """The metrics that a goal names, each at a version of its definition (R3.10)."""
    return frozenset([item.metric for item in measures_of(definition) if item.metric is not None])


def goal_hash(definition: Okr | Kpi) -> str:
    """The content hash of one revision of a goal. Its texts must be sealed."""
    return content_hash("goal/1", canonical_bytes(definition))


def plan_hash(goal_hashes: Iterable[str], scoring_hash: str) -> str:
    """The content hash of a plan: its goals' hashes, in order of value, and the cycle's scoring rules (R5.1, R2.5)."""
    return content_hash("plan/1", *(item.encode() for item in sorted(goal_hashes)), scoring_hash.encode())
