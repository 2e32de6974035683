"""Everything that can go wrong before a rule is asked, and what a refusal looks like."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import jwt
import pytest

from api.examples import ADA, BEN, CYCLE, EXAMPLES, PLAN
from domain.values import SYSTEM
from tests.api.world import SECRET, World

SECRET_TEXT = "Nobody may read this sentence in a log"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def token(world: World, **claims: object) -> str:
    known = {"sub": ADA, "org": str(world.organization), "exp": datetime.now(UTC) + timedelta(minutes=1)}
    return jwt.encode({key: value for key, value in (known | claims).items() if value is not None}, SECRET, "HS256")


async def test_without_a_valid_token_it_is_401(world: World) -> None:
    await world.found()
    wrong = [
        {},
        {"Authorization": "Basic YTpi"},
        bearer("nonsense"),
        bearer(token(world, exp=datetime.now(UTC) - timedelta(seconds=1))),
        bearer(token(world, exp=None)),
        bearer(token(world, sub=None)),
        bearer(token(world, sub="Ada")),
        bearer(token(world, org=None)),
        bearer(jwt.encode({"sub": ADA, "org": str(world.organization), "exp": 2**33}, "x" * 40, "HS256")),
        bearer(jwt.encode({"sub": ADA, "org": str(world.organization), "exp": 2**33}, "", "none")),
        bearer(token(world, sub=str(SYSTEM))),
    ]
    for headers in wrong:
        for answer in (
            await world.client.get(world.base, headers=headers),
            await world.client.post(world.route("AddTeam"), headers=headers, json=EXAMPLES["AddTeam"]),
        ):
            assert (answer.status_code, answer.json()["code"]) == (401, "auth.required"), headers
            assert answer.headers["www-authenticate"] == "Bearer"
    assert (await world.client.get(world.base, headers=bearer(token(world)))).status_code == 200


async def test_a_token_seen_before_ends_at_its_time_and_with_its_secret(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.found()
    headers = bearer(token(world))
    assert (await world.client.get(world.base, headers=headers)).status_code == 200
    monkeypatch.setattr("api.auth.time", SimpleNamespace(time=lambda: time.time() + 61))
    assert (await world.client.get(world.base, headers=headers)).status_code == 401
    monkeypatch.undo()
    assert (await world.client.get(world.base, headers=headers)).status_code == 200
    world.app.state.services = replace(world.services, token_secret="another secret, as long as the first one was")
    assert (await world.client.get(world.base, headers=headers)).status_code == 401


async def test_another_organization_is_invisible_also_to_who_has_one(world: World) -> None:
    await world.open()
    path, first = world.base, world.organization
    world.organization = uuid4()
    await world.found()
    other = world.headers(ADA)  # the same person, an administrator in the other organization
    world.organization = first
    for answer in (
        await world.client.get(path, headers=other),
        await world.client.get(f"{path}/cycles/{CYCLE}", headers=other),
        await world.client.get(f"{path}/feed", headers=other),
        await world.client.post(world.route("AddTeam"), headers=other, json=EXAMPLES["AddTeam"]),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "organization.unknown")


async def test_who_is_not_in_the_directory_sees_nothing_and_who_has_left_is_told(world: World) -> None:
    await world.open()
    for path in ("", f"/cycles/{CYCLE}", "/feed", "/directory/history"):
        assert (await world.get(path, uuid4())).json()["code"] == "organization.unknown"
        assert (await world.get(path, BEN)).status_code == 200
    await world.send("DeactivatePerson")
    for path in ("", f"/cycles/{CYCLE}", "/feed", "/directory/history"):
        answer = await world.get(path, BEN)
        assert (answer.status_code, answer.json()["code"]) == (403, "access.inactive")


async def test_what_is_not_there_is_404(world: World) -> None:
    await world.open()
    for path, code in {
        "/plans/not-an-id": "route.unknown",
        "/nowhere": "route.unknown",
        f"/plans/{uuid4()}": "plan.unknown",
        f"/plans/{uuid4()}/history": "plan.unknown",
        f"/plans/{uuid4()}/diff?from=0": "plan.unknown",
        f"/cycles/{uuid4()}": "cycle.unknown",
        f"/cycles/{uuid4()}/history": "cycle.unknown",
    }.items():
        answer = await world.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, code), path
    for path in ("", "/history", "/diff?from=0"):  # the id is a cycle's
        assert (await world.get(f"/plans/{CYCLE}{path}")).status_code == 404
    assert (await world.get(f"/plans/{CYCLE}?as_of=3")).status_code == 404
    answer = await world.try_("SubmitPlan", BEN, room=f"/plans/{CYCLE}")
    assert (answer.status_code, answer.json()["code"]) == (404, "stream.other_kind")
    for spelling in ("not-an-id", "0x" + PLAN.replace("-", "")[2:], PLAN.replace("-", "")[1:] + "%0A", "1_" * 16):
        answer = await world.try_("SubmitPlan", BEN, room=f"/plans/{spelling}")
        assert (answer.status_code, answer.json()["code"]) == (404, "route.unknown"), spelling
        for method, path in (("GET", f"/plans/{spelling}"), ("POST", f"/plans/{spelling}/submit-plan")):
            stranger = await world.client.request(method, world.base + path)
            assert (stranger.status_code, stranger.json()["code"]) == (401, "auth.required"), "the token comes first"
    await world.send("DraftGoal", BEN)
    assert (await world.get(f"/plans/{PLAN}/goals/{uuid4()}", BEN)).json()["code"] == "goal.unknown"


async def test_another_method_is_405_and_names_the_right_ones(world: World) -> None:
    answer = await world.client.delete(world.base)
    assert (answer.status_code, answer.json()["code"]) == (405, "route.method")
    assert "GET" in answer.headers["allow"]
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
        answer = await world.client.request(method, world.route("AddTeam"))
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST"), method


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_that_is_not_json_is_415(world: World, media_type: str) -> None:
    await world.found()
    headers = world.headers() | ({"Content-Type": media_type} if media_type else {})
    answer = await world.client.post(world.route("AddTeam"), headers=headers, content=b"{}")
    assert (answer.status_code, answer.json()["code"]) == (415, "body.media_type")


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"\xff\xfe",
        b'{"lead": NaN}',
        b'{"name": "\\ud800"}',
        b"[" * 100_000,
        b"1" * 5000,
        b'{"x": 1e%d}' % 10**20,
        b'{"x": 1e-5000}',
    ],
    ids=["open", "utf-8", "nan", "surrogate", "deep", "long number", "huge number", "small number"],
)
async def test_malformed_json_is_400(world: World, content: bytes) -> None:
    await world.found()
    headers = world.headers() | {"Content-Type": "application/json"}
    answer = await world.client.post(world.route("AddTeam"), headers=headers, content=content)
    assert (answer.status_code, answer.json()["code"]) == (400, "body.malformed")


async def test_a_body_over_the_limit_is_413_also_while_it_still_streams(world: World) -> None:
    await world.found()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 64:
            sent += 1
            yield b" " * 65536

    headers = world.headers() | {"Content-Type": "application/json"}
    streamed = await world.client.post(world.route("AddTeam"), headers=headers, content=endless())
    announced = await world.client.post(world.route("AddTeam"), headers=headers, content=b" " * (2**20 + 1))
    for answer in (streamed, announced):
        assert (answer.status_code, answer.json()["code"]) == (413, "body.too_large")
    assert sent < 64
    fitting = await world.client.post(world.route("AddTeam"), headers=headers, content=b"{}" + b" " * (2**20 - 2))
    assert fitting.status_code == 422


async def test_a_body_that_does_not_fit_names_every_field_by_a_json_pointer(world: World) -> None:
    await world.open()
    definition = json.loads(json.dumps(EXAMPLES["DraftGoal"]["definition"]))
    definition["weight"] = "heavy"
    definition["key_results"][0]["target"] = "1e1000"
    definition["key_results"][0]["unit"] = "target"
    del definition["key_results"][1]["milestones"][0]["title"]
    del definition["key_results"][1]["title"]
    answer = await world.try_("DraftGoal", BEN, definition=definition, colour="red")
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    errors = {error["pointer"]: error["code"] for error in answer.json()["errors"]}
    assert errors["/definition/weight"] == "decimal_parsing"
    assert "/definition/key_results/0/target" in errors
    assert errors["/definition/key_results/1/milestones/0/title"] == "missing"
    assert errors["/definition/key_results/1/title"] == "missing"
    assert errors["/colour"] == "extra_forbidden"
    assert all(error["message"] for error in answer.json()["errors"])


async def test_a_model_s_own_rule_says_its_sentence(world: World) -> None:
    await world.open()
    definition = EXAMPLES["AssignGoal"]["definition"] | {"threshold": "99"}
    answer = await world.try_("AssignGoal", definition=definition)
    assert answer.json()["errors"] == [
        {
            "pointer": "/definition",
            "code": "value_error",
            "message": "threshold, target and stretch must run in the KPI's direction",
        }
    ]


async def test_a_query_that_does_not_fit_is_422(world: World) -> None:
    await world.found()
    for path, pointer in {
        "/feed?after=x": "/query/after",
        "/feed?limit=0": "/query/limit",
        "/directory/history?after=bm90LWpzb24": "/query/after",
        "?as_of=yesterday": "/query/as_of",
        "?as_of=2027-01-01": "/query/as_of",
        "?as_of=999": "/query/as_of",
        "?as_of=2999-01-01T00:00:00Z": "/query/as_of",
    }.items():
        answer = await world.get(path)
        assert answer.status_code == 422, (path, answer.text)
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer], path


async def test_an_error_never_repeats_a_text_that_the_caller_sent(world: World) -> None:
    await world.open()
    definition = EXAMPLES["DraftGoal"]["definition"]
    title = {"title": SECRET_TEXT}
    attempts: list[dict[str, Any]] = [
        {"definition": {**definition, **title, "weight": SECRET_TEXT, "ambition": SECRET_TEXT}},
        {"definition": {**definition, "kind": SECRET_TEXT}},
        {"definition": {**definition, "title": {"text": SECRET_TEXT}}},
        {"definition": {**definition, "title": SECRET_TEXT * 200}},
        {"definition": {**definition, **title, "weight": "400"}},
        {"definition": SECRET_TEXT},
        {"definition": {**definition, **title}, "owner": ADA},
        {"definition": {**definition, **title}, "goal": SECRET_TEXT},
    ]
    for attempt in attempts:
        answer = await world.try_("DraftGoal", BEN, **attempt)
        assert answer.status_code in {403, 409, 422}, answer.text
        assert SECRET_TEXT not in answer.text


async def test_what_nobody_foresaw_is_500_without_details(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await world.found()

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError(SECRET_TEXT)

    monkeypatch.setattr(world.engine.handler, "execute", broken)
    answer = await world.try_("AddTeam")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal.error")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert SECRET_TEXT not in answer.text
    logged = "".join(capsys.readouterr())
    assert "request.failed" in logged
    assert "RuntimeError" in logged
    assert SECRET_TEXT not in logged


async def test_a_database_that_went_away_is_503_and_says_to_repeat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.found()

    async def gone(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(world.engine.log, "append", gone)
    monkeypatch.setattr("eventlog.appender.PAUSE", 0.001)
    answer = await world.try_("AddTeam")
    assert (answer.status_code, answer.json()["code"]) == (503, "log.unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_a_problem_is_complete_and_its_type_resolves(world: World) -> None:
    await world.found()
    answer = await world.try_("AddPerson")
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem == {
        "type": "http://api.test/problems/person.exists",
        "title": "This person is in the directory already.",
        "status": 409,
        "code": "person.exists",
        "detail": "This person is in the directory already.",
        "hint": "Use another person id.",
        "errors": [
            {"pointer": "/person", "code": "person.exists", "message": "This person is in the directory already."}
        ],
        "request_id": answer.headers["x-request-id"],
    }
    page = await world.client.get(problem["type"])
    assert page.status_code == 200
    assert "This person is in the directory already." in page.text
    assert "此人已在名录中。" in page.text
    assert (await world.client.get("/problems/no.such")).status_code == 404


async def test_a_problem_speaks_chinese_to_who_asks_for_it(world: World) -> None:
    await world.open()
    answer = await world.try_("SubmitPlan", BEN, headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert answer.json()["code"] == "plan.unknown"
    await world.send("DraftGoal", BEN)
    answer = await world.try_("SubmitPlan", BEN, headers={"Accept-Language": "zh-Hans-CN"})
    assert answer.headers["content-language"] == "zh-CN"
    assert answer.json()["title"] == "此操作属于…阶段；周期目前处于…阶段。"
    assert answer.json()["detail"] == "此操作属于承诺阶段；周期目前处于起草阶段。"
    assert answer.json()["hint"] == "请等待该阶段，或请主持人重新打开它；已签署的计划通过 RequestAmendment 修改。"
    invalid = await world.try_("AddTeam", body={}, headers={"Accept-Language": "zh"})
    assert {error["message"] for error in invalid.json()["errors"]} == {"此字段必填。"}
