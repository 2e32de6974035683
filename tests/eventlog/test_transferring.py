"""A transfer on the engine: two plans in one request, under one id, and of two at once only one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.cycle.opening import OpenCycle
from domain.cycle.windows import Period
from domain.decider import Ref
from domain.directory.founding import FirstPerson, FoundOrganization
from domain.directory.people import AddPerson
from domain.directory.state import DIRECTORY
from domain.messages import Command
from domain.plan.drafting import DraftGoal
from domain.plan.goal import key_results_of
from domain.plan.moving import MoveKeyResult
from domain.plan.negotiation import ProposeRevision
from domain.plan.state import PlanState
from domain.plan.transferring import TransferGoal
from domain.problems import DomainError
from domain.registry import DECIDERS, EVENTS
from domain.upcasting import UPCASTERS
from domain.values import plan_id
from eventlog.appender import Appender
from eventlog.codec import Codec
from eventlog.handler import Answer, CommandHandler, Order, Step, system_clock
from eventlog.keyring import MemoryKeyring
from eventlog.memory import MemoryLog
from tests.support.given import increase, okr, who

ORGANIZATION, CYCLE, GOAL = uuid4(), uuid4(), uuid4()
LEAD, ONE, OTHER, THIRD = (who(name) for name in ("lead", "one", "other", "third"))
CRANES = okr(key_results=(increase("cranes"),))


class Engine:
    """Two processes on one log."""

    def __init__(self) -> None:
        log, keyring, codec = MemoryLog(), MemoryKeyring(), Codec(EVENTS, UPCASTERS)
        self.appenders = [Appender(log), Appender(log)]
        self.handlers = [CommandHandler(log, one, DECIDERS, codec, keyring) for one in self.appenders]
        self.log = log

    async def send(self, actor: UUID, ref: Ref, command: Command, key: UUID | None = None, process: int = 0) -> Answer:
        order = Order(ORGANIZATION, actor, key or uuid4(), (Step(ref, command),), repr(command).encode())
        return await self.handlers[process].execute(order)

    async def plan(self, owner: UUID) -> PlanState:
        found: PlanState = (await self.handlers[1].cache.refresh(ORGANIZATION, ref(owner))).state
        return found


def ref(owner: UUID) -> Ref:
    return Ref("plan", plan_id(CYCLE, owner))


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    """Three plans' owners below a lead; the first has a goal on the table."""
    made = Engine()
    founding = FoundOrganization(name="Harbour", first_person=FirstPerson(id=LEAD, name="Lin"))
    await made.send(LEAD, DIRECTORY, founding)
    for person in (ONE, OTHER, THIRD):
        await made.send(LEAD, DIRECTORY, AddPerson(person=person, name="Somebody", manager=LEAD))
    starts = system_clock() + timedelta(days=40)
    opening: dict[str, Any] = {"name": "Q", "framework": "composite", "facilitator": LEAD, "preset": "light"}
    period = Period(starts=starts, ends=starts + timedelta(days=90))
    await made.send(LEAD, Ref("cycle", CYCLE), OpenCycle(period=period, participants=(ONE, OTHER, THIRD), **opening))
    await made.send(ONE, ref(ONE), DraftGoal(cycle=CYCLE, owner=ONE, goal=GOAL, definition=okr()))
    await made.send(ONE, ref(ONE), ProposeRevision(goal=GOAL, definition=okr()))
    yield made
    for appender in made.appenders:
        await appender.close()


def moving(state: PlanState, to: UUID) -> TransferGoal:
    return TransferGoal(goal=GOAL, hash=state.goal(GOAL).hash, cycle=CYCLE, to_owner=to, reason="It is theirs now")


async def test_r3_9_a_transfer_writes_both_plans_in_one_request_and_once(engine: Engine) -> None:
    command, key = moving(await engine.plan(ONE), OTHER), uuid4()
    first = await engine.send(LEAD, ref(ONE), command, key)
    assert first.versions is not None
    assert set(first.versions) == {ref(ONE).stream, ref(OTHER).stream}
    again = await engine.send(LEAD, ref(ONE), command, key, process=1)
    assert (again.outcome, again.versions) == ("duplicate", first.versions)
    source, target = await engine.plan(ONE), await engine.plan(OTHER)
    assert GOAL not in source.goals
    assert target.goal(GOAL).hash == command.hash
    assert first.versions == {ref(ONE).stream: source.version, ref(OTHER).stream: target.version}


async def test_r3_9_of_two_transfers_at_once_only_one_is_done(engine: Engine) -> None:
    state = await engine.plan(ONE)
    answers = await asyncio.gather(
        engine.send(LEAD, ref(ONE), moving(state, OTHER)),
        engine.send(LEAD, ref(ONE), moving(state, THIRD), process=1),
        return_exceptions=True,
    )
    refusals = [answer.code for answer in answers if isinstance(answer, DomainError)]
    assert refusals == ["goal.unknown"]
    owners = [owner for owner in (ONE, OTHER, THIRD) if GOAL in (await engine.plan(owner)).goals]
    assert len(owners) == 1
    assert owners != [ONE]


async def test_r3_9_a_key_result_goes_into_another_plan_in_one_request_and_once(engine: Engine) -> None:
    theirs = uuid4()
    await engine.send(OTHER, ref(OTHER), DraftGoal(cycle=CYCLE, owner=OTHER, goal=theirs, definition=CRANES))
    await engine.send(OTHER, ref(OTHER), ProposeRevision(goal=theirs, definition=CRANES))
    source, target = await engine.plan(ONE), await engine.plan(OTHER)
    command = MoveKeyResult(
        goal=GOAL,
        hash=source.goal(GOAL).hash,
        key_result=who("steps"),
        to_goal=theirs,
        to_hash=target.goal(theirs).hash,
        to_plan=ref(OTHER).stream,
        reason="They run the cranes",
    )
    key = uuid4()
    first = await engine.send(LEAD, ref(ONE), command, key)
    again = await engine.send(LEAD, ref(ONE), command, key, process=1)
    assert (again.outcome, again.versions) == ("duplicate", first.versions)
    source, target = await engine.plan(ONE), await engine.plan(OTHER)
    assert first.versions == {ref(ONE).stream: source.version, ref(OTHER).stream: target.version}
    assert key_results_of(source.goals.values()) == {who("berths")}
    assert key_results_of(target.goals.values()) == {who("cranes"), who("steps")}
