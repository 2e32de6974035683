"""Read models built anew beside the ones that are served, then switched in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.decider import Decider
from domain.messages import Kind
from eventlog.codec import Codec
from eventlog.log import Log
from eventlog.projector import BATCH, Pool, Projector

LOCK = 7_306_205_312
"""The advisory lock of whoever rebuilds."""
LONG = 3_600.0
"""Seconds that a statement over all rows of a generation, or behind a batch that is being applied, may take."""

AHEAD = """
select l.organization
from goalcycle.view_checkpoints l
join goalcycle.organizations o using (organization)
left join goalcycle.view_checkpoints b on b.generation = $2 and b.organization = l.organization
where l.generation = $1 and least(l.position, o.last_position) > coalesce(b.position, 0)
"""
"""What is served may show more than there is, where the log was replaced by an older copy: nobody waits for that."""


class RebuildRunningError(Exception):
    """Another rebuild is under way."""


class RebuildStoppedError(Exception):
    """What is served shows an event that this release cannot apply; what is served stays as it was."""


@dataclass(frozen=True)
class RebuildReport:
    """What a rebuild did."""

    generation: int
    events: int
    stopped: int = 0
    """Organizations with an event that cannot be applied: they stand where they stood, as `projector.stopped` says."""


async def rebuild_views(pool: Pool, log: Log, deciders: Mapping[Kind, Decider[Any]], codec: Codec) -> RebuildReport:
    """Build a generation from position 0, catch up, switch, and drop the old one.

    Raises RebuildRunningError, RebuildStoppedError. Killed in the middle it leaves what is served untouched; the next
    rebuild clears what it left.
    """
    async with pool.acquire() as connection:
        if not await connection.fetchval("select pg_try_advisory_lock($1)", LOCK):
            raise RebuildRunningError("another rebuild of the read models is running; wait for it to end")
        try:
            await connection.execute("delete from goalcycle.view_generations where state = 'building'", timeout=LONG)
            generation: int = await connection.fetchval(
                "insert into goalcycle.view_generations (state) values ('building') returning generation"
            )
            projector = Projector(pool, log, deciders, codec, generation=generation)
            events = await _come_near(projector)
            events += await _switch(pool, projector, generation)
            return RebuildReport(generation, events, len(projector.stopped))
        finally:
            await connection.execute("select pg_advisory_unlock($1)", LOCK)


async def _come_near(projector: Projector) -> int:
    """Apply until little is left. Not until nothing is: under steady writing that moment may never come."""
    events = 0
    while applied := await projector.step():
        events += applied
        if applied < BATCH:
            break
    return events


async def _switch(pool: Pool, projector: Projector, generation: int) -> int:
    """Serve the new generation as soon as it shows all that the live one shows; returns how many events that took."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local idle_in_transaction_session_timeout = 0")  # it waits while others apply
        # Waits for a batch that is being applied to the live generation, and keeps further ones out: from here on the
        # live positions stand still, so what is left to apply is bounded.
        live = await connection.fetchval(
            "select generation from goalcycle.view_generations where state = 'live' for update", timeout=LONG
        )
        events = await projector.step()
        while ahead := await connection.fetch(AHEAD, live, generation):
            for row in ahead:
                if row["organization"] in projector.stopped:
                    raise RebuildStoppedError(projector.stopped[row["organization"]])
            events += await projector.step()
        await connection.execute("delete from goalcycle.view_generations where generation = $1", live, timeout=LONG)
        await connection.execute(
            "update goalcycle.view_generations set state = 'live' where generation = $1", generation
        )
    return events
