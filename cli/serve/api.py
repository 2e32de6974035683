"""The API's process: one uvicorn server on the engine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager

import uvicorn

from api.app import create_app
from api.services import Services
from cli.composition import CODEC, Engine, open_engine
from cli.serve.ready import announce
from eventlog.migrate import pending
from eventlog.outage import TROUBLE
from eventlog.settings import NotConfigured, Settings
from eventlog.views import PostgresViews

GRACE_SECONDS = 10
"""How long requests that are under way may still take when the server is told to stop."""


async def serve(settings: Settings) -> None:
    """Serve until cancelled; requests under way are still answered.

    Raises:
        NotConfigured: no database, or no secret for tokens.
    """
    async with open_engine(settings) as engine:
        made = services_of(settings, engine)
        async with listening(made, settings.api_host, settings.api_port) as server:
            announce("api")
            await asyncio.shield(server)


def services_of(settings: Settings, engine: Engine) -> Services:
    """What the API works with."""
    return Services(
        handler=engine.handler,
        log=engine.log,
        codec=CODEC,
        views=PostgresViews(engine.pool),
        opener=engine.opener,
        token_secret=token_secret(settings),
        readiness=Readiness(settings, engine).checks,
        queue_depth=lambda: engine.appender.waiting,
    )


def token_secret(settings: Settings) -> str:
    """The secret that signs tokens.

    Raises:
        NotConfigured: there is none yet.
    """
    try:
        return settings.token_secret_path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise NotConfigured(
            f"no secret for tokens at {settings.token_secret_path}: run `goalcycle dev` or set "
            "GOALCYCLE_TOKEN_SECRET_FILE"
        ) from None


class Readiness:
    """Whether commands can be answered. Migrations only go forward, so that they are current is remembered."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings = settings
        self._engine = engine
        self._migrated = False

    async def checks(self) -> dict[str, bool]:
        """The checks by name."""
        try:
            await self._engine.pool.fetchval("select 1", timeout=2)
            if not self._migrated:
                self._migrated = not await pending(self._settings.require_database_url())
        except TROUBLE:
            return {"postgres": False, "migrations": self._migrated}
        return {"postgres": True, "migrations": self._migrated}


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs us: `goalcycle run` turns them into a cancellation."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def listening(services: Services, host: str, port: int) -> AsyncIterator[asyncio.Task[None]]:
    """A server that listens inside the block; on leaving it answers what is under way and stops."""
    config = uvicorn.Config(
        create_app(services),
        host=host,
        port=port,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    with closing(bind(host, port)) as listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.005)
            yield task
        finally:
            server.should_exit = True
            await task


def bind(host: str, port: int) -> socket.socket:
    """A listening socket, so that a taken port is our own error and not uvicorn's exit.

    Raises:
        OSError: the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)
