"""Whom an append wakes, told by the rows, without a relay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from domain.agenda import Agenda
from domain.decider import Ref
from eventlog.agendas import PostgresAgendaStore
from eventlog.log import Outcome
from eventlog.postgres import PostgresLog, open_pool
from tests.eventlog.writing import Noted, Writer


@dataclass
class Given:
    """An organization, somebody who writes to it, and a look at what the relay would see."""

    log: PostgresLog
    pool: asyncpg.Pool[asyncpg.Record]
    writer: Writer

    async def write(self, ref: Ref, events: int = 1, **streams: Any) -> int:
        """The position of the last event."""
        result = await self.writer.append(self.log, self.writer.request({ref: [Noted()] * events}, streams=streams))
        assert result.outcome is Outcome.APPENDED
        return result.last_position

    async def fanouts(self) -> list[tuple[UUID, int]]:
        rows = await self.pool.fetch("select stream, position from goalcycle.fanouts order by position")
        return [(row["stream"], row["position"]) for row in rows]

    async def looked(self, ref: Ref, *, version: int, position: int, next_due: datetime | None) -> None:
        """A workflow read its agenda."""
        agenda = Agenda((), next_due)
        await PostgresAgendaStore(self.pool).write_back(self.writer.organization, ref, version, position, agenda)

    async def woken_at(self, ref: Ref) -> int:
        found = await self.pool.fetchval("select wake_position from goalcycle.streams where stream = $1", ref.stream)
        assert isinstance(found, int)
        return found


@asynccontextmanager
async def waking_on(database: str) -> AsyncIterator[Given]:
    """A founded organization in a database."""
    pool = await open_pool(database, size=2)
    log, writer = PostgresLog(database, pool), Writer()
    await writer.found(log)
    yield Given(log, pool, writer)
    await log.close()
    await pool.close()
