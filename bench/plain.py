"""The plainest ways into Postgres that there are, for rows whose bytes are ready."""

from __future__ import annotations

from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import asyncpg

from bench.clients import Step, steps_taken
from bench.rounds import Sample

CONNECTIONS = 32

PLAIN_TABLE = """
create table if not exists public.plain_events (
    id bigint generated always as identity primary key, stream uuid, version bigint, payload bytea)
"""
PLAIN_INSERT = "insert into public.plain_events (stream, version, payload) values ($1, $2, $3)"
PAYLOAD = b'{"person":"00000000-0000-0000-0000-000000000000","role":"auditor"}'


class PlainInsert:
    """A prepared one-row INSERT of ready bytes, each client on a connection of its own, autocommit."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url

    async def __call__(self, seconds: float) -> Sample:
        async with AsyncExitStack() as stack:
            steps: list[Step] = []
            for _ in range(CONNECTIONS):
                connection = await asyncpg.connect(self._database_url)
                stack.push_async_callback(connection.close)
                await connection.execute(PLAIN_TABLE)
                steps.append(_step(await connection.prepare(PLAIN_INSERT), uuid4()))
            return await steps_taken(seconds, steps)


def _step(insert: asyncpg.prepared_stmt.PreparedStatement[asyncpg.Record], stream: UUID) -> Step:
    version = 0

    async def step() -> None:
        nonlocal version
        version += 1
        await insert.fetch(stream, version, PAYLOAD)

    return step
