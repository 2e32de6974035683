"""Past its bound an API process refuses at once, keeps its pace and its memory, and is itself again afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.admission import LATEST, REFUSALS
from api.services import Limits
from tests.api.world import open_world
from tests.faults.api_process import Target, serving
from tests.faults.load import Heard, press, worked

BOUND = 8
JSON = "application/json"


@dataclass
class Pressed:
    """What was heard of a full house, and of many times more than that; and the memory that was gained."""

    full: Heard
    over: Heard
    gained: float

    @property
    def ratio(self) -> float:
        """Of the goodput."""
        return self.over.goodput / self.full.goodput

    @property
    def worth(self) -> float:
        """Of the commands acknowledged for the same processor time: what refusing leaves, however busy the machine."""
        return (self.over.acknowledged / self.over.processor) / (self.full.acknowledged / self.full.processor)


async def pressing(target: Target, callers: int, seconds: float) -> Heard:
    before = worked(target.process.running.pid)
    heard = await press(target.url, target.posts, callers=callers, seconds=seconds)
    heard.processor = worked(target.process.running.pid) - before
    return heard


async def overload(target: Target, *, bound: int, times: int, rounds: int, seconds: float) -> Pressed:
    """In turns, so that whatever else the machine does troubles both alike."""
    await press(target.url, target.posts, callers=bound, seconds=1)
    memory, full, over = target.memory, Heard(), Heard()
    for _ in range(rounds):
        full += await pressing(target, bound, seconds)
        over += await pressing(target, bound * times, 2 * seconds)
    full += await pressing(target, bound, seconds)
    pressed = Pressed(full, over, target.memory - memory)
    print(
        f"goodput {full.goodput:.0f}/s full, {over.goodput:.0f}/s overloaded; {over.refused} refused, 95 % within",
        f"{over.slowest():.3f} s; {pressed.worth:.2f} as many for the same processor time; {pressed.gained:+.1f} MiB",
    )
    return pressed


async def test_past_its_bound_it_refuses_at_once_keeps_its_pace_and_recovers(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path / "home", GOALCYCLE_QUEUE_LIMIT=str(BOUND)) as target:
        pressed = await overload(target, bound=BOUND, times=10, rounds=3, seconds=0.5)
    assert pressed.full.refused == 0, "nobody is refused who finds a place, and nothing lingers from before"
    assert set(pressed.over.codes) == {"queue.full"}
    assert pressed.over.refused > BOUND
    assert not pressed.over.malformed
    assert pressed.over.slowest() < 1
    assert pressed.worth > 0.6
    assert pressed.gained < 30


@pytest.mark.soak
async def test_impatient_callers_for_long_do_not_fill_the_memory(database: str, tmp_path: Path) -> None:
    """Nor do those who ignore Retry-After take the time of those who are served."""
    async with serving(database, tmp_path / "home", GOALCYCLE_QUEUE_LIMIT="64") as target:
        pressed = await overload(target, bound=64, times=10, rounds=4, seconds=3)
        assert not pressed.full.refused
        assert pressed.ratio > 0.4, "on a machine that does nothing else it is near 1"
        assert pressed.worth > 0.6
        assert pressed.gained < 30
        memory = target.memory
        storm = await press(target.url, target.posts, callers=256, seconds=30, impatient=True)
        print(f"impatient: goodput {storm.goodput:.0f}/s, {storm.refused} refused, {target.memory - memory:+.1f} MiB")
        assert set(storm.codes) == {"queue.full"}
        assert storm.goodput > 0.4 * pressed.full.goodput
        calm = await pressing(target, 64, 5)
        assert not calm.refused
        assert Pressed(pressed.full, calm, 0).worth > 0.6
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


async def test_the_more_are_refused_the_later_they_are_asked_to_come_back(database: str) -> None:
    """Else everybody who was refused would be back in a second, and be refused again."""
    async with open_world(database, Limits(requests=0)) as world:
        answers = [await world.client.get(world.base + "/directory") for _ in range(3 * REFUSALS)]
    asked = [int(answer.headers["retry-after"]) for answer in answers]
    assert asked[0] == 1
    assert max(asked) > 1
    assert max(asked) <= LATEST


async def at_once() -> AsyncIterator[bytes]:
    yield b"{}"
