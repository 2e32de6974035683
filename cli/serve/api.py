"""The API's process: one uvicorn server on the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing

import uvicorn
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from api.app import create_app
from api.services import Limits, Services
from cli.composition import CODEC, Engine, open_engine
from cli.serve.listening import Server, bind
from cli.serve.ready import announce
from cli.tracing import open_tracing
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
    registry = CollectorRegistry()
    with open_tracing(settings, "api") as tracing:
        async with open_engine(settings, registry, tracing) as engine:
            made = services_of(settings, engine, registry)
            around = tracing.requests if tracing else None
            async with listening(made, settings.api_host, settings.api_port, around) as server:
                announce("api")
                await asyncio.shield(server)


def services_of(settings: Settings, engine: Engine, registry: CollectorRegistry) -> Services:
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
        limits=Limits(requests=settings.queue_limit),
        registry=registry,
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


@asynccontextmanager
async def listening(
    services: Services, host: str, port: int, around: Callable[[ASGIApp], ASGIApp] | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    """A server that listens inside the block; on leaving it answers what is under way and stops."""
    app = create_app(services)
    config = uvicorn.Config(
        around(app) if around else app,
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
    server = Server(config)
    with closing(bind(host, port)) as listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.005)
            yield task
        finally:
            server.should_exit = True
            await task
