"""Board and inbox: from the read models, as fresh as the caller asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from api.examples import ADA, BEN, CYCLE, EXAMPLES, OKR, PLAN, TEAM
from api.inbox import told
from api.list_shapes import BoardAnswer, InboxAnswer
from api.texts import texts_in
from domain.directory.state import DirectoryState
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
    words = "every plan has goals, or its owner is excused"
    assert board["cycle"]["gate"] == [{"check": "goals", "plans": 1, "text": words}]
    rows = {row["owner"]: row for row in board["items"]}
    assert rows[BEN]["goals"] == 1
    assert (rows[TEAM]["blocks"], rows[TEAM]["blocked_by"]) == (["goals"], [BEN])
    assert (rows[BEN]["blocks"], rows[BEN]["blocked_by"]) == ([], [])
    units = [
        {"unit": TEAM, "plans": 1, "signed": 0, "blocked": 1},
        {"unit": None, "plans": 1, "signed": 0, "blocked": 0},
    ]
    assert board["units"] == units
    for query in ({"unit": TEAM}, {"blocks": "goals"}):
        assert [row["owner"] for row in (await world.get(BOARD, **query)).json()["items"]] == [TEAM]
    assert (await world.get(BOARD, blocks="signature")).json()["items"] == []
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
    told = {"text", "why", "reason_text", "overdue", "days_left", "changed", "difference"}
    assert plan["waits"] == [{key: item[key] for key in item.keys() - told} for item in ada["items"]]
    assert ada["items"][0]["plan"] == PLAN
    assert EXAMPLES["DraftGoal"]["definition"]["title"] not in str(ada)


async def test_a_list_that_is_behind_says_so_and_when_to_come_back(world: World) -> None:
    await world.open()
    for path in (BOARD, "/inbox"):
        answer = await world.get(path, min_position=3)
        assert (answer.status_code, answer.json()["code"]) == (503, "view.behind")
        assert answer.headers["retry-after"] == "1"
    assert (await world.get("/inbox")).json() == {"items": [], "names": {}, "position": 0}


async def test_the_inbox_says_what_to_do_why_and_in_how_many_working_days(projecting: World) -> None:
    world = projecting
    await world.open()
    await world.send("DraftGoal", BEN)
    position = (await world.try_("ProposeRevision", BEN)).headers["goalcycle-position"]
    [item] = (await world.get("/inbox", ADA, min_position=position)).json()["items"]
    assert item["text"] == "Answer the revision on the table: accept it or counter it."
    assert item["why"] == "Others wait for it."
    assert (item["overdue"], item["days_left"] in (3, 4)) == (False, True)  # three, and what is left of today
    headers = world.headers(ADA, accept_language="zh-CN")
    answer = await world.client.get(f"{world.base}/inbox", headers=headers)
    assert answer.json()["items"][0]["text"] == "请答复当前修订：接受，或提出反提案。"
    assert (answer.headers["content-language"], answer.headers["vary"]) == ("zh-CN", "Accept-Language")


async def test_the_inbox_shows_what_has_changed_since_one_last_looked(projecting: World) -> None:
    world = projecting
    await world.open()
    await world.send("DraftGoal", BEN)
    position = (await world.try_("ProposeRevision", BEN)).headers["goalcycle-position"]
    first = (await world.get("/inbox", ADA, min_position=position)).json()
    [item] = first["items"]
    assert (item["changed"], item["difference"]) == (True, None), "Ada has seen nothing of it yet"
    [item] = (await world.get("/inbox", ADA, since=first["position"])).json()["items"]
    assert not item["changed"]
    position = (await world.try_("AssignGoal", ADA)).headers["goalcycle-position"]
    mine = (await world.plan())["version"]
    [item] = (await world.get("/inbox", ADA, since=first["position"], min_position=position)).json()["items"]
    assert item["changed"]
    position = (await world.try_("AcknowledgeAssignment", BEN, hash=await _kpi_hash(world))).headers[
        "goalcycle-position"
    ]
    [item] = (await world.get("/inbox", ADA, min_position=position)).json()["items"]
    assert item["difference"] == {"from": mine, "to": mine + 1}
    query = {"from": mine, "to": mine + 1}
    assert (await world.get(f"/plans/{PLAN}/diff", **query)).status_code == 200


async def _kpi_hash(world: World) -> str:
    goal: str = (await world.plan())["state"]["goals"][EXAMPLES["AssignGoal"]["goal"]]["hash"]
    return goal


def test_what_is_overdue_comes_first_then_what_keeps_a_phase_from_closing_then_by_date() -> None:
    now, directory = datetime(2027, 3, 1, 9, tzinfo=UTC), DirectoryState()

    def item(name: str, group: str, due: datetime | None) -> dict[str, object]:
        return {"what": "sign", "group": group, "due": due and due.isoformat(), "plan": name, "reason": None}

    asked = [
        item("00000000-0000-0000-0000-000000000001", "needs_me", now + timedelta(days=1)),
        item("00000000-0000-0000-0000-000000000002", "blocks_gate", None),
        item("00000000-0000-0000-0000-000000000003", "blocks_gate", now + timedelta(days=9)),
        item("00000000-0000-0000-0000-000000000004", "needs_me", now - timedelta(days=4)),
    ]
    found = told(asked, {}, directory, uuid4(), None, texts_in("en"), now)
    assert [str(one["plan"])[-1] for one in found] == ["4", "3", "2", "1"]
    assert [one["days_left"] for one in found] == [-3, 8, None, 2]
