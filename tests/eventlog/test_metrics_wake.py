"""A metric's change on its way to the plans that rest on it: by the real handler, the fan-out and the duty (R3.10)."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

from cli.composition import CODEC, Engine
from domain.cycle.policy import preset
from domain.decider import Ref
from domain.goals import Kpi
from domain.measuring import MetricVersion
from domain.metric.defining import ChangeMetric, DefineMetric
from domain.metric.retiring import RetireMetric
from domain.metric.state import MetricDefinition
from domain.plan.drafting import AssignGoal
from domain.plan.metric_change import KeepDefinition
from domain.registry import DECIDERS
from eventlog.fanout import drain_fanouts
from eventlog.rebuild import rebuild_views
from eventlog.relay import rebuild_wakes
from eventlog.rules import verify_rules
from eventlog.views import PostgresViews
from tests.eventlog.test_rules import Forged
from tests.support.quarter import Quarter, indicator, open_engine_on, windows

METRIC = uuid4()
REF = Ref("metric", METRIC)
HOURS = windows(*(hour * 3600 for hour in range(1, 6)))
ACCIDENTS = MetricDefinition(meaning="Ships without an accident", unit="%", direction="higher")
STRICTER = MetricDefinition(meaning="Ships without an accident or a near miss", unit="%", direction="higher")
WOKEN = "select wake_position from goalcycle.streams where stream = $1"


def counted() -> Kpi:
    return indicator().model_copy(update={"metric": MetricVersion(metric=METRIC, version=1)})


async def _assign(quarter: Quarter, owner: UUID) -> UUID:
    goal = uuid4()
    assigning = AssignGoal(goal=goal, definition=counted(), cycle=quarter.cycle, owner=owner)
    await quarter.act(quarter.head, quarter.plan_ref(owner), assigning)
    return goal


async def _opened(engine: Engine) -> Quarter:
    """A quarter in draft, and a metric of the organization."""
    quarter = Quarter(engine)
    await quarter.found()
    await quarter.open(timetable=HOURS, policy=preset("light"))
    await quarter.act(quarter.lead, REF, DefineMetric(name="Safety", data_owner=quarter.head, definition=ACCIDENTS))
    return quarter


async def test_r3_10_a_changed_definition_wakes_the_plans_that_use_it_which_are_then_told(database: str) -> None:
    async with open_engine_on(database) as engine:
        pool, quarter = engine.pool, await _opened(engine)
        user, other = quarter.staff
        goal = await _assign(quarter, user)
        await quarter.draft(other)
        beside = await pool.fetchval(WOKEN, quarter.plan_ref(other).stream)
        assert await quarter.perform_due(quarter.plan_ref(user)) == []
        signed = (await quarter.plan(user)).goal(goal).hash
        changed = await quarter.act(quarter.head, REF, ChangeMetric(definition=STRICTER, reason="They count"))
        await drain_fanouts(pool, fanouts=10, dependants=10)
        assert await pool.fetchval(WOKEN, quarter.plan_ref(user).stream) == changed.last_position
        assert await pool.fetchval(WOKEN, quarter.plan_ref(other).stream) == beside
        assert await quarter.perform_due(quarter.plan_ref(user)) == [f"Remind:metric:{METRIC}:2:v0"]
        assert await quarter.perform_due(quarter.plan_ref(user)) == []
        assert (await quarter.plan(user)).metrics[METRIC].version == 2
        assert (await quarter.plan(user)).goal(goal).hash == signed
        keep = KeepDefinition(goal=goal, seen=MetricVersion(metric=METRIC, version=2))
        await quarter.act(user, quarter.plan_ref(user), keep)
        await quarter.act(quarter.lead, REF, ChangeMetric(data_owner=quarter.lead, reason="She is on leave"))
        assert await pool.fetchval("select count(*) from goalcycle.fanouts") == 0, "nothing is counted otherwise"
        retired = await quarter.act(quarter.lead, REF, RetireMetric(reason="The yard is shut"))
        await drain_fanouts(pool, fanouts=10, dependants=10)
        assert await pool.fetchval(WOKEN, quarter.plan_ref(user).stream) == retired.last_position
        (key,) = await quarter.perform_due(quarter.plan_ref(user))
        assert key.startswith(f"Remind:metric:{METRIC}:2:v")
        assert await quarter.perform_due(quarter.plan_ref(user)) == []


async def test_r3_10_a_goal_and_a_change_at_once_are_told_of_each_other(database: str) -> None:
    """Whichever comes first into the log: no plan that names an old version is left asleep."""
    async with open_engine_on(database) as engine:
        quarter = await _opened(engine)
        for place in range(20):
            quarter.cycle, number = uuid4(), place + 2
            await quarter.open(timetable=HOURS, policy=preset("light"))
            change = ChangeMetric(definition=ACCIDENTS if place % 2 else STRICTER, reason="They count, or not")
            owner = quarter.staff[0]
            await asyncio.gather(_assign(quarter, owner), quarter.act(quarter.head, REF, change))
            while await drain_fanouts(engine.pool, fanouts=10, dependants=10):
                pass
            plan = quarter.plan_ref(owner)
            changed = (await engine.log.read_stream(quarter.organization, REF))[-1].position
            assert await engine.pool.fetchval(WOKEN, plan.stream) >= changed, "woken by the change, or opened behind it"
            (key,) = [key for key in await quarter.perform_due(plan) if key.startswith("Remind:metric")]
            assert key.startswith(f"Remind:metric:{METRIC}:{number}:")


async def test_r8_what_was_done_to_a_metric_was_allowed_and_a_forged_change_is_found(database: str) -> None:
    async with open_engine_on(database) as engine:
        quarter = await _opened(engine)
        goal = await _assign(quarter, quarter.staff[0])
        await quarter.act(quarter.head, REF, ChangeMetric(definition=STRICTER, reason="They count"))
        await quarter.perform_due(quarter.plan_ref(quarter.staff[0]))
        keep = KeepDefinition(goal=goal, seen=MetricVersion(metric=METRIC, version=2))
        await quarter.act(quarter.staff[0], quarter.plan_ref(quarter.staff[0]), keep)
        await quarter.act(quarter.lead, REF, RetireMetric(reason="The yard is shut"))
        report = await verify_rules(engine.log, CODEC, quarter.organization)
        assert report.holds, report.fault
        records = await engine.log.read_feed(quarter.organization, limit=1000)
        changed = next(record for record in records if record.type == "MetricChanged")
        forged = Forged(engine.log, changed.position, actor=quarter.staff[1])
        report = await verify_rules(forged, CODEC, quarter.organization)  # type: ignore[arg-type]
        assert report.fault == f"position {changed.position}: goal.data_owner did not allow MetricChanged to its actor"


async def test_r3_10_rebuilt_views_ask_for_the_look_and_rebuilt_workflows_keep_the_metric(database: str) -> None:
    async with open_engine_on(database) as engine:
        quarter = await _opened(engine)
        owner = quarter.staff[0]
        goal = await _assign(quarter, owner)
        await quarter.act(quarter.head, REF, ChangeMetric(definition=STRICTER, reason="They count"))
        await quarter.perform_due(quarter.plan_ref(owner))
        last = await engine.log.last_position(quarter.organization)
        report = await rebuild_views(engine.pool, engine.log, DECIDERS, CODEC)
        assert (report.events, report.stopped) == (last, 0)
        asked = await PostgresViews(engine.pool).inbox(quarter.organization, owner)
        looks = [item for item in asked["items"] if item["what"] == "look_at_metric"]
        assert [(item["goal"], item["metric"]["version"]) for item in looks] == [(str(goal), 2)]
        await engine.pool.execute("update goalcycle.streams set wake_position = 0")
        assert await rebuild_wakes(engine.pool) == 4, "directory, cycle, plan and metric"
        assert await engine.pool.fetchval(WOKEN, METRIC) > 0
