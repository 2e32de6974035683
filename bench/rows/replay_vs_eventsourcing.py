"""`replay_vs_eventsourcing`: folding streams of 500 events from Postgres.

Ours: `StateCache.load` of a plan that is not cached: one SELECT, decode each payload into its frozen pydantic model,
check that each event continues the chain before it, evolve. The further figure `hashed` also recomputes every SHA-256
from the stored bytes (what `goalcycle verify chain` does), which the library has nothing to set against.
Theirs: the `eventsourcing` library, `Repository.get` of an aggregate with the same events in the same Postgres, through
its PostgreSQL recorder on psycopg with its C code, as its documentation sets it up (bench/eventsourcing_side.py).
One stream after the other in both, from a table that holds all of them. Figures are events a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import perf_counter
from uuid import UUID

from bench.quarter import Quarter
from bench.rounds import Row, Sample, rates, rounds
from bench.stage import Stage
from cli.composition import CODEC, Engine
from domain.decider import Ref
from domain.registry import DECIDERS
from eventlog.codec import event_hash, recorded_header
from eventlog.log import Recorded
from eventlog.postgres import PostgresLog
from eventlog.states import StateCache

NAME = "replay_vs_eventsourcing"
STREAMS = 12
TINY = {"streams": 1}
EVENTS = 500


async def measure(stage: Stage, count: int, seconds: float, *, streams: int = STREAMS) -> list[Row]:
    """Events a second, with the hash check off and on."""
    from bench.eventsourcing_side import library_on

    async with stage.site() as site, site.engine() as engine:
        quarter = Quarter(engine)
        await quarter.track(streams)
        for owner in quarter.owners:
            await quarter.fill(owner, EVENTS)
        refs = [quarter.plan_ref(owner) for owner in quarter.owners]
        async with library_on(site.database_url) as library:
            for ref in refs:
                recorded = await engine.log.read_stream(quarter.organization, ref)
                await asyncio.to_thread(library.record, ref.stream, [CODEC.decode(event) for event in recorded])
            await _same_states(quarter, library.readings)

            async def theirs(seconds: float) -> Sample:
                return await asyncio.to_thread(_folded, library.fold, [ref.stream for ref in refs], seconds)

            ours, hashed = Ours(engine, quarter, refs), Ours(engine, quarter, refs, Checking(engine))
            off = await rounds(ours, theirs, count=count, seconds=seconds)
            on = await rounds(hashed, theirs, count=count, seconds=seconds)
    return [Row(NAME, rates(off), {"hashed": rates(on)})]


async def _same_states(quarter: Quarter, readings: Callable[[UUID], dict[UUID, str]]) -> None:
    """Both sides come to the same values, or the figures compare nothing."""
    for owner in quarter.owners:
        plan = await quarter.plan(owner)
        ours = {measure: str(item.value) for goal in plan.goals.values() for measure, item in goal.readings.items()}
        assert await asyncio.to_thread(readings, quarter.plan_ref(owner).stream) == ours


def _folded(fold: Callable[[UUID], int], streams: Sequence[UUID], seconds: float) -> Sample:
    begun, done = perf_counter(), 0
    while perf_counter() - begun < seconds:
        for stream in streams:
            assert fold(stream) == EVENTS
            done += 1
    return Sample(done * EVENTS / (perf_counter() - begun))


class Ours:
    """Folds every stream with an empty cache."""

    def __init__(self, engine: Engine, quarter: Quarter, refs: Sequence[Ref], log: PostgresLog | None = None) -> None:
        self._log = log or engine.log
        self._quarter = quarter
        self._refs = refs

    async def __call__(self, seconds: float) -> Sample:
        begun, streams = perf_counter(), 0
        while perf_counter() - begun < seconds:
            cache = StateCache(self._log, DECIDERS, CODEC)
            for ref in self._refs:
                found = await cache.load(self._quarter.organization, ref)
                assert found.head.version == EVENTS
                streams += 1
        return Sample(streams * EVENTS / (perf_counter() - begun))


class Checking(PostgresLog):
    """The log, recomputing each event's hash as it is read."""

    def __init__(self, engine: Engine) -> None:
        super().__init__("", engine.pool)

    async def read_stream(
        self, organization: UUID, ref: Ref, *, after_version: int = 0, up_to_position: int | None = None
    ) -> list[Recorded]:
        """A stream's events, each proven to have its hash."""
        found = await super().read_stream(organization, ref, after_version=after_version, up_to_position=up_to_position)
        for event in found:
            if event_hash(event.prev_hash, recorded_header(event), event.payload) != event.hash:
                raise AssertionError(f"the bytes at position {event.position} do not have their hash")
        return found
