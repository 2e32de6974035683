"""Read models built anew beside the ones that are served, then switched in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.decider import Decider
from domain.messages import Kind
from eventlog.codec import Codec
from eventlog.log import Log
from eventlog.projector import Pool, Projector

LOCK = 7_306_205_312
"""The advisory lock of whoever rebuilds."""


class RebuildRunningError(Exception):
    """Another rebuild is under way."""


class RebuildStoppedError(Exception):
    """An organization's log holds an event that this release cannot read; what is served stays as it was."""


@dataclass(frozen=True)
class RebuildReport:
    """What a rebuild did."""

    generation: int
    events: int


async def rebuild_views(pool: Pool, log: Log, deciders: Mapping[Kind, Decider[Any]], codec: Codec) -> RebuildReport:
    """Build a generation from position 0, catch up, switch, and drop the old one.

    Raises RebuildRunningError, RebuildStoppedError. Killed in the middle it leaves what is served untouched; the next
    rebuild clears what it left.
    """
    async with pool.acquire() as connection:
        if not await connection.fetchval("select pg_try_advisory_lock($1)", LOCK):
            raise RebuildRunningError("another rebuild of the read models is running; wait for it to end")
        try:
            await connection.execute("delete from goalcycle.view_generations where state = 'building'")
            generation: int = await connection.fetchval(
                "insert into goalcycle.view_generations (state) values ('building') returning generation"
            )
            projector = Projector(pool, log, deciders, codec, generation=generation)
            events = await _catch_up(projector)
            while not await _switch(pool, generation):
                events += await _catch_up(projector)
            return RebuildReport(generation, events)
        finally:
            await connection.execute("select pg_advisory_unlock($1)", LOCK)


async def _catch_up(projector: Projector) -> int:
    events = 0
    while applied := await projector.step():
        events += applied
        await asyncio.sleep(0)
    if projector.stopped:
        raise RebuildStoppedError("; ".join(projector.stopped.values()))
    return events


async def _switch(pool: Pool, generation: int) -> bool:
    """Serve the new generation, unless the live one has come further meanwhile."""
    async with pool.acquire() as connection, connection.transaction():
        # Waits for a batch that is being applied to the live generation, and keeps further ones out.
        live = await connection.fetchval(
            "select generation from goalcycle.view_generations where state = 'live' for update"
        )
        ahead = await connection.fetchval(
            """select exists (
                   select from goalcycle.view_checkpoints l
                   left join goalcycle.view_checkpoints b
                       on b.generation = $2 and b.organization = l.organization
                   where l.generation = $1 and l.position > coalesce(b.position, 0))""",
            live,
            generation,
        )
        if ahead:
            return False
        await connection.execute("delete from goalcycle.view_generations where generation = $1", live)
        await connection.execute(
            "update goalcycle.view_generations set state = 'live' where generation = $1", generation
        )
        return True
