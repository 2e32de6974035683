"""A metric, and a plan that uses it, told in plain words (R3.10)."""

from __future__ import annotations

from uuid import uuid4

from cli.replaying.finding import find, position_of
from cli.replaying.history import Replay, replay
from domain.decider import Ref
from domain.measuring import MetricVersion
from domain.metric.defining import ChangeMetric, DefineMetric
from domain.metric.retiring import RetireMetric
from domain.metric.state import MetricDefinition
from domain.plan.drafting import AssignGoal
from domain.plan.metric_change import KeepDefinition
from tests.support.quarter import Quarter, indicator, open_engine_on, windows

LONG = windows(600, 1200, 1800, 2400, 3000)
ACCIDENTS = MetricDefinition(meaning="Ships without an accident", unit="%", direction="higher")
STRICTER = MetricDefinition(meaning="... or a near miss", unit="%", direction="higher", source="The log books")


def told(found: Replay) -> list[str]:
    return [words for event in found.events for words in (f"{event.who} {event.words[0]}", *event.words[1:])]


async def test_r3_10_a_metric_and_the_plan_that_uses_it_are_told_by_its_name(database: str) -> None:
    async with open_engine_on(database) as engine:
        quarter = Quarter(engine)
        await quarter.found()
        await quarter.open(timetable=LONG)
        ref, owner, goal = Ref("metric", uuid4()), quarter.staff[0], uuid4()
        plan = quarter.plan_ref(owner)
        await quarter.act(quarter.lead, ref, DefineMetric(name="Safe ships", data_owner=owner, definition=ACCIDENTS))
        named = {"metric": MetricVersion(metric=ref.stream, version=1)}
        assigning = {"goal": goal, "definition": indicator().model_copy(update=named)}
        await quarter.act(quarter.head, plan, AssignGoal(**assigning, cycle=quarter.cycle, owner=owner))
        await quarter.act(owner, ref, ChangeMetric(definition=STRICTER, reason="They count"))
        await quarter.perform_due(plan)
        seen = MetricVersion(metric=ref.stream, version=2)
        await quarter.act(owner, plan, KeepDefinition(goal=goal, seen=seen, reason="We began so"))
        await quarter.act(quarter.lead, ref, ChangeMetric(name="Safety", data_owner=quarter.head, reason="Hers now"))
        await quarter.act(quarter.lead, ref, RetireMetric(reason="The yard is shut"))
        await quarter.perform_due(plan)
        found = await find(engine, ref.stream, quarter.organization)
        now = await position_of(engine, quarter.organization, None)
        defined, *story = told(await replay(engine, found, now))
        assert defined.startswith("Lin Yao defined the metric “Safe ships”, valid from ")
        assert [line for line in story if "valid from" not in line] == [
            "vouched for by Mei Tanaka",
            "counts %, higher is better, the last of its readings",
            "meaning: Ships without an accident",
            "counts %, higher is better, the last of its readings",
            "meaning: ... or a near miss",
            "source: The log books",
            "reason: They count",
            "Lin Yao changed how the metric is kept",
            "called “Safety” from now on",
            "vouched for by Amara Okafor from now on",
            "reason: Hers now",
            "Lin Yao retired the metric: it is no longer counted",
            "reason: The yard is shut",
        ]
        of_plan = told(await replay(engine, await find(engine, plan.stream, quarter.organization), now))
        assert "counted by the metric “Safety” at version 1" in of_plan
        assert of_plan[-4:] == [
            "goalcycle told the owner that the metric “Safety”, by which “Safety” is counted, "
            "is at version 2 of its definition now",
            "Mei Tanaka keeps “Safety” as it is counted, knowing of version 2 of the metric “Safety”",
            "reason: We began so",
            "goalcycle told the owner that the metric “Safety”, by which “Safety” is counted, is no longer counted",
        ]
