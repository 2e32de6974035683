"""What a metric owes: nothing by itself; what its changes ask for is owed by the plans that rest on it (R3.10)."""

from __future__ import annotations

from datetime import datetime

from domain.agenda import Agenda
from domain.decider import Context
from domain.metric.state import MetricState, metric


def metric_agenda(state: MetricState, context: Context, now: datetime) -> Agenda:
    """Open until the metric is retired."""
    del context, now
    versions = len(state.definitions)
    return Agenda(
        phase="open", closed=state.retired_at is not None, summary=f"Metric at version {versions} of its definition"
    )


metric.agenda = metric_agenda
