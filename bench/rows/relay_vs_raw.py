"""`relay_vs_raw`: nudges a second.

Ours: the relay's rounds (`Relay.step`): find the streams that are to be told, signal-with-start each, note it as
delivered; 200 streams that all wait, again and again.
Theirs: a bare loop over as many streams: the same signal-with-start by the same client, 16 at once as the relay has it,
nothing looked up and nothing noted.
Both on the same Temporal dev server, from this process, with no worker behind it: what workflows make of a nudge would
burden both alike. Each side has its own workflows, started in the round that does not count.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from uuid import UUID, uuid4

from temporalio.client import Client

from bench.filling import STREAM_EVENTS, fill
from bench.quarter import Quarter
from bench.rounds import Row, Sample, rates, rounds
from bench.stage import Stage
from cli.composition import Engine
from cli.temporal import nudger, plugin
from eventlog.relay import Relay, RelaySettings, rebuild_wakes

NAME = "relay_vs_raw"
STREAMS = 200
TINY = {"streams": 16}
TASK_QUEUE = "bench-without-worker"


async def measure(stage: Stage, count: int, seconds: float, *, streams: int = STREAMS) -> list[Row]:
    """Nudges a second."""
    client = await Client.connect(await stage.temporal(), plugins=[plugin()])
    async with stage.site() as site, site.engine() as engine:
        quarter = Quarter(engine)
        await quarter.found()
        await fill(site.database_url, quarter.organization, 2 + streams * STREAM_EVENTS)
        pairs = await rounds(Ours(engine, client), Theirs(client, streams), count=count, seconds=seconds)
    return [Row(NAME, rates(pairs))]


class Ours:
    """The relay, with all streams to tell each time."""

    def __init__(self, engine: Engine, client: Client) -> None:
        self._pool = engine.pool
        self._relay = Relay(engine.pool, nudger(client, TASK_QUEUE))

    async def __call__(self, seconds: float) -> Sample:
        nudged, took = 0, 0.0
        while took < seconds:
            await rebuild_wakes(self._pool)
            begun, before = perf_counter(), self._relay.nudged
            while await self._relay.step():
                pass
            took += perf_counter() - begun
            nudged += self._relay.nudged - before
        assert not self._relay.failed
        return Sample(nudged / took)


class Theirs:
    """The bare loop."""

    def __init__(self, client: Client, streams: int) -> None:
        self._nudge = nudger(client, TASK_QUEUE)
        self._organization = uuid4()
        self._streams = [uuid4() for _ in range(streams)]

    async def __call__(self, seconds: float) -> Sample:
        begun, done = perf_counter(), 0

        async def loop(streams: list[UUID]) -> None:
            nonlocal done
            while True:  # whole passes, as the relay makes them: so that the first one starts every workflow
                for stream in streams:
                    await self._nudge(self._organization, "metric", stream, 100, 100)
                    done += 1
                if perf_counter() - begun >= seconds:
                    return

        clients = RelaySettings().concurrency
        await asyncio.gather(*(loop(self._streams[number::clients]) for number in range(clients)))
        return Sample(done / (perf_counter() - begun))
