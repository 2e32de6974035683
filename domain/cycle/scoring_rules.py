"""How goals are weighed and graded: what freezes when negotiate closes (R2.5).

The plan's hash covers it, so a signature is a signature under these rules.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import TypeVar

from pydantic import Field, ValidationInfo, field_validator

from domain.canonical import canonical_bytes, content_hash
from domain.values import Frozen, Number, Share, Weight

Bound = TypeVar("Bound", int, Decimal)


def above(info: ValidationInfo, lower: dict[str, str], value: Decimal) -> Decimal:
    """The value, if it is above the field named for its own. Raises ValueError."""
    least = info.data.get(lower[info.field_name or ""])
    if least is not None and value <= least:
        raise ValueError("The number must be above the one before it.")
    return value


def not_below(info: ValidationInfo, lower: dict[str, str], value: Bound) -> Bound:
    """The most, if it is no less than the least. Raises ValueError."""
    least = info.data.get(lower[info.field_name or ""])
    if least is not None and value < least:
        raise ValueError("The most is less than the least.")
    return value


class Payout(Frozen):
    """What a KPI pays at its three points, in percent; linear between, 0 below threshold, capped at stretch (R3.3)."""

    threshold: Number = Field(default=Decimal(60), ge=0)
    target: Number = Field(default=Decimal(100), validate_default=True)
    stretch: Number = Field(default=Decimal(120), validate_default=True)

    @field_validator("target", "stretch")
    @classmethod
    def _rising(cls, pays: Decimal, info: ValidationInfo) -> Decimal:
        return above(info, {"target": "threshold", "stretch": "target"}, pays)


class Zones(Frozen):
    """What each zone of an ordinal key result scores; short of the first it scores 0 (R3.1)."""

    commit: Share = Decimal("0.3")
    target: Share = Field(default=Decimal("0.7"), validate_default=True)
    stretch: Share = Field(default=Decimal(1), validate_default=True)

    @field_validator("target", "stretch")
    @classmethod
    def _rising(cls, scores: Decimal, info: ValidationInfo) -> Decimal:
        return above(info, {"target": "commit", "stretch": "target"}, scores)


class ScoringRules(Frozen):
    """How goals are weighed and graded. A new field may be absent: each one that is there moves every plan's hash."""

    progress_floor: Share = Decimal(0)
    """Progress counts from here (R3.1)."""
    progress_cap: Share = Field(default=Decimal(1), validate_default=True)
    payout: Payout = Payout()
    weight_least: Weight = Decimal(1)
    """Percentage points (R3.4)."""
    weight_most: Weight = Field(default=Decimal(100), validate_default=True)
    zones: Zones | None = None
    """Of ordinal key results; absent: 0.3, 0.7 and 1 (R3.1)."""
    red_line_cap: Number | None = Field(default=None, ge=0)
    """Percent: no scorecard pays more once a red line is crossed; absent: what the threshold pays (R3.3)."""

    @field_validator("progress_cap")
    @classmethod
    def _cap_above_floor(cls, cap: Decimal, info: ValidationInfo) -> Decimal:
        return above(info, {"progress_cap": "progress_floor"}, cap)

    @field_validator("weight_most")
    @classmethod
    def _weights(cls, most: Decimal, info: ValidationInfo) -> Decimal:
        return not_below(info, {"weight_most": "weight_least"}, most)

    @property
    def zone_scores(self) -> Zones:
        """What the zones of ordinal key results score."""
        return self.zones or Zones()

    @property
    def crossed_pays(self) -> Decimal:
        """The most that a scorecard pays once a red line is crossed, in percent."""
        return self.payout.threshold if self.red_line_cap is None else self.red_line_cap

    @cached_property
    def hash(self) -> str:
        """What a plan's hash covers of the rules."""
        return content_hash("scoring/1", canonical_bytes(self))
