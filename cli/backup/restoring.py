"""Restoring a backup into a database that holds nothing, and proving that all of it came back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from cli.backup.making import SCHEMA
from cli.backup.manifest import BackupError, Manifest, reached, read_manifest
from cli.backup.programs import find_dump_program, run_program
from cli.composition import Engine, open_engine
from eventlog.keycopy import Subject, keys_of, known_erased
from eventlog.migrate import LOCK, checksum, migrate, migrations
from eventlog.settings import Settings
from eventlog.verify import verify_chain

LONG = 3_600.0
"""Seconds that looking through a whole log may take."""
SEALED_FOR = """
select distinct organization, subject from goalcycle.disclosures
union
select organization, organization from goalcycle.organizations where last_position > 0
"""


@dataclass
class Proof:
    """What a restored log was checked for."""

    events: int = 0
    faults: list[str] = field(default_factory=list)
    """One sentence each; none: every event of the backup is there and the chain holds."""
    keyless: list[Subject] = field(default_factory=list)
    """Whose texts cannot be opened although nobody erased their key. An organization's own key is its own subject."""


async def restore_log(settings: Settings, folder: Path) -> Manifest:
    """Put a backup's log into the database. What was there before must hold no organization.

    Raises:
        BackupError: the backup is no good, the database holds a log, or pg_restore failed; then nothing is half done:
            the same call may be made again.
        BinaryMissing: no pg_restore for this server.
    """
    manifest = read_manifest(folder)
    _refuse_newer(manifest)
    url = settings.require_database_url()
    await _forget_half_a_restore(url)
    await migrate(url)  # makes the role that the dump's grants name; the tables make way for the dump's
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK)  # no migrator may come in between
        program = find_dump_program(settings, "pg_restore", connection.get_server_version().major)
        await _clear(connection, manifest)
        await run_program(
            program,
            *("--single-transaction", "--exit-on-error", "--no-owner", str(folder / manifest.dump)),
            database_url=url,
        )
        await connection.execute("analyze")
    finally:
        await connection.close()
    await migrate(url)  # what this release has added since
    return manifest


async def prove(settings: Settings, manifest: Manifest) -> Proof:
    """Recompute every hash, compare every stream's head with the backup's, and look for keys that are missing."""
    proof = Proof()
    async with open_engine(settings) as engine:
        for one in manifest.organizations:
            report = await verify_chain(engine.log, one.organization)
            proof.events += report.events
            if report.fault is not None:
                proof.faults.append(f"{one.organization}: {report.fault}")
        async with engine.pool.acquire() as connection:
            found = {one.organization: one for one in await reached(connection)}
        for one in manifest.organizations:
            there = found.get(one.organization)
            if there != one:
                ends = f"position {there.position}" if there else "nothing"
                proof.faults.append(f"{one.organization}: backed up to position {one.position}, restored {ends}")
        proof.keyless = await _keyless(engine, settings.keyring_directory)
    return proof


async def _keyless(engine: Engine, keyring: Path) -> list[Subject]:
    rows = await engine.pool.fetch(SEALED_FOR, timeout=LONG)
    needed = {(row["organization"], row["subject"]) for row in rows}
    return sorted(subject for subject in needed - keys_of(keyring) if not known_erased(keyring, subject))


def _refuse_newer(manifest: Manifest) -> None:
    ours = {name: checksum(sql) for name, sql in migrations()}
    if manifest.migrations.items() - ours.items():
        raise BackupError(
            f"release {manifest.release} made this backup with a schema that this release does not know: restore it "
            "with that release or a newer one"
        )


async def _forget_half_a_restore(url: str) -> None:
    """Where one was killed, the ledger tells of tables that did not come."""
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval(
            "select to_regclass('goalcycle.events') is null and to_regclass('public.goalcycle_migrations') is not null"
        ):
            await connection.execute("delete from public.goalcycle_migrations")
    finally:
        await connection.close()


async def _clear(connection: asyncpg.Connection[asyncpg.Record], manifest: Manifest) -> None:
    """Make way for the dump, unless anything was ever written here, and note what it brings.

    The note comes first: pg_restore commits all at once, and a log without a ledger could never be migrated again.
    """
    async with connection.transaction():
        # From here on nobody founds an organization between the look and the drop.
        if await connection.fetchval("select to_regclass('goalcycle.organizations')") is not None:
            await connection.execute("lock table goalcycle.organizations, goalcycle.events in access exclusive mode")
            if await connection.fetchval(
                "select exists (select from goalcycle.organizations where last_position > 0)"
                " or exists (select from goalcycle.events)"
            ):
                raise BackupError("the database holds a log already: restore into an empty one, and point to it then")
        await connection.execute(f"drop schema if exists {SCHEMA} cascade")
        await connection.execute("delete from public.goalcycle_migrations")
        await connection.executemany(
            "insert into public.goalcycle_migrations (name, checksum) values ($1, $2)",
            list(manifest.migrations.items()),
        )
