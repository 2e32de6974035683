"""What a backup says of itself, so that a restore can prove that all of it came back."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import asyncpg
from pydantic import BaseModel, ConfigDict, ValidationError

FORMAT = 1
NAME = "manifest.json"
CHUNK = 1 << 20

# From the bookkeeping, which the same snapshot holds: no event is read. A founding that was refused leaves a counter
# without a log behind.
STANDING = """
select o.organization, o.last_position as position, count(s.stream) as streams,
       sum(s.version)::bigint as events,
       encode(sha256(string_agg(uuid_send(s.stream) || int8send(s.version) || s.hash, ''::bytea order by s.stream)),
              'hex') as heads
  from goalcycle.organizations o
  join goalcycle.streams s using (organization)
 group by o.organization, o.last_position
 order by o.organization
"""

# The same from the events themselves: what a restore is judged by.
REACHED = """
select e.organization, max(e.position) as position, count(*) as streams, sum(e.version)::bigint as events,
       encode(sha256(string_agg(uuid_send(e.stream) || int8send(e.version) || e.hash, ''::bytea order by e.stream)),
              'hex') as heads
  from (select distinct on (organization, stream) organization, stream, version, hash,
               max(position) over (partition by organization) as position
          from goalcycle.events
         order by organization, stream, version desc) e
 group by e.organization
 order by e.organization
"""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


class BackupError(Exception):
    """A backup that cannot be made or used: one sentence, with the way out."""


class Standing(BaseModel):
    """Where one organization's log stands."""

    model_config = ConfigDict(frozen=True)

    organization: UUID
    position: int
    streams: int
    events: int
    heads: str
    """SHA-256 over every stream's id, version and head hash, in order: two logs with the same heads are the same."""


class Manifest(BaseModel):
    """One backup of the log."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    release: str
    """Of goalcycle, that made it."""
    made_at: datetime
    """The instant of the snapshot, by the database's clock."""
    server: str
    """Postgres' version."""
    dump: str
    """The file beside this one: pg_dump's custom format."""
    dump_sha256: str
    migrations: dict[str, str]
    """Checksum by name of what had been applied."""
    organizations: tuple[Standing, ...]

    @property
    def events(self) -> int:
        """Of all organizations together."""
        return sum(one.events for one in self.organizations)


async def standing(connection: Connection) -> tuple[Standing, ...]:
    """Where each organization's log says that it stands."""
    return tuple(Standing.model_validate(dict(row)) for row in await connection.fetch(STANDING))


async def reached(connection: Connection) -> tuple[Standing, ...]:
    """Where each organization's events in fact end. Reads the last event of every stream."""
    return tuple(Standing.model_validate(dict(row)) for row in await connection.fetch(REACHED))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Last of all: a folder without it is no backup."""
    descriptor = os.open(folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(manifest.model_dump_json(indent=1))
        stream.flush()
        os.fsync(stream.fileno())


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup whose dump is whole.

    Raises:
        BackupError: there is none, it is of a newer release, or the dump is not the one that was made.
    """
    try:
        manifest = Manifest.model_validate_json((folder / NAME).read_bytes())
    except FileNotFoundError:
        raise BackupError(f"{folder} holds no {NAME}: it is no backup, or one that was interrupted") from None
    except ValidationError:
        raise BackupError(f"{folder / NAME} is damaged") from None
    if manifest.format > FORMAT:
        raise BackupError(f"release {manifest.release} made this backup: restore it with that release or a newer one")
    dump = folder / manifest.dump
    if not dump.is_file() or sha256_of(dump) != manifest.dump_sha256:
        raise BackupError(f"{dump} is not what was backed up: it is damaged or missing; use another backup")
    return manifest


def sha256_of(file: Path) -> str:
    """Of a file's bytes."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
