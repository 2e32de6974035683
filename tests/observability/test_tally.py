"""Our own counters and histograms say what prometheus_client's would."""

from __future__ import annotations

import random

import prometheus_client
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from eventlog.metrics import APPEND, COMMANDS
from eventlog.tally import Counter, Histogram


def samples(registry: CollectorRegistry) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """What is exposed, but for the instants at which series began."""
    text = generate_latest(registry).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): round(sample.value, 6)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_they_expose_the_same_as_the_library() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    counted, observed = Counter(COMMANDS, ours), Histogram(APPEND, ours)
    name = COMMANDS.name.removesuffix("_total")
    their_count = prometheus_client.Counter(name, COMMANDS.meaning, COMMANDS.labels, registry=theirs)
    their_histogram = prometheus_client.Histogram(
        APPEND.name, APPEND.meaning, APPEND.labels, buckets=APPEND.buckets, registry=theirs
    )
    chance = random.Random(7)
    values = [*APPEND.buckets, 0.0, 99.0, *(chance.expovariate(20) for _ in range(500))]
    for value in values:
        outcome = chance.choice(["appended", "conflict"])
        observed.labels(outcome).observe(value)
        their_histogram.labels(outcome).observe(value)
        counted.labels("SignPlan", outcome).inc()
        their_count.labels("SignPlan", outcome).inc()
    assert samples(ours) == samples(theirs)
    assert len(samples(ours)) == 2 * (len(APPEND.buckets) + 3) + 2
