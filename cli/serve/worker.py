"""The worker: runs workflows and activities."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry

from cli.composition import metered_agendas, open_engine
from cli.serve.exposition import exposing
from cli.serve.ready import announce
from cli.temporal import build_worker, connect, measured_runtime
from cli.tracing import open_tracing
from cli.versioning import worker_version
from eventlog.metering import show_queue
from eventlog.settings import Settings


async def serve(settings: Settings) -> None:
    """Work until cancelled; what is under way is finished first."""
    registry = CollectorRegistry()
    with open_tracing(settings, "worker") as tracing:
        async with open_engine(settings, registry, tracing) as engine:
            show_queue(registry, lambda: engine.appender.waiting)
            interceptors = tracing.interceptors() if tracing else ()
            client = await connect(settings, measured_runtime(settings), interceptors)
            agendas = metered_agendas(engine, registry)
            async with (
                exposing(settings.metrics_host, settings.worker_metrics_port, registry),
                build_worker(client, agendas, version=worker_version(settings)),
            ):
                announce("worker")
                await asyncio.Event().wait()
