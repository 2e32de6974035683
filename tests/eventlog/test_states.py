"""The states in memory: never older than they were, never more than there is room for, dropped without a loss."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from domain.decider import Ref
from domain.directory.state import DIRECTORY
from eventlog.handler import CommandHandler
from eventlog.log import Recorded
from eventlog.memory import MemoryLog
from eventlog.states import BrokenChainError, StateCache
from tests.eventlog.toy import CODEC, DECIDERS, Align, Sign, World


class Counting(MemoryLog):
    """Notes what is read, and may keep the answer to a read of one stream back until the gate opens."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[Ref] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def read_stream(
        self, organization: UUID, ref: Ref, *, after_version: int = 0, up_to_position: int | None = None
    ) -> list[Recorded]:
        self.read.append(ref)
        found = await super().read_stream(organization, ref, after_version=after_version, up_to_position=up_to_position)
        await self.gate.wait()
        return found

    async def read_tails(self, organization: UUID, after: Mapping[Ref, int]) -> dict[Ref, list[Recorded]]:
        self.read += after
        found = await super().read_tails(organization, after)
        await self.gate.wait()
        return found


@pytest.fixture
def log() -> Counting:
    return Counting()


@pytest.fixture
async def world(log: Counting) -> AsyncIterator[World]:
    made = World(log=log)
    yield made
    await made.close()


@pytest.fixture
async def handler(world: World) -> CommandHandler:
    made = world.handler()
    await world.begin(made)
    return made


def cache_of(world: World, limit: int) -> StateCache:
    return StateCache(world.log, DECIDERS, CODEC, limit=limit)


async def plans(world: World, handler: CommandHandler, count: int) -> list[Ref]:
    return [await world.draft(handler) for _ in range(count)]


@pytest.mark.parametrize("limit", [2, 3, 8])
async def test_it_never_holds_more_than_its_limit_nor_anything_twice(
    world: World, handler: CommandHandler, limit: int
) -> None:
    cache, refs = cache_of(world, limit), await plans(world, handler, 12)
    chance = random.Random(limit)
    for ref in refs + chance.choices(refs, k=60) + chance.choices(refs[:limit], k=60):
        assert (await cache.load(world.organization, ref)).head.version == 1
        assert len(cache) <= limit
        assert not cache._young.keys() & cache._old.keys()


async def test_what_is_used_again_and_again_stays(world: World, handler: CommandHandler, log: Counting) -> None:
    cache, (favourite, *others) = cache_of(world, 8), await plans(world, handler, 30)
    await cache.load(world.organization, favourite)
    for ref in others:
        await cache.load(world.organization, ref)
        log.read.clear()
        await cache.load(world.organization, favourite)
        assert log.read == []


async def test_what_was_not_used_for_long_is_dropped_and_read_again(world: World, handler: CommandHandler) -> None:
    cache, (dropped, *others) = cache_of(world, 8), await plans(world, handler, 10)
    for ref in (dropped, *others):
        await cache.load(world.organization, ref)
    assert cache.peek(world.organization, dropped) is None
    await handler.execute(world.order(dropped, Sign()))
    assert (await cache.load(world.organization, dropped)).state.signed


@pytest.mark.parametrize("others", [0, 4])
async def test_what_is_forgotten_is_read_whole(world: World, handler: CommandHandler, others: int) -> None:
    """Also where it was not used for a while."""
    cache, (ref, *more) = cache_of(world, 8), await plans(world, handler, 1 + others)
    for one in (ref, *more):
        await cache.load(world.organization, one)
    cache.forget(world.organization, [ref])
    assert cache.peek(world.organization, ref) is None


@pytest.mark.parametrize("others", [0, 4])
async def test_an_older_state_never_takes_the_place_of_a_newer_one(
    world: World, handler: CommandHandler, others: int
) -> None:
    cache, (ref, *more) = cache_of(world, 8), await plans(world, handler, 1 + others)
    older = await cache.load(world.organization, ref)
    await handler.execute(world.order(ref, Sign()))
    newer = await cache.refresh(world.organization, ref)
    for one in more:
        await cache.load(world.organization, one)
    assert cache.store(world.organization, ref, older) == newer
    assert cache.peek(world.organization, ref) == newer


async def test_a_read_that_answers_late_brings_nothing_older_back(
    world: World, handler: CommandHandler, log: Counting
) -> None:
    cache, (ref, other) = cache_of(world, 8), await plans(world, handler, 2)
    log.gate.clear()
    late = [
        asyncio.create_task(cache.refresh(world.organization, ref)),
        asyncio.create_task(cache.refresh_each(world.organization, [ref, other])),
    ]
    await asyncio.sleep(0)
    await handler.execute(world.order(ref, Sign()))
    signed = handler.cache.peek(world.organization, ref)
    assert signed is not None
    cache.store(world.organization, ref, signed)
    log.gate.set()
    await asyncio.gather(*late)
    assert cache.peek(world.organization, ref) == signed


async def test_a_state_dropped_while_its_tail_is_read_is_not_lost(
    world: World, handler: CommandHandler, log: Counting
) -> None:
    cache, (ref, *others) = cache_of(world, 2), await plans(world, handler, 6)
    await cache.load(world.organization, ref)
    await handler.execute(world.order(ref, Align(to=others[0].stream)))
    states = await cache_of(world, 100).load_all(world.organization, others)
    log.gate.clear()
    refreshed = asyncio.create_task(cache.refresh(world.organization, ref))
    await asyncio.sleep(0)
    for one, cached in states.items():
        cache.store(world.organization, one, cached)
    assert cache.peek(world.organization, ref) is None
    log.gate.set()
    assert (await refreshed).state.aligned == others[0].stream
    assert cache.peek(world.organization, ref) == await refreshed


async def test_many_who_want_one_stream_at_once_read_it_once(
    world: World, handler: CommandHandler, log: Counting
) -> None:
    cache, (ref,) = cache_of(world, 8), await plans(world, handler, 1)
    log.read.clear()
    log.gate.clear()
    loads = [asyncio.create_task(cache.load(world.organization, ref)) for _ in range(5)]
    loads += [asyncio.create_task(cache.load_all(world.organization, [ref])) for _ in range(5)]  # type: ignore[arg-type]
    await asyncio.sleep(0)
    log.gate.set()
    await asyncio.gather(*loads)
    assert log.read == [ref]


async def test_several_are_loaded_together_and_those_that_do_not_exist_are_empty(
    world: World, handler: CommandHandler, log: Counting
) -> None:
    cache, refs, nobodys = cache_of(world, 500), await plans(world, handler, 205), Ref("plan", uuid4())
    await cache.load(world.organization, refs[0])
    log.read.clear()
    found = await cache.load_all(world.organization, [*refs, nobodys, DIRECTORY, refs[1]])
    assert {ref: cached.head.version for ref, cached in found.items()} == dict.fromkeys(refs, 1) | {
        nobodys: 0,
        DIRECTORY: 1,
    }
    assert log.read == [*refs[1:], nobodys, DIRECTORY]
    assert len(cache) == 206, "what does not exist takes no room"


@pytest.mark.parametrize("together", [False, True])
async def test_a_state_of_another_copy_of_the_log_is_read_whole(
    world: World, handler: CommandHandler, together: bool
) -> None:
    cache, (ref, other) = cache_of(world, 8), await plans(world, handler, 2)
    first = await cache.load(world.organization, ref)
    await handler.execute(world.order(ref, Sign()))
    cache.store(world.organization, ref, replace(first, head=first.head._replace(hash=b"\x01" * 32)))
    found = await cache.refresh_each(world.organization, [ref, other] if together else [ref])
    assert found[ref] == await cache_of(world, 8).load(world.organization, ref)


async def test_a_chain_that_is_broken_in_the_log_itself_is_told(
    world: World, handler: CommandHandler, log: Counting
) -> None:
    (ref,) = await plans(world, handler, 1)
    await handler.execute(world.order(ref, Sign()))
    for event in await log.read_stream(world.organization, ref, after_version=1):
        event.prev_hash = b"\x01" * 32
    with pytest.raises(BrokenChainError, match="version 2"):
        await cache_of(world, 8).load(world.organization, ref)
