"""The relay: tells workflows how far the log has come, until they have been told.

Invariant: a stream whose agenda may have changed has `wake_position > delivered_position` until its workflow was
nudged with that position or a later one. A nudge carries a position, never a decision, so losing, doubling, delaying
or reordering nudges, and running two relays at once, are all harmless.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog

from domain.messages import Kind
from eventlog import claims
from eventlog.claims import Key
from eventlog.fanout import NIL, Pool, drain_fanouts
from eventlog.outage import TROUBLE

logger = structlog.get_logger(__name__)

Nudge = Callable[[UUID, Kind, UUID, int, int], Awaitable[None]]
"""`nudge(organization, kind, stream, position, own)`: signal-with-start; `own` is the position of the stream's own last
event, which tells its news from its dependants'. May raise whatever it likes: it is tried again."""


LAG = """
select (select count(*) from goalcycle.streams where wake_position > delivered_position) as undelivered,
       (select count(*) from goalcycle.fanouts) as fanouts,
       (select count(*) from goalcycle.streams s join goalcycle.organizations o using (organization)
         where not s.closed and s.next_due < now() - make_interval(secs => $1) and not o.simulated) as overdue
"""

REBUILD = """
select organization, stream from goalcycle.streams
 where not closed and (organization, stream) > ($1, $2)
 order by organization, stream limit $3
"""

REBUILD_FREE = """
update goalcycle.streams s
   set delivered_position = 0, wake_position = greatest(s.wake_position, s.last_position, 1), nudged_at = null
  from (select free.organization, free.stream
          from unnest($1::uuid[], $2::uuid[]) as t (organization, stream)
          join goalcycle.streams free using (organization, stream)
           for update of free skip locked) open
 where s.organization = open.organization and s.stream = open.stream
returning s.organization, s.stream
"""

REBUILD_ONE = """
update goalcycle.streams
   set delivered_position = 0, wake_position = greatest(wake_position, last_position, 1), nudged_at = null
 where organization = $1 and stream = $2
"""

PAUSE_LIMIT = 1.0
"""Seconds: one stream that always fails must not hold up the news of the others for longer."""


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """How the relay paces itself. All times in seconds."""

    poll: float = 0.1
    batch: int = 100
    """Streams claimed, and then nudged, in one step."""
    claim: float = 5
    """How long they are this relay's: what is not told by then, because it died or froze, another may tell."""
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
        self._resting: dict[Key, tuple[float, float]] = {}
        """Streams whose nudge failed while others' passed: until when they rest, and the pause after that."""
        self._pause = 0.0
        self._gate = asyncio.Semaphore(self._settings.concurrency)
        self.nudged = 0
        """Nudges delivered since the start, for metrics."""
        self.failed = 0
        """Nudges that raised since the start, for metrics."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; without work look again every `poll` seconds, after failures more slowly."""
        while not stop.is_set():
            try:
                worked = await self.step(stop)
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

    async def step(self, stop: asyncio.Event | None = None) -> int:
        """One round; returns how many fan-outs were moved on and streams nudged.

        Where more waits than one batch, the round goes on: the next batch is claimed and begun while the last nudges of
        the one before are under way. Until told to stop.
        """
        moved, rows = await self._begin()
        under_way = asyncio.create_task(self._deliver(rows))
        try:
            while len(rows) == self._settings.batch and not (self._pause or (stop and stop.is_set())):
                further, rows = await self._begin()
                under_way, before = asyncio.create_task(self._deliver(rows)), under_way
                moved += further + await before
        finally:
            moved += await under_way
        return moved

    async def _begin(self) -> tuple[int, list[asyncpg.Record]]:
        """Move fan-outs on, and claim the streams to be nudged next."""
        settings = self._settings
        moved = await drain_fanouts(self._pool, fanouts=settings.batch, dependants=settings.fanout_batch)
        return moved, await claims.claim(self._pool, await self._to_nudge(), settings.claim)

    async def _deliver(self, rows: list[asyncpg.Record]) -> int:
        """Nudge what was claimed, note what was told, and let go of the claims."""
        if not rows:
            self._rest([], passed=False)
            return 0
        told = await asyncio.gather(*(self._tell(row) for row in rows))
        passed = [row for row, was_told in zip(rows, told, strict=True) if was_told]
        self._rest([row for row, was_told in zip(rows, told, strict=True) if not was_told], passed=bool(passed))
        await claims.delivered(self._pool, passed)
        await claims.release(self._pool, rows)
        self.nudged += len(passed)
        return len(passed)

    async def lag(self) -> Lag:
        """How far behind the relay is now."""
        row = await self._pool.fetchrow(LAG, self._settings.overdue_after)
        assert row is not None
        return Lag(row["undelivered"], row["fanouts"], row["overdue"])

    async def _to_nudge(self) -> list[asyncpg.Record]:
        settings, now = self._settings, asyncio.get_running_loop().time()
        resting = {stream for stream, (until, _) in self._resting.items() if until > now}
        rows = await claims.undelivered(self._pool, settings.batch, resting)
        if left := settings.batch - len(rows):
            passed_over = resting | {claims.key(row) for row in rows}
            lost = await claims.overdue(self._pool, left, after=settings.overdue_after, every=settings.heal_every)
            rows += [row for row in lost if claims.key(row) not in passed_over]
        return rows

    async def _tell(self, row: asyncpg.Record) -> bool:
        organization, stream, position = row["organization"], row["stream"], row["position"]
        async with self._gate:
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
        self._resting.pop((organization, stream), None)
        return True

    def _rest(self, failed: list[asyncpg.Record], *, passed: bool) -> None:
        """Let the streams that failed make way for the others; where nothing passes at all, go easy on Temporal."""
        if passed and self._pause:
            self._resting.clear()  # Temporal is back: nobody sits out the rest of a pause
        now = asyncio.get_running_loop().time()
        for row in failed:
            key = claims.key(row)
            pause = self._longer(self._resting.get(key, (0.0, 0.0))[1])
            self._resting[key] = (now + pause, pause)
        self._pause = min(self._longer(self._pause), PAUSE_LIMIT) if failed and not passed else 0.0

    def _longer(self, pause: float) -> float:
        return min(pause * 2 or self._settings.backoff, self._settings.backoff_limit)


async def rebuild_wakes(pool: Pool, *, batch: int = 1000) -> int:
    """Have the relay nudge every open stream again, as if Temporal had never heard of them; returns how many."""
    count, last = 0, (NIL, NIL)
    while rows := [claims.key(row) for row in await pool.fetch(REBUILD, *last, batch)]:
        await claims.in_batch(pool, REBUILD_FREE, REBUILD_ONE, rows)
        count, last = count + len(rows), rows[-1]
    return count
