"""The one composition root: every part of goalcycle is put together here and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
from prometheus_client import CollectorRegistry

from domain.registry import DECIDERS, EVENTS
from domain.upcasting import UPCASTERS
from eventlog.agendas import Agendas, PostgresAgendaStore
from eventlog.appender import Appender
from eventlog.codec import Codec
from eventlog.handler import CommandHandler, Submits, system_clock
from eventlog.keyring import DirectoryKeyring, Keyring
from eventlog.metering import MeteredAgendas, MeteredAppender, MeteredLog
from eventlog.postgres import PostgresLog, close_pool, open_pool
from eventlog.safety import refuse_unsafe
from eventlog.seal import Opener
from eventlog.settings import Settings

if TYPE_CHECKING:
    from cli.tracing.tracing import Tracing

CODEC = Codec(EVENTS, UPCASTERS)


@dataclass(frozen=True)
class Engine:
    """What a process of goalcycle works with."""

    pool: asyncpg.Pool[asyncpg.Record]
    log: PostgresLog
    keyring: Keyring
    appender: Appender
    handler: CommandHandler
    agendas: Agendas

    def opener(self, organization: UUID) -> Opener:
        """Opens sealed values for one request."""
        return Opener(self.log, self.keyring, organization)


@asynccontextmanager
async def open_engine(
    settings: Settings, registry: CollectorRegistry | None = None, tracing: Tracing | None = None
) -> AsyncIterator[Engine]:
    """The engine on the database and keyring that the settings name; on leaving, what was taken is still answered.

    With a registry it measures itself (eventlog/metrics.py), with tracing it records spans; without, it pays nothing.

    Raises:
        NotConfigured: nothing says where the database is.
        UnsafeDatabaseError: the server could lose commits, or the role could change events.
    """
    url = settings.require_database_url()
    pool = await open_pool(url)
    log = PostgresLog(url, pool) if registry is None else MeteredLog(url, pool, registry)
    engine = assemble(pool, log, DirectoryKeyring(settings.keyring_directory), registry, tracing)
    try:
        await refuse_unsafe(pool)
        yield engine
    finally:
        await engine.appender.close()
        await log.close()
        await close_pool(pool)


def assemble(
    pool: asyncpg.Pool[asyncpg.Record],
    log: PostgresLog,
    keyring: Keyring,
    registry: CollectorRegistry | None = None,
    tracing: Tracing | None = None,
) -> Engine:
    """The engine's parts on an open log."""
    appender = Appender(log)
    submits: Submits = appender if registry is None else MeteredAppender(appender, registry)
    if tracing is None:
        handler = CommandHandler(log, submits, DECIDERS, CODEC, keyring, system_clock)
    else:
        handler = tracing.handler(log, tracing.appender(submits), DECIDERS, CODEC, keyring, system_clock)
    agendas = Agendas(log, handler, DECIDERS, PostgresAgendaStore(pool), system_clock)
    return Engine(pool, log, keyring, appender, handler, agendas)


def metered_agendas(engine: Engine, registry: CollectorRegistry) -> Agendas:
    """The engine's agendas, which time each duty: for a worker."""
    store = PostgresAgendaStore(engine.pool)
    return MeteredAgendas(engine.log, engine.handler, DECIDERS, store, system_clock).meter(registry)
