"""Everybody looks at every answer, and reads no sentinel that the book does not let them read (R8)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID, uuid4

import httpx
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from domain.sealed import Sealed
from tests.api.sentinel_book import NAMES
from tests.api.sentinels import GOALS, METRIC, Stage
from tests.support.given import kpi, okr


async def paths(on: Stage) -> list[str]:
    """Every GET there is, now and as of some positions."""
    plan, cycle = f"/plans/{on.plan_ref.stream}", f"/cycles/{on.cycle}"
    last = await on.log.last_position(on.organization)
    version = (await on.state()).version
    earlier = f"?as_of={last - 1}"
    some = sorted({last, *range(max(1, last - 12), last, 3)})
    return [
        "",
        "/directory/history",
        *(cycle + more for more in ("", "/history", "/gate", "/board")),
        *(plan + more for more in ("", "/history", "/diff?from=0", f"/diff?from={max(0, version - 1)}")),
        *(f"{plan}?as_of={position}" for position in some),
        f"{plan}/history{earlier}",
        *(
            f"{plan}/goals/{goal}{more}"
            for goal in GOALS.values()
            for more in ("", "/alignment", "/negotiation", f"?as_of={last - 1}")
        ),
        "/metrics",
        *(f"/metrics/{METRIC.stream}{more}" for more in ("", "/history", "/plans")),
        "/feed",
        "/feed?after=0&limit=200",
        "/inbox",
    ]


async def paths_after(on: Stage, before: int) -> list[str]:
    """The GETs whose answers what came after a position can have changed: of the plan, its goals and their feed."""
    plan = f"/plans/{on.plan_ref.stream}"
    return [
        plan,
        f"{plan}?as_of={before}",
        f"{plan}/history",
        f"{plan}/diff?from={max(0, (await on.state()).version - 1)}",
        *(f"{plan}/goals/{GOALS[name]}{more}" for name in on.book.goals for more in ("", "/negotiation")),
        f"/cycles/{on.cycle}/gate",
        f"/feed?after={before}",
        "/inbox",
    ]


async def glance(on: Stage, before: int, people: Collection[str] = NAMES) -> None:
    """Look at what a step can have changed."""
    for path in await paths_after(on, before):
        for person in people:
            read(on, person, path, await on.get(person, path))


async def look(on: Stage, people: Collection[str] = NAMES) -> None:
    """Nobody reads what the table does not let them read, in any answer, body or header."""
    for path in await paths(on):
        for person in people:
            read(on, person, path, await on.get(person, path))
    for goal in GOALS.values():
        for person in people:
            await provoke(on, person, goal)


async def provoke(on: Stage, person: str, goal: UUID) -> None:
    """Refusals and dry runs tell no more than answers do."""
    path = f"/plans/{on.plan_ref.stream}"
    comment = {"goal": str(goal), "hash": "0" * 64, "comment": str(uuid4()), "text": "Mine"}
    for definition in (okr(title="Mine", weight="50"), kpi(title="Mine")):
        body = {"goal": str(goal), "definition": _sendable(definition)}
        for version in ('"1"', f'"{(await on.state()).version}"'):
            sent = f"{path}/propose-revision?dry_run=true"
            read(on, person, sent, await on.post(person, sent, body, {"If-Match": version}))
    read(on, person, path, await on.post(person, f"{path}/comment-on-revision?dry_run=true", comment, {}))


def read(on: Stage, person: str, path: str, answer: httpx.Response) -> None:
    """Note what somebody could read of an answer, and fail where the table does not let them."""
    whole = answer.text + repr(answer.headers)
    assert answer.status_code < 500, (path, answer.text)
    for text in on.book.texts:
        if text in whole:
            assert on.book.may_read(person, text), (person, path, text, on.book.texts[text])
            on.book.seen.add((person, text))


def _sendable(value: Any) -> Any:
    """A value as a caller sends it: texts in plain, absent fields left out."""
    if isinstance(value, BaseModel):
        return {name: _sendable(item) for name, item in value if item is not None}
    if isinstance(value, tuple):
        return [_sendable(item) for item in value]
    return value.text if isinstance(value, Sealed) else to_jsonable_python(value)
