"""The whole negotiation of a goal as data (R4), as each reader may see it (R8)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.examples import ADA, BEN, COMMENT, EXAMPLES, KEY_RESULTS, KPI, OKR, PLAN
from api.negotiation_shapes import NegotiationAnswer
from domain.decider import Ref
from domain.plan.duties import Remind
from tests.api.world import ON_THE_BOARD, World

TARGET = f"key_results.{KEY_RESULTS[0]}.target"


async def negotiation(world: World, goal: str = OKR, person: str = BEN) -> dict[str, Any]:
    answer = await world.get(f"/plans/{PLAN}/goals/{goal}/negotiation", person)
    assert answer.status_code == 200, answer.text
    NegotiationAnswer.model_validate(answer.json())
    found: dict[str, Any] = answer.json()
    return found


async def shown_hash(world: World, goal: str = OKR) -> str:
    found: str = (await world.plan())["state"]["goals"][goal]["hash"]
    return found


async def test_r4_1_it_tells_every_revision_in_full_with_difference_reasons_and_turns(world: World) -> None:
    await world.open()
    await world.send("DraftGoal", BEN)
    await world.send("ProposeRevision", BEN, definition=EXAMPLES["DraftGoal"]["definition"], reasons={})
    await world.send("CommentOnRevision", hash=await shown_hash(world))
    await world.send("ResolveComment", BEN)
    await world.send("ProposeRevision")
    first = await negotiation(world)
    assert (first["turn"], first["waits_for"], first["agreed"]) == ("owner", [BEN], False)
    await world.send("AcceptRevision", BEN, hash=await shown_hash(world))
    found = await negotiation(world)
    assert [(one["how"], one["by"], one["number"], one["round"]) for one in found["revisions"]] == [
        ("drafted", BEN, 1, 0),
        ("proposed", BEN, 1, 1),
        ("proposed", ADA, 2, 2),
    ]
    last = found["revisions"][-1]
    assert last["definition"]["title"] == EXAMPLES["ProposeRevision"]["definition"]["title"]
    assert last["changes"] == [{"path": TARGET, "before": "55", "after": "60"}]
    assert last["reasons"] == EXAMPLES["ProposeRevision"]["reasons"]
    assert [(one["how"], one["by"]) for one in last["acceptances"]] == [("accepted", BEN)]
    (comment,) = found["comments"]
    assert (comment["comment"], comment["text"]) == (COMMENT, EXAMPLES["CommentOnRevision"]["text"])
    assert (comment["answer"], comment["resolved_by"]) == (EXAMPLES["ResolveComment"]["answer"], BEN)
    assert [one["side"] for one in found["turns"]] == ["counterpart", "owner", "counterpart", "owner"]
    assert all(one["ended_at"] and one["due"] < one["mediate_at"] for one in found["turns"])
    assert (found["agreed"], found["imposed"], found["turn"], found["waits_for"]) == (True, False, None, [])
    assert found["names"] == {ADA: "Ada Example", BEN: "Ben 示例"}


async def test_r4_1_it_tells_what_was_withdrawn_and_who_was_reminded(world: World) -> None:
    await world.found()
    at_once = {"unit": "elapsed", "seconds": 0}
    await world.send("OpenCycle", preset="formal", policy={"chain": [{"relation": "manager"}], "turn": at_once})
    await world.send("DraftGoal", BEN)
    await world.send("ProposeRevision", BEN)
    since = (await world.plan())["state"]["goals"][OKR]["turn_since"]
    await world.perform(Ref("plan", UUID(PLAN)), Remind(about="turn", since=since, goal=UUID(OKR)))
    await world.send("WithdrawRevision", BEN, hash=await shown_hash(world))
    found = await negotiation(world)
    assert found["revisions"][-1]["withdrawn_at"]
    assert found["turns"][0]["reminded_at"]
    assert found["turns"][0]["ended_at"]
    assert (found["turn"], found["rounds"]) == (None, 1)


async def test_r4_3_it_tells_the_mediation_and_its_imposed_end(world: World) -> None:
    await world.found()
    await world.send("AddPerson", person=ON_THE_BOARD, name="Bo Board", manager=None, roles=["board_approver"])
    await world.send("OpenCycle")
    await world.send("DraftGoal", BEN)
    await world.send("ProposeRevision", BEN)
    await world.send("RequestMediation", BEN, hash=await shown_hash(world))
    assert (await negotiation(world))["waits_for"] == [ON_THE_BOARD]
    await world.send("DecideMediation", ON_THE_BOARD, hash=await shown_hash(world))
    found = await negotiation(world)
    (mediation,) = found["mediations"]
    assert (mediation["mediator"], mediation["cause"], mediation["outcome"]) == (ON_THE_BOARD, "requested", "impose")
    assert mediation["reason"] == EXAMPLES["RequestMediation"]["reason"]
    assert mediation["advice"] == EXAMPLES["DecideMediation"]["reason"]
    assert (found["revisions"][-1]["how"], found["imposed"], found["agreed"]) == ("imposed", True, True)


async def test_r4_2_it_tells_the_objection_and_its_decision(world: World) -> None:
    await world.found()
    await world.send("AddPerson", person=ON_THE_BOARD, name="Bo Board", manager=None, roles=["board_approver"])
    await world.send("OpenCycle")
    await world.send("AssignGoal")
    await world.send("ObjectToAssignment", BEN, hash=await shown_hash(world, KPI))
    assert (await negotiation(world, KPI))["waits_for"] == [ON_THE_BOARD]
    await world.send("DecideObjection", ON_THE_BOARD, hash=await shown_hash(world, KPI))
    found = await negotiation(world, KPI)
    (objection,) = found["objections"]
    assert (objection["path"], objection["counter"], objection["decider"]) == ("target", "90", ON_THE_BOARD)
    assert (objection["outcome"], objection["decision"]) == ("rejected", EXAMPLES["DecideObjection"]["reason"])
    assert (found["revisions"][0]["how"], found["agreed"], found["turns"]) == ("assigned", True, [])


async def test_r8_what_one_may_not_see_has_no_negotiation(world: World) -> None:
    await world.open()
    await world.send("AddPerson", person=ON_THE_BOARD, name="Bo Board", manager=None)
    await world.send("DraftGoal", BEN)
    await world.send("AssignGoal")
    for goal in (OKR, KPI):
        answer = await world.get(f"/plans/{PLAN}/goals/{goal}/negotiation", ON_THE_BOARD)
        assert answer.status_code == 404
    await world.send("ProposeRevision", BEN)
    shown = await negotiation(world, OKR, ON_THE_BOARD)
    assert [one["how"] for one in shown["revisions"]] == ["proposed"], "the draft stays its writer's"
