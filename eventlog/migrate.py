"""Forward-only, numbered SQL migrations that record their checksum.

Invariant: a migration that was applied is never edited; a changed file is refused. Two migrators at once wait for
each other.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files

import asyncpg

from eventlog.postgres import PATIENCE

LOCK = 7_306_205_311
"""The advisory lock that migrators of one database take."""

LEDGER = """
create table if not exists public.goalcycle_migrations (
    name       text primary key,
    checksum   text not null,
    applied_at timestamptz not null default now()
)
"""


class ChangedMigrationError(Exception):
    """A migration that this database has applied is not what this release ships."""


def migrations() -> list[tuple[str, str]]:
    """Name and SQL of every migration, in order."""
    folder = files("eventlog") / "schema"
    found = [item for item in folder.iterdir() if item.name.endswith(".sql")]
    return [(item.name, item.read_text(encoding="utf-8")) for item in sorted(found, key=lambda item: item.name)]


def checksum(sql: str) -> str:
    """SHA-256 of a migration's text."""
    return hashlib.sha256(sql.encode()).hexdigest()


async def migrate(database_url: str) -> list[str]:
    """Apply what is missing, each migration in a transaction; returns the names applied. Run it as the owner."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK)
        await connection.execute(LEDGER)
        done = await _done(connection)
        _refuse_changed(done)
        applied = []
        for name, sql in migrations():
            if name not in done:
                async with connection.transaction():
                    await connection.execute(sql)
                    await connection.execute(
                        "insert into public.goalcycle_migrations (name, checksum) values ($1, $2)", name, checksum(sql)
                    )
                applied.append(name)
        return applied
    finally:
        await connection.close()


async def pending(database_url: str) -> list[str]:
    """The names of migrations that this database still lacks. Raises ChangedMigrationError."""
    connection = await asyncpg.connect(database_url, timeout=PATIENCE.connect, command_timeout=PATIENCE.answer)
    try:
        if await connection.fetchval("select to_regclass('public.goalcycle_migrations')") is None:
            return [name for name, _ in migrations()]
        done = await _done(connection)
    finally:
        await connection.close()
    _refuse_changed(done)
    return [name for name, _ in migrations() if name not in done]


async def _done(connection: asyncpg.Connection[asyncpg.Record]) -> dict[str, str]:
    rows = await connection.fetch("select name, checksum from public.goalcycle_migrations")
    return {row["name"]: row["checksum"] for row in rows}


def _refuse_changed(done: dict[str, str]) -> None:
    for name, sql in migrations():
        if name in done and done[name] != checksum(sql):
            raise ChangedMigrationError(f"{name} was applied with another content; migrations are never edited")
