"""An answer that never comes back, on a real wire: the command took effect once or never, and a retry is told which.

Between the log and Postgres lies a wire that a test can cut, before a statement arrives or after it has committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from urllib.parse import urlsplit

import asyncpg
import pytest

from eventlog.appender import Appender
from eventlog.log import AppendRequest, AppendResult, Outcome
from eventlog.outage import LOST
from eventlog.postgres import PostgresLog, open_pool
from tests.eventlog.writing import Noted, Writer, plan

DEADLINE = 10.0
"""Seconds that a condition may take to come true."""


class Cut(Enum):
    """Where the wire breaks next."""

    NOWHERE = auto()
    BEFORE_ARRIVAL = auto()
    AFTER_COMMIT = auto()


@dataclass
class Wire:
    """Carries bytes both ways until it is told to break: once, and for the connection that it breaks on."""

    host: str
    port: int
    cut: Cut = Cut.NOWHERE
    cuts: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """One connection, from its opening to its end."""
        far, on = await asyncio.open_connection(self.host, self.port)
        self.writers += [back, on]
        pumps = [
            asyncio.create_task(self._pump(near, on, Cut.BEFORE_ARRIVAL)),
            asyncio.create_task(self._pump(far, back, Cut.AFTER_COMMIT)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        on.close()
        back.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, breaking: Cut) -> None:
        with suppress(ConnectionError):
            while chunk := await source.read(65_536):
                if self.cut is breaking:
                    self.cut, self.cuts = Cut.NOWHERE, self.cuts + 1
                    return
                sink.write(chunk)
                await sink.drain()


@dataclass
class Far:
    """A log behind the wire, one beside it as another process has it, and somebody who writes."""

    wire: Wire
    log: PostgresLog
    other: PostgresLog
    writer: Writer

    async def lose(self, cut: Cut, *requests: AppendRequest) -> None:
        """Append over the wire while it breaks."""
        self.wire.cut = cut
        with pytest.raises(LOST):
            await self.log.append(self.writer.organization, requests)
        assert self.wire.cut is Cut.NOWHERE, "the wire was cut"


@asynccontextmanager
async def laid(database: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to the database, and the database's URL at its near end."""
    parts = urlsplit(database)
    wire = Wire(parts.hostname or "127.0.0.1", parts.port or 5432)
    server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    user, at, _ = parts.netloc.rpartition("@")
    near = parts._replace(netloc=f"{user}{at}127.0.0.1:{server.sockets[0].getsockname()[1]}").geturl()
    try:
        yield wire, near
    finally:
        server.close()
        for writer in wire.writers:
            writer.close()


@pytest.fixture
async def far(database: str) -> AsyncIterator[Far]:
    pool = await open_pool(database, size=2)
    async with laid(database) as (wire, near):
        log, other = PostgresLog(near, pool), PostgresLog(database, pool)
        writer = Writer()
        await writer.found(log)
        yield Far(wire, log, other, writer)
        with suppress(*LOST):
            await log.close()
        await other.close()
    await pool.close()


def first_answer(result: AppendResult) -> tuple[object, ...]:
    return result.first_position, result.last_position, result.versions, result.body_mac


async def test_an_answer_lost_after_the_commit_is_the_first_answer_to_every_retry(far: Far) -> None:
    ref = plan()
    request = far.writer.request({ref: [Noted(), Noted()]})
    await far.lose(Cut.AFTER_COMMIT, request)
    assert await far.other.last_position(far.writer.organization) == 3, "it had committed"
    expected = (2, 3, ((ref.stream, 2),), request.body_mac)
    for process in (far.log, far.other):
        (again,) = await process.append(far.writer.organization, [request])
        assert again.outcome is Outcome.DUPLICATE
        assert first_answer(again) == expected
    assert await far.other.last_position(far.writer.organization) == 3


async def test_the_retry_may_share_a_call_with_itself_and_with_others(far: Far) -> None:
    """A whole call is lost; the caller sends it again, with something new and one request twice."""
    lost = [far.writer.request({plan(): [Noted()]}) for _ in range(3)]
    await far.lose(Cut.AFTER_COMMIT, *lost)
    new = far.writer.request({plan(): [Noted()]})
    results = await far.other.append(far.writer.organization, [lost[2], new, *lost])
    assert [result.outcome for result in results] == [
        Outcome.DUPLICATE,
        Outcome.APPENDED,
        *[Outcome.DUPLICATE] * 3,
    ]
    assert [result.first_position for result in results] == [4, 5, 2, 3, 4]


async def test_the_retry_is_known_although_its_stream_went_on_and_shows_whose_body_came_first(far: Far) -> None:
    ref = plan()
    request = far.writer.request({ref: [Noted()]})
    await far.lose(Cut.AFTER_COMMIT, request)
    await far.writer.look(far.other, ref)
    await far.writer.append(far.other, far.writer.request({ref: [Noted()]}))
    (again,) = await far.log.append(far.writer.organization, [replace(request, body_mac=b"2".ljust(32))])
    assert again.outcome is Outcome.DUPLICATE
    assert (again.first_position, again.versions, again.body_mac) == (2, ((ref.stream, 1),), request.body_mac)


async def test_a_request_lost_on_its_way_had_no_effect_and_its_retry_has_it(far: Far) -> None:
    request = far.writer.request({plan(): [Noted()]})
    await far.lose(Cut.BEFORE_ARRIVAL, request)
    assert await far.other.find_command(far.writer.organization, request.command_id) is None
    (again,) = await far.log.append(far.writer.organization, [request])
    assert (again.outcome, again.first_position) == (Outcome.APPENDED, 2)


@pytest.mark.parametrize(
    ("cut", "outcome"), [(Cut.AFTER_COMMIT, Outcome.DUPLICATE), (Cut.BEFORE_ARRIVAL, Outcome.APPENDED)]
)
async def test_the_appender_asks_again_by_itself(far: Far, cut: Cut, outcome: Outcome) -> None:
    appender = Appender(far.log)
    far.wire.cut = cut
    result = await appender.submit(far.writer.organization, far.writer.request({plan(): [Noted()]}))
    assert (result.outcome, result.first_position, far.wire.cuts) == (outcome, 2, 1)
    assert await far.other.last_position(far.writer.organization) == 2
    await appender.close()


async def test_a_cancelled_append_leaves_the_log_fit_for_the_next(database: str, far: Far) -> None:
    """The statement waits for the counter row when its caller goes away: nothing of it remains."""
    holder = await asyncpg.connect(database)
    try:
        await holder.execute("begin")
        await holder.execute("select from goalcycle.organizations for update")
        request = far.writer.request({plan(): [Noted()]})
        append = asyncio.create_task(far.other.append(far.writer.organization, [request]))
        await until_waiting(database, True)
        append.cancel()
        await asyncio.wait({append})
        assert append.cancelled()
        # The driver tells the server over another connection: what is let go before that arrives may still be appended.
        await until_waiting(database, False)
        await holder.execute("rollback")
    finally:
        await holder.close()
    following = far.writer.request({plan(): [Noted()]})
    (result,) = await far.other.append(far.writer.organization, [following])
    assert (result.outcome, result.first_position) == (Outcome.APPENDED, 2)
    assert await far.other.find_command(far.writer.organization, request.command_id) is None


class Open(PostgresLog):
    """A log whose appends stay in an open transaction until it is ended."""

    async def _connect(self) -> asyncpg.Connection[asyncpg.Record]:
        connection = await super()._connect()
        await connection.execute("begin")
        return connection

    async def end(self, how: str) -> None:
        """Commit or roll back."""
        async with self._writer() as connection:
            await connection.execute(how)


@pytest.mark.parametrize(("end", "positions"), [("commit", [2, 3]), ("rollback", [2])])
async def test_an_append_still_open_keeps_the_next_one_waiting_and_hides_nothing(
    database: str, far: Far, end: str, positions: list[int]
) -> None:
    """Two appends are open at once: the later never becomes visible before the earlier has ended, either way."""
    organization = far.writer.organization
    async with asyncpg.create_pool(database, min_size=1, max_size=1) as pool:
        first = Open(database, pool)
        try:
            (early,) = await first.append(organization, [far.writer.request({plan(): [Noted()]})])
            assert (early.outcome, early.first_position) == (Outcome.APPENDED, 2)
            later = asyncio.create_task(far.other.append(organization, [far.writer.request({plan(): [Noted()]})]))
            await until_waiting(database, True)
            assert not later.done()
            assert [event.position for event in await far.other.read_feed(organization)] == [1]
            await first.end(end)
            (answer,) = await later
        finally:
            await first.close()
    assert (answer.outcome, answer.first_position) == (Outcome.APPENDED, positions[-1])
    assert [event.position for event in await far.other.read_feed(organization, after=1)] == positions


async def until_waiting(database: str, expected: bool) -> None:
    """Until a backend of the database waits for a lock, or none does."""
    admin = await asyncpg.connect(database)
    try:
        async with asyncio.timeout(DEADLINE):
            while expected is not await admin.fetchval(
                """select exists (select from pg_stat_activity
                                  where wait_event_type = 'Lock' and datname = current_database())"""
            ):
                await asyncio.sleep(0.01)
    finally:
        await admin.close()
