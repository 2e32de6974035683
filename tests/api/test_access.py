"""Every route is behind an action, and every action is in the table (R8)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from api.addresses import ADDRESSES, CommandRoute
from api.app import create_app, openapi_document
from api.auth import ACTION, Asking, mint_token, shows
from api.examples import ADA, BEN, CYCLE, EXAMPLES, OKR, PLAN
from api.metric_examples import METRIC
from domain.access.first_events import FIRST_OF
from domain.access.grants import GRANTS, SEEING
from domain.registry import COMMANDS, EVENTS
from tests.api.world import SECRET, World
from tests.domain.permissions import lines

PUBLIC = {"/health/live", "/health/ready", "/metrics", "/docs", "/problems", "/problems/{code}", "/openapi.json"}
"""What needs no token, because it tells of no organization."""
KPI = EXAMPLES["AssignGoal"]["goal"]
CARLA, GONE = "0f3a5c9e-0000-4000-8000-00000000ca71", "0f3a5c9e-0000-4000-8000-00000000ca72"
HIDDEN = {
    f"/plans/{PLAN}": "plan.unknown",
    f"/plans/{PLAN}/history": "plan.unknown",
    f"/plans/{PLAN}/diff?from=0": "plan.unknown",
    f"/plans/{PLAN}/goals/{OKR}": "plan.unknown",
    f"/plans/{PLAN}/goals/{KPI}": "plan.unknown",
    f"/plans/{PLAN}/goals/{OKR}/alignment": "plan.unknown",
    f"/plans/{PLAN}/goals/{OKR}/negotiation": "plan.unknown",
}
"""What is not there for somebody who sees nothing of the plan."""


def test_every_action_has_a_line_in_the_table() -> None:
    """A line for each new action is written by hand, into docs/access/permissions.csv."""
    told = {line.action for line in lines()}
    assert told == set(GRANTS)
    assert told == set(COMMANDS) | set(SEEING)


def test_every_event_says_to_the_auditor_which_commands_it_may_be_the_first_of() -> None:
    """Add a new event to domain/access/first_events.py, or here, if it only ever follows another."""
    assert set(EVENTS) - set(FIRST_OF) == {
        "CycleClosed",
        "EffectTaken",
        "KeyResultMoved",
        "KeyResultReceived",
        "KeyResultTransferred",
        "RevisionImposed",
        "SignaturesVoided",
    }


def routes(app: FastAPI) -> list[BaseRoute]:
    """Every route of the application, those of its routers too."""
    found: list[BaseRoute] = []
    for route in app.routes:
        router = getattr(route, "original_router", None)
        found += [route] if router is None else router.routes
    return found


def test_r8_every_route_declares_its_action(world: World) -> None:
    walked = set()
    for route in routes(world.app):
        path = getattr(route, "path", "")
        if isinstance(route, CommandRoute) or path in PUBLIC:
            continue
        assert isinstance(route, APIRoute), f"{path}: of what kind is it?"
        action = (route.openapi_extra or {}).get(ACTION)
        assert action in SEEING, f'{path}: add openapi_extra=shows("see.…")'
        walked.add(path)
    assert {path.format(organization="", cycle=CYCLE, plan=PLAN, goal=OKR, metric=METRIC) for path in walked} == {
        f"/v1/organizations/{path.partition('?')[0]}" for path in (*paths(), "/advice", "/commands") if KPI not in path
    }
    for address in ADDRESSES:
        assert address.name in GRANTS


def test_r8_every_operation_of_the_document_says_its_action_or_is_a_command() -> None:
    named = {address.path for address in ADDRESSES} | PUBLIC
    for path, operations in openapi_document()["paths"].items():
        for operation in operations.values():
            assert path in named or operation[ACTION] in SEEING, path


async def test_r8_a_route_that_forgets_its_action_is_closed(world: World) -> None:
    await world.open()
    forgetful = APIRouter(prefix="/v1/organizations/{organization}")

    @forgetful.get("/everything")
    async def everything(caller: Asking) -> dict[str, str]:
        return {"person": str(caller.person)}

    app = create_app(world.services)
    app.include_router(forgetful)
    world.app.router.routes[:] = app.router.routes
    assert (await world.get("/everything")).status_code == 404
    with pytest.raises(ValueError, match="granted to nobody"):
        shows("see.everything")


def paths() -> dict[str, str]:
    """Every GET route below an organization, with ids that there are."""
    return {
        "": "see.directory",
        "/directory/history": "see.history",
        f"/cycles/{CYCLE}": "see.cycle",
        f"/cycles/{CYCLE}/history": "see.history",
        f"/cycles/{CYCLE}/board": "see.board",
        f"/cycles/{CYCLE}/gate": "see.gate",
        f"/plans/{PLAN}": "see.plan",
        f"/plans/{PLAN}/history": "see.history",
        f"/plans/{PLAN}/diff?from=0": "see.difference",
        f"/plans/{PLAN}/goals/{OKR}": "see.goal",
        f"/plans/{PLAN}/goals/{KPI}": "see.goal",
        f"/plans/{PLAN}/goals/{OKR}/alignment": "see.alignment",
        f"/plans/{PLAN}/goals/{OKR}/negotiation": "see.negotiation",
        "/metrics": "see.metric",
        f"/metrics/{METRIC}": "see.metric",
        f"/metrics/{METRIC}/history": "see.history",
        f"/metrics/{METRIC}/plans": "see.metric",
        "/feed": "see.feed",
        "/inbox": "see.inbox",
    }


async def peopled(world: World) -> None:
    """Ada above Ben; Carla beside them, with no stand to Ben's plan; Dan, who has left."""
    await world.open()
    await world.send("AddPerson", person=CARLA, name="Carla", manager=None)
    await world.send("AddPerson", person=GONE, name="Dan", manager=None)
    await world.send("DeactivatePerson", person=GONE)
    await world.send("DefineMetric")
    await world.send("DraftGoal", BEN)
    await world.send("AssignGoal")


async def statuses(world: World, person: str) -> dict[str, tuple[int, str | None]]:
    position = await world.engine.log.last_position(world.organization)
    assert await world.services.views.wait_for(world.organization, position, 5)
    found = {}
    for path in paths():
        answer = await world.get(path, person)
        found[path] = (answer.status_code, answer.json().get("code"))
    return found


async def test_r8_every_route_answers_strangers_and_who_has_left_with_nothing(projecting: World) -> None:
    world = projecting
    await peopled(world)
    for path, found in (await statuses(world, str(uuid4()))).items():
        assert found == (404, "organization.unknown"), path
    for path, found in (await statuses(world, GONE)).items():
        assert found == (403, "access.inactive"), path
    foreign = mint_token(SECRET, organization=uuid4(), person=UUID(ADA), lasts=timedelta(minutes=5))
    for path in paths():
        answer = await world.client.get(world.base + path, headers={"Authorization": f"Bearer {foreign}"})
        assert (answer.status_code, answer.json()["code"]) == (404, "organization.unknown"), path
        assert (await world.client.get(world.base + path)).status_code == 401, path


async def test_r8_each_sees_what_the_table_says_and_the_rest_is_not_there(projecting: World) -> None:
    world = projecting
    await peopled(world)
    plan = f"/plans/{PLAN}"
    draft, kpi = f"{plan}/goals/{OKR}", f"{plan}/goals/{KPI}"
    seen = await statuses(world, BEN)
    assert {status for status, _ in seen.values()} == {200}
    above = await statuses(world, ADA)
    assert (above[draft], above[kpi], above[plan]) == ((404, "goal.unknown"), (200, None), (200, None))
    beside = await statuses(world, CARLA)
    for path, answer in beside.items():
        assert answer == ((404, HIDDEN[path]) if path in HIDDEN else (200, None)), path
    unknown = {path.replace(PLAN, str(uuid4())): code for path, code in HIDDEN.items()}
    for path, code in unknown.items():
        assert (await world.get(path, CARLA)).json()["code"] == code, "the same as of a plan that there is not"
    await world.send("ProposeRevision", BEN)
    beside = await statuses(world, CARLA)
    assert (beside[draft], beside[kpi], beside[plan]) == ((200, None), (404, "goal.unknown"), (200, None))
    answer = (await world.get(plan, CARLA)).json()
    assert (list(answer["state"]["goals"]), answer["content_hash"]) == ([OKR], None)
    assert [wait["goal"] for wait in answer["waits"]] == [OKR]
    types = [event["type"] for event in (await world.get(f"{plan}/history", CARLA)).json()["items"]]
    assert types == ["PlanOpened", "RevisionProposed"]
    (difference,) = (await world.get(f"{plan}/diff?from=0", CARLA)).json()["goals"]
    assert (difference["goal"], difference["change"], difference["fields"]) == (OKR, "added", [])


async def test_r8_a_command_to_what_is_not_seen_is_answered_as_if_it_were_not_there(world: World) -> None:
    await peopled(world)
    for headers in ({}, {"If-Match": '"1"'}, {"If-Match": '"3"'}):
        answer = await world.try_("ProposeRevision", CARLA, headers={"If-Match": '"3"', **headers})
        assert (answer.status_code, answer.json()["code"]) == (404, "plan.unknown"), answer.text
    stale = await world.try_("ProposeRevision", ADA, headers={"If-Match": '"1"'})
    assert [change["type"] for change in stale.json()["changes"]] == ["GoalAssigned"], "not the draft"


async def test_r8_results_are_seen_on_board_and_cycle_by_owner_and_chain_only(world: World) -> None:
    await world.agree()
    await world.send("AddPerson", person=CARLA, name="Carla", manager=None)
    await world.advance()
    await world.advance()
    await world.send("SubmitPlan", BEN, hash=(await world.plan())["content_hash"])
    await world.send("SignPlan", hash=(await world.plan())["content_hash"])
    await world.advance()
    final = [{"measure": reading["measure"], **reading} for reading in EXAMPLES["CheckIn"]["readings"]]
    await world.send("CheckIn", BEN, readings=final, final=True, status="done")
    await world.send("CheckIn", BEN, goal=KPI, readings=[{"measure": KPI, "value": "93.25"}], final=True)
    await world.advance()
    await world.send("PublishResults")
    result = (await world.get(f"/cycles/{CYCLE}")).json()["state"]["results"][PLAN]["hash"]
    for person, sees in ((ADA, True), (BEN, True), (CARLA, False)):
        state = (await world.get(f"/cycles/{CYCLE}", person)).json()["state"]
        assert (PLAN in state["results"]) == sees, person
        events = (await world.get(f"/cycles/{CYCLE}/history", person)).json()["items"]
        assert bool(events[-1]["data"]["results"]) == sees, person
        assert (result in (await world.get("/feed", person)).text) == sees, person
