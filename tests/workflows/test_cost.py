"""What Temporal has to write for one plan: nothing for a check-in, little for a quarter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain.cycle.windows import Period, Phase, Windows
from domain.decider import Ref
from tests.support.quarter import Quarter, open_engine_on
from tests.support.skipping import Skipping, skipping
from tests.workflows.paths import TICK, histories

MOST_EVENTS = 90
"""Of one plan in a formal quarter in which goalcycle had to do for it everything that it can owe. An escalation keeps a
timer, because it goes up again (R5.6)."""


@pytest.fixture
async def time_machine(database: str) -> AsyncIterator[Skipping]:
    async with open_engine_on(database) as engine, skipping(engine) as found:
        yield found


async def cost(time_machine: Skipping, quarter: Quarter, ref: Ref) -> int:
    """Events of a stream's workflow over all its runs so far, once it rests."""
    assert await time_machine.is_running(quarter, ref) or ref in time_machine.first_runs
    async with asyncio.timeout(30):
        while True:
            runs = await histories(time_machine.client, quarter, ref, time_machine.first_runs[ref])
            last = runs[-1].events[-1]
            # What a turn did is in the log before it is in Temporal's history.
            if not (
                last.HasField("workflow_task_scheduled_event_attributes")
                or last.HasField("workflow_task_started_event_attributes")
            ):
                return sum(len(run.events) for run in runs)
            await asyncio.sleep(0.02)


async def test_a_plan_that_is_reminded_escalated_and_served_costs_little(time_machine: Skipping) -> None:
    quarter = await time_machine.quarter()
    await quarter.found()
    begins = await time_machine.now() + timedelta(days=40)
    period = Period(starts=begins, ends=begins + timedelta(days=91))
    await quarter.open(timetable=Windows(), period=period)
    deadlines = (await quarter.state()).deadlines
    prompt, silent = quarter.staff
    for owner in quarter.staff:
        await quarter.draft(owner)
    await quarter.agree(prompt)
    await time_machine.pass_until(quarter, await time_machine.now() + timedelta(days=8))
    await quarter.agree(silent)
    await time_machine.pass_until(quarter, deadlines[Phase.NEGOTIATE] + TICK)
    for owner in quarter.staff:
        await quarter.submit(owner)
    await quarter.sign(prompt)
    signing = (await quarter.plan(silent)).signing
    assert signing is not None
    await time_machine.pass_until(quarter, signing.escalate_at + TICK)
    await quarter.sign(silent, quarter.lead)
    await time_machine.settle(quarter)
    raised = (await quarter.plan(silent)).signing
    assert raised is not None
    assert raised.escalated_to is not None
    await quarter.sign(silent, raised.escalated_to)
    # A timer that was set for a signature still runs out once, for nothing.
    await time_machine.pass_until(quarter, deadlines[Phase.COMMIT] + timedelta(days=20))
    before = [await cost(time_machine, quarter, quarter.plan_ref(owner)) for owner in quarter.staff]
    for share in (0.5, 0.6, 0.7):
        for owner in quarter.staff:
            await quarter.check_in(owner, final=share > 0.6, share=share)
        await time_machine.settle(quarter)
    after = [await cost(time_machine, quarter, quarter.plan_ref(owner)) for owner in quarter.staff]
    assert after == before, "a check-in cost Temporal something"
    await time_machine.pass_until(quarter, deadlines[Phase.TRACK] + TICK)
    await quarter.publish()
    await quarter.receive(prompt)
    await time_machine.pass_until(quarter, deadlines[Phase.RETROSPECT] + TICK)
    assert (await quarter.state()).closed
    events = await quarter.engine.log.read_feed(quarter.organization, limit=10_000)
    done = [event.type for event in events if event.stream == quarter.plan_ref(silent).stream]
    for kind, count in {"Reminded": 2, "AssignmentServed": 1, "Escalated": 2, "ResultServed": 1}.items():
        assert done.count(kind) == count, kind
    costs = [await cost(time_machine, quarter, quarter.plan_ref(owner)) for owner in quarter.staff]
    print(f"Temporal's events over a formal quarter: {costs[0]} of a prompt plan, {costs[1]} of a silent one")
    assert max(costs) <= MOST_EVENTS
