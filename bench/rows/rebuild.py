"""`rebuild`: how fast the log gives back what was lost. Nothing stands against it; it is reported.

`rebuild`: workflows a second. Temporal is empty (a new dev server each round); every open stream's workflow is started
by `goalcycle run relay` and has read its agenda in a worker: 60 plans of a usual size, their cycle, the directory.
`views`: read models, events a second: `rebuild_views` from position 0 up to the switch, over the same log with as many
check-ins as bring each plan to 200 events.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from time import perf_counter
from typing import Any
from uuid import UUID

from temporalio.client import Client

from bench.quarter import Quarter
from bench.rounds import Row, reported
from bench.stage import Site, Stage
from cli.composition import CODEC, Engine
from cli.temporal import build_worker, plugin
from domain.decider import Ref
from domain.registry import DECIDERS
from eventlog.agendas import Agendas, PostgresAgendaStore
from eventlog.rebuild import rebuild_views
from eventlog.relay import rebuild_wakes

NAME = "rebuild"
PLANS = 60
TINY = {"plans": 2, "events": 40}
EVENTS = 200
PATIENCE = 120


async def measure(stage: Stage, count: int, seconds: float, *, plans: int = PLANS, events: int = EVENTS) -> list[Row]:
    """Workflows and events a second."""
    del seconds
    async with stage.site() as site, site.engine() as engine:
        quarter = Quarter(engine)
        await quarter.track(plans)
        workflows = [await _workflows(stage, site, engine, plans + 2) for _ in range(count)]
        for owner in quarter.owners:
            await quarter.fill(owner, events)
        views = [await _views(engine) for _ in range(count)]
    return [Row(NAME, reported(workflows), {"views": reported(views)})]


class Watched(Agendas):
    """Agendas that remember which workflows have asked."""

    def __init__(self, engine: Engine, streams: int) -> None:
        super().__init__(engine.log, engine.handler, DECIDERS, PostgresAgendaStore(engine.pool))
        self._left = streams
        self._seen: set[Ref] = set()
        self.complete = asyncio.Event()

    async def perform_due(self, organization: UUID, ref: Ref, now: datetime, *, target: int = 0) -> Any:
        """Answer, and note who asked."""
        turn = await super().perform_due(organization, ref, now, target=target)
        self._seen.add(ref)
        if len(self._seen) == self._left:
            self.complete.set()
        return turn


async def _workflows(stage: Stage, site: Site, engine: Engine, streams: int) -> float:
    async with stage.empty_temporal() as temporal:
        agendas = Watched(engine, streams)
        client = await Client.connect(temporal, plugins=[plugin()])
        async with (
            build_worker(client, agendas),
            site.serving("relay", temporal=temporal),
            asyncio.timeout(PATIENCE),
        ):
            begun = perf_counter()
            assert await rebuild_wakes(engine.pool) == streams
            await agendas.complete.wait()
            return streams / (perf_counter() - begun)


async def _views(engine: Engine) -> float:
    begun = perf_counter()
    report = await rebuild_views(engine.pool, engine.log, DECIDERS, CODEC)
    assert report.stopped == 0
    return report.events / (perf_counter() - begun)
