"""What a measure counts and how: the words that goals and metrics share (R3.1, R3.2, R3.10)."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from domain.values import Frozen

Unit = Annotated[str, StringConstraints(pattern=r"^[^\s\x00-\x1f][^\x00-\x1f]{0,31}$")]
"""What a measure counts, such as `%`, `CNY` or `customers`. Not sealed: it names no person."""
Direction = Literal["higher", "lower"]
"""Which way is better."""
Aggregation = Literal["last", "sum", "mean", "ratio_of_sums"]
"""What the readings of a period make together (R3.2)."""
Frequency = Literal["daily", "weekly", "fortnightly", "monthly", "quarterly"]
"""How often a number is read (R3.2)."""


class MetricVersion(Frozen):
    """A metric of the organization at one version of its definition: what a measure is counted by (R3.10)."""

    metric: UUID
    version: int = Field(ge=1, le=1_000_000)

    def __str__(self) -> str:
        """As a difference shows it."""
        return f"{self.metric}:{self.version}"
