"""Many commands in one request: each for itself, or all or nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx

from api.examples import ADA, BEN, BULK_EXAMPLE, CYCLE, EXAMPLES, PLAN, TEAM
from api.services import Limits
from api.shapes import BulkAnswer, BulkCommands, CommandAnswer, ProblemDocument
from domain.values import plan_id
from tests.api.world import World, open_world

TEAM_PLAN = str(plan_id(UUID(CYCLE), UUID(TEAM)))
KPIS = [str(UUID(int=place)) for place in range(1, 4)]


async def post(
    world: World, items: list[dict[str, Any]], by: str = ADA, /, key: str = "", **more: Any
) -> httpx.Response:
    headers = world.headers(by) | ({"Idempotency-Key": key} if key else {})
    return await world.client.post(f"{world.base}/commands", headers=headers, json={"items": items, **more})


async def answers(world: World, items: list[dict[str, Any]], by: str = ADA, /, **more: Any) -> list[dict[str, Any]]:
    answer = await post(world, items, by, **more)
    assert answer.status_code == 200, answer.text
    BulkAnswer.model_validate(answer.json())
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def outcomes(items: list[dict[str, Any]]) -> list[str]:
    return [item["answer"]["outcome"] if item["answer"] else item["problem"]["code"] for item in items]


def assignments(*owners: str) -> list[dict[str, Any]]:
    definition = EXAMPLES["AssignGoal"]["definition"]
    return [{"owner": owner, "goal": goal, "definition": definition} for owner, goal in zip(owners, KPIS, strict=False)]


async def two_plans(world: World) -> None:
    """Ben's plan and that of his team, each with a KPI."""
    await world.open()
    await world.send("AddTeam")
    await world.send("EnrolParticipant")
    await world.send("AssignGoals", body={"assignments": assignments(BEN, TEAM)})


async def content_hash(world: World, plan: str) -> str:
    found: str = (await world.get(f"/plans/{plan}")).json()["content_hash"]
    return found


async def submitted(world: World) -> dict[str, str]:
    """Two plans that wait for Ada's signature, and what she was shown."""
    await two_plans(world)
    for plan, goal in ((PLAN, KPIS[0]), (TEAM_PLAN, KPIS[1])):
        state = (await world.get(f"/plans/{plan}")).json()["state"]
        body = {"goal": goal, "hash": state["goals"][goal]["hash"]}
        await world.send("AcknowledgeAssignment", BEN, room=f"/plans/{plan}", body=body)
    await world.advance()
    await world.advance()
    shown = {plan: await content_hash(world, plan) for plan in (PLAN, TEAM_PLAN)}
    for plan, hash in shown.items():
        await world.send("SubmitPlan", BEN, room=f"/plans/{plan}", body={"hash": hash})
    return shown


async def test_r5_8_plans_are_signed_in_bulk_and_only_those_that_changed_since_they_were_shown_are_refused(
    world: World,
) -> None:
    shown = await submitted(world)
    await world.send("AssignGoal", room=f"/plans/{TEAM_PLAN}", owner=TEAM)  # after Ada looked
    before = await world.engine.log.last_position(world.organization)
    found = await answers(
        world, [{"command": "SignPlan", "stream": plan, "body": {"hash": hash}} for plan, hash in shown.items()]
    )
    assert outcomes(found) == ["appended", "signing.stale_hash"]
    assert [event["type"] for event in found[0]["answer"]["events"]] == ["PlanSigned"]
    assert await world.engine.log.last_position(world.organization) == before + 1
    assert (await world.plan())["signed"]


async def test_r5_8_bulk_signing_writes_one_event_a_plan(world: World) -> None:
    shown = await submitted(world)
    items = [{"command": "SignPlan", "stream": plan, "body": {"hash": hash}} for plan, hash in shown.items()]
    found = await answers(world, items)
    assert [[event["type"] for event in item["answer"]["events"]] for item in found] == [["PlanSigned"]] * 2


async def test_the_same_request_again_has_the_same_answers(world: World) -> None:
    await world.found()
    items = [
        {"command": "AddTeam", "body": EXAMPLES["AddTeam"]},
        {"command": "GrantRole", "body": EXAMPLES["GrantRole"]},
    ]
    assert outcomes(await answers(world, items, key="both")) == ["appended", "appended"]
    assert outcomes(await answers(world, items, key="both")) == ["duplicate", "duplicate"]


async def test_a_command_of_its_own_key_is_the_same_at_its_own_address(world: World) -> None:
    await world.found()
    items = [{"command": "GrantRole", "key": "grant-1", "body": EXAMPLES["GrantRole"]}]
    assert outcomes(await answers(world, items)) == ["appended"]
    again = await world.send("GrantRole", headers={"Idempotency-Key": "grant-1"})
    assert again["outcome"] == "duplicate"


async def test_commands_to_one_stream_are_decided_in_their_order(world: World) -> None:
    await world.found()
    chain = [
        {"command": "AddPerson", "body": {"person": one, "name": "Somebody", "manager": manager}}
        for one, manager in zip(KPIS, [ADA, *KPIS], strict=False)
    ]
    assert outcomes(await answers(world, chain)) == ["appended"] * 3


async def test_what_is_wrong_with_one_is_told_of_that_one_alone(world: World) -> None:
    await world.open()
    found = await answers(
        world,
        [
            {"command": "EraseEverything"},
            {"command": "SignPlan", "body": {}},
            {"command": "AddTeam", "stream": PLAN, "body": EXAMPLES["AddTeam"]},
            {"command": "SetManager", "body": EXAMPLES["SetManager"]},
            {"command": "AddTeam", "body": {"team": TEAM, "name": 7}},
            {"command": "BeginClosing", "stream": CYCLE, "body": {}},
            {"command": "AddTeam", "body": EXAMPLES["AddTeam"]},
        ],
    )
    assert outcomes(found) == [
        "command.unknown",
        "command.stream",
        "command.stream",
        "precondition.required",
        "request.invalid",
        "command.unknown",
        "appended",
    ]
    assert [item["status"] for item in found] == [422, 422, 422, 428, 422, 422, 200]
    assert {error["pointer"] for error in found[4]["problem"]["errors"]} == {"/name", "/lead"}
    for item in found[:-1]:
        ProblemDocument.model_validate(item["problem"])


async def test_an_edit_names_the_version_that_was_seen(world: World) -> None:
    await world.found()
    edit = {"command": "SetManager", "body": EXAMPLES["SetManager"]}
    assert outcomes(await answers(world, [edit | {"version": 1}])) == ["precondition.stale"]
    assert outcomes(await answers(world, [edit | {"version": 2}])) == ["appended"]


async def test_an_atomic_request_is_done_whole_and_in_its_order(world: World) -> None:
    await world.found()
    items = [
        {"command": "AddTeam", "body": EXAMPLES["AddTeam"]},
        {"command": "OpenCycle", "stream": CYCLE, "body": EXAMPLES["OpenCycle"]},
        {"command": "EnrolParticipant", "stream": CYCLE, "body": {"owner": TEAM}},
        {"command": "AssignGoals", "stream": CYCLE, "body": {"assignments": assignments(BEN, TEAM)}},
    ]
    answer = await post(world, items, key="quarter", atomic=True)
    assert answer.status_code == 200, answer.text
    CommandAnswer.model_validate(answer.json())
    assert {PLAN, TEAM_PLAN} < answer.json()["versions"].keys()
    assert (await post(world, items, key="quarter", atomic=True)).json()["outcome"] == "duplicate"


async def test_an_atomic_request_names_every_fault_and_does_nothing(world: World) -> None:
    await world.open()
    before = await world.engine.log.last_position(world.organization)
    items = [
        {"command": "AddTeam", "body": EXAMPLES["AddTeam"]},
        {"command": "AddPerson", "body": EXAMPLES["AddPerson"]},
        {"command": "AssignGoals", "stream": CYCLE, "body": {"assignments": assignments(BEN, TEAM, ADA)}},
    ]
    answer = await post(world, items, atomic=True)
    assert answer.status_code == 409
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [
        ("/items/1/body/person", "person.exists"),
        ("/items/2/body/assignments/1/owner", "plan.not_participant"),
        ("/items/2/body/assignments/2", "plan.not_allowed"),
    ]
    assert await world.engine.log.last_position(world.organization) == before
    invalid = [{"command": "AddTeam", "body": {}}, {"command": "GrantRole", "body": {"person": 7, "role": "king"}}]
    answer = await post(world, invalid, atomic=True)
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "/items/0/body/team",
        "/items/0/body/name",
        "/items/0/body/lead",
        "/items/1/body/person",
        "/items/1/body/role",
    }


async def test_a_dry_run_of_many_writes_nothing(world: World) -> None:
    await world.found()
    before = await world.engine.log.last_position(world.organization)
    for atomic in (False, True):
        answer = await world.client.post(
            f"{world.base}/commands?dry_run=true",
            headers=world.headers(),
            json={"atomic": atomic, "items": [{"command": "AddTeam", "body": EXAMPLES["AddTeam"]}]},
        )
        found = answer.json() if atomic else answer.json()["items"][0]["answer"]
        assert [event["type"] for event in found["events"]] == ["TeamAdded"]
    assert await world.engine.log.last_position(world.organization) == before


async def test_more_than_two_hundred_are_taken_only_all_or_nothing(world: World) -> None:
    await world.found()
    many = [{"command": "AddTeam", "body": EXAMPLES["AddTeam"]}] * 201
    answer = await post(world, many)
    assert (answer.status_code, answer.json()["code"]) == (422, "bulk.too_many")


async def test_only_a_person_of_the_organization_sends_many(world: World) -> None:
    answer = await world.client.post(f"{world.base}/commands", json=BULK_EXAMPLE)
    assert (answer.status_code, answer.json()["code"]) == (401, "auth.required")


def test_its_example_fits_its_schema() -> None:
    BulkCommands.model_validate(BULK_EXAMPLE)


async def test_r4_2_what_brings_thousands_may_be_larger_than_other_bodies(database: str) -> None:
    async with open_world(database, Limits(body_bytes=1_000, bulk_bytes=5_000)) as world:
        await world.open()
        padded = {"assignments": assignments(BEN), "pad": "x" * 2_000}
        assert (await world.try_("AssignGoals", body=padded)).json()["code"] == "request.invalid"
        assert (await world.try_("AssignGoal", body=padded)).json()["code"] == "body.too_large"
        assert (await world.try_("AssignGoals", body={"pad": "x" * 6_000})).json()["code"] == "body.too_large"
        assert (await post(world, [{"command": "AddTeam", "body": {"pad": "x" * 2_000}}])).status_code == 200
