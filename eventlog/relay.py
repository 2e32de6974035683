"""The relay: tells workflows how far the log has come, until they have been told.

Invariant: a stream whose agenda may have changed has `wake_position > delivered_position` until its workflow was
nudged with that position or a later one. A nudge carries a position, never a decision, so losing, doubling, delaying
or reordering nudges, and running two relays at once, are all harmless.

No statement here waits for one row while it holds another: an append, which touches several streams, must never find
itself in a deadlock with the relay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias, cast
from uuid import UUID

import asyncpg
import structlog

from domain.messages import Kind
from eventlog.outage import TROUBLE

logger = structlog.get_logger(__name__)

Nudge = Callable[[UUID, Kind, UUID, int, int], Awaitable[None]]
"""`nudge(organization, kind, stream, position, own)`: signal-with-start; `own` is the position of the stream's own last
event, which tells its news from its dependants'. May raise whatever it likes: it is tried again."""

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

EVERYTHING_OPEN = """
select stream from goalcycle.streams
 where organization = $1 and stream <> $2 and not closed and stream > $3
 order by stream limit $4
"""

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

UNDELIVERED = """
select organization, kind, stream, wake_position as position, last_position as own
  from goalcycle.streams s
 where wake_position > delivered_position
   and not exists (select from unnest($2::uuid[], $3::uuid[]) as r (organization, stream)
                    where r.organization = s.organization and r.stream = s.stream)
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

DELIVERED = """
update goalcycle.streams
   set delivered_position = greatest(delivered_position, $3), nudged_at = now()
 where organization = $1 and stream = $2
"""

LAG = """
select (select count(*) from goalcycle.streams where wake_position > delivered_position) as undelivered,
       (select count(*) from goalcycle.fanouts) as fanouts,
       (select count(*) from goalcycle.streams s join goalcycle.organizations o using (organization)
         where not s.closed and s.next_due < now() - make_interval(secs => $1) and not o.simulated) as overdue
"""

REBUILD = """
select organization, stream, last_position from goalcycle.streams
 where not closed and (organization, stream) > ($1, $2)
 order by organization, stream limit $3
"""

REBUILD_ONE = """
update goalcycle.streams
   set delivered_position = 0, wake_position = greatest(wake_position, last_position, 1), nudged_at = null
 where organization = $1 and stream = $2 and not closed
"""

NIL = UUID(int=0)
PAUSE_LIMIT = 1.0
"""Seconds: one stream that always fails must not hold up the news of the others for longer."""


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """How the relay paces itself. All times in seconds."""

    poll: float = 0.1
    batch: int = 200
    """Streams nudged in one step."""
    fanout_batch: int = 500
    """Dependants woken in one step of one fan-out."""
    concurrency: int = 16
    nudge_timeout: float = 10
    overdue_after: float = 60
    """How long past its `next_due` a stream counts as abandoned by its workflow."""
    heal_every: float = 60
    """The least time between two nudges that heal the same stream."""
    backoff: float = 0.2
    """First pause after failures; doubled up to `backoff_limit`."""
    backoff_limit: float = 10


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the relay is behind."""

    undelivered: int
    """Streams whose workflow has not been told of their last wake."""
    fanouts: int
    overdue: int
    """Open streams whose next duty is long past due."""


class Relay:
    """Drains fan-outs, nudges what was woken, heals what is overdue."""

    def __init__(self, pool: Pool, nudge: Nudge, settings: RelaySettings | None = None) -> None:
        self._pool = pool
        self._nudge = nudge
        self._settings = settings or RelaySettings()
        self._resting: dict[tuple[UUID, UUID], tuple[float, float]] = {}
        """Streams whose nudge failed while others' passed: until when they rest, and the pause after that."""
        self._pause = 0.0
        self.nudged = 0
        """Nudges delivered since the start, for metrics."""
        self.failed = 0
        """Nudges that raised since the start, for metrics."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; without work look again every `poll` seconds, after failures more slowly."""
        while not stop.is_set():
            try:
                worked = await self.step()
            except TROUBLE as error:
                logger.warning("relay.database_unreachable", error=type(error).__name__)
                worked, self._pause = 0, self._longer(self._pause)
            wait = self._pause or (0 if worked else self._settings.poll)
            if wait:
                try:
                    await asyncio.wait_for(stop.wait(), wait)
                except TimeoutError:
                    continue
            else:
                await asyncio.sleep(0)

    async def step(self) -> int:
        """One round; returns how many fan-outs were moved on and streams nudged."""
        moved = await self._drain_fanouts()
        rows = await self._to_nudge()
        gate = asyncio.Semaphore(self._settings.concurrency)
        told = await asyncio.gather(*(self._tell(row, gate) for row in rows))
        self._rest([row for row, passed in zip(rows, told, strict=True) if not passed], passed=any(told))
        return moved + sum(told)

    async def lag(self) -> Lag:
        """How far behind the relay is now."""
        row = await self._pool.fetchrow(LAG, self._settings.overdue_after)
        assert row is not None
        return Lag(row["undelivered"], row["fanouts"], row["overdue"])

    async def _to_nudge(self) -> list[asyncpg.Record]:
        settings, now = self._settings, asyncio.get_running_loop().time()
        resting = {key for key, (until, _) in self._resting.items() if until > now}
        organizations, streams = [key[0] for key in resting], [key[1] for key in resting]
        rows = await self._pool.fetch(UNDELIVERED, settings.batch, organizations, streams)
        passed_over = resting | {(row["organization"], row["stream"]) for row in rows}
        overdue = await self._pool.fetch(OVERDUE, settings.batch, settings.overdue_after, settings.heal_every)
        return rows + [row for row in overdue if (row["organization"], row["stream"]) not in passed_over]

    async def _drain_fanouts(self) -> int:
        rows = await self._pool.fetch(FANOUTS, self._settings.batch)
        for row in rows:
            await self._fan_out(row)
        return len(rows)

    async def _fan_out(self, row: asyncpg.Record) -> None:
        """Wake one batch of dependants and note how far it came. A crash in between only wakes some twice."""
        organization, stream, position = row["organization"], row["stream"], row["position"]
        dependants = EVERYTHING_OPEN if row["kind"] == "directory" else CHILDREN
        found = await self._pool.fetch(
            dependants, organization, stream, row["done_through"] or NIL, self._settings.fanout_batch
        )
        listed = [child["stream"] for child in found]
        if listed:
            await _wake(self._pool, organization, listed, position)
        if len(listed) < self._settings.fanout_batch:
            await self._pool.execute(
                "delete from goalcycle.fanouts where organization = $1 and stream = $2 and position <= $3",
                organization,
                stream,
                position,
            )
        else:
            await self._pool.execute(
                """update goalcycle.fanouts set done_through = greatest(done_through, $4)
                    where organization = $1 and stream = $2 and position = $3""",
                organization,
                stream,
                position,
                listed[-1],
            )

    async def _tell(self, row: asyncpg.Record, gate: asyncio.Semaphore) -> bool:
        organization, stream, position = row["organization"], row["stream"], row["position"]
        async with gate:
            try:
                async with asyncio.timeout(self._settings.nudge_timeout):
                    await self._nudge(organization, row["kind"], stream, position, row["own"])
            except Exception as error:
                # Whatever the other side's trouble is, the stream stays undelivered and is tried again.
                self.failed += 1
                logger.warning(
                    "relay.nudge_failed",
                    organization=str(organization),
                    stream=str(stream),
                    position=position,
                    error=type(error).__name__,
                )
                return False
            await self._pool.execute(DELIVERED, organization, stream, position)
        self._resting.pop((organization, stream), None)
        self.nudged += 1
        return True

    def _rest(self, failed: list[asyncpg.Record], *, passed: bool) -> None:
        """Let the streams that failed make way for the others; where nothing passes at all, go easy on Temporal."""
        if passed and self._pause:
            self._resting.clear()  # Temporal is back: nobody sits out the rest of a pause
        now = asyncio.get_running_loop().time()
        for row in failed:
            key = (row["organization"], row["stream"])
            pause = self._longer(self._resting.get(key, (0.0, 0.0))[1])
            self._resting[key] = (now + pause, pause)
        self._pause = min(self._longer(self._pause), PAUSE_LIMIT) if failed and not passed else 0.0

    def _longer(self, pause: float) -> float:
        return min(pause * 2 or self._settings.backoff, self._settings.backoff_limit)


async def _wake(pool: Pool, organization: UUID, streams: list[UUID], position: int) -> None:
    free = await pool.fetch(WAKE_FREE, organization, streams, position)
    for stream in set(streams) - {row["stream"] for row in free}:  # an append holds it: wait for it, holding nothing
        await pool.execute(WAKE_ONE, organization, stream, position)


async def rebuild_wakes(pool: Pool, *, batch: int = 1000) -> int:
    """Have the relay nudge every open stream again, as if Temporal had never heard of them; returns how many."""
    count, organization, stream = 0, NIL, NIL
    while rows := await pool.fetch(REBUILD, organization, stream, batch):
        for row in rows:
            await pool.execute(REBUILD_ONE, row["organization"], row["stream"])
        count += len(rows)
        organization, stream = cast("tuple[UUID, UUID]", (rows[-1]["organization"], rows[-1]["stream"]))
    return count
