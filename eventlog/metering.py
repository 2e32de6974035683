"""Puts numbers to the way into the log: wrappers that the composition root sets around the real parts.

What is not wrapped pays nothing, and what is measured knows nothing of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from prometheus_client import CollectorRegistry, Gauge

from domain.decider import Ref
from domain.problems import DomainError
from eventlog import metrics
from eventlog.agendas import Agendas, Performed
from eventlog.appender import QUEUE_LIMIT, QueueFullError
from eventlog.handler import Submits
from eventlog.log import AppendRequest, AppendResult, Outcome
from eventlog.metrics import Metric
from eventlog.outage import LOST
from eventlog.postgres import PostgresLog
from eventlog.tally import Histogram


def gauge(metric: Metric, registry: CollectorRegistry) -> Gauge:
    """A declared gauge."""
    return Gauge(metric.name, metric.meaning, metric.labels, registry=registry)


def show_queue(registry: CollectorRegistry, depth: Callable[[], int], limit: int = QUEUE_LIMIT) -> None:
    """Expose the append queue of this process."""
    gauge(metrics.QUEUE_DEPTH, registry).set_function(depth)
    gauge(metrics.QUEUE_LIMIT, registry).set(limit)


class MeteredAppender:
    """An appender whose answers are timed, by outcome."""

    def __init__(self, appender: Submits, registry: CollectorRegistry) -> None:
        self._submit = appender.submit
        seconds = Histogram(metrics.APPEND, registry)
        self._answered = {outcome: seconds.labels(outcome.value) for outcome in Outcome}
        self._queue_full, self._failed = seconds.labels("queue_full"), seconds.labels("failed")

    async def submit(self, organization: UUID, request: AppendRequest) -> AppendResult:
        """Append one request. Raises what the appender raises."""
        started = time.perf_counter()
        try:
            result = await self._submit(organization, request)
        except QueueFullError:
            self._queue_full.observe(time.perf_counter() - started)
            raise
        except Exception:
            self._failed.observe(time.perf_counter() - started)
            raise
        self._answered[result.outcome].observe(time.perf_counter() - started)
        return result


class MeteredLog(PostgresLog):
    """A log whose append calls are timed, by outcome."""

    def __init__(self, database_url: str, pool: asyncpg.Pool[asyncpg.Record], registry: CollectorRegistry) -> None:
        super().__init__(database_url, pool)
        seconds = Histogram(metrics.APPEND_CALL, registry)
        self._answered, self._lost, self._failed = map(seconds.labels, ("answered", "lost", "failed"))

    async def append(self, organization: UUID, requests: Sequence[AppendRequest]) -> list[AppendResult]:
        started = time.perf_counter()
        try:
            results = await super().append(organization, requests)
        except LOST:
            self._lost.observe(time.perf_counter() - started)
            raise
        except Exception:
            self._failed.observe(time.perf_counter() - started)
            raise
        self._answered.observe(time.perf_counter() - started)
        return results


class MeteredAgendas(Agendas):
    """Agendas whose duties are timed, by kind and outcome."""

    def meter(self, registry: CollectorRegistry) -> MeteredAgendas:
        """Time them in this registry."""
        self._seconds = Histogram(metrics.DUTY, registry)
        return self

    async def perform(self, organization: UUID, ref: Ref, duty_key: str, now: datetime) -> Performed:
        started, outcome = time.perf_counter(), "failed"
        try:
            performed = await super().perform(organization, ref, duty_key, now)
            outcome = performed.outcome
        except DomainError as refusal:
            outcome = "refused" if refusal.problem.status < 500 else "failed"
            raise
        finally:
            self._seconds.labels(duty_key.partition(":")[0], outcome).observe(time.perf_counter() - started)
        return performed
