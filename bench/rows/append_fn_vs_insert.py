"""`append_fn_vs_insert`: the append function against the plainest INSERT.

Ours: `goalcycle.append` through the appender, 64 clients at once, each on a stream of its own, one event of ready bytes
a request. It locks the counter, checks command id, version and hash, writes event, stream and first answer.
Theirs: a prepared one-row INSERT of ready bytes into a table with an identity key, autocommit, 32 clients each on an
asyncpg connection of its own.
Both sides run in this process, on the same event loop.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from bench.clients import Step, steps_taken
from bench.plain import PAYLOAD, PlainInsert
from bench.quarter import Quarter
from bench.rounds import Row, Sample, rates, rounds
from bench.stage import Stage
from domain.decider import Ref
from eventlog.appender import Appender
from eventlog.codec import event_hash, header_bytes
from eventlog.log import EMPTY_HASH, AppendRequest, NewEvent, Outcome, StreamAppend
from eventlog.postgres import PostgresLog

NAME = "append_fn_vs_insert"
CLIENTS = 64
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
        try:
            return await steps_taken(seconds, [self._step(appender) for _ in range(CLIENTS)])
        finally:
            await appender.close()

    def _step(self, appender: Appender) -> Step:
        ref, version, head, actor = Ref("metric", uuid4()), 0, EMPTY_HASH, uuid4()

        async def step() -> None:
            nonlocal version, head
            command, at = uuid4(), datetime.now(UTC)
            event = self._ready(ref, version + 1, head, actor, command, at)
            append = StreamAppend(ref, version, head, (event,))
            request = AppendRequest(command, bytes(32), actor, at, (append,))
            result = await appender.submit(self._organization, request)
            assert result.outcome is Outcome.APPENDED, result
            version, head = version + 1, event.hash

        return step

    def _ready(self, ref: Ref, version: int, head: bytes, actor: UUID, command: UUID, at: datetime) -> NewEvent:
        header = header_bytes(
            organization=self._organization,
            kind=ref.kind,
            stream=ref.stream,
            version=version,
            type="RoleGranted",
            schema_version=1,
            fact=True,
            actor=actor,
            command_id=command,
            causation=None,
            at=at,
        )
        return NewEvent("RoleGranted", 1, True, PAYLOAD, head, event_hash(head, header, PAYLOAD))
