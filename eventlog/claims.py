"""What a relay knows and notes in the database: which streams are to be nudged, which are claimed, which were told.

Invariant: a claim lapses. Two relays at once tell different streams, and where one of them dies or freezes the other
takes over; a stream that is told twice costs a nudge, nothing else.

No statement here waits for one stream while it holds another: an append, which touches several, must never find itself
in a deadlock with a relay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from eventlog.fanout import Pool

Key: TypeAlias = tuple[UUID, UUID]
"""An organization and one of its streams."""

UNDELIVERED = """
select organization, kind, stream, wake_position as position, last_position as own
  from goalcycle.streams s
 where wake_position > delivered_position
   and not exists (select from unnest($2::uuid[], $3::uuid[]) as r (organization, stream)
                    where r.organization = s.organization and r.stream = s.stream)
   and not exists (select from goalcycle.nudge_claims c
                    where c.organization = s.organization and c.stream = s.stream and c.until > now())
 order by nudged_at nulls first, wake_position
 limit $1
"""

OVERDUE = """
select s.organization, s.kind, s.stream, greatest(s.wake_position, s.last_position) as position, s.last_position as own
  from goalcycle.streams s
  join goalcycle.organizations o using (organization)
 where not s.closed
   and s.next_due < now() - make_interval(secs => $2)
   and (s.nudged_at is null or s.nudged_at < now() - make_interval(secs => $3))
   and not o.simulated
 order by s.next_due
 limit $1
"""

CLAIM = """
insert into goalcycle.nudge_claims as c (organization, stream, until)
select w.organization, w.stream, now() + make_interval(secs => $3)
  from unnest($1::uuid[], $2::uuid[]) as w (organization, stream)
 order by w.organization, w.stream  -- the same for every relay: two that claim at once never wait for each other
    on conflict (organization, stream) do update set until = excluded.until where c.until <= now()
returning organization, stream
"""

RELEASE = """
delete from goalcycle.nudge_claims
 where (organization, stream) in (
       select c.organization, c.stream from goalcycle.nudge_claims c
         join unnest($1::uuid[], $2::uuid[]) as w (organization, stream) using (organization, stream)
          for update of c skip locked)
"""

DELIVERED_FREE = """
update goalcycle.streams s
   set delivered_position = greatest(s.delivered_position, told.position), nudged_at = now()
  from (select free.organization, free.stream, t.position
          from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as t (organization, stream, position)
          join goalcycle.streams free using (organization, stream)
           for update of free skip locked) told
 where s.organization = told.organization and s.stream = told.stream
returning s.organization, s.stream
"""

DELIVERED_ONE = """
update goalcycle.streams
   set delivered_position = greatest(delivered_position, $3), nudged_at = now()
 where organization = $1 and stream = $2
"""


async def undelivered(pool: Pool, limit: int, resting: Iterable[Key]) -> list[asyncpg.Record]:
    """Streams that were woken and not told since, save those that rest or that a relay is telling."""
    return await pool.fetch(UNDELIVERED, limit, *columns(list(resting), 2))


async def overdue(pool: Pool, limit: int, *, after: float, every: float) -> list[asyncpg.Record]:
    """Streams whose duty is due for longer than `after` seconds, and that were not nudged for `every` seconds."""
    return await pool.fetch(OVERDUE, limit, after, every)


async def claim(pool: Pool, rows: list[asyncpg.Record], seconds: float) -> list[asyncpg.Record]:
    """Those of the streams that nobody else has claimed; they are ours for so long."""
    if not rows:
        return rows
    claimed = await pool.fetch(CLAIM, *columns([key(row) for row in rows], 2), seconds)
    mine = {key(row) for row in claimed}
    return [row for row in rows if key(row) in mine]


async def release(pool: Pool, rows: Sequence[asyncpg.Record]) -> None:
    """Let go of claims."""
    await pool.execute(RELEASE, *columns([key(row) for row in rows], 2))


async def delivered(pool: Pool, rows: Sequence[asyncpg.Record]) -> None:
    """Note that these streams' workflows were told of these positions."""
    await in_batch(pool, DELIVERED_FREE, DELIVERED_ONE, [(*key(row), row["position"]) for row in rows])


def key(row: asyncpg.Record) -> Key:
    """Which stream a row is about."""
    return row["organization"], row["stream"]


def columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Rows as the parallel arrays of an `unnest`."""
    return [[row[place] for row in rows] for place in range(width)]


async def in_batch(pool: Pool, free: str, one: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Change streams in one statement, save those that an append holds: for these wait one by one, holding nothing."""
    if not rows:
        return
    changed = {key(row) for row in await pool.fetch(free, *columns(rows, len(rows[0])))}
    for row in rows:
        if row[:2] not in changed:
            await pool.execute(one, *row)
