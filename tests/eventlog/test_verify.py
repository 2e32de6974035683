"""The verifier finds what was planted: a changed byte, a missing event, two that changed places."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from eventlog.log import Outcome
from eventlog.postgres import PostgresLog, open_pool
from eventlog.verify import ChainReport, verify_chain
from tests.eventlog.writing import Noted, Writer, plan


@pytest.fixture
async def written(database: str) -> AsyncIterator[tuple[str, PostgresLog, Writer]]:
    pool = await open_pool(database)
    log, writer = PostgresLog(database, pool), Writer()
    await writer.found(log)
    ref = plan()
    for number in range(4):
        await writer.append(log, writer.request({ref: [Noted(number=number)]}))
    yield database, log, writer
    await log.close()
    await pool.close()


async def tampered(written: tuple[str, PostgresLog, Writer], statement: str) -> ChainReport:
    """What the verifier says after somebody with the server's own power has changed something."""
    database, log, writer = written
    owner = await asyncpg.connect(database)
    try:
        await owner.execute("alter table goalcycle.events disable trigger all")
        await owner.execute(statement)
    finally:
        await owner.close()
    return await verify_chain(log, writer.organization)


async def test_an_honest_log_holds(written: tuple[str, PostgresLog, Writer]) -> None:
    report = await tampered(written, "select 1")
    assert (report.holds, report.events, report.streams, report.last_position) == (True, 5, 2, 5)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (
            "update goalcycle.events set payload = convert_to('{\"number\":9}', 'UTF8') where position = 3",
            "position 3: its bytes do not have its hash",
        ),
        ("update goalcycle.events set actor = gen_random_uuid() where position = 4", "position 4: its bytes"),
        ("update goalcycle.events set fact = not fact where position = 4", "position 4: its bytes"),
        ("update goalcycle.events set kind = 'cycle' where position = 4", "position 4: its bytes"),
        ("update goalcycle.events set at = at - interval '1 hour' where position = 4", "position 4: its bytes"),
        ("delete from goalcycle.events where position = 3", "after position 2 comes position 4"),
        ("delete from goalcycle.events where position = 5", "ends at position 4 and says it has 5"),
        (
            """update goalcycle.events set position = position + 10 where position in (3, 4);
               update goalcycle.events set position = 17 - position where position in (13, 14)""",
            "position 3: version 3 of its stream follows version 1",
        ),
        (
            # Two events of different streams: neither stream's own chain is broken.
            """update goalcycle.events set position = position + 10 where position in (1, 2);
               update goalcycle.events set position = 13 - position where position in (11, 12)""",
            "position 2: it was recorded before the event in front of it",
        ),
        ("update goalcycle.events set prev_hash = hash where position = 4", "position 4: it does not continue"),
        (
            "update goalcycle.events set recorded_at = recorded_at - interval '1 day' where position = 4",
            "position 4: it was recorded before the event in front of it",
        ),
    ],
)
async def test_a_planted_fault_is_found_where_it_is(
    written: tuple[str, PostgresLog, Writer], statement: str, fault: str
) -> None:
    report = await tampered(written, statement)
    assert not report.holds
    assert report.fault is not None
    assert fault in report.fault


async def test_an_event_that_happened_before_the_one_in_front_of_it_is_found(
    written: tuple[str, PostgresLog, Writer],
) -> None:
    """Its bytes and its chain are in order: whoever wrote it had a clock that lagged and did not look at the stream."""
    _, log, writer = written
    ref = plan()
    now = datetime.now(UTC)
    for at in (now, now - timedelta(seconds=2)):
        assert (await writer.append(log, writer.request({ref: [Noted()]}, at=at))).outcome is Outcome.APPENDED
    report = await verify_chain(log, writer.organization)
    assert report.fault == "position 7: it happened before the event in front of it in its stream"
