"""R3.7: a plan that rests on another is woken when that one changes, and a plan on which nothing rests wakes nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from domain.cycle.policy import preset
from domain.decider import Ref
from domain.plan.negotiation import ProposeRevision
from eventlog.fanout import drain_fanouts
from eventlog.log import Outcome
from tests.eventlog.waking import Given, waking_on
from tests.eventlog.writing import Noted, Writer, plan
from tests.support.asking import accept, ask
from tests.support.quarter import Quarter, objective, open_engine_on, windows

WAKES = {"wakes_children": True}
HOURS = windows(*(hour * 3600 for hour in range(1, 6)))


@pytest.fixture
async def given(database: str) -> AsyncIterator[Given]:
    async with waking_on(database) as found:
        yield found


async def test_a_plan_on_which_nothing_rests_leaves_no_fan_out_behind(given: Given) -> None:
    cycle = Ref("cycle", uuid4())
    await given.write(plan(), **WAKES)
    assert await given.fanouts() == []
    position = await given.write(cycle, **WAKES)
    assert await given.fanouts() == [(cycle.stream, position)], "a cycle always has plans below"


async def test_what_rests_on_a_plan_is_woken_by_its_changes_from_then_on(given: Given) -> None:
    above, below, beside = plan(), plan(), plan()
    await given.write(above, **WAKES)
    opened = await given.write(beside)
    resting = await given.write(below, rests_on=(above.stream,))
    await given.write(below, rests_on=(above.stream,))
    await given.write(above)
    assert await given.fanouts() == [], "it changed nothing that anybody rests on"
    changed = await given.write(above, **WAKES)
    assert await given.fanouts() == [(above.stream, changed)]
    await drain_fanouts(given.pool, fanouts=10, dependants=10)
    assert await given.fanouts() == []
    assert (await given.woken_at(below), await given.woken_at(beside)) == (changed, opened)
    assert resting < changed


async def test_many_that_rest_are_woken_batch_by_batch_and_what_is_closed_sleeps_on(given: Given) -> None:
    above, closed = plan(), plan()
    await given.write(above)
    below = [plan() for _ in range(5)]
    for ref in below:
        await given.write(ref, rests_on=(above.stream,))
    last = await given.write(closed, rests_on=(above.stream,), closed=True)
    changed = await given.write(above, **WAKES)
    for _ in range(3):
        assert await given.fanouts()
        await drain_fanouts(given.pool, fanouts=10, dependants=2)
    assert await given.fanouts() == []
    assert [await given.woken_at(ref) for ref in below] == [changed] * 5
    assert await given.woken_at(closed) == last


async def test_what_is_refused_rests_on_nothing(given: Given) -> None:
    above, below = plan(), plan()
    await given.write(above)
    await given.write(below)
    rests = {"rests_on": (above.stream,)}
    stale = Writer(given.writer.organization).request({below: [Noted()]}, streams=rests)
    fresh = given.writer.request({plan(): [Noted()]})
    _, refused = await given.log.append(given.writer.organization, [fresh, stale])
    assert refused.outcome is Outcome.CONFLICT
    assert await given.pool.fetchval("select count(*) from goalcycle.rests_on") == 0


async def test_another_organizations_plan_wakes_nobody_here(given: Given) -> None:
    above, below = plan(), plan()
    await given.write(above)
    await given.write(below, rests_on=(above.stream,))
    stranger = Writer()
    await stranger.found(given.log)
    await stranger.append(given.log, stranger.request({above: [Noted()]}, streams=WAKES))
    assert await given.fanouts() == []


async def test_r3_7_a_parents_change_wakes_its_child_which_is_then_told(database: str) -> None:
    """From the command to the wake to the duty, by the real handler."""
    async with open_engine_on(database) as engine:
        pool, quarter = engine.pool, Quarter(engine)
        await quarter.found()
        await quarter.open(timetable=HOURS, policy=preset("light"))
        below, above = quarter.staff
        child, parent = await quarter.draft_alone(below), await quarter.draft_alone(above)
        asked = await ask(quarter, (below, child), (above, parent))
        assert await pool.fetchval("select count(*) from goalcycle.rests_on") == 0
        await accept(quarter, asked)
        assert not await quarter.perform_due(quarter.plan_ref(below))
        counter = ProposeRevision(goal=parent, definition=objective(21))
        changed = await quarter.act(quarter.head, quarter.plan_ref(above), counter)
        await drain_fanouts(pool, fanouts=10, dependants=10)
        woken = "select wake_position from goalcycle.streams where stream = $1"
        assert await pool.fetchval(woken, quarter.plan_ref(below).stream) == changed.last_position
        (key,) = await quarter.perform_due(quarter.plan_ref(below))
        assert key.startswith(f"Remind:parent:{asked.edge}:")
        told = (await quarter.plan(below)).edges[asked.edge]
        assert told.changed_hash == (await quarter.plan(above)).goal(parent).hash
        assert not await quarter.perform_due(quarter.plan_ref(below))
