"""The log on Postgres: one append statement, and reads by index in order.

Appends go over connections of their own: a pool would spend a round trip on every release. Reads share a pool. Both
speak as the role `goalcycle_app`, which cannot change an event.

Nothing here waits for ever: a database that accepts and stays silent counts as lost after its patience, and the next
call goes over a new connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from typing import cast
from uuid import UUID

import asyncpg

from domain.decider import Ref
from eventlog.append_call import APPEND, OUTCOMES, appended, arguments
from eventlog.log import AppendRequest, AppendResult, AsOfFutureError, Outcome, Recorded

APPLICATION_ROLE = "goalcycle_app"

WRITERS = 4
"""Connections for appends in one process: several organizations at once, and two calls of a busy one."""

COMMAND = """
select position, body_mac from goalcycle.events
where organization = $1 and command_id = $2 and body_mac is not null
"""

COMMAND_EVENTS = """
select stream, version, command_id from goalcycle.events
where organization = $1 and position >= $2 order by position limit $3
"""
COMMAND_PAGE = 200

COLUMNS = ", ".join(column.name for column in fields(Recorded))
STREAM = f"""
select {COLUMNS} from goalcycle.events
where organization = $1 and stream = $2 and version > $3 and ($4::bigint is null or position <= $4)
order by version
"""  # noqa: S608 - the names of our own columns

TAILS = f"""
select {COLUMNS} from unnest($2::uuid[], $3::bigint[]) as known (of_stream, to_version)
cross join lateral (
    select * from goalcycle.events
    where organization = $1 and stream = known.of_stream and version > known.to_version
    order by version offset 0) tail
"""  # noqa: S608

FEED = f"""
select {COLUMNS} from goalcycle.events
where organization = $1 and position > $2 order by position limit $3
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds after which silence counts as a lost connection (`TimeoutError`, which is in `outage.LOST`)."""

    connect: float = 5.0
    answer: float = 5.0
    """For one statement. Each of ours takes milliseconds; one that may take longer says so itself."""
    idle_in_transaction: float = 60.0
    """After this the server ends a transaction whose client was stopped in the middle, and frees its locks."""


PATIENCE = Patience()


async def open_pool(database_url: str, *, size: int = 8, patience: Patience = PATIENCE) -> asyncpg.Pool[asyncpg.Record]:
    """A pool that speaks as the application's role."""
    return await asyncpg.create_pool(
        database_url,
        min_size=1,
        max_size=size,
        timeout=patience.connect,
        command_timeout=patience.answer,
        server_settings={
            "role": APPLICATION_ROLE,
            "idle_in_transaction_session_timeout": _milliseconds(patience.idle_in_transaction),
        },
    )


async def close_pool(pool: asyncpg.Pool[asyncpg.Record], patience: Patience = PATIENCE) -> None:
    """Close it, in peace where the database still listens: a process must end even where it does not."""
    try:
        async with asyncio.timeout(patience.answer):
            await pool.close()
    except TimeoutError:
        pool.terminate()


class PostgresLog:
    """The log of many organizations in one database."""

    def __init__(self, database_url: str, pool: asyncpg.Pool[asyncpg.Record], patience: Patience = PATIENCE) -> None:
        self._database_url = database_url
        self._pool = pool
        self._patience = patience
        self._idle: list[asyncpg.Connection[asyncpg.Record]] = []
        self._turns = asyncio.Semaphore(WRITERS)

    async def append(self, organization: UUID, requests: Sequence[AppendRequest]) -> list[AppendResult]:
        """Append requests in one autocommit statement. Whatever it raises, the same requests may be sent again."""
        call = arguments(organization, requests)
        async with self._writer() as connection:
            row = await connection.fetchrow(APPEND, *call, timeout=self._patience.answer)
        assert row is not None
        return await self._results(organization, requests, row)

    async def _results(
        self, organization: UUID, requests: Sequence[AppendRequest], row: asyncpg.Record
    ) -> list[AppendResult]:
        """The answers; a duplicate's first answer is looked up, since it never changes."""
        floor: datetime | None = row["floor"]
        results = []
        for request, said, first in zip(requests, row["outcomes"], row["firsts"] or (0,) * len(requests), strict=True):
            outcome = OUTCOMES[said]
            if outcome is Outcome.APPENDED:
                results.append(appended(request, first))
            elif outcome is Outcome.DUPLICATE:
                found = await self.find_command(organization, request.command_id)
                assert found is not None  # commands are never removed
                results.append(found)
            else:
                results.append(AppendResult(outcome, floor=floor if outcome is Outcome.SKEWED else None))
        return results

    @asynccontextmanager
    async def _writer(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """A connection to oneself; whoever waits behind a silent database does not wait for ever either."""
        async with asyncio.timeout(self._patience.answer):
            await self._turns.acquire()
        try:
            connection = self._kept() or await self._connect()
            try:
                yield connection
            except TimeoutError:
                connection.terminate()  # nobody can tell what it would still say
                raise
            finally:
                if not connection.is_closed():
                    self._idle.append(connection)
        finally:
            self._turns.release()

    def _kept(self) -> asyncpg.Connection[asyncpg.Record] | None:
        """A connection that lives as far as is known: the others may have died while nobody wrote."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def _connect(self) -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(
            self._database_url,
            timeout=self._patience.connect,
            server_settings={
                "role": APPLICATION_ROLE,
                # The server, too, gives up what nobody waits for any more.
                "statement_timeout": _milliseconds(self._patience.answer),
            },
        )

    async def close(self) -> None:
        """Close the connections for appends; the pool is its opener's."""
        while self._idle:
            connection = self._idle.pop()
            try:
                await connection.close(timeout=self._patience.answer)
            except TimeoutError:
                connection.terminate()

    async def read_stream(
        self, organization: UUID, ref: Ref, *, after_version: int = 0, up_to_position: int | None = None
    ) -> list[Recorded]:
        """A stream's events in order of version."""
        rows = await self._pool.fetch(STREAM, organization, ref.stream, after_version, up_to_position)
        return [Recorded(*row) for row in rows]

    async def read_tails(self, organization: UUID, after: Mapping[Ref, int]) -> dict[Ref, list[Recorded]]:
        """The events of several streams beyond a version each, as of one moment; a stream without any is absent."""
        refs, tails = {ref.stream: ref for ref in after}, dict[Ref, list[Recorded]]()
        for row in await self._pool.fetch(TAILS, organization, list(refs), list(after.values())):
            event = Recorded(*row)
            tails.setdefault(refs[event.stream], []).append(event)
        return tails

    async def read_feed(self, organization: UUID, *, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """An organization's events in order of position, without a gap."""
        return [Recorded(*row) for row in await self._pool.fetch(FEED, organization, after, limit)]

    async def find_command(self, organization: UUID, command_id: UUID) -> AppendResult | None:
        """The first answer to a command id, or None."""
        head = await self._pool.fetchrow(COMMAND, organization, command_id)
        if head is None:
            return None
        first = last = cast("int", head["position"])
        versions: dict[UUID, int] = {}
        # A command's events follow each other in the log.
        while rows := await self._pool.fetch(COMMAND_EVENTS, organization, last, COMMAND_PAGE):
            own = [row for row in rows if row["command_id"] == command_id]
            versions.update((row["stream"], row["version"]) for row in own)
            last += len(own)
            if len(own) < len(rows):
                break
        return AppendResult(Outcome.DUPLICATE, first, last - 1, tuple(versions.items()), head["body_mac"])

    async def last_position(self, organization: UUID) -> int:
        """The organization's last position; 0 where it has no events."""
        found = await self._pool.fetchval(
            "select last_position from goalcycle.organizations where organization = $1", organization
        )
        return cast("int", found or 0)

    async def position_at(self, organization: UUID, instant: datetime) -> int:
        """The last position at an instant, fixed for ever. Raises AsOfFutureError."""
        found = await self._pool.fetchval("select goalcycle.position_at($1, $2)", organization, instant)
        if found is None:
            raise AsOfFutureError(f"{instant.isoformat()} has not happened yet")
        return cast("int", found)

    async def disclosures(self, organization: UUID, commitments: Sequence[bytes]) -> dict[bytes, tuple[UUID, bytes]]:
        """Subject and encrypted text by commitment; erased ones are absent."""
        rows = await self._pool.fetch(
            """select commitment, subject, sealed from goalcycle.disclosures
               where organization = $1 and commitment = any($2::bytea[])""",
            organization,
            list(commitments),
        )
        return {row["commitment"]: (row["subject"], row["sealed"]) for row in rows}


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))
