"""State, history, difference and feed: now, as of any moment, page by page."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from api.examples import ADA, BEN, CYCLE, EXAMPLES, OKR, PLAN
from api.list_shapes import GateAnswer
from api.shapes import (
    CommandAnswer,
    EventPage,
    Feed,
    PlanAnswer,
    PlanDifference,
    ProblemDocument,
    StateAnswer,
)
from domain.decider import Ref
from domain.plan.duties import Remind
from tests.api.world import World

KPI = EXAMPLES["AssignGoal"]["goal"]


async def test_state_is_shown_with_its_texts(world: World) -> None:
    await world.agree()
    directory = (await world.get("")).json()
    assert directory["state"]["people"][BEN]["name"] == "Ben 示例"
    assert directory["zone"] == "Asia/Shanghai"
    cycle = (await world.get(f"/cycles/{CYCLE}")).json()
    assert (cycle["state"]["name"], cycle["state"]["phase"]) == ("2027-Q1", "draft")
    goal = (await world.get(f"/plans/{PLAN}/goals/{OKR}")).json()
    assert goal["state"]["definition"]["title"] == EXAMPLES["DraftGoal"]["definition"]["title"]
    assert goal["state"]["accepted"] == ["counterpart", "owner"]
    assert goal["erased"] == []


async def test_a_plan_says_what_it_waits_for_and_which_hash_a_signature_binds(world: World) -> None:
    await world.open()
    await world.send("DraftGoal", BEN)
    await world.send("AssignGoal")
    waits = [(item["goal"], item["what"], item["person"]) for item in (await world.plan())["waits"]]
    assert waits == [(OKR, "propose", BEN), (KPI, "acknowledge", BEN)]
    await world.send("ProposeRevision", BEN)
    proposed = next(item for item in (await world.plan())["waits"] if item["goal"] == OKR)
    assert (proposed["what"], proposed["person"]) == ("answer", ADA)
    assert proposed["due"] is not None
    goals = (await world.plan())["state"]["goals"]
    await world.send("AcceptRevision", hash=goals[OKR]["hash"])
    await world.send("AcknowledgeAssignment", BEN, hash=goals[KPI]["hash"])
    await world.advance()
    await world.advance()
    plan = await world.plan()
    assert [(item["what"], item["person"], item["hash"], item["group"]) for item in plan["waits"]] == [
        ("set_baseline", BEN, goals[KPI]["hash"], "needs_me"),
        ("submit", BEN, plan["content_hash"], "blocks_gate"),
    ]
    assert (plan["phase"], plan["signature"], plan["signed"]) == ("commit", None, False)
    await world.send("SubmitPlan", BEN, hash=plan["content_hash"])
    waiting = (await world.plan())["signature"]
    assert (waiting["step"], waiting["steps"], waiting["may_sign"]) == (0, 1, [ADA])
    await world.send("SignPlan", hash=plan["content_hash"])
    plan = await world.plan()
    assert (plan["signature"], plan["signed"]) == (None, True)


async def test_as_of_a_position_never_changes_and_is_kept_by_nobody(world: World) -> None:
    await world.open()
    await world.send("DraftGoal", BEN)
    position = await world.engine.log.last_position(world.organization)
    before = await world.get(f"/plans/{PLAN}", BEN, as_of=position)
    instant = datetime.now(UTC).isoformat()
    at = await world.get(f"/plans/{PLAN}", BEN, as_of=instant)
    await world.send("AssignGoal")
    await world.send("ProposeRevision", BEN)
    after = await world.get(f"/plans/{PLAN}", BEN, as_of=position)
    assert after.content == before.content
    assert before.json()["as_of"] == {"position": position, "instant": None}
    assert before.json()["state"]["goals"][OKR]["definition"]["key_results"][0]["target"] == "55"
    assert before.headers["etag"] == '"2"'
    again = await world.get(f"/plans/{PLAN}", BEN, as_of=instant)
    assert again.json() == at.json()
    assert again.json()["as_of"]["position"] == position
    assert again.headers["cache-control"] == before.headers["cache-control"] == "private, no-store"
    assert (await world.get(f"/plans/{PLAN}", BEN, as_of=1)).status_code == 404
    assert (await world.get(f"/cycles/{CYCLE}", as_of=2)).status_code == 404
    assert len((await world.get("", as_of=1)).json()["state"]["people"]) == 1


async def test_an_erased_text_is_null_and_its_pointer_is_named(world: World) -> None:
    await world.agree()
    assert world.keyring.erase(world.organization, UUID(BEN))
    directory = (await world.get("")).json()
    assert directory["state"]["people"][BEN]["name"] is None
    assert directory["erased"] == [f"/people/{BEN}/name"]
    assert directory["state"]["people"][ADA]["name"] == "Ada Example"
    plan = await world.plan()
    assert f"/goals/{OKR}/definition/title" in plan["erased"]
    assert plan["state"]["goals"][OKR]["definition"]["title"] is None
    history = (await world.get(f"/plans/{PLAN}/history")).json()["items"]
    assert history[1]["erased"]


async def test_history_comes_in_pages_by_cursor(world: World) -> None:
    await world.agree()
    whole = (await world.get(f"/plans/{PLAN}/history", BEN)).json()
    assert [event["type"] for event in whole["items"]] == [
        "PlanOpened",
        "GoalDrafted",
        "GoalAssigned",
        "RevisionProposed",
        "RevisionAccepted",
        "AssignmentAcknowledged",
    ]
    assert whole["next"] is None
    pages, cursor = [], None
    while True:
        more = f"&after={cursor}" if cursor else ""
        page = (await world.get(f"/plans/{PLAN}/history?limit=4{more}", BEN)).json()
        pages.append(page["items"])
        cursor = page["next"]
        if cursor is None:
            break
    assert [len(page) for page in pages] == [4, 2]
    assert [event for page in pages for event in page] == whole["items"]
    assert whole["items"][3]["data"]["reasons"] == EXAMPLES["ProposeRevision"]["reasons"]
    first = (await world.get(f"/plans/{PLAN}/history", BEN, limit=1)).json()["next"]
    other = await world.get(f"/cycles/{CYCLE}/history", after=first)
    assert (other.status_code, other.json()["code"]) == (422, "cursor.invalid")


async def test_history_ends_exactly_where_a_page_does(world: World) -> None:
    await world.found()
    assert (await world.get("/directory/history", limit=2)).json()["next"] is None
    assert (await world.get("/directory/history", BEN, limit=1)).json()["next"] is not None


async def test_history_as_of_a_position_shows_nothing_later(world: World) -> None:
    await world.agree()
    page = (await world.get(f"/plans/{PLAN}/history", BEN, as_of=5)).json()
    assert [event["position"] for event in page["items"]] == [4, 5]


async def test_the_difference_of_two_versions_shows_both_sides_of_texts_too(world: World) -> None:
    await world.open()
    await world.send("DraftGoal", BEN)
    await world.send("AssignGoal")
    definition = {**EXAMPLES["ProposeRevision"]["definition"], "title": "New customers stay"}
    await world.send("ProposeRevision", BEN, definition=definition)
    found = (await world.get(f"/plans/{PLAN}/diff?from=2", BEN)).json()
    assert (found["from_version"], found["to_version"]) == (2, 4)
    assert found["before_hash"] != found["after_hash"]
    changed, added = found["goals"]
    assert (changed["goal"], changed["change"]) == (OKR, "changed")
    fields = {item["path"]: (item["before"], item["after"], item["needs_reason"]) for item in changed["fields"]}
    assert fields["title"] == (EXAMPLES["DraftGoal"]["definition"]["title"], "New customers stay", False)
    path = next(iter(EXAMPLES["ProposeRevision"]["reasons"]))
    assert fields[path] == ("55", "60", True)
    assert (added["goal"], added["change"], added["before_hash"]) == (KPI, "added", None)
    assert (await world.get(f"/plans/{PLAN}/diff?from=4", BEN)).json()["goals"] == []
    too_far = await world.get(f"/plans/{PLAN}/diff?from=1&to=5", BEN)
    assert (too_far.status_code, too_far.json()["code"]) == (422, "version.unknown")


async def test_the_feed_shows_every_event_once_in_order(world: World) -> None:
    await world.agree()
    last = await world.engine.log.last_position(world.organization)
    seen: list[int] = []
    after = 0
    while True:
        page = (await world.get("/feed", BEN, after=after, limit=4)).json()
        seen += [event["position"] for event in page["items"]]
        if page["next"] == after:
            break
        after = page["next"]
    assert seen == list(range(1, last + 1))


async def test_a_reminder_is_no_fact_and_makes_nobody_s_edit_stale(world: World) -> None:
    await world.found()
    at_once = {"unit": "elapsed", "seconds": 0}
    await world.send("OpenCycle", preset="formal", policy={"chain": [{"relation": "manager"}], "turn": at_once})
    await world.send("DraftGoal", BEN)
    await world.send("ProposeRevision", BEN)
    seen = await world.get(f"/plans/{PLAN}")
    since = seen.json()["state"]["goals"][OKR]["turn_since"]
    await world.perform(Ref("plan", UUID(PLAN)), Remind(about="turn", since=since, goal=UUID(OKR)))
    history = (await world.get(f"/plans/{PLAN}/history")).json()["items"]
    assert (history[-1]["type"], history[-1]["notice"]) == ("Reminded", True)
    assert (await world.get(f"/plans/{PLAN}")).headers["etag"] == seen.headers["etag"] == '"3"'
    definition = EXAMPLES["DraftGoal"]["definition"]
    counter = await world.try_("ProposeRevision", definition=definition, headers={"If-Match": seen.headers["etag"]})
    assert counter.status_code == 200, counter.text


async def test_answers_have_exactly_the_documented_shape(world: World) -> None:
    await world.agree()
    CommandAnswer.model_validate(await world.send("AddTeam"))
    CommandAnswer.model_validate(await world.send("AssignGoal", goal=CYCLE, dry_run=True))
    StateAnswer.model_validate((await world.get("")).json())
    StateAnswer.model_validate((await world.get(f"/cycles/{CYCLE}", as_of=4)).json())
    StateAnswer.model_validate((await world.get(f"/plans/{PLAN}/goals/{KPI}")).json())
    PlanAnswer.model_validate(await world.plan())
    EventPage.model_validate((await world.get(f"/plans/{PLAN}/history")).json())
    Feed.model_validate((await world.get("/feed")).json())
    PlanDifference.model_validate((await world.get(f"/plans/{PLAN}/diff?from=0")).json())
    ProblemDocument.model_validate((await world.try_("SetManager", headers={"If-Match": '"1"'})).json())


async def test_r2_3_the_gate_says_what_closing_would_come_to_and_changes_nothing(world: World) -> None:
    await world.open()
    await world.send("DraftGoal", BEN)
    found = (await world.get(f"/cycles/{CYCLE}/gate")).json()
    assert (found["phase"], found["closes"], found["counts"]) == ("draft", True, {})
    await world.advance()
    before = await world.engine.log.last_position(world.organization)
    answer = await world.get(f"/cycles/{CYCLE}/gate")
    GateAnswer.model_validate(answer.json())
    found = answer.json()
    assert (found["phase"], found["closes"], found["counts"]) == ("negotiate", False, {"agreement": 1})
    assert [(item["check"], item["owner"], item["plan"], item["waits_for"]) for item in found["failing"]] == [
        ("agreement", BEN, PLAN, [BEN])
    ]
    assert found["names"] == {ADA: "Ada Example", BEN: "Ben 示例"}
    assert (await world.get(f"/cycles/{CYCLE}/gate", limit=1)).json() == found
    assert await world.engine.log.last_position(world.organization) == before
    unknown = await world.get(f"/cycles/{OKR}/gate")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "cycle.unknown")
