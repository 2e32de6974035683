"""Poison over HTTP: whatever a caller sends is served or refused as documented, and everybody else goes on.

The systematic part takes every command's example and puts poison into every place where a value stands.
"""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prometheus_client import CollectorRegistry

from api.examples import ADA, BEN, CYCLE, EXAMPLES, KPI, OKR, PLAN
from api.problems import PROBLEM_TYPE
from cli.serve.api import listening
from cli.stack.ports import pick_free
from domain.plan.drafting import MOST_GOALS
from domain.problems import PROBLEMS
from tests.api.world import World, open_world
from tests.faults.bodies import BODIES
from tests.support.projecting import caught_up, projector_of

TEXTS = {
    "nul": "before\0after",
    "half a surrogate": "\ud800",
    "megabyte": "x" * 1_000_000,
    "control": "\x01\x1b[31m\x7f\u202e",
    "huge number": "9" * 4_000,
    "huge exponent": "1e999999999",
    "not a number": "NaN",
    "zero width": "\u200b",
}
ENDING = {"DeactivatePerson", "ExcuseParticipant", "RevokeRole", "AdvancePhase", "CloseCycle", "SubmitPlan"}
"""After these many others are refused before anybody looks at what they bring."""
VALUES: dict[str, Any] = {
    "huge": 10**30,
    "negative": -1,
    "float": 1e308,
    "null": None,
    "list": [[]],
    "object": {"a": {"b": []}},
    "bool": True,
}


@asynccontextmanager
async def served(database: str) -> AsyncIterator[World]:
    """The application on a real socket."""
    async with open_world(database) as world:
        port, services = pick_free(), replace(world.services, registry=CollectorRegistry())
        async with (
            listening(services, "127.0.0.1", port),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client,
        ):
            world.client = client
            yield world


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with served(database) as made:
        await made.agree()
        yield made


def is_documented(answer: httpx.Response) -> bool:
    """Served, or refused by a problem that the documentation has."""
    if answer.status_code < 300:
        return True
    known = answer.headers["content-type"] == PROBLEM_TYPE and answer.json()["code"] in PROBLEMS
    return known and answer.status_code < 500


async def others_go_on(world: World) -> None:
    """Writing, reading and projecting still work, and nothing waits anywhere."""
    answer = await world.try_("AddTeam", team=str(uuid4()), name="Another")
    assert answer.status_code == 200, answer.text
    await caught_up(projector_of(world.engine))
    for path in ("", "/cycles/" + CYCLE, "/plans/" + PLAN, f"/cycles/{CYCLE}/board", "/inbox"):
        found = await world.get(path, BEN)
        assert found.status_code == 200, (path, found.text)
    assert world.engine.appender.waiting == 0


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON tree where a value stands."""
    yield path
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield from places(item, (*path, key))
    elif isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from places(item, (*path, index))


def poisoned(tree: Any, path: tuple[Any, ...], poison: Any) -> Any:
    if not path:
        return poison
    changed = deepcopy(tree)
    here = changed
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = poison
    return changed


@pytest.mark.parametrize("share", [0.05, pytest.param(1.0, marks=pytest.mark.soak)])
async def test_poison_in_any_place_of_any_command_is_served_or_refused_as_documented(
    world: World, share: float
) -> None:
    chance, sent, served = random.Random(11), 0, 0
    for name, body in sorted(EXAMPLES.items(), key=lambda entry: entry[0] in ENDING):
        for person in (ADA, BEN):
            edits = (await world.try_(name, person, dry_run=True)).request.headers.get("If-Match")
            headers = world.headers(person) | {"Content-Type": "application/json"}
            for path in places(body):
                for poison in [*TEXTS.values(), *VALUES.values()] if path else [[], "text", 1, None]:
                    if chance.random() > share:
                        continue
                    content = json.dumps(poisoned(body, path, poison)).encode()
                    sends = headers | ({"If-Match": edits} if edits else {})
                    answer = await world.client.post(world.route(name), headers=sends, content=content)
                    where = (name, path, str(poison)[:40], answer.status_code, answer.text[:300])
                    assert is_documented(answer), where
                    sent, served = sent + 1, served + answer.is_success
    assert sent > 4_000 * share
    assert served > 0, "some of it is a text like any other"
    await others_go_on(world)


async def test_a_poisoned_body_is_refused_as_documented(world: World) -> None:
    headers = world.headers() | {"Content-Type": "application/json", "If-Match": '"2"'}
    for what, content in BODIES.items():
        answer = await world.client.post(world.route("AddTeam"), headers=headers, content=content)
        assert 400 <= answer.status_code < 500, (what, answer.text[:300])
        assert is_documented(answer), (what, answer.text[:300])
        assert b"xxxx" not in answer.content, "a problem never repeats what was sent"
    await others_go_on(world)


async def test_poisoned_addresses_headers_and_queries_are_refused_as_documented(world: World) -> None:
    plan = f"{world.base}/plans/{PLAN}"
    headers = world.headers()
    bad = ["\x01", "x" * 60_000, "%00", "%ff%fe", "../../etc/passwd", "'; drop table", "9" * 5_000, "-1", "1e9"]
    for value in bad:
        for path in (f"{world.base}/plans/{value}", f"/v1/organizations/{value}/directory", f"/problems/{value}"):
            found = await world.client.get(path.replace("\x01", "%01"), headers=headers)
            assert is_documented(found) or found.status_code == 400, (path[:80], found.status_code, found.text[:200])
        for query in ("as_of", "after", "limit", "min_position", "version"):
            for where in (plan, f"{plan}/history", f"{world.base}/cycles/{CYCLE}/board"):
                found = await world.client.get(where, headers=headers, params={query: value})
                assert is_documented(found) or found.status_code == 400, (query, value[:40], where, found.text[:300])
    for name in ("Idempotency-Key", "If-Match", "If-None-Match", "Accept-Language", "Authorization", "Content-Type"):
        for value in ("x" * 20_000, "\xff\xfe", "*" * 300, "é", '"', "W/", "zh" * 5_000, "Bearer a.b.c", "9" * 5_000):
            sent = [(key.encode(), item.encode("latin-1")) for key, item in {**headers, name: value}.items()]
            found = await world.client.post(world.route("CheckIn"), headers=sent, json={})
            assert is_documented(found) or found.status_code == 431, (name, value[:40], found.status_code, found.text)
    await others_go_on(world)


async def test_ten_thousand_goals_in_one_plan_are_refused_at_a_documented_limit(database: str) -> None:
    async with served(database) as world:
        await world.open()
        answers: list[int] = []
        for _ in range(MOST_GOALS + 3):
            draft = await world.try_("DraftGoal", BEN, goal=str(uuid4()))
            answers.append(draft.status_code)
        assert answers[: MOST_GOALS + 1] == [201] + [200] * (MOST_GOALS - 1) + [409], answers
        assert draft.json()["code"] == "plan.full"
        assert (await world.try_("AssignGoal", goal=KPI)).json()["code"] == "plan.full"
        assert len((await world.plan())["state"]["goals"]) == MOST_GOALS
        answer = await world.try_("DraftGoal", BEN, goal=OKR)
        assert str(MOST_GOALS) in answer.json()["detail"]
        await others_go_on(world)
