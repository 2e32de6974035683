"""The log in memory and the one on Postgres judge alike: the same random calls, the same verdicts and events."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.decider import Ref
from eventlog.log import NO_EVENTS, AppendRequest, AppendResult, Head, Log, Outcome
from eventlog.memory import MemoryLog
from eventlog.postgres import PostgresLog, open_pool
from tests.eventlog.writing import Noted, Told, Writer, plan

CALLS = 40


class Chance:
    """Requests that are right, stale, late, repeated or read too early, as it comes."""

    def __init__(self, seed: int, writer: Writer, *, simulated: bool) -> None:
        self.random = random.Random(seed)
        self.writer = writer
        self.simulated = simulated
        self.refs = [plan() for _ in range(5)]
        self.sent: list[AppendRequest] = []
        self.older: dict[Ref, Head] = {}

    def call(self) -> list[AppendRequest]:
        return [self.request() for _ in range(self.random.randint(1, 6))]

    def request(self) -> AppendRequest:
        if self.sent and self.random.random() < 0.15:
            repeated = self.random.choice(self.sent[-8:])
            return replace(repeated, body_mac=b"another".ljust(32)) if self.random.random() < 0.3 else repeated
        written = self.random.sample(self.refs, self.random.choice((1, 1, 1, 2)))
        events = [self.random.choice((Noted(), Noted(), Told())) for _ in range(self.random.randint(1, 3))]
        read = self.random.sample(self.refs, self.random.choice((0, 0, 1, 2)))
        seen = Writer(self.writer.organization, dict(self.writer.heads))
        if self.random.random() < 0.2:
            ref = self.random.choice(self.refs)
            seen.heads[ref] = self.older.get(ref, NO_EVENTS)
        reads = [ref for ref in read if ref not in written]
        made = seen.request(dict.fromkeys(written, events), reads=reads, at=self.instant())
        self.sent.append(made)
        return made

    def instant(self) -> datetime:
        if self.simulated:
            return datetime(2031, 1, 1, tzinfo=UTC) + timedelta(days=len(self.sent) + self.random.randint(-3, 3))
        return datetime.now(UTC) + timedelta(hours=self.random.choice((0, 0, 0, 0, 0, 0, -1, 1)))

    def learn(self, requests: list[AppendRequest], results: list[AppendResult]) -> None:
        for request, result in zip(requests, results, strict=True):
            if result.outcome is Outcome.APPENDED:
                self.older |= {append.ref: self.writer.head(append.ref) for append in request.appends}
                self.writer.wrote(request)


@pytest.mark.parametrize("simulated", [False, True], ids=["real", "simulated"])
@pytest.mark.parametrize("seed", range(3))
async def test_they_judge_alike(module_database: str, seed: int, simulated: bool) -> None:
    pool = await open_pool(module_database, size=2)
    postgres, memory, writer = PostgresLog(module_database, pool), MemoryLog(), Writer()
    logs: list[Log] = [postgres, memory]
    opening = writer.request(
        {Ref("directory", uuid4()): [Noted()]},
        founds=True,
        simulated=simulated,
        at=datetime(2031, 1, 1, tzinfo=UTC) if simulated else None,
    )
    for log in logs:
        await log.append(writer.organization, [opening])
    chance, outcomes = Chance(seed, writer, simulated=simulated), set[Outcome]()
    for _ in range(CALLS):
        requests = chance.call()
        told, expected = [await log.append(writer.organization, requests) for log in logs]
        if not simulated:  # the floor is each log's own clock
            told, expected = ([replace(result, floor=None) for result in results] for results in (told, expected))
        assert told == expected
        outcomes |= {result.outcome for result in told}
        chance.learn(requests, told)
    assert outcomes == set(Outcome) - {Outcome.UNKNOWN_ORGANIZATION}, "every verdict came up"
    stamp = datetime(2031, 1, 1, tzinfo=UTC)  # each log's own
    one, other = [
        [replace(event, recorded_at=stamp) for event in await log.read_feed(writer.organization)] for log in logs
    ]
    assert one == other
    await postgres.close()
    await pool.close()
