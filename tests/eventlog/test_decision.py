"""What an append must check: exactly what the rules and the timetable looked at, and no text that nothing holds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.agenda import Agenda
from domain.decider import Context, Decider, Ref
from domain.directory.state import DIRECTORY
from domain.messages import Event
from domain.sealed import AuthorText, OwnerText
from domain.values import SYSTEM, Elapsed
from eventlog.decision import Decision
from eventlog.handler import CommandHandler, Step, system_clock
from eventlog.log import AppendRequest
from eventlog.orders import Order
from tests.eventlog.toy import DECIDERS, Aligned, Draft, Drafted, Remind, Sign, Touch, ToyPlan, World, toy_plan


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.close()


@pytest.fixture
async def handler(world: World) -> CommandHandler:
    made = world.handler()
    await world.begin(made)
    return made


async def decided(
    world: World, handler: CommandHandler, order: Order, plans: Decider[ToyPlan] = toy_plan
) -> AppendRequest:
    deciders: dict[Any, Decider[Any]] = {**DECIDERS, "plan": plans}
    request = await Decision(order, handler.cache, deciders, world.keyring, system_clock()).run(b"mac")
    assert request is not None
    return request


def draft_of(world: World, **more: Any) -> Draft:
    return Draft(cycle=world.cycle, owner=world.person, text=OwnerText("grow"), **more)


def reads_of(request: AppendRequest) -> dict[Ref, int]:
    return {read.ref: read.fact_version for read in request.reads}


def needing(*, rule: tuple[Ref, ...] = (), agenda: tuple[Ref, ...] = ()) -> Decider[ToyPlan]:
    """Plans whose rules look at the one and whose timetable looks at the other."""
    made = replace(toy_plan, needs=lambda command, _stream, _state, _states: agenda if command is None else rule)
    made.agenda = lambda _state, _context, _now: Agenda()
    return made


async def test_what_a_rule_looks_at_is_read_plans_too(world: World, handler: CommandHandler) -> None:
    cycle, other, nobodys = Ref("cycle", world.cycle), await world.draft(handler), Ref("plan", uuid4())
    plans = needing(rule=(cycle, other, nobodys))
    plans.commands = {Draft: lambda _state, _command, _context: [Aligned(to=other.stream)]}
    request = await decided(world, handler, world.order(Ref("plan", uuid4()), draft_of(world)), plans)
    assert reads_of(request) == {cycle: 1, other: 1, nobodys: 0}


async def test_what_only_a_timetable_looks_at_is_read_where_it_lies_above(
    world: World, handler: CommandHandler
) -> None:
    cycle, other = Ref("cycle", world.cycle), await world.draft(handler)
    plans = needing(agenda=(cycle, other))
    plans.commands = {Draft: lambda _state, _command, _context: [Aligned(to=other.stream)]}
    request = await decided(world, handler, world.order(Ref("plan", uuid4()), draft_of(world)), plans)
    assert reads_of(request) == {cycle: 1}


@pytest.mark.parametrize(
    ("asks", "depends"),
    [
        (lambda context: context.after(context.at, Elapsed(seconds=1)), True),
        (lambda context: context.calendar.provisional(context.at, context.at), True),
        (lambda context: context.calendar.working_days(context.at, context.at), True),
        (lambda context: context.calendar.months_after(context.at, 3), True),
        (lambda context: context.calendar.holidays_version(), True),
        (lambda context: context.calendar.zone_exists("UTC"), False),
        (lambda context: context.at, False),
    ],
)
async def test_r2_2_an_answer_of_a_calendar_depends_on_the_directory(
    world: World, handler: CommandHandler, asks: Callable[[Context], object], depends: bool
) -> None:
    """So a calendar that changes meanwhile makes the decision stale, and it is decided anew."""

    def rule(state: ToyPlan, command: Draft, context: Context) -> list[Event]:
        asks(context)
        return [Aligned(to=uuid4())]

    plans = needing()
    plans.commands = {Draft: rule}
    request = await decided(world, handler, world.order(Ref("plan", uuid4()), draft_of(world)), plans)
    assert reads_of(request) == ({DIRECTORY: 1} if depends else {})


async def test_a_stream_whose_rule_did_nothing_is_read_when_another_is_written(
    world: World, handler: CommandHandler
) -> None:
    quiet, plan = await world.draft(handler), await world.draft(handler)
    order = replace(world.order(quiet, Touch()), steps=(Step(quiet, Touch()), Step(plan, Sign())))
    request = await decided(world, handler, order)
    assert [append.ref for append in request.appends] == [plan]
    assert reads_of(request).keys() == {quiet, DIRECTORY, Ref("cycle", world.cycle)}


async def test_only_the_workflows_own_stream_is_left_asleep_by_its_duty(world: World, handler: CommandHandler) -> None:
    now, hour = Elapsed(seconds=0), Elapsed(seconds=3600)
    own, other, later = [await world.draft(handler, remind_in=wait) for wait in (now, now, hour)]
    steps = tuple(Step(ref, Remind(since=1)) for ref in (own, other, later))
    by_duty = await decided(world, handler, replace(world.order(own, Touch(), actor=SYSTEM), steps=steps))
    assert [append.due_now for append in by_duty.appends] == [None, False, False]
    by_person = await decided(world, handler, world.order(own, Sign()))
    assert [append.due_now for append in by_person.appends] == [False]


async def test_a_text_that_no_event_holds_is_not_kept(world: World, handler: CommandHandler) -> None:
    def forgetful(state: ToyPlan, command: Draft, context: Context) -> list[Event]:
        return [Drafted(cycle=command.cycle, owner=command.owner, text=command.text, remind_at=context.at)]

    plan, command = Ref("plan", uuid4()), draft_of(world, note=AuthorText("nobody takes this"))
    assert len((await decided(world, handler, world.order(plan, command))).disclosures) == 2
    plans = needing()
    plans.commands = {Draft: forgetful}
    (kept,) = (await decided(world, handler, world.order(plan, command), plans)).disclosures
    (append,) = (await decided(world, handler, world.order(plan, command), plans)).appends
    assert kept.commitment.hex().encode() in append.events[0].payload


async def test_a_decision_that_begins_anew_keeps_nothing_of_the_first_one(world: World) -> None:
    """The clock was behind the stream above: everything is decided again at that stream's instant."""
    ahead = replace(world, clock=lambda: system_clock() + timedelta(milliseconds=800)).handler()
    await world.begin(ahead)
    plan, seen = Ref("plan", uuid4()), list[UUID]()

    def rule(state: ToyPlan, command: Draft, context: Context) -> list[Event]:
        seen.append(context.stream)
        return toy_plan.decide(state, command, context)

    plans = replace(toy_plan, commands={Draft: rule})
    plans.agenda = toy_plan.agenda
    request = await decided(world, ahead, world.order(plan, draft_of(world)), plans)
    assert len(seen) == 2
    assert [len(append.events) for append in request.appends] == [1]
    assert len(request.disclosures) == 1
