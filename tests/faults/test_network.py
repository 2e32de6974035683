"""Bad lines between goalcycle and Postgres: everybody is answered in bounded time, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from uuid import uuid4

import httpx
import pytest

import eventlog.appender
from api.services import Limits
from cli.exits import Exit
from eventlog.outage import LOST
from eventlog.postgres import Patience, PostgresLog, close_pool, open_pool
from tests.api.world import World, open_world
from tests.faults.proxy import HALF_OPEN, PASS, Line, Proxy, When, proxied

SHORT = Patience(connect=0.5, answer=0.5)
LIMITS = Limits(request_seconds=3)
LONGEST = 5.0
"""Seconds within which everybody must be answered, however many wait for one another."""


@asynccontextmanager
async def behind(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Proxy, World]]:
    """An application that reaches its database over a proxy, and loses patience quickly."""
    monkeypatch.setattr(eventlog.appender, "PATIENCE", 1.0)
    async with proxied(database) as (proxy, near), open_world(near, LIMITS, SHORT) as world:
        await world.found()
        yield proxy, world
        proxy.line = PASS  # on leaving, connections are closed in peace


async def add_team(world: World, key: str) -> httpx.Response:
    """A command to the directory that creates something new for every key."""
    return await world.try_("AddTeam", headers={"Idempotency-Key": key}, team=str(uuid4()), name=key)


async def teams(world: World) -> list[str]:
    """The keys of the teams that are there, from the log itself."""
    answer = await world.get("")
    assert answer.status_code == 200, answer.text
    return sorted(team["name"] for team in answer.json()["state"]["teams"].values())


async def test_a_silent_database_is_unavailable_in_bounded_time_and_back_as_soon_as_it_answers(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with behind(database, monkeypatch) as (proxy, world):
        proxy.line = HALF_OPEN
        began = monotonic()
        answers = await asyncio.gather(*(add_team(world, f"silent-{place}") for place in range(20)), world.get(""))
        assert monotonic() - began < LONGEST
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(503, "log.unavailable")}
        assert all(answer.headers["retry-after"] == "1" for answer in answers)
        proxy.line = PASS
        assert (await add_team(world, "after")).json()["outcome"] == "appended"
        found = await teams(world)  # a command whose outcome was unknown took effect once or never
        assert "after" in found
        assert len(found) == len(set(found))
        assert world.engine.appender.waiting == 0


async def test_an_answer_that_is_swallowed_is_asked_for_again_and_counts_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half-open just after the commit: nothing tells that the connection is dead but its silence."""
    async with behind(database, monkeypatch) as (proxy, world):
        cut = proxy.cut(When.ANSWERED, statement="goalcycle.append", silent=True)
        answer = await add_team(world, "once")
        assert cut.struck.is_set()
        assert (answer.status_code, answer.json()["outcome"]) == (200, "duplicate")
        assert await teams(world) == ["once"]


@pytest.mark.parametrize("when", list(When))
async def test_a_cut_in_the_middle_of_a_commit_loses_and_doubles_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch, when: When
) -> None:
    async with behind(database, monkeypatch) as (proxy, world):
        for place in range(5):
            cut = proxy.cut(when, statement="goalcycle.append")
            together = await asyncio.gather(*(add_team(world, f"{place}-{other}") for other in range(4)))
            assert {answer.status_code for answer in together} == {200}
            assert cut.struck.is_set()
        assert await teams(world) == sorted(f"{place}-{other}" for place in range(5) for other in range(4))


async def test_a_flaky_line_loses_and_doubles_nothing(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with behind(database, monkeypatch) as (proxy, world):
        proxy.line = Line(breaks=0.05)
        keys = [f"team-{place:02}" for place in range(40)]
        waiting = dict.fromkeys(keys)
        bodies = {key: str(uuid4()) for key in keys}
        async with asyncio.timeout(60):
            while waiting:
                for key in list(waiting):
                    sent = {"Idempotency-Key": key}
                    answer = await world.try_("AddTeam", headers=sent, team=bodies[key], name=key)
                    assert answer.status_code in {200, 503}, answer.text
                    if answer.status_code == 200:
                        del waiting[key]
        proxy.line = PASS
        assert proxy.dropped > 10, "the line was bad"
        assert await teams(world) == keys


async def test_a_slow_line_is_only_slow(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with behind(database, monkeypatch) as (proxy, world):
        proxy.line = Line(latency=0.03)
        began = monotonic()
        answers = await asyncio.gather(*(add_team(world, f"slow-{place}") for place in range(3)))
        assert [answer.status_code for answer in answers] == [200] * 3
        assert monotonic() - began >= 3 * 0.06, "one stream's commands wait for each other"


async def test_a_process_on_a_silent_database_still_ends(database: str) -> None:
    async with proxied(database) as (proxy, near):
        pool = await open_pool(near, size=2, patience=SHORT)
        log = PostgresLog(near, pool, SHORT)
        assert await log.append(uuid4(), []) == []
        proxy.line = HALF_OPEN
        began = monotonic()
        with pytest.raises(LOST):
            await log.last_position(uuid4())
        await log.close()
        await close_pool(pool, SHORT)
        assert monotonic() - began < LONGEST


@pytest.mark.parametrize("line", [pytest.param(HALF_OPEN, marks=pytest.mark.soak), Line(breaks=1)])
async def test_a_command_on_a_database_that_does_not_answer_says_so_in_one_line(
    database: str, tmp_path: Path, line: Line
) -> None:
    async with proxied(database) as (proxy, near):
        proxy.line = line
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli.main", "verify", "chain"),
            env={**os.environ, "GOALCYCLE_HOME": str(tmp_path), "GOALCYCLE_DATABASE_URL": near},
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(40):
            _, complained = await process.communicate()
    assert process.returncode == Exit.UNAVAILABLE
    (said,) = complained.decode().splitlines()
    assert said.startswith("goalcycle: the database does not answer")
