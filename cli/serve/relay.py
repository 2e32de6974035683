"""The relay's process: from the log's wakes to Temporal's signals."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry

from cli.composition import open_engine
from cli.serve.exposition import NudgeCounts, StandingGauges, exposing
from cli.serve.ready import announce
from cli.temporal import connect, nudger
from cli.tracing import open_tracing
from eventlog.relay import Relay
from eventlog.settings import Settings


async def serve(settings: Settings) -> None:
    """Relay until cancelled."""
    registry = CollectorRegistry()
    with open_tracing(settings, "relay") as tracing:
        async with open_engine(settings) as engine:
            nudge = nudger(await connect(settings, interceptors=tracing.interceptors() if tracing else ()))
            relay = Relay(engine.pool, tracing.nudge(nudge, engine.log) if tracing else nudge)
            registry.register(NudgeCounts(relay))
            lag = StandingGauges(engine.pool, registry)
            async with exposing(settings.metrics_host, settings.relay_metrics_port, registry, lag.refresh):
                announce("relay")
                await relay.run(asyncio.Event())
