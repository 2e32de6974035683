"""Fan-outs: a fact of a cycle or directory wakes the streams below it, one of a plan or metric those that rest on it,
batch by batch.

No statement here waits for one row while it holds another: an append, which touches several streams, must never find
itself in a deadlock with a fan-out.
"""

from __future__ import annotations

from typing import TypeAlias
from uuid import UUID

import asyncpg

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

FANOUTS = """
select distinct on (f.organization, f.stream) f.organization, f.stream, f.position, f.done_through, s.kind
  from goalcycle.fanouts f
  join goalcycle.streams s using (organization, stream)
 -- One that has begun is finished first, or a stream with many facts would never reach its last dependant;
 -- else the newest, which says all that the older ones do.
 order by f.organization, f.stream, f.done_through is null, f.position desc
 limit $1
"""

CHILDREN = """
select stream from goalcycle.streams
 where organization = $1 and parent = $2 and not closed and stream > $3
 order by stream limit $4
"""

RESTING = """
select r.stream from goalcycle.rests_on r
  join goalcycle.streams s on s.organization = r.organization and s.stream = r.stream and not s.closed
 where r.organization = $1 and r.upon = $2 and r.stream > $3
 order by r.stream limit $4
"""

EVERYTHING_OPEN = """
select stream from goalcycle.streams
 where organization = $1 and stream <> $2 and not closed and stream > $3
 order by stream limit $4
"""

DEPENDANTS = {"directory": EVERYTHING_OPEN, "cycle": CHILDREN, "plan": RESTING, "metric": RESTING}

WAKE_FREE = """
update goalcycle.streams
   set wake_position = greatest(wake_position, $3)
 where organization = $1 and stream in (
       select stream from goalcycle.streams
        where organization = $1 and stream = any($2::uuid[])
          for update skip locked)
returning stream
"""

WAKE_ONE = """
update goalcycle.streams set wake_position = greatest(wake_position, $3) where organization = $1 and stream = $2
"""

NIL = UUID(int=0)


async def drain_fanouts(pool: Pool, *, fanouts: int, dependants: int) -> int:
    """Move on so many fan-outs by so many dependants each; returns how many were moved on."""
    rows = await pool.fetch(FANOUTS, fanouts)
    for row in rows:
        await _move_on(pool, row, dependants)
    return len(rows)


async def _move_on(pool: Pool, row: asyncpg.Record, batch: int) -> None:
    """Wake one batch of dependants and note how far it came. A crash in between only wakes some twice."""
    organization, stream, position = row["organization"], row["stream"], row["position"]
    found = await pool.fetch(DEPENDANTS[row["kind"]], organization, stream, row["done_through"] or NIL, batch)
    listed = [child["stream"] for child in found]
    if listed:
        await _wake(pool, organization, listed, position)
    if len(listed) < batch:
        await pool.execute(
            "delete from goalcycle.fanouts where organization = $1 and stream = $2 and position <= $3",
            organization,
            stream,
            position,
        )
    else:
        await pool.execute(
            """update goalcycle.fanouts set done_through = greatest(done_through, $4)
                where organization = $1 and stream = $2 and position = $3""",
            organization,
            stream,
            position,
            listed[-1],
        )


async def _wake(pool: Pool, organization: UUID, streams: list[UUID], position: int) -> None:
    free = await pool.fetch(WAKE_FREE, organization, streams, position)
    for stream in set(streams) - {row["stream"] for row in free}:  # an append holds it: wait for it, holding nothing
        await pool.execute(WAKE_ONE, organization, stream, position)
