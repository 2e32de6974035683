"""Backup and restore as an operator runs them, on a real Postgres."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from cli.backup.programs import without_password
from cli.composition import Engine
from domain.directory.people import AddPerson
from domain.directory.state import DIRECTORY
from domain.goals import Okr
from eventlog.keyring import DirectoryKeyring
from eventlog.migrate import LEDGER, checksum, migrations
from tests.backup.conftest import Site
from tests.support.commands import goalcycle
from tests.support.quarter import Quarter, windows

HOURS = windows(*(hour * 3600 for hour in range(1, 6)))


END_DUMPS = """
select pg_terminate_backend(pid) from pg_stat_activity
 where application_name = 'pg_dump' and datname = current_database() and wait_event_type = 'Lock'
"""


RESTORING = """
select exists (select from pg_stat_activity where application_name = 'pg_restore' and datname = current_database())
"""


async def written(site: Site) -> Quarter:
    """A cycle in its draft, with a goal of each staff."""
    async with site.engine() as engine:
        quarter = Quarter(engine)
        await quarter.found()
        await quarter.open(timetable=HOURS)
        for owner in quarter.staff:
            await quarter.draft(owner)
        return quarter


async def texts(site: Site, quarter: Quarter) -> dict[str, str | None]:
    """The first objective's title and the names of all people, as a reader of this site sees them."""
    async with site.engine() as engine:
        there = Quarter(engine, quarter.organization, quarter.cycle, staff=quarter.staff)
        directory = (await engine.handler.cache.refresh(quarter.organization, DIRECTORY)).state
        opened = await engine.opener(quarter.organization).open(directory)
        goals = (await there.plan(quarter.staff[0])).goals.values()
        first = await engine.opener(quarter.organization).open(next(g for g in goals if g.definition.kind == "okr"))
        assert isinstance(first.definition, Okr)
        names = {str(person.id): person.name.text for person in opened.people.values()}
        return {**names, "title": first.definition.title.text}


async def test_what_is_restored_is_what_was_backed_up(site: Site, empty: Site, tmp_path: Path) -> None:
    quarter = await written(site)
    said = await site.run("backup", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"), "--json")
    assert said.code == 0, said.errors
    assert said.answer["faults"] == []
    before = await texts(site, quarter)
    shutil.rmtree(site.keyring)

    said = await empty.run("restore", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"), "--json")
    assert said.code == 0, said.errors
    assert said.answer["events"] == await positions(site)
    assert await rows(site) == await rows(empty)
    assert await texts(empty, quarter) == before
    assert before["title"] == "Bring the harbour back"
    chain = await empty.run("verify", "chain", "--json")
    assert chain.answer["holds"]
    for path in empty.keyring.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


async def test_a_restored_log_goes_on(site: Site, bare: Site, tmp_path: Path) -> None:
    """Into a database without schema or ledger; then people write, and the next backup is made from there."""
    quarter = await written(site)
    await site.run("backup", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"))
    said = await bare.run("restore", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"))
    assert said.code == 0, said.errors
    async with bare.engine() as engine:
        owner = quarter.staff[0]
        again = Quarter(engine, quarter.organization, quarter.cycle, head=quarter.head, staff=quarter.staff)
        await again.agree(owner)
        connection = await asyncpg.connect(bare.database)
        try:
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute("delete from goalcycle.events")
        finally:
            await connection.close()
    said = await bare.run("backup", str(tmp_path / "next"), "--keys", str(tmp_path / "keys"), "--json")
    assert said.code == 0, said.errors
    assert said.answer["events"] > await positions(site)


async def test_a_snapshot_is_one_moment_of_a_log_that_is_written(site: Site, empty: Site, tmp_path: Path) -> None:
    """Writers never wait for a backup; it holds every event that was answered before it began, and a whole prefix."""
    quarter = await written(site)
    acknowledged: list[int] = []
    stop = asyncio.Event()

    async def write(engine: Engine) -> None:
        there = Quarter(engine, quarter.organization)
        while not stop.is_set():
            newcomer = AddPerson(person=uuid4(), name="Somebody", manager=quarter.lead)
            acknowledged.append((await there.act(quarter.lead, DIRECTORY, newcomer)).last_position)

    async with site.engine() as engine:
        writers = [asyncio.create_task(write(engine)) for _ in range(2)]
        await _until(lambda: len(acknowledged) > 20)
        before = max(acknowledged)
        said = await site.run("backup", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"), "--json")
        after = max(acknowledged)
        stop.set()
        await asyncio.gather(*writers)
    assert said.code == 0, said.errors
    assert said.answer["events"] >= before
    assert after > said.answer["events"], "nobody wrote while the backup was made"

    said = await empty.run("restore", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"), "--json")
    assert said.code == 0, said.errors
    assert said.answer["faults"] == []


async def test_an_erased_text_stays_erased_whatever_is_restored(site: Site, empty: Site, tmp_path: Path) -> None:
    """The log's backup is older than the erasure; the one copy of the keys knows of it."""
    quarter = await written(site)
    await site.run("backup", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"))
    gone = quarter.staff[0]
    assert DirectoryKeyring(site.keyring).erase(quarter.organization, gone)
    said = await site.run("backup", "--keys", str(tmp_path / "keys"), "--json")
    assert said.answer["keys_erased"] == 1
    shutil.rmtree(site.keyring)

    said = await empty.run("restore", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"), "--json")
    assert (said.code, said.answer["faults"]) == (0, []), said.errors
    found = await texts(empty, quarter)
    assert found[str(gone)] is None
    assert found["title"] is None
    assert found[str(quarter.staff[1])] == "Jonas Weber"


async def test_a_lost_key_is_told_from_an_erased_one(site: Site, empty: Site, tmp_path: Path) -> None:
    quarter = await written(site)
    await site.run("backup", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"))
    lost = quarter.staff[1]
    (site.keyring / str(quarter.organization) / f"{lost}.key").unlink()

    said = await site.run("backup", "--keys", str(tmp_path / "keys"))
    assert said.code == 1
    assert f"has lost the key of {lost}" in said.errors
    assert (tmp_path / "keys" / str(quarter.organization) / f"{lost}.key").exists()

    said = await empty.run("restore", str(tmp_path / "log"), "--keys", str(site.keyring))
    assert said.code == 1
    assert f"no key for {lost}" in said.errors
    said = await empty.run("restore", "--keys", str(tmp_path / "keys"), "--json")
    assert (said.code, said.answer["keys_restored"]) == (0, 1)
    assert (await texts(empty, quarter))[str(lost)] == "Jonas Weber"


async def test_a_keyring_that_is_not_there_is_no_backup_of_the_keys(site: Site, tmp_path: Path) -> None:
    """A volume that was not mounted, or a wrong setting: the very first backup says so too."""
    quarter = await written(site)
    site.keyring.rename(tmp_path / "elsewhere")
    said = await site.run("backup", str(tmp_path / "first"), "--keys", str(tmp_path / "keys"))
    assert said.code == 1
    assert f"no key at all of the organization {quarter.organization}" in said.errors
    (tmp_path / "elsewhere").rename(site.keyring)
    said = await site.run("backup", str(tmp_path / "second"), "--keys", str(tmp_path / "keys"))
    assert (said.code, said.errors) == (0, "")
    site.keyring.rename(tmp_path / "elsewhere")
    said = await site.run("backup", str(tmp_path / "third"), "--keys", str(tmp_path / "keys"))
    assert said.code == 1
    assert "keys, which nobody erased: mount" in said.errors
    assert said.errors.count("\n") == 1


async def test_the_keyring_is_no_copy_of_itself(site: Site, tmp_path: Path) -> None:
    await written(site)
    said = await site.run("backup", str(tmp_path / "log"), "--keys", str(site.keyring))
    assert said.code == 2
    assert "the keyring itself" in said.errors
    assert not (tmp_path / "log").exists()


async def test_a_database_that_holds_a_log_is_never_restored_over(site: Site, empty: Site, tmp_path: Path) -> None:
    await written(site)
    await site.run("backup", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"))
    await written(empty)
    before = await rows(empty)
    said = await empty.run("restore", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"))
    assert said.code == 1
    assert "holds a log already" in said.errors
    assert await rows(empty) == before
    assert len(list(empty.keyring.iterdir())) == 1, "keys came although the log was refused"


async def test_a_backup_is_never_written_over(site: Site, tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    said = await site.run("backup", str(tmp_path / "log"), "--without-keys")
    assert said.code == 1
    assert "never written over" in said.errors


@pytest.mark.parametrize("spoil", ["dump", "manifest", "no manifest", "schema"])
async def test_a_backup_that_is_no_good_changes_nothing(site: Site, empty: Site, tmp_path: Path, spoil: str) -> None:
    await written(site)
    await site.run("backup", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"))
    dump, manifest = tmp_path / "log" / "log.dump", tmp_path / "log" / "manifest.json"
    if spoil == "dump":
        dump.write_bytes(dump.read_bytes()[:-100])
    elif spoil == "manifest":
        manifest.write_text(manifest.read_text()[:-10])
    elif spoil == "schema":
        told = json.loads(manifest.read_text())
        manifest.write_text(json.dumps({**told, "migrations": {**told["migrations"], "9999_later.sql": "0" * 64}}))
    else:
        manifest.unlink()
    said = await empty.run("restore", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"))
    assert said.code == 1
    assert "Traceback" not in said.errors
    assert await positions(empty) == 0
    assert not empty.keyring.exists()


@pytest.mark.parametrize("altered", [{"position": 1}, {"heads": "0" * 64}, {"organization": str(uuid4())}])
async def test_a_log_that_is_not_what_was_backed_up_is_seen(
    site: Site, empty: Site, tmp_path: Path, altered: dict[str, object]
) -> None:
    """A violation is planted: the manifest tells of another log than the dump holds."""
    await written(site)
    await site.run("backup", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"))
    manifest = tmp_path / "log" / "manifest.json"
    told = json.loads(manifest.read_text())
    told["organizations"][0] |= altered
    manifest.write_text(json.dumps(told))
    said = await empty.run("restore", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"))
    assert said.code == 1
    assert "backed up to position" in said.errors


async def test_a_failed_backup_leaves_nothing(site: Site, tmp_path: Path) -> None:
    """The dump needs a table that somebody holds: pg_dump is killed by the database, as a lost connection would."""
    await written(site)
    holder, watcher = await asyncpg.connect(site.database), await asyncpg.connect(site.database)
    try:
        async with holder.transaction():
            await holder.execute("lock table goalcycle.disclosures in access exclusive mode")
            making = asyncio.create_task(site.run("backup", str(tmp_path / "log"), "--without-keys"))
            async with asyncio.timeout(30):
                while not await watcher.fetch(END_DUMPS):
                    await asyncio.sleep(0.02)
            said = await making
    finally:
        await holder.close()
        await watcher.close()
    assert said.code == 1
    assert "pg_dump" in said.errors
    assert list(tmp_path.glob("*log*")) == []
    assert list(tmp_path.glob(".*log*")) == []


async def test_a_restore_that_was_killed_is_made_again(site: Site, empty: Site, tmp_path: Path) -> None:
    """SIGKILL in the middle: pg_restore dies with it, and nothing of it stays but what the next try clears away."""
    await written(site)
    await site.run("backup", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "restore", str(tmp_path / "log"), "--keys", str(tmp_path / "keys")),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, **empty.environment},
    )
    watcher = await asyncpg.connect(empty.database)
    try:
        async with asyncio.timeout(60):
            while not await watcher.fetchval(RESTORING):
                await asyncio.sleep(0)
            process.kill()
            await process.wait()
            while await watcher.fetchval(RESTORING):
                await asyncio.sleep(0.01)
        done = await watcher.fetchval("select to_regclass('goalcycle.events') is not null")
    finally:
        await watcher.close()
    said = await empty.run("restore", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"))
    assert said.code == (1 if done else 0), said.errors  # where the kill came late, all of it was there
    assert await rows(site) == await rows(empty)
    assert (await empty.run("verify", "chain", "--json")).answer["holds"]


async def test_a_ledger_without_tables_is_no_hindrance(site: Site, bare: Site, tmp_path: Path) -> None:
    """What a killed restore of an older release's backup leaves: later migrations would find nothing to alter."""
    await written(site)
    await site.run("backup", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"))
    connection = await asyncpg.connect(bare.database)
    try:
        name, sql = migrations()[0]
        await connection.execute(LEDGER)
        await connection.execute("insert into goalcycle_migrations values ($1, $2)", name, checksum(sql))
    finally:
        await connection.close()
    said = await bare.run("restore", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"))
    assert said.code == 0, said.errors
    assert await rows(site) == await rows(bare)


@pytest.mark.parametrize(
    ("change", "code", "line"),
    [
        ({"GOALCYCLE_POSTGRES_BIN": "old"}, 3, r"no `pg_dump` of Postgres \d+ or newer \(.*old/pg_dump: version 15\)"),
        ({"GOALCYCLE_DATABASE_URL": "postgresql://x:secret@127.0.0.1:1/x"}, 1, "the database does not answer"),
        ({"folder": "/proc/backup"}, 1, "/proc/.*: give the folder to this account"),
    ],
    ids=["old program", "no database", "no room"],
)
async def test_what_is_in_the_way_is_one_clear_line(
    site: Site, tmp_path: Path, change: dict[str, str], code: int, line: str
) -> None:
    program = tmp_path / "old" / "pg_dump"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.2'\n")
    program.chmod(0o755)
    folder = change.pop("folder", str(tmp_path / "log"))
    changed = {name: str(program.parent) if value == "old" else value for name, value in change.items()}
    said = await goalcycle("backup", folder, "--without-keys", environment={**site.environment, **changed})
    assert said.code == code
    (told,) = said.errors.splitlines()
    assert re.search(line, told), told
    assert "secret" not in told


def test_no_password_is_an_argument() -> None:
    url, secret = without_password("postgresql://us%40er:p%2Fw@host:5432/name?sslmode=require")
    assert url == "postgresql://us%40er@host:5432/name?sslmode=require"
    assert secret == {"PGPASSWORD": "p/w"}
    url, secret = without_password("postgresql:///name?host=/run/db&password=p%20w&user=me")
    assert url == "postgresql:///name?host=/run/db&user=me"
    assert secret == {"PGPASSWORD": "p w"}


async def positions(site: Site) -> int:
    connection = await asyncpg.connect(site.database)
    try:
        found: int = await connection.fetchval("select count(*) from goalcycle.events")
        return found
    finally:
        await connection.close()


async def rows(site: Site) -> dict[str, list[str]]:
    """Every row of every table of ours, as text."""
    connection = await asyncpg.connect(site.database)
    try:
        found = await connection.fetch("select tablename from pg_tables where schemaname = 'goalcycle'")
        tables = [row["tablename"] for row in found]
        return {
            table: [row[0] for row in await connection.fetch(f"select t::text from goalcycle.{table} t order by 1")]
            for table in tables
        }
    finally:
        await connection.close()


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)
