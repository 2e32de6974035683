"""The dev server with settings of its own, a worker and a relay: real time, the real server's limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from cli.composition import Engine
from cli.stack.finding import find_temporal
from cli.temporal import build_worker, nudger, plugin
from eventlog.relay import Relay, RelaySettings
from eventlog.settings import Settings

PATIENCE = 45.0


@asynccontextmanager
async def dev_server(*arguments: str, database: Path | None = None, port: int | None = None) -> AsyncIterator[Client]:
    """A client of a dev server of one's own; its state is in memory unless a file is named."""
    program = find_temporal(Settings())
    extra = [*arguments, *(["--db-filename", str(database)] if database else [])]
    environment = await WorkflowEnvironment.start_local(
        port=port, dev_server_existing_path=str(program), dev_server_extra_args=extra, plugins=[plugin()]
    )
    async with environment:
        yield environment.client


@asynccontextmanager
async def relaying(engine: Engine, client: Client) -> AsyncIterator[Relay]:
    """A relay that runs inside the block."""
    relay = Relay(engine.pool, nudger(client), RelaySettings(poll=0.02))
    stop = asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    try:
        yield relay
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            await running


@asynccontextmanager
async def working(engine: Engine, client: Client) -> AsyncIterator[Relay]:
    """A worker and a relay."""
    async with build_worker(client, engine.agendas), relaying(engine, client) as relay:
        yield relay


async def until(what: str, holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition, at most a while."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    while not await holds():
        assert loop.time() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.05)
