"""Metrics over HTTP: definitions by date, now and as of a moment, and the goals that use them as far as one may see."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from api.examples import ADA, BEN, CYCLE, EXAMPLES, KPI, OKR, PLAN
from api.metric_examples import METRIC
from domain.decider import Ref
from tests.api.world import World

HERE = f"/metrics/{METRIC}"
CARLA = "0f3a5c9e-0000-4000-8000-00000000ca71"
MEANING = EXAMPLES["DefineMetric"]["definition"]["meaning"]


async def counted(world: World) -> None:
    """A KPI of Ben's and an OKR that nobody has seen yet are counted by a metric; Carla stands beside them."""
    await world.open()
    await world.send("AddPerson", person=CARLA, name="Carla", manager=None)
    await world.send("DefineMetric")
    named = {"metric": {"metric": METRIC, "version": 1}}
    await world.send("AssignGoal", definition=EXAMPLES["AssignGoal"]["definition"] | named)
    definition = EXAMPLES["DraftGoal"]["definition"]
    first, *rest = definition["key_results"]
    await world.send("DraftGoal", BEN, definition={**definition, "key_results": [first | named, *rest]})


async def uses(world: World, person: str) -> list[dict[str, Any]]:
    answer = await world.get(f"{HERE}/plans", person)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_r3_10_a_metric_tells_its_definitions_by_date_and_its_name(world: World) -> None:
    await world.found()
    opened = await world.try_("DefineMetric", valid_from="2026-01-01T00:00:00+08:00")
    assert (opened.status_code, opened.headers["location"]) == (201, world.base + HERE)
    await world.send("ChangeMetric", valid_from="2027-01-01T00:00:00+08:00")
    answer = await world.get(HERE, BEN)
    found = answer.json()
    assert (found["kind"], found["id"], found["version"], answer.headers["etag"]) == ("metric", METRIC, 2, '"2"')
    state = found["state"]
    assert (state["name"], state["data_owner"], state["retired_at"]) == ("Answered within a day", ADA, None)
    assert [(one["version"], one["valid_from"]) for one in state["definitions"]] == [
        (1, "2025-12-31T16:00:00Z"),
        (2, "2026-12-31T16:00:00Z"),
    ]
    assert state["definitions"][0]["definition"]["meaning"] == MEANING
    before = (await world.get(HERE, as_of=3)).json()
    assert [one["version"] for one in before["state"]["definitions"]] == [1]
    types = [event["type"] for event in (await world.get(f"{HERE}/history")).json()["items"]]
    assert types == ["MetricDefined", "MetricChanged"]


async def test_r3_10_all_metrics_are_listed_page_by_page(world: World) -> None:
    await world.found()
    other = METRIC.replace("b9", "b2")
    await world.send("DefineMetric")
    await world.send("DefineMetric", room=f"/metrics/{other}", name="Ships")
    await world.send("RetireMetric")
    page = (await world.get("/metrics", BEN, limit=1)).json()
    assert [(item["metric"], item["name"], item["version"]) for item in page["items"]] == [(other, "Ships", 1)]
    assert list(page["names"]) == [ADA]
    rest = (await world.get("/metrics", BEN, after=page["next"])).json()
    assert [item["metric"] for item in rest["items"]] == [METRIC]
    assert rest["items"][0]["retired_at"] is not None
    assert rest["next"] is None
    assert (await world.get("/metrics", after="nothing")).json()["code"] == "cursor.invalid"


async def test_r3_10_a_metric_tells_which_goals_use_it_as_far_as_one_may_see(world: World) -> None:
    await counted(world)
    seen = {person: [use["goal"] for use in await uses(world, person)] for person in (ADA, BEN, CARLA)}
    assert seen == {ADA: [KPI], BEN: [KPI, OKR], CARLA: []}
    await world.send("ProposeRevision", BEN, definition=(await world.plan())["state"]["goals"][OKR]["definition"])
    (use,) = await uses(world, CARLA)
    assert use == {
        "cycle": CYCLE,
        "plan": PLAN,
        "owner": BEN,
        "goal": OKR,
        "title": EXAMPLES["DraftGoal"]["definition"]["title"],
        "measure": EXAMPLES["DraftGoal"]["definition"]["key_results"][0]["id"],
        "version": 1,
        "told": 0,
        "kept": False,
    }


async def test_r3_10_a_plan_shows_no_metric_that_only_a_hidden_goal_names(world: World) -> None:
    await counted(world)
    await world.send("ProposeRevision", BEN, definition=EXAMPLES["DraftGoal"]["definition"])
    assert (await world.plan())["state"]["metrics"].keys() == {METRIC}
    assert (await world.get(f"/plans/{PLAN}", CARLA)).json()["state"]["metrics"] == {}
    await world.send("ChangeMetric")
    await world.send("KeepDefinition", BEN)
    assert (await world.plan())["state"]["metrics"][METRIC]["kept"] == [KPI]
    assert (await uses(world, ADA))[0]["kept"]


async def test_r3_10_the_inbox_asks_the_owner_for_a_look_in_both_languages(projecting: World) -> None:
    world = projecting
    await counted(world)
    await world.send("ChangeMetric")
    plan = Ref("plan", UUID(PLAN))
    (duty,) = (await world.engine.agendas.read_agenda(world.organization, plan, datetime.now(UTC))).agenda.due
    await world.perform(plan, duty.command)
    position = await world.engine.log.last_position(world.organization)
    items = (await world.get("/inbox", BEN, min_position=position)).json()["items"]
    looks = {item["goal"]: item for item in items if item["what"] == "look_at_metric"}
    assert looks.keys() == {KPI, OKR}
    assert looks[KPI]["metric"] == {"metric": METRIC, "version": 2}
    assert looks[KPI]["text"].startswith("A metric that your goal names is defined otherwise now")
    answer = await world.client.get(f"{world.base}/inbox", headers=world.headers(BEN, accept_language="zh-CN"))
    chinese = [item["text"] for item in answer.json()["items"] if item["what"] == "look_at_metric"]
    assert [text[:6] for text in chinese] == ["您的目标所引"] * 2
    kept = (await world.try_("KeepDefinition", BEN)).headers["goalcycle-position"]
    items = (await world.get("/inbox", BEN, min_position=kept)).json()["items"]
    assert [item["goal"] for item in items if item["what"] == "look_at_metric"] == [OKR]
    assert not [item for item in (await world.get("/inbox", ADA)).json()["items"] if item["what"] == "look_at_metric"]
    events = (await world.get(f"/plans/{PLAN}/history", ADA)).json()["items"]
    assert "DefinitionChanged" not in [event["type"] for event in events], "it names a draft that she may not see"


async def test_a_metric_that_there_is_not_is_unknown(world: World) -> None:
    await world.open()
    for path in (HERE, f"{HERE}/plans", f"{HERE}/history", f"/metrics/{CYCLE}/history"):
        answer = await world.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "metric.unknown"), path


async def test_a_change_replaces_what_one_saw(world: World) -> None:
    await world.found()
    await world.send("DefineMetric")
    assert (await world.try_("ChangeMetric", headers={"If-Match": '"9"'})).status_code == 412
    again = await world.try_("DefineMetric", headers={"If-None-Match": "*"})
    assert again.status_code == 412
