"""`append_fn_vs_insert`: the append function against the plainest INSERT.

Ours: `goalcycle.append` through the appender, 64 clients at once, each on a stream of its own, one event of ready bytes
a request (made before; what hashing costs is in the next row). The function locks the counter, checks command id,
version and chain, and writes what an append writes.
Theirs: a prepared one-row INSERT of ready bytes into a table with an identity key, autocommit, 32 clients each on an
asyncpg connection of its own.
Both sides run in this process, on the same event loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID, uuid4

from bench.clients import Step, steps_taken
from bench.plain import PAYLOAD, PlainInsert
from bench.quarter import Quarter
from bench.rounds import Row, Sample, rates, rounds
from bench.stage import Stage
from domain.decider import Ref
from eventlog.appender import Appender
from eventlog.log import EMPTY_HASH, AppendRequest, NewEvent, Outcome, StreamAppend
from eventlog.postgres import PostgresLog

NAME = "append_fn_vs_insert"
CLIENTS = 64
MOST = 800
"""Requests a second that a client has ready: twice what it was ever seen to take."""
TINY: dict[str, int] = {}


async def measure(stage: Stage, count: int, seconds: float) -> list[Row]:
    """Events a second."""
    async with stage.site() as site, site.engine() as engine:
        quarter = Quarter(engine)
        await quarter.found()
        ours = AppendFunction(engine.log, quarter.organization)
        pairs = await rounds(ours, PlainInsert(site.database_url), count=count, seconds=seconds)
    return [Row(NAME, rates(pairs))]


class AppendFunction:
    """Clients of the appender with ready bytes."""

    def __init__(self, log: PostgresLog, organization: UUID) -> None:
        self._log = log
        self._organization = organization

    async def __call__(self, seconds: float) -> Sample:
        appender = Appender(self._log)
        clients = [self._client(appender, int(seconds * MOST)) for _ in range(CLIENTS)]
        try:
            return await steps_taken(seconds, clients)
        finally:
            await appender.close()

    def _client(self, appender: Appender, most: int) -> Step:
        """A client with so many requests whose bytes are ready."""
        ref, actor = Ref("metric", uuid4()), uuid4()
        ready = iter(list(self._ready(ref, actor, most)))

        async def step() -> None:
            command, append = next(ready)
            request = AppendRequest(command, bytes(32), actor, datetime.now(UTC), (append,))
            result = await appender.submit(self._organization, request)
            assert result.outcome is Outcome.APPENDED, result

        return step

    def _ready(self, ref: Ref, actor: UUID, most: int) -> Iterator[tuple[UUID, StreamAppend]]:
        """The appends of one stream, one after the other. What its hashes are over is nothing to the function."""
        head = EMPTY_HASH
        for version in range(most):
            hashed = sha256(actor.bytes + head).digest()
            yield uuid4(), StreamAppend(ref, version, head, (NewEvent("RoleGranted", 1, True, PAYLOAD, head, hashed),))
            head = hashed
