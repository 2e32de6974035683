"""What the API counts. Labels are route templates, command names and stable codes: never an id, a name or a text."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
"""Seconds. A command is one round trip to Postgres, so the interesting part is below 50 ms."""


class Metrics:
    """The metrics of one application, in a registry of their own."""

    def __init__(self, queue_depth: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        self.latency = Histogram(
            "goalcycle_http_request_seconds",
            "Seconds from a request's first byte to its last answered one, by method, route template and status.",
            ("method", "route", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.commands = Counter(
            "goalcycle_commands",
            "Commands answered, by command and outcome: appended, duplicate, unchanged, dry_run or refused.",
            ("command", "outcome"),
            registry=self.registry,
        )
        self.refusals = Counter(
            "goalcycle_refusals",
            "Problem documents answered, by their stable code; /problems/{code} explains each.",
            ("code",),
            registry=self.registry,
        )
        Gauge(
            "goalcycle_append_queue_depth",
            "Requests of this process that wait to be appended to the log; at its bound the API answers 503.",
            registry=self.registry,
        ).set_function(queue_depth)
