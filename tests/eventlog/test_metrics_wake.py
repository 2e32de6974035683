"""A metric's change on its way to the plans that rest on it: by the real handler, the fan-out and the duty (R3.10)."""

from __future__ import annotations

from uuid import UUID, uuid4

from domain.cycle.policy import preset
from domain.decider import Ref
from domain.measuring import MetricVersion
from domain.metric.defining import ChangeMetric, DefineMetric
from domain.metric.retiring import RetireMetric
from domain.metric.state import MetricDefinition
from domain.plan.drafting import AssignGoal
from domain.plan.metric_change import KeepDefinition
from eventlog.fanout import drain_fanouts
from tests.support.quarter import Quarter, indicator, open_engine_on, windows

HOURS = windows(*(hour * 3600 for hour in range(1, 6)))
ACCIDENTS = MetricDefinition(meaning="Ships without an accident", unit="%", direction="higher")
STRICTER = MetricDefinition(meaning="Ships without an accident or a near miss", unit="%", direction="higher")
WOKEN = "select wake_position from goalcycle.streams where stream = $1"


async def _assign(quarter: Quarter, owner: UUID, metric: UUID) -> UUID:
    goal = uuid4()
    definition = indicator().model_copy(update={"metric": MetricVersion(metric=metric, version=1)})
    assigning = AssignGoal(goal=goal, definition=definition, cycle=quarter.cycle, owner=owner)
    await quarter.act(quarter.head, quarter.plan_ref(owner), assigning)
    return goal


async def test_r3_10_a_changed_definition_wakes_the_plans_that_use_it_which_are_then_told(database: str) -> None:
    async with open_engine_on(database) as engine:
        pool, quarter = engine.pool, Quarter(engine)
        await quarter.found()
        await quarter.open(timetable=HOURS, policy=preset("light"))
        metric, (user, other) = uuid4(), quarter.staff
        ref = Ref("metric", metric)
        await quarter.act(quarter.lead, ref, DefineMetric(name="Safety", data_owner=quarter.head, definition=ACCIDENTS))
        goal = await _assign(quarter, user, metric)
        await quarter.draft(other)
        beside = await pool.fetchval(WOKEN, quarter.plan_ref(other).stream)
        assert await quarter.perform_due(quarter.plan_ref(user)) == []
        signed = (await quarter.plan(user)).goal(goal).hash
        changed = await quarter.act(quarter.head, ref, ChangeMetric(definition=STRICTER, reason="They count"))
        await drain_fanouts(pool, fanouts=10, dependants=10)
        assert await pool.fetchval(WOKEN, quarter.plan_ref(user).stream) == changed.last_position
        assert await pool.fetchval(WOKEN, quarter.plan_ref(other).stream) == beside
        assert await quarter.perform_due(quarter.plan_ref(user)) == [f"Remind:metric:{metric}:2:v0"]
        assert await quarter.perform_due(quarter.plan_ref(user)) == []
        assert (await quarter.plan(user)).metrics[metric].version == 2
        assert (await quarter.plan(user)).goal(goal).hash == signed
        keep = KeepDefinition(goal=goal, seen=MetricVersion(metric=metric, version=2))
        await quarter.act(user, quarter.plan_ref(user), keep)
        await quarter.act(quarter.lead, ref, ChangeMetric(data_owner=quarter.lead, reason="She is on leave"))
        assert await pool.fetchval("select count(*) from goalcycle.fanouts") == 0, "nothing is counted otherwise"
        retired = await quarter.act(quarter.lead, ref, RetireMetric(reason="The yard is shut"))
        await drain_fanouts(pool, fanouts=10, dependants=10)
        assert await pool.fetchval(WOKEN, quarter.plan_ref(user).stream) == retired.last_position
        (key,) = await quarter.perform_due(quarter.plan_ref(user))
        assert key.startswith(f"Remind:metric:{metric}:2:retired:")
        assert await quarter.perform_due(quarter.plan_ref(user)) == []
