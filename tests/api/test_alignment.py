"""What a goal serves and what serves it, as each reader may see it (R3.7, R8)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from api.alignment_shapes import AlignmentAnswer
from api.examples import ADA, BEN, CYCLE, EDGE, EXAMPLES, KEY_RESULTS, KPI, OKR, PLAN, TEAM
from cli.composition import CODEC
from domain.registry import DECIDERS
from domain.values import plan_id
from eventlog.projector import Projector
from tests.api.world import World

CEM = "0f3a5c9e-0000-4000-8000-0000000000c9"
TEAM_PLAN = str(plan_id(UUID(CYCLE), UUID(TEAM)))
TITLE = EXAMPLES["DraftGoal"]["definition"]["title"]
KPI_TITLE = EXAMPLES["AssignGoal"]["definition"]["title"]


@pytest.fixture
async def aligned(world: World) -> World:
    """Ben's OKR serves a KPI of the team that he leads; Cem is a colleague of his."""
    await world.open()
    await world.send("AddPerson", person=CEM, name="Cem Example")
    await world.send("AddTeam")
    await world.send("EnrolParticipant")
    await world.send("DraftGoal", BEN)
    await world.send("ProposeRevision", BEN)
    await world.send("AssignGoal", room=f"/plans/{TEAM_PLAN}", owner=TEAM)
    seen = (await world.get(f"/plans/{TEAM_PLAN}")).json()["state"]["goals"][KPI]["hash"]
    parent = {"plan": TEAM_PLAN, "goal": KPI}
    await world.send("RequestAlignment", BEN, parent=parent, parent_hash=seen)
    return world


async def alignment(world: World, plan: str, goal: str, person: str = BEN) -> dict[str, Any]:
    """The answer, once the read models show all there is."""
    projector = Projector(world.engine.pool, world.engine.log, DECIDERS, CODEC)
    while await projector.step():
        pass
    answer = await world.get(f"/plans/{plan}/goals/{goal}/alignment", person)
    assert answer.status_code == 200, answer.text
    AlignmentAnswer.model_validate(answer.json())
    found: dict[str, Any] = answer.json()
    return found


async def test_r3_7_a_goal_shows_its_parents_and_its_children_with_the_formula(aligned: World) -> None:
    up = await alignment(aligned, PLAN, OKR)
    (parent,) = up["parents"]
    assert (parent["title"], parent["owner"], parent["state"], parent["edge"]) == (KPI_TITLE, TEAM, "accepted", EDGE)
    assert (parent["key_result"], parent["parent"]["goal"]) == (KEY_RESULTS[0], KPI)
    assert (up["children"], up["rollup"], up["names"]) == ([], None, {TEAM: "Onboarding"})
    down = await alignment(aligned, TEAM_PLAN, KPI)
    (child,) = down["children"]
    assert (child["title"], child["owner"], child["plan"], child["goal"]) == (TITLE, BEN, PLAN, OKR)
    assert down["parents"] == []
    assert down["rollup"]["formula"] == "(50 × 0) / (50) = 0"
    assert down["rollup"]["terms"][0]["edge"] == EDGE


async def test_r8_a_parent_that_one_may_not_see_appears_untitled(aligned: World) -> None:
    (parent,) = (await alignment(aligned, PLAN, OKR, CEM))["parents"]
    assert (parent["title"], parent["parent"]["goal"]) == (None, KPI)
    assert KPI_TITLE not in (await aligned.get(f"/plans/{PLAN}/goals/{OKR}/alignment", CEM)).text
    hidden = await aligned.get(f"/plans/{TEAM_PLAN}/goals/{KPI}/alignment", CEM)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "plan.unknown")


async def test_r8_nor_one_in_a_plan_of_which_one_sees_the_rest(aligned: World) -> None:
    await aligned.send("AssignGoal")
    seen = (await aligned.plan())["state"]["goals"][KPI]["hash"]
    asked = {"edge": EDGE.replace("a9", "a8"), "goal": OKR, "parent": {"plan": PLAN, "goal": KPI}, "parent_hash": seen}
    await aligned.send("RequestAlignment", BEN, body=asked)
    mine, theirs = await alignment(aligned, PLAN, OKR), await alignment(aligned, PLAN, OKR, CEM)
    assert [parent["title"] for parent in mine["parents"]] == [KPI_TITLE, KPI_TITLE]
    assert [parent["title"] for parent in theirs["parents"]] == [None, None]


async def test_r8_a_child_that_one_may_not_see_does_not_appear_and_does_not_count(aligned: World) -> None:
    await aligned.send("AssignGoal")
    seen = (await aligned.plan())["state"]["goals"]
    parent = {"plan": PLAN, "goal": OKR, "key_result": KEY_RESULTS[1]}
    edge = EDGE.replace("a9", "a8")
    asked = {"edge": edge, "goal": KPI, "parent": parent, "parent_hash": seen[OKR]["hash"]}
    await aligned.send("RequestAlignment", BEN, body=asked)
    mine, theirs = await alignment(aligned, PLAN, OKR), await alignment(aligned, PLAN, OKR, CEM)
    assert [child["edge"] for child in mine["children"]] == [edge]
    assert mine["rollup"] == mine["key_results"][KEY_RESULTS[1]]
    assert list(mine["key_results"]) == [KEY_RESULTS[1]]
    assert (theirs["children"], theirs["rollup"], theirs["key_results"]) == ([], None, {})


async def test_what_is_not_there_has_no_alignment(aligned: World) -> None:
    for plan, goal, code in ((PLAN, TEAM, "goal.unknown"), (OKR, OKR, "plan.unknown")):
        answer = await aligned.get(f"/plans/{plan}/goals/{goal}/alignment", BEN)
        assert (answer.status_code, answer.json()["code"]) == (404, code)


async def test_it_waits_for_the_read_models_to_show_what_one_did(aligned: World) -> None:
    answer = await aligned.get(f"/plans/{PLAN}/goals/{OKR}/alignment", BEN, min_position=10**6)
    assert (answer.status_code, answer.json()["code"]) == (503, "view.behind")


async def test_a_withdrawn_alignment_is_gone_before_the_read_models_know(aligned: World) -> None:
    await alignment(aligned, TEAM_PLAN, KPI)
    await aligned.send("DeclineAlignment", BEN)
    answer = await aligned.get(f"/plans/{TEAM_PLAN}/goals/{KPI}/alignment", ADA)
    assert (answer.status_code, answer.json()["children"]) == (200, [])
