"""Migrations on the real Postgres: applied once, in order, by one at a time, and never changed afterwards."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from eventlog import migrate as module
from eventlog import safety
from eventlog.migrate import ChangedMigrationError, checksum, migrate, migrations, pending
from eventlog.postgres import open_pool
from eventlog.safety import UnsafeDatabaseError, refuse_unsafe


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def empty_database(postgres_url: str) -> AsyncIterator[str]:
    name = f"goalcycle_{uuid4().hex}"
    await execute(postgres_url, f"create database {name}")
    yield postgres_url.rpartition("/")[0] + f"/{name}"
    await execute(postgres_url, f"drop database {name} with (force)")


async def test_an_empty_database_gets_every_migration_in_order_and_once(empty_database: str) -> None:
    names = [name for name, _ in migrations()]
    assert names == sorted(names)
    assert await pending(empty_database) == names
    assert await migrate(empty_database) == names
    assert await migrate(empty_database) == []
    assert await pending(empty_database) == []
    connection = await asyncpg.connect(empty_database)
    rows = await connection.fetch("select name, checksum from public.goalcycle_migrations")
    await connection.close()
    assert {row["name"]: row["checksum"] for row in rows} == {name: checksum(sql) for name, sql in migrations()}


async def test_migrators_at_once_wait_for_each_other(empty_database: str) -> None:
    applied = await asyncio.gather(*(migrate(empty_database) for _ in range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, len(migrations())]


async def test_two_databases_of_one_server_may_be_migrated_at_once(postgres_url: str) -> None:
    names = [f"goalcycle_{uuid4().hex}" for _ in range(3)]
    for name in names:
        await execute(postgres_url, f"create database {name}")
    try:
        applied = await asyncio.gather(*(migrate(postgres_url.rpartition("/")[0] + f"/{name}") for name in names))
        assert [len(each) for each in applied] == [len(migrations())] * 3
    finally:
        for name in names:
            await execute(postgres_url, f"drop database {name} with (force)")


async def test_a_migration_that_was_edited_after_it_was_applied_is_refused(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(empty_database)
    (first, sql), *rest = migrations()
    monkeypatch.setattr(module, "migrations", lambda: [(first, sql + "-- a word more"), *rest])
    with pytest.raises(ChangedMigrationError, match=first):
        await migrate(empty_database)
    with pytest.raises(ChangedMigrationError, match=first):
        await pending(empty_database)


async def test_a_migration_that_fails_leaves_nothing_of_itself_and_is_tried_again(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [("0001_broken.sql", "create schema half; select 1 / 0;")]
    monkeypatch.setattr(module, "migrations", lambda: broken)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_database)
    assert await pending(empty_database) == ["0001_broken.sql"]
    broken[0] = ("0001_broken.sql", "create schema half;")
    assert await migrate(empty_database) == ["0001_broken.sql"]


async def test_an_owner_without_a_superusers_power_migrates_and_speaks_as_the_application(postgres_url: str) -> None:
    owner, name = f"owner_{uuid4().hex[:8]}", f"goalcycle_{uuid4().hex}"
    await migrate_role_for(postgres_url, owner)
    await execute(postgres_url, f"create database {name} owner {owner}")
    split = urlsplit(postgres_url)
    url = f"postgresql://{owner}:secret@{split.hostname}:{split.port}/{name}"
    try:
        await migrate(url)
        pool = await open_pool(url)
        try:
            assert await pool.fetchval("select current_user") == "goalcycle_app"
            await refuse_unsafe(pool)
        finally:
            await pool.close()
    finally:
        await execute(postgres_url, f"drop database {name} with (force)", f"drop role {owner}")


async def migrate_role_for(postgres_url: str, owner: str) -> None:
    """An ordinary owner, who may make roles and hand on the application's as its maker could."""
    await execute(
        postgres_url,
        f"create role {owner} login createrole password 'secret'",
        f"grant goalcycle_app to {owner} with admin option, set false",
    )


async def test_a_role_that_could_change_events_is_refused_by_name(database: str) -> None:
    async with asyncpg.create_pool(database, min_size=1, max_size=1) as owners:
        with pytest.raises(UnsafeDatabaseError, match=r"may update events") as refused:
            await refuse_unsafe(owners)
    assert "may truncate events" in str(refused.value)
    assert "connect as the application's role" in str(refused.value)
    pool = await open_pool(database)
    await refuse_unsafe(pool)
    await pool.close()


async def test_a_column_that_could_be_changed_is_refused_too(database: str) -> None:
    await execute(database, "grant update (payload) on goalcycle.events to goalcycle_app")
    pool = await open_pool(database)
    with pytest.raises(UnsafeDatabaseError, match="may update events"):
        await refuse_unsafe(pool)
    await pool.close()


async def test_a_guard_that_was_switched_off_is_refused(database: str) -> None:
    await execute(database, "alter table goalcycle.events disable trigger events_are_never_changed")
    pool = await open_pool(database)
    with pytest.raises(UnsafeDatabaseError, match="events_are_never_changed is off"):
        await refuse_unsafe(pool)
    await pool.close()


@pytest.mark.parametrize("setting", sorted(safety.REQUIRED))
async def test_a_server_setting_that_is_not_as_required_is_named(
    database: str, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    # Switching fsync off would need a server of its own: the server's "on" is measured against the opposite wish.
    monkeypatch.setitem(safety.REQUIRED, setting, "off")
    pool = await open_pool(database)
    with pytest.raises(UnsafeDatabaseError, match=f"{setting} is on: set it to off"):
        await refuse_unsafe(pool)
    await pool.close()


async def test_a_server_that_answers_before_it_has_written_is_refused(database: str) -> None:
    settings = {"role": "goalcycle_app", "synchronous_commit": "off"}
    async with asyncpg.create_pool(database, min_size=1, max_size=1, server_settings=settings) as pool:
        with pytest.raises(UnsafeDatabaseError, match="synchronous_commit is off"):
            await refuse_unsafe(pool)
