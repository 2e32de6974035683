"""The worker: runs workflows and activities."""

from __future__ import annotations

import asyncio

from cli.composition import open_engine
from cli.serve.ready import announce
from cli.temporal import build_worker, connect
from eventlog.settings import Settings


async def serve(settings: Settings) -> None:
    """Work until cancelled; what is under way is finished first."""
    async with open_engine(settings) as engine:
        client = await connect(settings)
        async with build_worker(client, engine.agendas):
            announce("worker")
            await asyncio.Event().wait()
