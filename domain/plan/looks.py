"""What a plan was told of the metrics that its goals name (R3.10)."""

from __future__ import annotations

from uuid import UUID

from domain.values import Frozen


class MetricLook(Frozen):
    """What a plan was told last of a metric, and who of its goals keeps what it names all the same."""

    version: int = 0
    """Of the definition it was told of; 0: of none yet."""
    retired: bool = False
    """It was told that the metric is no longer counted."""
    kept: frozenset[UUID] = frozenset()
    """The goals that stay with what they name, knowing this."""
    since: int = 0
    """The plan's version that told it."""


NO_LOOK = MetricLook()
