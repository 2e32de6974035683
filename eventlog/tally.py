"""Counters and histograms for one event loop: a few plain numbers a sample, no lock.

prometheus_client's own take 5 to 10 µs an observation, because threads may share them; ours are told of every command,
and only ever from the loop that also answers the scrape.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from eventlog.metrics import Metric


class Count:
    """One series of a counter."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def inc(self) -> None:
        """One more."""
        self.value += 1


class Observed:
    """One series of a histogram."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """By bucket, the last one beyond every bound; not cumulative."""
        self.total = 0.0

    def observe(self, value: float) -> None:
        """One more, of this size."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.total += value


class Counter(Collector):
    """A declared counter with labels."""

    def __init__(self, metric: Metric, registry: CollectorRegistry) -> None:
        self._metric = metric
        self._series: dict[tuple[str, ...], Count] = {}
        registry.register(self)

    def labels(self, *values: str) -> Count:
        """The series with these values, in the order in which the labels are declared."""
        found = self._series.get(values)
        if found is None:
            assert len(values) == len(self._metric.labels)
            found = self._series[values] = Count()
        return found

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Read by the registry at each scrape."""
        family = CounterMetricFamily(self._metric.name, self._metric.meaning, labels=self._metric.labels)
        for values, series in self._series.items():
            family.add_metric(values, series.value)
        yield family


class Histogram(Collector):
    """A declared histogram with labels."""

    def __init__(self, metric: Metric, registry: CollectorRegistry) -> None:
        self._metric = metric
        self._bounds = [*(repr(bound) for bound in metric.buckets), "+Inf"]
        self._series: dict[tuple[str, ...], Observed] = {}
        registry.register(self)

    def labels(self, *values: str) -> Observed:
        """The series with these values, in the order in which the labels are declared."""
        found = self._series.get(values)
        if found is None:
            assert len(values) == len(self._metric.labels)
            found = self._series[values] = Observed(self._metric.buckets)
        return found

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Read by the registry at each scrape."""
        family = HistogramMetricFamily(self._metric.name, self._metric.meaning, labels=self._metric.labels)
        for values, series in self._series.items():
            buckets = list(zip(self._bounds, accumulate(series.counts), strict=True))
            family.add_metric(values, buckets, series.total)
        yield family
