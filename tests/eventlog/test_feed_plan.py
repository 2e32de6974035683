"""The feed is read in order by its index, without a sort, and a stream by its key, however long the log has grown."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from eventlog.postgres import FEED, STREAM

ROWS = 30_000
ORGANIZATION = UUID(int=7)
BUSY = UUID(int=8)

FILL = """
insert into goalcycle.events
select $1, n, 'plan', case when n % 3 = 0 then $2::uuid else gen_random_uuid() end,
       case when n % 3 = 0 then n / 3 else 1 end, 'Noted', 1, true, $1, gen_random_uuid(), null,
       now(), now(), '\\x7b7d', decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex')
from generate_series(1, $3::int) n
"""


@pytest.mark.parametrize(
    ("query", "arguments", "index"),
    [
        (FEED, (ORGANIZATION, 20_000, 500), "events_organization_position_key"),
        (STREAM, (ORGANIZATION, BUSY, 9_900, None), "events_pkey"),
    ],
    ids=["feed", "stream"],
)
async def test_reading_in_order_needs_no_sort(
    database: str, query: str, arguments: tuple[Any, ...], index: str
) -> None:
    owner = await asyncpg.connect(database)
    try:
        await owner.execute("insert into goalcycle.organizations (organization) values ($1)", ORGANIZATION)
        await owner.execute(FILL, ORGANIZATION, BUSY, ROWS)
        await owner.execute("analyze goalcycle.events")
        plan = "\n".join([row[0] for row in await owner.fetch(f"explain {query}", *arguments)])
    finally:
        await owner.close()
    assert index in plan
    assert "Seq Scan" not in plan
    if query is FEED:
        assert "Sort" not in plan
