"""A log with many events in it, fast: set-based inserts by the database's owner, the tables' keys and checks on.

The streams are made up (nobody loads them), linked version by version like real ones, each event with its command's
first answer; the positions go on without a gap: whoever appends afterwards finds the log as years would leave it.
"""

from __future__ import annotations

from uuid import UUID

import asyncpg

STREAM_EVENTS = 100
CHUNK = 100_000

EVENTS = """
insert into goalcycle.events (
    organization, position, kind, stream, version, type, schema_version, fact, actor, command_id, at, recorded_at,
    payload, prev_hash, hash, body_mac)
select $1::uuid, $2::bigint + n, 'metric', made.stream, made.version, 'ReadingImported', 1, true, $1::uuid,
       gen_random_uuid(), now(), now(),
       convert_to(
           '{"imported_by":"' || $1::uuid::text || '","measured_at":"2027-01-01T00:00:00Z",'
           || '"source":"warehouse","value":"' || n || '"}', 'UTF8'),
       case made.version when 1 then decode(repeat('00', 32), 'hex') else sha256(int8send(n - 1)) end,
       sha256(int8send(n)), sha256(int8send(-n))
from generate_series($3::bigint, $4::bigint) n
cross join lateral (
    select md5($1::uuid::text || (n - 1) / $5::int)::uuid as stream, (n - 1) % $5::int + 1 as version) made
"""

STREAMS = """
insert into goalcycle.streams (
    organization, stream, kind, version, fact_version, hash, at, last_position, wake_position, delivered_position)
select distinct on (stream) organization, stream, kind, version, version, hash, at, position, position, position
from goalcycle.events where organization = $1 and position > $2 order by stream, version desc
"""


async def fill(database_url: str, organization: UUID, events: int) -> None:
    """Bring an organization's log to so many events."""
    connection = await asyncpg.connect(database_url, command_timeout=600)
    try:
        begin: int = await connection.fetchval(
            "select last_position from goalcycle.organizations where organization = $1", organization
        )
        more = events - begin
        for first in range(1, more + 1, CHUNK):
            last = min(first + CHUNK - 1, more)
            await connection.execute(EVENTS, organization, begin, first, last, STREAM_EVENTS)
        await connection.execute(STREAMS, organization, begin)
        await connection.execute(
            "update goalcycle.organizations set last_position = $2 where organization = $1", organization, events
        )
        for table in ("events", "streams"):
            await connection.execute(f"vacuum (analyze) goalcycle.{table}")
        await connection.execute("checkpoint")
    finally:
        await connection.close()
