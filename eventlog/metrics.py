"""Every metric of every part, declared once: what it means, its unit, its labels, and the alerts that watch it.

Invariant: what a part exposes is declared here; docs/metrics.md, the alert rules and the dashboard are held to it by a
test. Labels are route templates, names of types, and stable codes: never an id, a name or a text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Bounds of histograms. A command is one round trip to Postgres, so the interesting part is below 50 ms."""
LONGER = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""For duties: a whole plan or cycle may be folded for one."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric."""

    name: str
    """As Prometheus stores it; a histogram's own series add `_bucket`, `_sum` and `_count`."""
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    meaning: str
    parts: tuple[str, ...]
    """Who exposes it."""
    alerts: tuple[str, ...]
    """Names of the rules that watch it."""
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = SECONDS


HTTP_REQUEST = Metric(
    "goalcycle_http_request_seconds",
    "histogram",
    "seconds",
    "From a request's first byte to its answer's last one, by method, route template and status.",
    parts=("api",),
    alerts=("GoalcycleHttpErrors", "GoalcycleHttpSlow"),
    labels=("method", "route", "status"),
)
COMMANDS = Metric(
    "goalcycle_commands_total",
    "counter",
    "commands",
    "Commands answered, by command and outcome: appended, duplicate, unchanged, dry_run or refused.",
    parts=("api",),
    alerts=("GoalcycleCommandsRefused",),
    labels=("command", "outcome"),
)
REFUSALS = Metric(
    "goalcycle_refusals_total",
    "counter",
    "answers",
    "Problem documents answered, by their stable code; /problems/{code} explains each.",
    parts=("api",),
    alerts=("GoalcycleOverloaded", "GoalcycleClockSkewed", "GoalcycleInternalErrors", "GoalcycleLogUnavailable"),
    labels=("code",),
)
APPEND = Metric(
    "goalcycle_append_seconds",
    "histogram",
    "seconds",
    "From handing an append to the queue until its answer, by outcome: appended, duplicate, conflict (decided again), "
    "skewed, unknown_organization, queue_full (refused at once) or failed (an error, after which the same may be sent "
    "again).",
    parts=("api", "worker"),
    alerts=("GoalcycleAppendSlow", "GoalcycleAppendsFailing", "GoalcycleAppendConflicts"),
    labels=("outcome",),
)
APPEND_CALL = Metric(
    "goalcycle_append_call_seconds",
    "histogram",
    "seconds",
    "One call of the append function, which carries every request that had queued up, by outcome: answered, lost (the "
    "connection broke, and the call is sent again with the same command ids) or failed.",
    parts=("api", "worker"),
    alerts=("GoalcycleAppendRetries",),
    labels=("outcome",),
)
QUEUE_DEPTH = Metric(
    "goalcycle_append_queue_depth",
    "gauge",
    "requests",
    "Requests of this process that wait to be appended to the log or are on their way; at its bound callers get 503.",
    parts=("api", "worker"),
    alerts=("GoalcycleAppendQueueFilling",),
)
QUEUE_LIMIT = Metric(
    "goalcycle_append_queue_limit",
    "gauge",
    "requests",
    "The bound of the append queue.",
    parts=("api", "worker"),
    alerts=("GoalcycleAppendQueueFilling",),
)
DUTY = Metric(
    "goalcycle_duty_seconds",
    "histogram",
    "seconds",
    "Performing one duty, by the duty's kind and outcome: performed, unchanged, no_longer_owed, refused (by a rule) or "
    "failed (an error; Temporal tries again).",
    parts=("worker",),
    alerts=("GoalcycleDutiesFailing", "GoalcycleDutiesSlow"),
    labels=("duty", "outcome"),
    buckets=LONGER,
)
NUDGES = Metric(
    "goalcycle_relay_nudges_total",
    "counter",
    "nudges",
    "Nudges of this relay, by outcome: delivered or failed (tried again).",
    parts=("relay",),
    alerts=("GoalcycleNudgesFailing", "GoalcycleRelayStuck"),
    labels=("outcome",),
)
STOPPED = Metric(
    "goalcycle_projection_stopped_organizations",
    "gauge",
    "organizations",
    "Organizations whose next event this projector cannot apply; the others go on.",
    parts=("projector",),
    alerts=("GoalcycleProjectionStopped",),
)
DATABASE_UP = Metric(
    "goalcycle_database_up",
    "gauge",
    "0 or 1",
    "Whether the database answered this scrape. While it does not, what is read from it is NaN.",
    parts=("relay", "projector"),
    alerts=("GoalcycleDatabaseUnreachable",),
)
UNDELIVERED = Metric(
    "goalcycle_relay_undelivered_streams",
    "gauge",
    "streams",
    "Relay lag: streams whose workflow has not been told of their last wake. Read from the database, so the projector "
    "tells it too while the relay is away.",
    parts=("relay", "projector"),
    alerts=("GoalcycleRelayStuck", "GoalcycleRelayBehind"),
)
FANOUTS = Metric(
    "goalcycle_relay_fanouts",
    "gauge",
    "fan-outs",
    "Streams whose dependants are still to be woken.",
    parts=("relay", "projector"),
    alerts=("GoalcycleFanoutsStuck",),
)
OVERDUE = Metric(
    "goalcycle_overdue_streams",
    "gauge",
    "streams",
    "Open streams that owe a duty since more than a minute. Simulated organizations do not count.",
    parts=("relay", "projector"),
    alerts=("GoalcycleDutiesOverdue",),
)
PROJECTION_LAG = Metric(
    "goalcycle_projection_lag_events",
    "gauge",
    "events",
    "Projection lag: events that the read models do not show yet, over all organizations. The relay tells it too.",
    parts=("relay", "projector"),
    alerts=("GoalcycleProjectionBehind",),
)
PROJECTION_AGE = Metric(
    "goalcycle_projection_age_seconds",
    "gauge",
    "seconds",
    "Age of the oldest event that the read models do not show yet; 0 where they show all.",
    parts=("relay", "projector"),
    alerts=("GoalcycleProjectionBehind",),
)

METRICS: tuple[Metric, ...] = (
    HTTP_REQUEST,
    COMMANDS,
    REFUSALS,
    APPEND,
    APPEND_CALL,
    QUEUE_DEPTH,
    QUEUE_LIMIT,
    DUTY,
    NUDGES,
    STOPPED,
    DATABASE_UP,
    UNDELIVERED,
    FANOUTS,
    OVERDUE,
    PROJECTION_LAG,
    PROJECTION_AGE,
)

FOREIGN: dict[str, str] = {
    "up": "Prometheus: whether the last scrape of a part was answered.",
    "temporal_num_pollers": "Temporal's SDK: pollers of a worker, by kind of task.",
    "temporal_workflow_task_execution_failed_total": "Temporal's SDK: workflow tasks that failed, by reason.",
    "temporal_workflow_task_schedule_to_start_latency_seconds": "Temporal's SDK: how long workflow tasks waited.",
    "temporal_request_failure_total": "Temporal's SDK: requests that Temporal refused, by operation and status.",
}
"""Metrics of others that our rules and panels use."""
