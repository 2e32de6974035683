"""One command over several streams: all or nothing, under one id, held and looked at together."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from domain.decider import Ref
from domain.problems import DomainError
from eventlog.handler import CommandHandler
from eventlog.log import Recorded
from eventlog.memory import MemoryLog
from tests.eventlog.toy import Sign, SignAll, World


class Counting(MemoryLog):
    """Counts the reads of single streams."""

    single = 0

    async def read_stream(
        self, organization: UUID, ref: Ref, *, after_version: int = 0, up_to_position: int | None = None
    ) -> list[Recorded]:
        self.single += ref.kind == "plan"
        return await super().read_stream(organization, ref, after_version=after_version, up_to_position=up_to_position)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World(log=Counting())
    yield made
    await made.close()


@pytest.fixture
async def handler(world: World) -> CommandHandler:
    made = world.handler()
    await world.begin(made)
    return made


def cycle(world: World) -> Ref:
    return Ref("cycle", world.cycle)


def all_of(plans: Iterable[Ref]) -> SignAll:
    return SignAll(plans=tuple(plan.stream for plan in plans))


async def signed(world: World, handler: CommandHandler, plan: Ref) -> bool:
    return bool((await handler.cache.refresh(world.organization, plan)).state.signed)


async def test_one_command_changes_several_streams(world: World, handler: CommandHandler) -> None:
    plans = [await world.draft(handler) for _ in range(3)]
    answer = await handler.execute(world.order(cycle(world), all_of(plans)))
    assert answer.versions == {plan.stream: 2 for plan in plans}
    assert [await signed(world, handler, plan) for plan in plans] == [True] * 3


async def test_a_part_that_is_refused_leaves_all_undone_and_says_where_it_stands(
    world: World, handler: CommandHandler
) -> None:
    plans = [await world.draft(handler) for _ in range(3)]
    await handler.execute(world.order(plans[1], Sign()))
    before = await world.log.last_position(world.organization)
    with pytest.raises(DomainError) as refusal:
        await handler.execute(world.order(cycle(world), all_of(plans)))
    assert (refusal.value.code, refusal.value.pointer) == ("toy.signed", "/plans/1")
    assert await world.log.last_position(world.organization) == before
    assert not await signed(world, handler, plans[0])


async def test_every_part_that_is_refused_is_named_at_once(world: World, handler: CommandHandler) -> None:
    plans = [await world.draft(handler) for _ in range(3)]
    for plan in plans[1:]:
        await handler.execute(world.order(plan, Sign()))
    with pytest.raises(DomainError) as refusal:
        await handler.execute(world.order(cycle(world), all_of(plans)))
    assert [one.pointer for one in (refusal.value, *refusal.value.others)] == ["/plans/1", "/plans/2"]
    assert refusal.value.others[0].code == "toy.signed"


async def test_the_same_command_again_has_the_first_answer(world: World, handler: CommandHandler) -> None:
    order = world.order(cycle(world), all_of([await world.draft(handler) for _ in range(2)]))
    first = await handler.execute(order)
    again = await handler.execute(order)
    assert (again.outcome, again.first_position) == ("duplicate", first.first_position)
    assert (await world.handler().execute(order)).outcome == "duplicate"


async def test_a_dry_run_tells_of_every_part(world: World, handler: CommandHandler) -> None:
    plans = [await world.draft(handler) for _ in range(2)]
    answer = await handler.execute(replace(world.order(cycle(world), all_of(plans)), dry_run=True))
    assert [ref for ref, _ in answer.events] == plans


async def test_the_streams_of_all_parts_are_read_together(world: World, handler: CommandHandler) -> None:
    assert isinstance(world.log, Counting)
    plans = [await world.draft(handler) for _ in range(120)]
    world.log.single = 0
    await world.handler().execute(world.order(cycle(world), all_of(plans)))
    assert world.log.single == 0


async def test_the_streams_of_all_parts_are_held(
    world: World, handler: CommandHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[list[Ref]] = []
    take = handler._turns.take

    async def noted(keys: list[tuple[UUID, Ref]]) -> None:
        held.append([ref for _, ref in keys])
        await take(keys)

    monkeypatch.setattr(handler._turns, "take", noted)
    plan = await world.draft(handler)
    await handler.execute(world.order(cycle(world), all_of([plan])))
    assert held[-1] == sorted([cycle(world), plan])


async def test_a_command_without_parts_is_the_order_that_it_was(world: World) -> None:
    order = world.order(Ref("plan", uuid4()), Sign())
    assert order.spread() is order
