"""An append looks up a handful of rows by key, however long the log has grown: counted, not timed.

A plan made while the tables were small once stayed in use while they grew, and read an organization's whole history
for every call.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from domain.decider import Ref
from eventlog.log import Outcome
from eventlog.postgres import PostgresLog, open_pool
from tests.eventlog.writing import Noted, Writer, plan

CALLS = 60
REQUESTS = 50

READS = """
select relname, n_tup_ins as inserted, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) as read
from pg_stat_user_tables where schemaname = 'goalcycle' and relname in ('events', 'streams')
"""


@pytest.fixture
async def log(database: str) -> AsyncIterator[PostgresLog]:
    pool = await open_pool(database)
    found = PostgresLog(database, pool)
    yield found
    await found.close()
    await pool.close()


async def counted(database: str, commands: int) -> dict[str, int]:
    """Rows read by table, once the server's statistics show all that was inserted.

    A connection tells what it read when it is closed; one that is kept tells it much later.
    """
    owner = await asyncpg.connect(database)
    try:
        for _ in range(200):
            rows = {row["relname"]: row for row in await owner.fetch(READS)}
            if rows["events"]["inserted"] >= commands:
                return {name: row["read"] for name, row in rows.items()}
            await asyncio.sleep(0.1)
    finally:
        await owner.close()
    raise AssertionError("the statistics never showed every event")


async def test_an_append_reads_a_bounded_number_of_rows(database: str, log: PostgresLog) -> None:
    writer = Writer()
    await writer.found(log)
    refs = [plan() for _ in range(REQUESTS)]
    for _ in range(CALLS):
        requests = [writer.request({ref: [Noted()]}, reads=[plan()]) for ref in refs]
        results = await log.append(writer.organization, requests)
        assert {result.outcome for result in results} == {Outcome.APPENDED}
        for request in requests:
            writer.wrote(request)
    commands = CALLS * REQUESTS + 1
    await log.close()
    reads = await counted(database, commands)
    assert reads["streams"] <= 8 * commands, "an append read other streams than its own"
    assert reads["events"] <= 3 * commands, "an append read other events than its own"


async def test_waking_the_stream_above_reads_no_other_stream(database: str, log: PostgresLog) -> None:
    """A cycle that watches is woken by each of its plans' calls, at the last position of the call."""
    writer = Writer()
    await writer.found(log)
    cycle = Ref("cycle", uuid4())
    assert (await writer.append(log, writer.request({cycle: [Noted()]}, streams={"watching": True}))).last_position == 2
    wakes = {"parent": cycle.stream, "wakes_parent": True}
    for _ in range(CALLS):
        requests = [writer.request({plan(): [Noted()]}, streams=wakes) for _ in range(REQUESTS)]
        last = (await log.append(writer.organization, requests))[-1].last_position
    commands = CALLS * REQUESTS + 2
    await log.close()
    reads = await counted(database, commands)
    assert reads["streams"] <= 8 * commands
    assert await woken_at(database, cycle) == last


async def woken_at(database: str, ref: Ref) -> int:
    owner = await asyncpg.connect(database)
    try:
        return int(await owner.fetchval("select wake_position from goalcycle.streams where stream = $1", ref.stream))
    finally:
        await owner.close()
