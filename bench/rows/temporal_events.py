"""`temporal_events_per_check_in` and `temporal_events_per_plan_quarter`: what goalcycle costs Temporal, counted.

A quarter of the preset *formal* on the dev server, with worker and relay as processes: four owners and their line
draft, propose, accept, submit, sign, check in, publish and receive, all in time, while the facilitator closes each
phase. After each act everything comes to rest before the next one, so that no two nudges are ever told as one.

`per_plan_quarter`: events in the histories of all runs of a plan's workflow, mean of the plans, from its opening to its
end. `cycle` is the cycle's own workflow, all in all.
`per_check_in`: how much all histories of the organization grow by a check-in in track, over 8 of them.
"""

from __future__ import annotations

import asyncio
from statistics import mean
from typing import Any

import asyncpg
from temporalio.client import Client

from activities.signatures import StreamName
from bench.quarter import Quarter, check_in
from bench.rounds import Figure, Row
from bench.stage import Stage
from cli.temporal import plugin
from domain.cycle.closing import AdvancePhase, CloseCycle
from domain.cycle.results import PublishResults
from domain.cycle.state import CycleState
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.directory.state import DIRECTORY
from domain.plan.result import AcknowledgeResult
from domain.plan.signing import SignPlan
from workflows.ids import workflow_id

NAME = "temporal_events_per_plan_quarter"
CHECK_IN = "temporal_events_per_check_in"
PLANS = 4
USUAL = ("40", "30", "30"), ("60", "40")
Goals = tuple[tuple[str, ...], tuple[str, ...]]
"""The weights of a plan's OKRs and of its KPIs."""
TINY: dict[str, Any] = {"plans": 1, "goals": (("100",), ())}
ROUNDS_OF_CHECK_INS = 2
PATIENCE = 60
UNDELIVERED = "select count(*) from goalcycle.streams where wake_position > delivered_position"


async def measure(stage: Stage, count: int, seconds: float, *, plans: int = PLANS, goals: Goals = USUAL) -> list[Row]:
    """Counted, so one quarter says it all."""
    del count, seconds
    temporal = await stage.temporal()
    client = await Client.connect(temporal, plugins=[plugin()])
    async with stage.site() as site, site.engine() as engine:
        quarter = Quarter(engine, objectives=goals[0], indicators=goals[1])
        await quarter.found(plans)
        async with site.serving("worker", temporal=temporal), site.serving("relay", temporal=temporal):
            counting = Counting(client, quarter, site.database_url)
            await _up_to_track(counting, quarter)
            before = await counting.everything()
            for number in range(ROUNDS_OF_CHECK_INS):
                for owner in quarter.owners:
                    await quarter.act(owner, quarter.plan_ref(owner), check_in(await quarter.plan(owner), number))
                    await counting.rest()
            each = (await counting.everything() - before) / (ROUNDS_OF_CHECK_INS * plans)
            await _to_the_end(counting, quarter)
            costs = [await counting.events(quarter.plan_ref(owner)) for owner in quarter.owners]
            cycle = await counting.events(quarter.cycle_ref)
    spread = (float(min(costs)), float(max(costs)))
    return [
        Row(CHECK_IN, Figure(each, unit="events")),
        Row(NAME, Figure(mean(costs), spread=spread, unit="events"), {"cycle": Figure(float(cycle), unit="events")}),
    ]


async def _up_to_track(counting: Counting, quarter: Quarter) -> None:
    await quarter.open()
    await counting.rest()
    for owner in quarter.owners:
        await quarter.agree(owner, after_each=counting.rest)
    for _ in (Phase.DRAFT, Phase.NEGOTIATE):
        await counting.close_phase()
    for owner in quarter.owners:
        shown = await quarter.submit(owner)
        await counting.rest()
        for signer in (quarter.head, quarter.lead):
            await quarter.act(signer, quarter.plan_ref(owner), SignPlan(hash=shown))
            await counting.rest()
    await counting.close_phase()


async def _to_the_end(counting: Counting, quarter: Quarter) -> None:
    for owner in quarter.owners:
        await quarter.report_finally(owner)
        await counting.rest()
    await counting.close_phase()
    await quarter.act(quarter.lead, quarter.cycle_ref, PublishResults())
    await counting.rest()
    results = (await quarter.state()).results
    for owner in quarter.owners:
        ref = quarter.plan_ref(owner)
        await quarter.act(owner, ref, AcknowledgeResult(result=results[ref.stream].hash, how="assent"))
        await counting.rest()
    await counting.close_phase()


class Counting:
    """Looks at Temporal's histories."""

    def __init__(self, client: Client, quarter: Quarter, database_url: str) -> None:
        self._client = client
        self._quarter = quarter
        self._database_url = database_url

    async def rest(self) -> None:
        """Wait until every nudge is delivered and no history grows any more."""
        async with asyncio.timeout(PATIENCE):
            await self._delivered()
            before = -1
            while (now := await self.everything()) != before:
                before = now
                await asyncio.sleep(0.1)
                await self._delivered()

    async def close_phase(self) -> None:
        """The facilitator closes the phase, a workflow finishes it."""
        phase = (await self._quarter.state()).phase
        command = CloseCycle() if phase is Phase.RETROSPECT else AdvancePhase()
        await self._quarter.act(self._quarter.lead, self._quarter.cycle_ref, command)
        async with asyncio.timeout(PATIENCE):
            while not _left(await self._quarter.state(), phase):
                await asyncio.sleep(0.05)
        await self.rest()

    async def everything(self) -> int:
        """Events of all workflows of the organization."""
        refs = [DIRECTORY, self._quarter.cycle_ref, *map(self._quarter.plan_ref, self._quarter.owners)]
        return sum(await asyncio.gather(*(self.events(ref) for ref in refs)))

    async def events(self, ref: Ref) -> int:
        """Events of all runs of a stream's workflow."""
        name = workflow_id(StreamName(organization=self._quarter.organization, kind=ref.kind, stream=ref.stream))
        runs = [run async for run in self._client.list_workflows(f'WorkflowId = "{name}"')]
        lengths = [
            (await self._client.get_workflow_handle(run.id, run_id=run.run_id).describe()).history_length
            for run in runs
        ]
        return sum(lengths)

    async def _delivered(self) -> None:
        connection = await asyncpg.connect(self._database_url)
        try:
            while await connection.fetchval(UNDELIVERED):
                await asyncio.sleep(0.02)
        finally:
            await connection.close()


def _left(state: CycleState, phase: Phase) -> bool:
    return state.closed or state.phase is not phase
