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


@pytest.fixture(scope="module")
async def grown(module_database: str) -> str:
    """A database whose log has one busy stream among many short ones."""
    owner = await asyncpg.connect(module_database)
    try:
        await owner.execute("insert into goalcycle.organizations (organization) values ($1)", ORGANIZATION)
        await owner.execute(FILL, ORGANIZATION, BUSY, ROWS)
        await owner.execute("analyze goalcycle.events")
    finally:
        await owner.close()
    return module_database


@pytest.mark.parametrize("plans", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize(
    ("query", "arguments", "index"),
    [
        (FEED, (ORGANIZATION, 0, 1000), "events_organization_position_key"),
        (FEED, (ORGANIZATION, 20_000, 500), "events_organization_position_key"),
        (STREAM, (ORGANIZATION, BUSY, 9_900, None), "events_pkey"),
        (STREAM, (ORGANIZATION, UUID(int=9), 0, None), "events_pkey"),
        (STREAM, (ORGANIZATION, BUSY, 9_500, 29_500), "events_pkey"),
    ],
    ids=["feed from its beginning", "feed", "tail of a stream", "whole stream", "tail as of a position"],
)
async def test_reading_in_order_needs_no_sort(
    grown: str, query: str, arguments: tuple[Any, ...], index: str, plans: str
) -> None:
    """Both plans that the server may choose for a statement it keeps: made for these values, or for any."""
    owner = await asyncpg.connect(grown, server_settings={"plan_cache_mode": plans})
    values = ", ".join("null" if value is None else f"'{value}'" for value in arguments)
    try:
        await owner.execute(f"prepare kept as {query}")
        plan = "\n".join([row[0] for row in await owner.fetch(f"explain execute kept({values})")])
    finally:
        await owner.close()
    assert ("$1" in plan) is (plans == "force_generic_plan")
    assert f"Index Scan using {index}" in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan
