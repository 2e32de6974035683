"""The projector: applies each organization's events to the read models, in order.

Invariant: rows and checkpoint move in one transaction, under the checkpoint's lock, so a kill loses nothing and two
projectors at once apply nothing twice. An event that cannot be read stops its organization, visibly, and no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import structlog

from domain.decider import Decider
from domain.messages import Kind
from eventlog.codec import Codec, UnknownEventError
from eventlog.log import Log
from eventlog.projection import Projection, Rows

logger = structlog.get_logger(__name__)

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

BATCH = 500
"""Events applied in one transaction."""
POLL = 0.05
"""Seconds between two looks without work."""
REST = 5.0
"""Seconds after which a stopped organization, or a database that was away, is tried again."""

LIVE = "select generation from goalcycle.view_generations where state = 'live' for share"

BEHIND = """
select o.organization, o.last_position - coalesce(c.position, 0) as lag
from goalcycle.organizations o
left join goalcycle.view_checkpoints c
    on c.organization = o.organization
    and c.generation = coalesce($1, (select generation from goalcycle.view_generations where state = 'live'))
where o.last_position > coalesce(c.position, 0)
"""


class Projector:
    """Keeps one generation of the read models (by default the live one) up to date."""

    def __init__(
        self,
        pool: Pool,
        log: Log,
        deciders: Mapping[Kind, Decider[Any]],
        codec: Codec,
        *,
        generation: int | None = None,
    ) -> None:
        self._pool = pool
        self._log = log
        self._projection = Projection(log, deciders, codec)
        self._generation = generation
        self.stopped: dict[UUID, str] = {}
        """Organizations whose log holds something this release cannot read."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop."""
        while not stop.is_set():
            try:
                worked = await self.step()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                logger.warning("projector.database_unreachable", error=type(error).__name__)
                await _rest(stop, REST)
                continue
            if not worked:
                await _rest(stop, REST if self.stopped else POLL)

    async def step(self) -> int:
        """Apply one batch of every organization that is behind; returns how many events."""
        applied = 0
        for row in await self._pool.fetch(BEHIND, self._generation):
            organization = row["organization"]
            try:
                applied += await self.apply(organization)
            except UnknownEventError as error:
                if self.stopped.get(organization) != str(error):
                    logger.error("projector.stopped", organization=str(organization), error=str(error))
                self.stopped[organization] = str(error)
            else:
                self.stopped.pop(organization, None)
        return applied

    async def lag(self) -> int:
        """How many events the read models are behind, over all organizations."""
        return sum([row["lag"] for row in await self._pool.fetch(BEHIND, self._generation)])

    async def apply(self, organization: UUID) -> int:
        """Apply an organization's next events in one transaction; returns how many."""
        async with self._pool.acquire() as connection, connection.transaction():
            generation = self._generation or await connection.fetchval(LIVE)
            await connection.execute(
                "insert into goalcycle.view_checkpoints values ($1, $2, 0) on conflict do nothing",
                generation,
                organization,
            )
            position = await connection.fetchval(
                """select position from goalcycle.view_checkpoints
                   where generation = $1 and organization = $2 for update""",
                generation,
                organization,
            )
            events = await self._log.read_feed(organization, after=position, limit=BATCH)
            if not events:
                return 0
            open_cycles = await connection.fetch(
                """select cycle from goalcycle.cycle_rows
                   where generation = $1 and organization = $2 and not (row ->> 'closed')::boolean""",
                generation,
                organization,
            )
            rows = await self._projection.rows(organization, events, [row["cycle"] for row in open_cycles])
            await _write(connection, generation, organization, rows)
            await connection.execute(
                "update goalcycle.view_checkpoints set position = $3 where generation = $1 and organization = $2",
                generation,
                organization,
                events[-1].position,
            )
            return len(events)


async def _write(connection: Connection, generation: int, organization: UUID, rows: Rows) -> None:
    await connection.executemany(
        """insert into goalcycle.cycle_rows values ($1, $2, $3, $4)
           on conflict (generation, organization, cycle) do update set row = excluded.row""",
        [(generation, organization, cycle, row.model_dump_json()) for cycle, row in rows.cycles.items()],
    )
    await connection.executemany(
        """insert into goalcycle.board_rows values ($1, $2, $3, $4, $5)
           on conflict (generation, organization, cycle, plan) do update set row = excluded.row""",
        [(generation, organization, cycle, plan, row.model_dump_json()) for (cycle, plan), row in rows.plans.items()],
    )
    await connection.execute(
        "delete from goalcycle.inbox_rows where generation = $1 and organization = $2 and source = any($3::uuid[])",
        generation,
        organization,
        list(rows.waits),
    )
    await connection.executemany(
        "insert into goalcycle.inbox_rows values ($1, $2, $3, $4, $5, $6, $7)",
        [
            (generation, organization, wait.person, source, wait.key, wait.due, wait.model_dump_json())
            for source, waits in rows.waits.items()
            for wait in waits
        ],
    )


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
