"""Nobody changes an event: the owner meets triggers, the application lacks the rights, start-up looks for both."""

from __future__ import annotations

import asyncpg
import pytest

from eventlog.postgres import APPLICATION_ROLE, PostgresLog, open_pool
from eventlog.safety import UnsafeDatabaseError, refuse_unsafe
from tests.eventlog.writing import Noted, Writer, plan

CHANGES = [
    "update goalcycle.events set payload = '\\x7b7d'",
    "delete from goalcycle.events",
    "truncate goalcycle.events cascade",
]


@pytest.fixture
async def filled(database: str) -> str:
    pool = await open_pool(database)
    log = PostgresLog(database, pool)
    writer = Writer()
    await writer.found(log)
    await writer.append(log, writer.request({plan(): [Noted()]}))
    await log.close()
    await pool.close()
    return database


@pytest.mark.parametrize("statement", CHANGES)
async def test_not_even_the_owner_changes_what_happened(filled: str, statement: str) -> None:
    owner = await asyncpg.connect(filled)
    try:
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await owner.execute(statement)
    finally:
        await owner.close()


@pytest.mark.parametrize("statement", [*CHANGES, "insert into goalcycle.events select * from goalcycle.events"])
async def test_the_application_may_only_append(filled: str, statement: str) -> None:
    application = await asyncpg.connect(filled, server_settings={"role": APPLICATION_ROLE})
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await application.execute(statement)
    finally:
        await application.close()


async def test_start_up_refuses_a_role_that_could_change_events(database: str) -> None:
    """Connected as the owner, without the application's role."""
    async with asyncpg.create_pool(database, min_size=1, max_size=1) as owners:
        with pytest.raises(UnsafeDatabaseError, match=r"may insert events.*may truncate events"):
            await refuse_unsafe(owners)
    pool = await open_pool(database)
    await refuse_unsafe(pool)
    await pool.close()


async def test_start_up_refuses_a_server_that_loses_commits(database: str) -> None:
    unsafe = {"role": APPLICATION_ROLE, "synchronous_commit": "off"}
    async with asyncpg.create_pool(database, min_size=1, max_size=1, server_settings=unsafe) as pool:
        with pytest.raises(UnsafeDatabaseError, match="synchronous_commit is off"):
            await refuse_unsafe(pool)
