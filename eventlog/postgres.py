"""The log on Postgres: one append statement, and reads by index in order.

Appends go over a connection of their own: a pool would spend a round trip on every release. Reads share a pool. Both
speak as the role `goalcycle_app`, which cannot change an event.

Nothing here waits for ever: a database that accepts and stays silent counts as lost after its patience, and the next
call goes over a new connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import asyncpg

from domain.decider import Ref
from domain.messages import Kind
from eventlog.log import AppendRequest, AppendResult, AsOfFutureError, Outcome, Recorded

APPLICATION_ROLE = "goalcycle_app"

APPEND = """
select * from goalcycle.append(
    $1, $2, $3, $4::uuid[], $5::bytea[], $6::uuid[], $7::uuid[], $8::timestamptz[],
    $9::int[], $10::uuid[], $11::text[], $12::bigint[], $13::bytea[], $14::uuid[], $15::timestamptz[],
    $16::boolean[], $17::boolean[], $18::boolean[], $19::boolean[], $20::boolean[],
    $21::int[], $22::uuid[], $23::bigint[],
    $24::int[], $25::uuid[], $26::text[], $27::bigint[], $28::text[], $29::int[], $30::boolean[],
    $31::bytea[], $32::bytea[], $33::bytea[],
    $34::int[], $35::bytea[], $36::uuid[], $37::bytea[])
"""

STREAM = """
select * from goalcycle.events
where organization = $1 and stream = $2 and version > $3 and ($4::bigint is null or position <= $4)
order by version
"""

FEED = """
select * from goalcycle.events
where organization = $1 and position > $2 order by position limit $3
"""


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
        self._writer: asyncpg.Connection[asyncpg.Record] | None = None
        self._writing = asyncio.Lock()

    async def append(self, organization: UUID, requests: Sequence[AppendRequest]) -> list[AppendResult]:
        """Append requests in one autocommit statement. Whatever it raises, the same requests may be sent again."""
        arguments = _arguments(organization, requests)
        async with self._turn():
            connection = await self._connection()
            try:
                rows = await connection.fetch(APPEND, *arguments, timeout=self._patience.answer)
            except TimeoutError:
                connection.terminate()  # nobody can tell what it would still say
                raise
        return [_result(row) for row in rows]

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Have the connection to oneself; whoever waits behind a silent database does not wait for ever either."""
        async with asyncio.timeout(self._patience.answer):
            await self._writing.acquire()
        try:
            yield
        finally:
            self._writing.release()

    async def _connection(self) -> asyncpg.Connection[asyncpg.Record]:
        if self._writer is None or self._writer.is_closed():
            self._writer = await asyncpg.connect(
                self._database_url,
                timeout=self._patience.connect,
                server_settings={
                    "role": APPLICATION_ROLE,
                    # The server, too, gives up what nobody waits for any more.
                    "statement_timeout": _milliseconds(self._patience.answer),
                },
            )
        return self._writer

    async def close(self) -> None:
        """Close the connection for appends; the pool is its opener's."""
        if self._writer is not None and not self._writer.is_closed():
            try:
                await self._writer.close(timeout=self._patience.answer)
            except TimeoutError:
                self._writer.terminate()

    async def read_stream(
        self, organization: UUID, ref: Ref, *, after_version: int = 0, up_to_position: int | None = None
    ) -> list[Recorded]:
        """A stream's events in order of version."""
        rows = await self._pool.fetch(STREAM, organization, ref.stream, after_version, up_to_position)
        return [_recorded(row) for row in rows]

    async def read_feed(self, organization: UUID, *, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """An organization's events in order of position, without a gap."""
        return [_recorded(row) for row in await self._pool.fetch(FEED, organization, after, limit)]

    async def find_command(self, organization: UUID, command_id: UUID) -> AppendResult | None:
        """The first answer to a command id, or None."""
        row = await self._pool.fetchrow(
            "select * from goalcycle.commands where organization = $1 and command_id = $2", organization, command_id
        )
        if row is None:
            return None
        return AppendResult(
            Outcome.DUPLICATE,
            row["first_position"],
            row["last_position"],
            tuple(zip(row["streams"], row["versions"], strict=True)),
            row["body_mac"],
        )

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


def _arguments(organization: UUID, requests: Sequence[AppendRequest]) -> list[Any]:
    """The parallel arrays of `goalcycle.append`, requests numbered from 1."""
    numbered = list(enumerate(requests, start=1))
    appends = [(number, append) for number, request in numbered for append in request.appends]
    reads = [(number, read) for number, request in numbered for read in request.reads]
    events = [
        (number, append, append.expected_version + offset, event)
        for number, append in appends
        for offset, event in enumerate(append.events, start=1)
    ]
    texts = [(number, text) for number, request in numbered for text in request.disclosures]
    return [
        organization,
        any(request.founds for request in requests),
        any(request.simulated for request in requests),
        [request.command_id for request in requests],
        [request.body_mac for request in requests],
        [request.actor for request in requests],
        [request.causation for request in requests],
        [request.at for request in requests],
        [number for number, _ in appends],
        [append.ref.stream for _, append in appends],
        [append.ref.kind for _, append in appends],
        [append.expected_version for _, append in appends],
        [append.expected_hash for _, append in appends],
        [append.parent for _, append in appends],
        [append.next_due for _, append in appends],
        [append.due_now for _, append in appends],
        [append.closed for _, append in appends],
        [append.watching for _, append in appends],
        [append.wakes_parent for _, append in appends],
        [append.wakes_children for _, append in appends],
        [number for number, _ in reads],
        [read.ref.stream for _, read in reads],
        [read.fact_version for _, read in reads],
        [number for number, _, _, _ in events],
        [append.ref.stream for _, append, _, _ in events],
        [append.ref.kind for _, append, _, _ in events],
        [version for _, _, version, _ in events],
        [event.type for _, _, _, event in events],
        [event.schema_version for _, _, _, event in events],
        [event.fact for _, _, _, event in events],
        [event.payload for _, _, _, event in events],
        [event.prev_hash for _, _, _, event in events],
        [event.hash for _, _, _, event in events],
        [number for number, _ in texts],
        [text.commitment for _, text in texts],
        [text.subject for _, text in texts],
        [text.sealed for _, text in texts],
    ]


def _result(row: asyncpg.Record) -> AppendResult:
    return AppendResult(
        Outcome(row["outcome"]),
        row["first_position"],
        row["last_position"],
        tuple(zip(row["streams"] or (), row["versions"] or (), strict=True)),
        row["body_mac"] or b"",
        row["floor"],
    )


def _recorded(row: asyncpg.Record) -> Recorded:
    return Recorded(
        organization=row["organization"],
        position=row["position"],
        kind=cast("Kind", row["kind"]),
        stream=row["stream"],
        version=row["version"],
        type=row["type"],
        schema_version=row["schema_version"],
        fact=row["fact"],
        actor=row["actor"],
        command_id=row["command_id"],
        causation=row["causation"],
        at=row["at"],
        recorded_at=row["recorded_at"],
        payload=row["payload"],
        prev_hash=row["prev_hash"],
        hash=row["hash"],
    )
