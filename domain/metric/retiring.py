"""Retiring a metric: it is no longer counted, and no further goal is measured by it (R3.10).

Its definitions stay for the goals that name them; their plans are told, as of a changed definition.
"""

from __future__ import annotations

from typing import ClassVar

from domain.decider import Context
from domain.messages import Command, Event, Wake
from domain.metric.defining import require_counted
from domain.metric.state import MetricState, metric
from domain.sealed import AuthorText
from domain.values import Instant


class RetireMetric(Command):
    """Count a metric no longer. What was signed by it stays signed (R3.10)."""

    reason: AuthorText


class MetricRetired(Event):
    """A metric is no longer counted."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    retired_at: Instant
    reason: AuthorText


@metric.decides(RetireMetric)
def retire_metric(state: MetricState, command: RetireMetric, context: Context) -> list[Event]:
    """Once."""
    require_counted(state)
    return [MetricRetired(retired_at=context.at, reason=command.reason)]


@metric.evolves(MetricRetired)
def metric_retired(state: MetricState, event: MetricRetired) -> MetricState:
    return state.model_copy(update={"retired_at": event.retired_at})
