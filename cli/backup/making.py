"""Making a backup: the log from one snapshot, then the keys.

Invariant: whatever text the dump holds, its key was made before the snapshot (a text is sealed before it is appended),
so the keys are copied after the dump: a key too many is harmless, a key too few would lose a text for ever.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import asyncpg

from cli.backup.manifest import (
    BackupError,
    Connection,
    Manifest,
    sha256_of,
    standing,
    write_manifest,
)
from cli.backup.programs import find_dump_program, run_program
from eventlog.keyring import sync_folder
from eventlog.migrate import pending
from eventlog.settings import Settings

DUMP = "log.dump"
SCHEMA = "goalcycle"


async def back_up_log(settings: Settings, folder: Path) -> Manifest:
    """Write the log into a new folder (mode 700), while others go on writing.

    Raises:
        BackupError: the folder exists, the schema is not of this release, or pg_dump failed; nothing is left behind.
        BinaryMissing: no pg_dump for this server.
    """
    url = settings.require_database_url()
    if folder.exists():  # noqa: ASYNC240 - one look, before anything is under way
        raise BackupError(f"{folder} exists: a backup is never written over; name a new folder")
    if lacking := await pending(url):
        raise BackupError(f"the database lacks {', '.join(lacking)}: run `goalcycle migrate` first")
    draft = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    try:
        manifest = await _dump(settings, url, draft)
        write_manifest(draft, manifest)
        draft.rename(folder)
        sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return manifest


async def _dump(settings: Settings, url: str, draft: Path) -> Manifest:
    """Manifest and dump from one and the same snapshot, which this transaction lends to pg_dump."""
    connection = await asyncpg.connect(url)
    try:
        program = find_dump_program(settings, "pg_dump", connection.get_server_version().major)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("select pg_export_snapshot()")
            told = await _told(connection)
            await run_program(
                program,
                *("--format=custom", f"--schema={SCHEMA}", f"--snapshot={snapshot}", "--no-owner"),
                *("--compress=gzip:1", "--file", str(draft / DUMP)),  # the default: 5 times as long, for an eighth
                database_url=url,
            )
    finally:
        with suppress(asyncpg.PostgresError, OSError):
            await connection.close()
    os.chmod(draft / DUMP, 0o600)
    return told.model_copy(update={"dump_sha256": sha256_of(draft / DUMP)})


async def _told(connection: Connection) -> Manifest:
    row = await connection.fetchrow("select now() as made_at, current_setting('server_version') as server")
    assert row is not None
    applied = await connection.fetch("select name, checksum from public.goalcycle_migrations order by name")
    return Manifest(
        release=version("goalcycle"),
        made_at=row["made_at"],
        server=row["server"],
        dump=DUMP,
        dump_sha256="",
        migrations={each["name"]: each["checksum"] for each in applied},
        organizations=await standing(connection),
    )
