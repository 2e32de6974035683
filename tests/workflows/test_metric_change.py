"""A changed metric on its way to a plan, through the relay and the real workflows, under the time-skipping server."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from domain.cycle.policy import Policy
from domain.decider import Ref
from domain.measuring import MetricVersion
from domain.metric.defining import ChangeMetric, DefineMetric
from domain.metric.retiring import RetireMetric
from domain.metric.state import MetricDefinition
from domain.plan.drafting import AssignGoal
from eventlog.relay import rebuild_wakes
from tests.support.quarter import indicator, open_engine_on
from tests.support.skipping import skipping
from tests.workflows.paths import HOURS, POLICY

ACCIDENTS = MetricDefinition(meaning="Ships without an accident", unit="%", direction="higher")
STRICTER = MetricDefinition(meaning="Ships without an accident or a near miss", unit="%", direction="higher")
PATIENT: Policy = POLICY.model_copy(update={"assignment_served": HOURS.track.offset})


async def test_r3_10_a_changed_metric_reaches_the_plan_as_a_duty_and_a_retired_one_is_over(database: str) -> None:
    async with open_engine_on(database) as engine, skipping(engine) as machine:
        quarter = await machine.quarter()
        await quarter.found()
        metric = uuid4()
        ref, owner = Ref("metric", metric), quarter.staff[0]
        await quarter.act(quarter.lead, ref, DefineMetric(name="Safety", data_owner=quarter.head, definition=ACCIDENTS))
        await quarter.open(timetable=HOURS, policy=PATIENT)
        definition = indicator().model_copy(update={"metric": MetricVersion(metric=metric, version=1)})
        assigning = AssignGoal(goal=uuid4(), definition=definition, cycle=quarter.cycle, owner=owner)
        await quarter.act(quarter.head, quarter.plan_ref(owner), assigning)
        await machine.settle(quarter)
        assert await machine.is_running(quarter, ref), "a metric is kept by a workflow of its own"
        changed = ChangeMetric(definition=STRICTER, reason="Near misses count")
        await quarter.act(quarter.head, ref, changed)
        await machine.settle(quarter)
        assert (await quarter.plan(owner)).metrics[metric].version == 2
        period = (await quarter.state()).period
        assert period is not None
        later = ChangeMetric(definition=ACCIDENTS, valid_from=period.ends, reason="From the next quarter on")
        await quarter.act(quarter.head, ref, later)
        await machine.settle(quarter)
        assert (await quarter.plan(owner)).metrics[metric].version == 2, "the last one does not count in this one"
        await machine.environment.sleep(timedelta(minutes=1))
        await machine.settle(quarter)
        await quarter.act(quarter.lead, ref, RetireMetric(reason="The yard is shut"))
        await machine.settle(quarter)
        told = (await engine.log.read_stream(quarter.organization, quarter.plan_ref(owner)))[-1]
        retired = (await engine.log.read_stream(quarter.organization, ref))[-1]
        assert (told.type, told.fact) == ("DefinitionChanged", False)
        assert timedelta(0) <= told.at - retired.at < timedelta(seconds=5)
        assert (await quarter.plan(owner)).metrics[metric].retired
        assert await machine.comes_to_its_end(quarter, ref)
        assert await rebuild_wakes(engine.pool) == 3, "directory, cycle and plan: a retired metric owes nothing"
