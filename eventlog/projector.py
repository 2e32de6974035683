"""The projector: applies each organization's events to the read models, in order.

Invariant: rows and checkpoint move in one transaction, under the checkpoint's lock, so a kill loses nothing and two
projectors at once apply nothing twice. What cannot be applied stops its organization, visibly, and no other; nothing
is skipped.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import structlog

from domain.decider import Decider
from domain.messages import Kind
from eventlog.codec import Codec, UnknownEventError
from eventlog.log import Log
from eventlog.outage import PASSING
from eventlog.projection import Projection, Rows

logger = structlog.get_logger(__name__)

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

BATCH = 1_000
"""Events applied in one transaction."""
POLL = 0.05
"""Seconds between two looks without work."""
REST = 5.0
"""Seconds after which a stopped organization is tried again."""
AWAY = 0.5
"""Seconds after which a database that was away is asked again: the lists are current soon after it is back."""

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
        """Organizations whose next event cannot be applied, and why: never a text, only codes and positions."""
        self._again: dict[UUID, float] = {}
        """When a stopped organization is tried again."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop."""
        while not stop.is_set():
            try:
                worked = await self.step()
            except PASSING as error:
                logger.warning("projector.database_unreachable", error=type(error).__name__)
                await _rest(stop, AWAY)
                continue
            if not worked:
                await _rest(stop, POLL)

    async def step(self) -> int:
        """Apply one batch of every organization that is behind; returns how many events."""
        applied = 0
        now = asyncio.get_running_loop().time()
        for row in await self._pool.fetch(BEHIND, self._generation):
            organization = row["organization"]
            if now < self._again.get(organization, now):
                continue
            try:
                applied += await self.apply(organization)
            except PASSING:
                raise
            except Exception as error:
                self._stop(organization, error)
            else:
                self._again.pop(organization, None)
                if self.stopped.pop(organization, None):
                    logger.info("projector.resumed", organization=str(organization))
        return applied

    def _stop(self, organization: UUID, error: Exception) -> None:
        # Only what we wrote ourselves is repeated: any other message may hold values of an event.
        why = str(error) if isinstance(error, UnknownEventError) else type(error).__name__
        if self.stopped.get(organization) != why:
            frames = "".join(traceback.format_tb(error.__traceback__))
            logger.error("projector.stopped", organization=str(organization), error=why, frames=frames)
        self.stopped[organization] = why
        self._again[organization] = asyncio.get_running_loop().time() + REST

    async def lag(self) -> int:
        """How many events the read models are behind, over all organizations."""
        return sum([row["lag"] for row in await self._pool.fetch(BEHIND, self._generation)])

    async def apply(self, organization: UUID) -> int:
        """Apply an organization's next events in one transaction; returns how many."""
        async with self._pool.acquire() as connection, connection.transaction():
            generation = self._generation or await _live(connection)
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
            found = await self._log.read_feed(organization, after=position, limit=BATCH)
            if not found:
                return 0
            events = self._projection.read(found)
            open_cycles = await connection.fetch(
                """select cycle from goalcycle.cycle_rows
                   where generation = $1 and organization = $2 and not (row ->> 'closed')::boolean""",
                generation,
                organization,
            )
            rows = await self._projection.rows_after(organization, events, [row["cycle"] for row in open_cycles])
            await _write(connection, generation, organization, rows)
            await connection.execute(
                "update goalcycle.view_checkpoints set position = $3 where generation = $1 and organization = $2",
                generation,
                organization,
                events[-1].recorded.position,
            )
            return len(events)


async def _live(connection: Connection) -> int:
    """The live generation, which stays so until the transaction ends."""
    while True:
        found: int | None = await connection.fetchval(LIVE)
        if found is not None:
            return found
        # A rebuild switched while we waited for the row: what was live is gone, and only a new look sees the new one.


async def _write(connection: Connection, generation: int, organization: UUID, rows: Rows) -> None:
    """One statement a table, whatever the number of rows."""
    if rows.cycles:
        await connection.execute(
            """insert into goalcycle.cycle_rows
               select $1, $2, r.* from unnest($3::uuid[], $4::jsonb[]) as r
               on conflict (generation, organization, cycle) do update set row = excluded.row""",
            generation,
            organization,
            list(rows.cycles),
            [row.model_dump_json() for row in rows.cycles.values()],
        )
    if rows.plans:
        await connection.execute(
            """insert into goalcycle.board_rows
               select $1, $2, r.* from unnest($3::uuid[], $4::uuid[], $5::jsonb[]) as r
               on conflict (generation, organization, cycle, plan) do update set row = excluded.row""",
            generation,
            organization,
            [cycle for cycle, _ in rows.plans],
            [plan for _, plan in rows.plans],
            [row.model_dump_json() for row in rows.plans.values()],
        )
    if rows.waits:
        await connection.execute(
            "delete from goalcycle.inbox_rows where generation = $1 and organization = $2 and source = any($3::uuid[])",
            generation,
            organization,
            list(rows.waits),
        )
    items = [(source, wait) for source, waits in rows.waits.items() for wait in waits]
    if items:
        await connection.execute(
            """insert into goalcycle.inbox_rows
               select $1, $2, r.*
               from unnest($3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[], $7::jsonb[]) as r""",
            generation,
            organization,
            [wait.person for _, wait in items],
            [source for source, _ in items],
            [wait.key for _, wait in items],
            [wait.due for _, wait in items],
            [wait.model_dump_json() for _, wait in items],
        )
    if rows.edges:
        await connection.execute(
            """delete from goalcycle.alignment_rows
                where generation = $1 and organization = $2 and plan = any($3::uuid[])""",
            generation,
            organization,
            list(rows.edges),
        )
    edges = [(plan, edge) for plan, found in rows.edges.items() for edge in found]
    if edges:
        await connection.execute(
            """insert into goalcycle.alignment_rows
               select $1, $2, r.* from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[]) as r""",
            generation,
            organization,
            [plan for plan, _ in edges],
            [edge.id for _, edge in edges],
            [edge.parent.plan for _, edge in edges],
            [edge.parent.goal for _, edge in edges],
        )


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
