"""Board and inbox: from the read models, as fresh as the caller asks for."""

from __future__ import annotations

from api.examples import ADA, BEN, CYCLE, EXAMPLES, OKR, PLAN, TEAM
from api.shapes import BoardAnswer, InboxAnswer
from tests.api.world import World

BOARD = f"/cycles/{CYCLE}/board"


async def test_the_board_shows_every_plan_and_what_keeps_the_gate(projecting: World) -> None:
    world = projecting
    await world.open()
    await world.send("AddTeam")
    await world.send("EnrolParticipant")
    answer = await world.try_("DraftGoal", BEN)
    board = (await world.get(BOARD, min_position=answer.headers["goalcycle-position"])).json()
    BoardAnswer.model_validate(board)
    assert board["cycle"]["phase"] == "draft"
    assert board["cycle"]["gate"] == [{"check": "goals", "plans": 1}]
    rows = {row["owner"]: row for row in board["items"]}
    assert rows[BEN]["goals"] == 1
    assert rows[TEAM]["blocks"] == ["goals"]
    assert board["names"] == {ADA: "Ada Example", BEN: "Ben 示例", TEAM: "Onboarding"}
    first = (await world.get(BOARD, limit=1)).json()
    second = (await world.get(BOARD, limit=1, after=first["next"])).json()
    assert [*first["items"], *second["items"]] == board["items"]
    assert second["next"] is None
    foreign = await world.get(BOARD, after="bm90LWFuLWlk")
    assert (foreign.status_code, foreign.json()["code"]) == (422, "cursor.invalid")
    unknown = await world.get(f"/cycles/{OKR}/board")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "cycle.unknown")


async def test_the_inbox_is_the_caller_s_own_and_agrees_with_the_plan(projecting: World) -> None:
    world = projecting
    await world.open()
    await world.send("DraftGoal", BEN)
    position = (await world.try_("ProposeRevision", BEN)).headers["goalcycle-position"]
    ada = (await world.get("/inbox", ADA, min_position=position)).json()
    InboxAnswer.model_validate(ada)
    assert [(item["what"], item["goal"]) for item in ada["items"]] == [("answer", OKR)]
    assert ada["names"] == {ADA: "Ada Example", BEN: "Ben 示例"}
    ben = (await world.get("/inbox", BEN, min_position=position)).json()
    assert ben["items"] == []
    plan = await world.plan()
    assert plan["waits"] == ada["items"]
    assert ada["items"][0]["plan"] == PLAN
    assert EXAMPLES["DraftGoal"]["definition"]["title"] not in str(ada)


async def test_a_list_that_is_behind_says_so_and_when_to_come_back(world: World) -> None:
    await world.open()
    for path in (BOARD, "/inbox"):
        answer = await world.get(path, min_position=3)
        assert (answer.status_code, answer.json()["code"]) == (503, "view.behind")
        assert answer.headers["retry-after"] == "1"
    assert (await world.get("/inbox")).json() == {"items": [], "names": {}, "position": 0}
