"""The projector's process: from the log to the read models."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry

from cli.composition import CODEC, open_engine
from cli.serve.exposition import StandingGauges, exposing
from cli.serve.ready import announce
from domain.registry import DECIDERS
from eventlog import metrics
from eventlog.metering import gauge
from eventlog.projector import Projector
from eventlog.settings import Settings


async def serve(settings: Settings) -> None:
    """Project until cancelled."""
    registry = CollectorRegistry()
    async with open_engine(settings) as engine:
        projector = Projector(engine.pool, engine.log, DECIDERS, CODEC)
        gauge(metrics.STOPPED, registry).set_function(lambda: len(projector.stopped))
        lag = StandingGauges(engine.pool, registry)
        async with exposing(settings.metrics_host, settings.projector_metrics_port, registry, lag.refresh):
            announce("projector")
            await projector.run(asyncio.Event())
