"""`/metrics` of the parts without an API: a small server beside the work, and what it asks of the database.

What is asked of the database is asked at each scrape: a number that could not be asked for is NaN, never an old one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from math import nan

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cli.serve.listening import Server, bind
from eventlog import metrics
from eventlog.metering import gauge
from eventlog.outage import TROUBLE
from eventlog.projector import Pool
from eventlog.relay import Relay
from eventlog.standing import standing

SCRAPE_SECONDS = 5.0
"""How long a scrape may ask the database."""

AWAY: tuple[type[Exception], ...] = (*TROUBLE, TimeoutError)

Refresh = Callable[[], Awaitable[None]]


class StandingGauges:
    """Relay lag and projection lag, as gauges."""

    def __init__(self, pool: Pool, registry: CollectorRegistry) -> None:
        self._pool = pool
        self._up = gauge(metrics.DATABASE_UP, registry)
        self._undelivered = gauge(metrics.UNDELIVERED, registry)
        self._fanouts = gauge(metrics.FANOUTS, registry)
        self._overdue = gauge(metrics.OVERDUE, registry)
        self._lag = gauge(metrics.PROJECTION_LAG, registry)
        self._age = gauge(metrics.PROJECTION_AGE, registry)

    async def refresh(self) -> None:
        """Ask the database now."""
        try:
            async with asyncio.timeout(SCRAPE_SECONDS):
                found = await standing(self._pool)
        except AWAY:
            self._up.set(0)
            for unknown in (self._undelivered, self._fanouts, self._overdue, self._lag, self._age):
                unknown.set(nan)
            return
        self._up.set(1)
        self._undelivered.set(found.undelivered)
        self._fanouts.set(found.fanouts)
        self._overdue.set(found.overdue)
        self._lag.set(found.unprojected)
        self._age.set(found.unprojected_age)


class NudgeCounts(Collector):
    """What a relay has counted itself."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Read by the registry at each scrape."""
        found = CounterMetricFamily(metrics.NUDGES.name, metrics.NUDGES.meaning, labels=metrics.NUDGES.labels)
        found.add_metric(["delivered"], self._relay.nudged)
        found.add_metric(["failed"], self._relay.failed)
        yield found


@asynccontextmanager
async def exposing(host: str, port: int, registry: CollectorRegistry, *refresh: Refresh) -> AsyncIterator[None]:
    """Answer `/metrics` inside the block; port 0: do not.

    Raises:
        StackError: the port is taken.
    """
    if not port:
        yield
        return

    async def answer(_request: Request) -> Response:
        for ask in refresh:
            await ask()
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    server = Server(
        uvicorn.Config(
            Starlette(routes=[Route("/metrics", answer)]),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
    with closing(bind(host, port)) as listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await task
