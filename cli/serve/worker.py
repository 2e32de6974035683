"""The worker: runs workflows and activities."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry

from cli.composition import open_engine
from cli.serve.exposition import exposing
from cli.serve.ready import announce
from cli.temporal import build_worker, connect, measured_runtime
from eventlog.metering import MeteredAgendas, show_queue
from eventlog.settings import Settings


async def serve(settings: Settings) -> None:
    """Work until cancelled; what is under way is finished first."""
    registry = CollectorRegistry()
    async with open_engine(settings, registry) as engine:
        show_queue(registry, lambda: engine.appender.waiting)
        client = await connect(settings, measured_runtime(settings))
        async with (
            exposing(settings.metrics_host, settings.worker_metrics_port, registry),
            build_worker(client, MeteredAgendas(engine.agendas, registry)),
        ):
            announce("worker")
            await asyncio.Event().wait()
