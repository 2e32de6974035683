"""Commands over HTTP: answered once, refused with a way out, and nothing written on a dry run."""

from __future__ import annotations

import asyncio
import json

import pytest

from api.examples import ADA, BEN, CYCLE, EXAMPLES, FIRST_CALLS, HELP_CENTRE, KPI, MORE_OKRS, OKR, PLAN
from api.metric_examples import METRIC
from domain.registry import CALLABLE
from tests.api.world import ON_THE_BOARD, World


async def test_every_example_works_on_a_live_quarter(world: World) -> None:
    """The whole story of `api.examples`, in an order in which each command is allowed."""
    sent: set[str] = set()

    async def send(name: str, *arguments: str, **more: object) -> dict[str, object]:
        sent.add(name)
        return await world.send(name, *arguments, **more)

    async def plan_hash() -> str:
        found = (await world.plan())["content_hash"]
        assert isinstance(found, str)
        return found

    async def shown(goal: str) -> str:
        found = (await world.plan())["state"]["goals"][goal]["hash"]
        assert isinstance(found, str)
        return found

    for name in (
        "FoundOrganization",
        "AddPerson",
        "SetManager",
        "AddTeam",
        "AddSite",
        "ChangeCalendar",
        "ChangePerson",
        "ChangeTeam",
        "GrantRole",
        "Delegate",
        "EndDelegation",
        "OpenCycle",
    ):
        await send(name)
    await send("EnrolParticipant")
    for name in ("ChooseFramework", "AmendCycle", "HoldCycle", "ResumeCycle", "RequestBypass"):
        await send(name)
    await world.send("AddPerson", person=ON_THE_BOARD, name="Bo Board", manager=None, roles=["board_approver"])
    await send("ConfirmBypass", ON_THE_BOARD)
    await send("DraftGoal", BEN)
    for goal, definition in MORE_OKRS.items():
        await send("DraftGoal", BEN, goal=goal, definition=definition)
    await send("MoveKeyResult", BEN, hash=await shown(HELP_CENTRE), to_hash=await shown(FIRST_CALLS))
    await send("TransferGoal", hash=await shown(FIRST_CALLS))
    await send("AbandonGoal", BEN, hash=await shown(HELP_CENTRE))
    await send("ExcuseParticipant")
    await send("DefineMetric")
    counted = {"metric": {"metric": METRIC, "version": 1}}
    await send("AssignGoal", definition=EXAMPLES["AssignGoal"]["definition"] | counted)
    await send("AssignGoals", dry_run=True)  # the plan's KPIs total 100 % already
    await send("ProposeRevision", BEN)
    await send("WithdrawRevision", BEN, hash=await shown(OKR))
    await send("ProposeRevision", BEN)
    await send("CommentOnRevision", hash=await shown(OKR))
    await send("ResolveComment", BEN)
    await send("RequestMediation", hash=await shown(OKR))
    await send("DecideMediation", ON_THE_BOARD, hash=await shown(OKR))
    await send("ProposeRevision")  # who is imposed upon does not revise it; the counterpart may
    await send("AcceptRevision", BEN, hash=await shown(OKR))
    await send("AddContributor", BEN)
    await send("AcceptShare")
    await send("DeclineShare")
    await send("EscalateGoal", BEN)
    await send("LinkPay")
    await send("UnlinkPay")
    await send("SetVisibility", BEN)
    await send("ObjectToAssignment", BEN, hash=await shown(KPI))
    await send("DecideObjection", ON_THE_BOARD, hash=await shown(KPI))
    await send("AcknowledgeAssignment", BEN, hash=await shown(KPI))
    await send("SetBaseline", BEN)
    await send("ChangeMetric")
    await send("KeepDefinition", BEN)
    await send("RetireMetric")
    await send("RequestAlignment", BEN, parent_hash=await shown(KPI))
    await send("AcceptAlignment", BEN, hash=await shown(OKR))
    await send("DeclineAlignment", BEN)
    sent.add("AdvancePhase")
    await world.advance()
    await world.advance()
    policy = (await world.get(f"/cycles/{CYCLE}")).json()["state"]["policy"]
    second = {"role": "board_approver"}
    await world.send(
        "AmendCycle", policy={**policy, "chain": [*policy["chain"], second]}
    )  # a signature is not the last
    for refusal in ("RequestChanges", "RejectPlan"):
        await send("SubmitPlan", BEN, hash=await plan_hash())
        await send(refusal, hash=await plan_hash())
    await send("SubmitPlan", BEN, hash=await plan_hash())
    await send("RecallPlan", BEN)
    await send("SubmitPlan", BEN, hash=await plan_hash())
    await send("SignPlan", hash=await plan_hash())
    await send("WithdrawSignature", hash=await plan_hash())
    await send("SignPlan", hash=await plan_hash())
    await send("SignPlan", ON_THE_BOARD, hash=await plan_hash())
    assert (await world.plan())["signed"]
    await world.advance()
    await send("RequestAmendment", BEN)
    await send("RevertToSigned", BEN)
    await send("CheckIn", BEN)
    final = [{"measure": reading["measure"], **reading} for reading in EXAMPLES["CheckIn"]["readings"]]
    await send("CheckIn", BEN, readings=final, final=True, status="done")
    await send("CheckIn", BEN, goal=KPI, readings=[{"measure": KPI, "value": "93.25"}], final=True)
    await world.advance()
    await send("ReopenPhase")
    await world.advance()
    await send("RecomputeDeadlines")
    await send("ExtendDeadline")
    await send("Reflect", BEN)
    await send("PublishResults")
    results = (await world.get(f"/cycles/{CYCLE}")).json()["state"]["results"]
    assert results[PLAN]["kpi_attainment"] == "110.4167"
    await send("AcknowledgeResult", BEN, result=results[PLAN]["hash"])
    sent.add("CloseCycle")
    await world.advance("CloseCycle")
    assert (await world.get(f"/cycles/{CYCLE}")).json()["state"]["closed"]
    await send("RevokeRole")
    await send("DeactivatePerson")
    assert sent == set(EXAMPLES)


async def test_every_example_is_understood_whenever_it_is_sent(world: World) -> None:
    """A new command's example need not be woven into the story: it must be one that a rule answers."""
    await world.agree()
    for name in CALLABLE:
        for person in (ADA, BEN):
            answer = await world.try_(name, person, dry_run=True)
            assert answer.status_code < 500, (name, answer.text)
            assert answer.json().get("code") not in {"request.invalid", "body.malformed", "route.unknown"}, answer.text


async def test_a_command_answers_its_positions_versions_and_etag(world: World) -> None:
    first = await world.try_("FoundOrganization")
    assert (first.status_code, first.json()["outcome"]) == (201, "appended")
    assert first.headers["location"] == world.base
    second = await world.try_("AddPerson")
    assert second.status_code == 200
    assert second.json()["position"] == {"first": 2, "last": 2}
    assert second.headers["goalcycle-position"] == "2"
    assert second.headers["etag"] == '"2"'
    assert second.json()["events"] == [
        {"stream": {"kind": "directory", "id": "00000000-0000-0000-0000-000000000001"}, "type": "PersonAdded"}
    ]
    assert (await world.get("")).headers["etag"] == '"2"'


async def test_the_same_key_is_appended_once_however_often_it_is_sent(world: World) -> None:
    await world.found()
    key = {"Idempotency-Key": "grant-1"}
    answers = await asyncio.gather(*(world.try_("GrantRole", headers=key) for _ in range(5)))
    again = await world.try_("GrantRole", headers=key)
    assert sorted(answer.json()["outcome"] for answer in answers)[:1] == ["appended"]
    assert {answer.json()["position"]["last"] for answer in [*answers, again]} == {3}
    assert again.json()["outcome"] == "duplicate"
    assert again.headers["etag"] == '"3"'
    assert await world.engine.log.last_position(world.organization) == 3


async def test_a_retried_success_is_answered_although_its_if_match_is_stale_by_now(world: World) -> None:
    await world.found()
    sent = {"Idempotency-Key": "manager-1", "If-Match": '"2"'}
    assert (await world.try_("SetManager", headers=sent)).json()["outcome"] == "appended"
    assert (await world.try_("SetManager", headers=sent)).json()["outcome"] == "duplicate"


async def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    await world.found()
    key = {"Idempotency-Key": "grant-1"}
    await world.send("GrantRole", headers=key)
    answer = await world.try_("GrantRole", headers=key, role="auditor")
    assert (answer.status_code, answer.json()["code"]) == (422, "command.key_reused")


async def test_the_order_of_keys_and_the_spelling_of_numbers_make_no_other_body(world: World) -> None:
    await world.found()
    key = {"Idempotency-Key": "grant-1"}
    await world.send("GrantRole", headers=key)
    turned = dict(reversed(EXAMPLES["GrantRole"].items()))
    assert (await world.try_("GrantRole", headers=key, body=turned)).json()["outcome"] == "duplicate"


async def test_a_number_that_no_float_can_hold_is_taken_exactly(world: World) -> None:
    await world.open()
    text = json.dumps(EXAMPLES["DraftGoal"]).replace('"target": "55"', '"target": 123456789012345.123456789')
    answer = await world.client.post(
        world.route("DraftGoal"), headers=world.headers(BEN) | {"Content-Type": "application/json"}, content=text
    )
    assert answer.status_code == 201, answer.text
    definition = (await world.plan())["state"]["goals"][OKR]["definition"]
    assert definition["key_results"][0]["target"] == "123456789012345.123456789"


async def test_a_dry_run_shows_the_events_with_their_texts_and_writes_nothing(world: World) -> None:
    await world.open()
    before = await world.engine.log.last_position(world.organization)
    answer = await world.send("DraftGoal", BEN, dry_run=True)
    assert (answer["outcome"], answer["position"]) == ("dry_run", None)
    assert [event["type"] for event in answer["events"]] == ["PlanOpened", "GoalDrafted"]
    definition = answer["events"][1]["data"]["definition"]
    assert definition["title"] == EXAMPLES["DraftGoal"]["definition"]["title"]
    assert definition["key_results"][1]["milestones"][0]["title"] == "Prototype tested with five customers"
    assert await world.engine.log.last_position(world.organization) == before
    assert (await world.get(f"/plans/{PLAN}")).status_code == 404


async def test_a_dry_run_is_refused_like_the_command_itself(world: World) -> None:
    await world.open()
    answer = await world.try_("DraftGoal", BEN, dry_run=True, owner=ADA)
    assert (answer.status_code, answer.json()["code"]) == (422, "plan.id_mismatch")


@pytest.mark.parametrize("asked", ["maybe", "", "2"])
async def test_what_may_have_been_meant_as_a_dry_run_is_never_done(world: World, asked: str) -> None:
    await world.found()
    before = (await world.get("/feed")).json()
    answer = await world.client.post(
        world.route("AddTeam"), params={"dry_run": asked}, headers=world.headers(), json=EXAMPLES["AddTeam"]
    )
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["/query/dry_run"])
    assert (await world.get("/feed")).json() == before


async def test_an_edit_without_if_match_is_428(world: World) -> None:
    await world.found()
    for sent in ({}, {"If-Match": "*"}):
        answer = await world.client.post(
            world.route("SetManager"), headers=world.headers() | sent, json=EXAMPLES["SetManager"]
        )
        assert (answer.status_code, answer.json()["code"]) == (428, "precondition.required")


async def test_a_stale_edit_is_412_with_what_happened_since(world: World) -> None:
    await world.found()
    await world.send("AddTeam")
    await world.send("GrantRole")
    answer = await world.try_("SetManager", headers={"If-Match": '"2"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition.stale")
    assert answer.json()["changes"] == [
        {"version": 3, "type": "TeamAdded", "position": 3},
        {"version": 4, "type": "RoleGranted", "position": 4},
    ]


@pytest.mark.parametrize("tag", ['W/"2"', "2", '"2", "3"', '"two"'])
async def test_an_etag_that_this_api_never_gave_is_400(world: World, tag: str) -> None:
    await world.found()
    answer = await world.try_("SetManager", headers={"If-Match": tag})
    assert (answer.status_code, answer.json()["code"]) == (400, "header.malformed")


async def test_if_none_match_creates_only(world: World) -> None:
    await world.open()
    first = await world.try_("DraftGoal", BEN, headers={"If-None-Match": "*"})
    assert first.status_code == 201
    assert first.headers["location"] == f"{world.base}/plans/{PLAN}"
    second = await world.try_("AssignGoal", headers={"If-None-Match": "*"})
    assert (second.status_code, second.json()["code"]) == (412, "precondition.stale")
    wrong = await world.try_("AddTeam", headers={"If-None-Match": "*"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "header.malformed")


async def test_a_rule_refuses_with_its_own_status_and_points_at_the_field(world: World) -> None:
    await world.found()
    unknown = await world.try_("AddPerson", person=OKR, manager=OKR)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "person.unknown")
    assert unknown.json()["errors"][0]["pointer"] == "/manager"
    forbidden = await world.try_("AddTeam", BEN)
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "directory.not_admin")
    broken = await world.try_("AddPerson")
    assert (broken.status_code, broken.json()["code"]) == (409, "person.exists")


async def test_no_route_leads_to_a_duty(world: World) -> None:
    await world.open()
    for name in ("finish-closing", "begin-closing", "send-digest"):
        answer = await world.client.post(
            f"{world.base}/cycles/{CYCLE}/{name}", headers=world.headers(), json={"phase": "draft", "since": 1}
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "route.unknown")
