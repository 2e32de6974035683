"""The relay's process: from the log's wakes to Temporal's signals."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry

from cli.composition import open_engine
from cli.serve.exposition import NudgeCounts, StandingGauges, exposing
from cli.serve.ready import announce
from cli.temporal import connect, nudger
from eventlog.relay import Relay
from eventlog.settings import Settings


async def serve(settings: Settings) -> None:
    """Relay until cancelled."""
    registry = CollectorRegistry()
    async with open_engine(settings) as engine:
        relay = Relay(engine.pool, nudger(await connect(settings)))
        registry.register(NudgeCounts(relay))
        lag = StandingGauges(engine.pool, registry)
        async with exposing(settings.metrics_host, settings.relay_metrics_port, registry, lag.refresh):
            announce("relay")
            await relay.run(asyncio.Event())
