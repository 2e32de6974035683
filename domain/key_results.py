"""The kinds of key results (R3.1): each says in its own way how far it has come, all of them from 0 to 1."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from domain.measuring import MetricVersion, Unit
from domain.sealed import OwnerText
from domain.values import Date, Frozen, Number, Weight


class Milestone(Frozen):
    """One step of a milestone key result; its weight is a share of the steps' sum (R3.1)."""

    id: UUID
    title: OwnerText
    weight: Weight = Decimal(1)


class Part(Frozen):
    """What every key result says: it is a part of its objective."""

    id: UUID
    title: OwnerText
    weight: Weight = Decimal(1)
    """Share of the objective, relative to its other key results."""
    due: Date | None = None
    """The last day on which it counts; absent: the goal's, else the period's last (R3.8)."""


class Measured(Part):
    """A key result that a number grows or shrinks towards (R3.1)."""

    kind: Literal["increase", "decrease"]
    unit: Unit
    baseline: Number
    target: Number
    metric: MetricVersion | None = None
    """What it is counted by, where that outlives the plan (R3.10)."""

    @model_validator(mode="after")
    def _direction(self) -> Measured:
        if self.kind == "increase" and self.target <= self.baseline:
            raise ValueError("target must be above baseline for an increase")
        if self.kind == "decrease" and self.target >= self.baseline:
            raise ValueError("target must be below baseline for a decrease")
        return self


class Maintained(Part):
    """A number kept in a band: what counts is the share of its readings that lie inside, ends included (R3.1)."""

    kind: Literal["maintain"]
    unit: Unit
    low: Number | None = None
    """Absent: no value is too low."""
    high: Number | None = None
    metric: MetricVersion | None = None
    """What it is counted by, where that outlives the plan (R3.10)."""

    @model_validator(mode="after")
    def _band(self) -> Maintained:
        if self.low is None and self.high is None:
            raise ValueError("a band needs a lower or an upper end")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("a band's lower end must not be above its upper end")
        return self

    def holds(self, value: Decimal) -> bool:
        """Whether a reading lies in the band."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


class Milestones(Part):
    """A key result reached in steps (R3.1)."""

    kind: Literal["milestones"]
    milestones: tuple[Milestone, ...] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _distinct(self) -> Milestones:
        require_distinct((step.id for step in self.milestones), "milestone")
        return self


class YesNo(Part):
    """A key result that is reached or is not (R3.1)."""

    kind: Literal["yes_no"]


Zone = Literal["below", "commit", "target", "stretch"]
"""How far an ordinal key result has come; `below` is short of what was committed."""


class Ordinal(Part):
    """A key result whose zones are told in words; what each scores is the cycle's (R3.1)."""

    kind: Literal["ordinal"]
    commit: OwnerText
    target: OwnerText
    stretch: OwnerText


KeyResult = Annotated[Measured | Maintained | Milestones | YesNo | Ordinal, Field(discriminator="kind")]


def require_distinct(ids: Iterable[UUID], what: str) -> None:
    """Refuse two equal ids in one list. Raises ValueError."""
    seen = list(ids)
    if len(set(seen)) != len(seen):
        raise ValueError(f"two of the {what} ids are equal")
