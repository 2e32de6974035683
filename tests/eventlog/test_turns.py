"""Turns: one at a time for each key, in the order of asking, and nobody is left behind by somebody who gives up."""

from __future__ import annotations

import asyncio
import random

import pytest

from eventlog.turns import Turns


async def waiting(turns: Turns, *keys: str) -> asyncio.Task[None]:
    """Somebody who asked and does not have it yet."""
    task = asyncio.create_task(turns.take(keys))
    await asyncio.sleep(0)
    assert not task.done()
    return task


async def test_a_key_is_passed_on_in_the_order_of_asking() -> None:
    turns = Turns()
    await turns.take(["a"])
    first, second = await waiting(turns, "a"), await waiting(turns, "a")
    turns.give_back(["a"])
    await first
    assert not second.done()
    turns.give_back(["a"])
    await second


async def test_who_gives_up_while_waiting_leaves_its_place_and_what_it_held() -> None:
    turns = Turns()
    await turns.take(["b"])
    impatient = await waiting(turns, "a", "b")
    patient = await waiting(turns, "b")
    impatient.cancel()
    await asyncio.wait([impatient])
    await turns.take(["a"])
    turns.give_back(["b"])
    await patient


async def test_who_gives_up_just_as_its_turn_comes_passes_it_on() -> None:
    turns = Turns()
    await turns.take(["a"])
    unlucky, next_one = await waiting(turns, "a"), await waiting(turns, "a")
    turns.give_back(["a"])  # handed over, and cancelled before it could take it
    unlucky.cancel()
    await asyncio.wait([unlucky])
    assert unlucky.cancelled()
    async with asyncio.timeout(5):
        await next_one


async def test_a_key_given_back_leaves_nothing_behind() -> None:
    turns = Turns()
    await turns.take(["a", "b"])
    turns.give_back(["a", "b"])
    assert not turns._held


async def test_waiters_who_all_give_up_at_once_leave_every_key_free() -> None:
    """A deadline strikes the one who holds the key and those behind it in the same moment."""
    turns = Turns()

    async def hold(*keys: str) -> None:
        await turns.take(keys)
        try:
            await asyncio.Event().wait()
        finally:
            turns.give_back(keys)

    tasks = [asyncio.create_task(hold(*keys)) for keys in (("b",), ("a", "b"), ("b",), ("a", "b"))]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ended] == [asyncio.CancelledError] * 4
    async with asyncio.timeout(1):
        await turns.take(("a", "b"))


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_is_cancelled_nobody_shares_a_key_and_nobody_is_forgotten(seed: int) -> None:
    chance, turns = random.Random(seed), Turns()
    holders: dict[str, int] = {}
    served: list[int] = []

    async def work(number: int, keys: list[str]) -> None:
        await turns.take(keys)
        try:
            for key in keys:
                assert key not in holders, "held by two at once"
                holders[key] = number
            for _ in range(chance.randint(0, 3)):
                await asyncio.sleep(0)
            served.append(number)
        finally:
            for key in keys:
                holders.pop(key)
            turns.give_back(keys)

    tasks = []
    for number in range(60):
        tasks.append(asyncio.create_task(work(number, sorted(chance.sample("abcd", chance.randint(1, 3))))))
        if chance.random() < 0.3:
            await asyncio.sleep(0)
        if chance.random() < 0.4:
            for task in chance.sample(tasks, min(3, len(tasks))):
                task.cancel()
    async with asyncio.timeout(10):
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(end) for end in ended} <= {type(None), asyncio.CancelledError}
    assert len(served) >= ended.count(None) > 0
    assert not turns._held
