"""The proxy does what its modes say: on plain bytes, and on Postgres's protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from time import monotonic

import asyncpg
import pytest

from eventlog.outage import LOST
from tests.faults.proxy import FLAKY, HALF_OPEN, PASS, Line, Proxy, When, proxied

STEP = "insert into marks values ($1) returning mark"


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """The port of a server that repeats what it hears."""

    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while heard := await reader.read(65_536):
                writer.write(heard)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(repeat, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


class Caller:
    """One connection to the near end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def on(cls, proxy: Proxy) -> Caller:
        return cls(*await asyncio.open_connection("127.0.0.1", proxy.port))

    async def ask(self, said: bytes, within: float = 5) -> bytes:
        self.writer.write(said)
        async with asyncio.timeout(within):
            return await self.reader.readexactly(len(said))

    def close(self) -> None:
        self.writer.close()


@pytest.fixture
async def proxy(echo: int) -> AsyncIterator[Proxy]:
    async with Proxy("127.0.0.1", echo, seed=7) as made:
        yield made


async def test_it_carries_every_byte_both_ways_and_tells_the_end(proxy: Proxy) -> None:
    callers = [await Caller.on(proxy) for _ in range(5)]
    said = bytes(range(256)) * 4096
    assert await asyncio.gather(*(caller.ask(said) for caller in callers)) == [said] * 5
    assert (proxy.accepted, proxy.dropped, proxy.open) == (5, 0, 5)
    for caller in callers:
        caller.writer.write_eof()
        assert await caller.reader.read() == b""
        caller.close()


async def test_a_slow_line_takes_its_latency_each_way_and_keeps_its_rate(proxy: Proxy) -> None:
    caller = await Caller.on(proxy)
    proxy.line = Line(latency=0.05)
    began = monotonic()
    await caller.ask(b"x")
    assert monotonic() - began >= 0.1
    proxy.line = Line(rate=100_000)
    began = monotonic()
    await caller.ask(bytes(20_000))
    assert monotonic() - began >= 0.2
    caller.close()


async def test_a_flaky_line_drops_connections_at_random_and_only_those(proxy: Proxy) -> None:
    callers = [await Caller.on(proxy) for _ in range(20)]
    proxy.line = Line(breaks=0.2)
    heard = await asyncio.gather(*(caller.ask(b"here") for caller in callers), return_exceptions=True)
    lost = [answer for answer in heard if not isinstance(answer, bytes)]
    assert 0 < len(lost) < 20
    assert all(isinstance(answer, asyncio.IncompleteReadError | ConnectionError) for answer in lost)
    assert proxy.dropped == len(lost)
    for caller in callers:
        caller.close()


async def test_a_half_open_line_accepts_swallows_and_never_closes(proxy: Proxy) -> None:
    before = await Caller.on(proxy)
    await before.ask(b"alive")
    proxy.line = HALF_OPEN
    during = await Caller.on(proxy)
    for caller in (before, during):
        with pytest.raises(TimeoutError):
            await caller.ask(b"anybody?", within=0.2)
    proxy.line = PASS
    for caller in (before, during):  # a connection that was half-open stays so: only a new one is whole
        with pytest.raises(TimeoutError):
            await caller.ask(b"now?", within=0.2)
        caller.close()
    after = await Caller.on(proxy)
    assert await after.ask(b"again") == b"again"
    after.close()
    assert proxy.dropped == 2


async def test_a_cut_comes_after_the_named_number_of_bytes(proxy: Proxy) -> None:
    cut = proxy.cut(When.FORWARDED, after_bytes=10)
    first, second = await Caller.on(proxy), await Caller.on(proxy)
    assert await first.ask(b"12345") == b"12345"
    assert not cut.struck.is_set()
    second.writer.write(b"67890")
    assert await second.reader.read() == b""
    assert cut.struck.is_set()
    assert await first.ask(b"more") == b"more"
    for caller in (first, second):
        caller.close()


async def test_dropping_all_breaks_what_is_open(proxy: Proxy) -> None:
    caller = await Caller.on(proxy)
    await caller.ask(b"here")
    proxy.drop_all()
    with suppress(ConnectionResetError):
        assert await caller.reader.read() == b""
    caller.close()


@pytest.mark.parametrize(
    ("when", "silent", "marks"),
    [
        (When.BEFORE, False, [1]),
        (When.FORWARDED, False, [1, 2]),
        (When.ANSWERED, False, [1, 2]),
        (When.ANSWERED, True, [1, 2]),
    ],
)
async def test_a_cut_at_a_statement_strikes_its_execution_and_nothing_else(
    database: str, when: When, silent: bool, marks: list[int]
) -> None:
    """The statement was prepared long ago: on the wire its execution is only a name."""
    direct = await asyncpg.connect(database)
    async with proxied(database) as (proxy, near):
        caller = await asyncpg.connect(near)
        await caller.execute("create table marks (mark int primary key)")
        statement = await caller.prepare(STEP)
        assert await statement.fetchval(1) == 1
        cut = proxy.cut(when, statement="into marks", silent=silent)
        assert await caller.fetchval("select 1") == 1
        assert not cut.struck.is_set()
        with pytest.raises(LOST):
            async with asyncio.timeout(0.5 if silent else 10):
                await statement.fetchval(2)
        assert cut.struck.is_set()
        assert (proxy.dropped, caller.is_closed()) == (1, not silent)
        caller.terminate()
        async with asyncio.timeout(5):  # a statement that was just handed on may still run
            while [row["mark"] for row in await direct.fetch("select mark from marks order by 1")] != marks:
                await asyncio.sleep(0.01)
    await direct.execute("drop table marks")
    await direct.close()


async def test_postgres_works_over_a_flaky_line_as_far_as_a_connection_lives(database: str) -> None:
    async with proxied(database, seed=3) as (proxy, near):
        proxy.line = FLAKY
        passed = lost = 0
        for _ in range(40):
            try:
                caller = await asyncpg.connect(near, timeout=5)
                passed += await caller.fetchval("select 1")
                caller.terminate()
            except LOST:
                lost += 1
        assert passed > 0
        assert lost > 0
