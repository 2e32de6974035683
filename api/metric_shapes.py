"""The shapes of what an organization counts: metrics, and the plans that use them."""

from __future__ import annotations

from uuid import UUID

from api.list_shapes import Listed
from api.shapes import Shape
from domain.measuring import Aggregation, Direction, Frequency
from domain.values import Instant


class DefinitionShown(Shape):
    """What a metric counts, and how. A text that was erased is null."""

    meaning: str | None
    unit: str
    direction: Direction | None
    """Null: neither way is better by itself."""
    aggregation: Aggregation
    frequency: Frequency | None
    source: str | None


class DefinedShown(Shape):
    """A version of a metric's definition and the date from which it is so."""

    version: int
    definition: DefinitionShown
    valid_from: Instant
    decided_at: Instant


class MetricItem(Shape):
    """A metric with all its definitions, in the order of their dates."""

    metric: UUID
    version: int
    """Of the last fact: the ETag."""
    name: str | None
    data_owner: UUID
    definitions: list[DefinedShown]
    retired_at: Instant | None
    """Null: it is counted."""


class MetricsAnswer(Listed):
    """A page of the organization's metrics, in order of id."""

    items: list[MetricItem]
    next: str | None
    """Send it as `after`; null: there are no more."""


class MetricUse(Shape):
    """A measure that is counted by a metric."""

    cycle: UUID
    plan: UUID
    owner: UUID
    goal: UUID
    title: str | None
    """Of the goal."""
    measure: UUID
    """A key result's id, or the goal's own id for a KPI."""
    version: int
    """Of the definition that it names."""
    told: int
    """Of the definition that its plan was told of last; 0: of none."""
    kept: bool
    """It stays with what it names, knowing that."""


class MetricUsesAnswer(Listed):
    """The measures that a metric counts, plan by plan in order of their ids, as far as the caller may see them."""

    items: list[MetricUse]
    next: str | None
    """Send it as `after`; null: there are no more."""
