"""What the API counts. Labels are route templates, command names and stable codes: never an id, a name or a text."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry

from domain.problems import PROBLEMS
from eventlog import metrics
from eventlog.metering import show_queue
from eventlog.tally import Counter, Histogram

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The metrics of one application. The registry may already hold those of the engine below it."""

    def __init__(self, queue_depth: Callable[[], int], registry: CollectorRegistry | None = None) -> None:
        self.registry = CollectorRegistry() if registry is None else registry
        self.latency = Histogram(metrics.HTTP_REQUEST, self.registry)
        self.commands = Counter(metrics.COMMANDS, self.registry)
        self.refusals = Counter(metrics.REFUSALS, self.registry)
        for code in PROBLEMS:  # a series that begins with its first refusal would hide it from `increase`
            self.refusals.labels(code)
        show_queue(self.registry, queue_depth)


def method_label(method: str) -> str:
    """A request's method as a label: whatever callers make up is one label, not one each."""
    return method if method in METHODS else "other"
