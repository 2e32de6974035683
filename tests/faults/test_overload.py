"""Past its bound an API process refuses at once, keeps its pace and its memory, and is itself again afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.services import Limits
from cli.composition import open_engine
from cli.serve.api import token_secret
from cli.stack.ports import pick_free
from eventlog.settings import Settings
from tests.api.world import open_world
from tests.faults.clients import Crowd
from tests.faults.ground import Ground, prepare
from tests.faults.load import Heard, Post, press, resident
from tests.support.processes import Process, running

BOUND = 8
JSON = "application/json"


@dataclass
class Target:
    """One API process with a small bound, and an organization to write to."""

    url: str
    process: Process
    posts: list[Post]

    @property
    def memory(self) -> float:
        return resident(self.process.running.pid)


@asynccontextmanager
async def bounded(database: str, home: Path, bound: int) -> AsyncIterator[Target]:
    settings = Settings(home=home, database_url=database, api_port=pick_free(), queue_limit=bound)
    (home / "secrets").mkdir(parents=True)
    (home / "keyring").mkdir()
    settings.token_secret_path.write_text("a secret of the tests, long enough for HS256", encoding="ascii")
    async with open_engine(settings) as engine:
        ground = await prepare(engine)
    environment = {
        "GOALCYCLE_HOME": str(home),
        "GOALCYCLE_DATABASE_URL": database,
        "GOALCYCLE_API_PORT": str(settings.api_port),
        "GOALCYCLE_QUEUE_LIMIT": str(bound),
        "GOALCYCLE_LOG_LEVEL": "warning",
    }
    url = f"http://127.0.0.1:{settings.api_port}"
    async with running("api", environment, home / "api.log") as process:
        async with asyncio.timeout(30):
            while not await process.is_ready():
                await asyncio.sleep(0.02)
        yield Target(url, process, check_ins(ground, token_secret(settings)))


def check_ins(ground: Ground, secret: str) -> list[Post]:
    """A check-in for every tracked goal: plans of their own, so that callers do not wait for one another."""
    crowd = Crowd([], secret, ground, 0)
    return [
        Post(
            path=f"/v1/organizations/{ground.organization}/plans/{goal.plan}/check-in",
            headers=crowd.headers(goal.owner),
            body={
                "goal": str(goal.goal),
                "readings": [{"measure": str(measure), "value": "51"} for measure in goal.measures],
                "confidence": "0.5",
                "status": "on_track",
            },
        )
        for goal in ground.tracked
    ]


async def overload(target: Target, *, bound: int, times: int, seconds: float) -> tuple[Heard, Heard, Heard, float]:
    """A full house, then so many times more than that, then a full house again; and the memory that was gained."""
    await press(target.url, target.posts, callers=bound, seconds=1)
    before = await press(target.url, target.posts, callers=bound, seconds=seconds)
    memory = target.memory
    during = await press(target.url, target.posts, callers=bound * times, seconds=2 * seconds)
    gained = target.memory - memory
    after = await press(target.url, target.posts, callers=bound, seconds=seconds)
    print(
        f"goodput {before.goodput:.0f} before, {during.goodput:.0f} during, {after.goodput:.0f} after;",
        f"{during.refused} refused within {during.slowest():.3f} s; {gained:+.1f} MiB",
    )
    return before, during, after, gained


async def test_past_its_bound_it_refuses_at_once_keeps_its_pace_and_recovers(database: str, tmp_path: Path) -> None:
    async with bounded(database, tmp_path / "home", BOUND) as target:
        before, during, after, gained = await overload(target, bound=BOUND, times=10, seconds=1.5)
    assert before.refused == after.refused == 0, "nobody is refused who finds a place"
    assert set(during.codes) == {"queue.full"}
    assert during.refused > BOUND
    assert not during.malformed
    assert during.slowest() < 0.5
    assert during.goodput > 0.6 * before.goodput
    assert after.goodput > 0.6 * before.goodput
    assert gained < 30


@pytest.mark.soak
async def test_impatient_callers_for_long_do_not_fill_the_memory(database: str, tmp_path: Path) -> None:
    """Whoever ignores Retry-After costs pace, for each refusal costs something; but nothing piles up."""
    async with bounded(database, tmp_path / "home", 64) as target:
        before, during, after, gained = await overload(target, bound=64, times=10, seconds=10)
        assert not before.refused
        assert not after.refused
        assert during.goodput > 0.8 * before.goodput
        memory = target.memory
        storm = await press(target.url, target.posts, callers=256, seconds=30, impatient=True)
        print(f"impatient: goodput {storm.goodput:.0f}, {storm.refused} refused, {target.memory - memory:+.1f} MiB")
        assert set(storm.codes) == {"queue.full"}
        assert storm.goodput > 0
        calm = await press(target.url, target.posts, callers=64, seconds=5)
        assert not calm.refused
        assert calm.goodput > 0.6 * before.goodput
        assert gained < 30
        assert target.memory - memory < 60


async def test_the_bound_counts_what_bodies_may_come_to_and_health_is_always_answered(database: str) -> None:
    """Requests that are still arriving hold their place; operators get in although everything is full."""
    limits = Limits(requests=3, bodies_bytes=1_500_000)
    async with open_world(database, limits) as world:
        arriving, gate = asyncio.Event(), asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            arriving.set()
            yield b'{"team": '
            await gate.wait()
            yield b"0}"

        caller, route = world.client, world.route("AddTeam")
        headers = world.headers() | {"Content-Type": JSON, "If-Match": '"1"'}
        held = asyncio.create_task(caller.post(route, headers=headers, content=slowly()))
        async with asyncio.timeout(10):
            await arriving.wait()
        # Its body may be of any length, so another of that kind finds no room.
        second = await caller.post(route, headers=headers, content=at_once())
        assert second.status_code == 503
        assert second.json()["code"] == "queue.full"
        assert second.headers["retry-after"] == "1"
        assert (await caller.post(route, headers=headers, json={})).status_code == 422
        assert (await caller.get("/health/live")).status_code == 200
        assert (await caller.get("/metrics")).status_code == 200
        gate.set()
        await held
        assert (await caller.post(route, headers=headers, content=at_once())).status_code == 422


async def at_once() -> AsyncIterator[bytes]:
    yield b"{}"
