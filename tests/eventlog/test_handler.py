"""The only writer: what it appends, what it refuses, and what it answers to whoever asks twice."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

import eventlog.handler
from domain.decider import Ref
from domain.directory.state import DIRECTORY
from domain.problems import DomainError
from domain.sealed import AuthorText, OwnerText, all_sealed
from domain.values import SYSTEM, Elapsed
from eventlog.appender import QueueFullError
from eventlog.handler import CommandHandler, Step
from eventlog.identity import command_id, duty_id
from eventlog.log import AppendRequest, AppendResult, Outcome
from tests.eventlog.toy import (
    Align,
    Draft,
    Freeze,
    Losing,
    Remind,
    Sign,
    Thaw,
    Touch,
    ToyPlan,
    World,
)


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


async def refused(handler: CommandHandler, order: object) -> str:
    with pytest.raises(DomainError) as refusal:
        await handler.execute(order)  # type: ignore[arg-type]
    return refusal.value.code


async def count(world: World) -> int:
    return await world.log.last_position(world.organization)


async def test_an_order_is_appended_and_answered_with_positions_and_versions(
    world: World, handler: CommandHandler
) -> None:
    plan = await world.draft(handler)
    before = await count(world)
    answer = await handler.execute(world.order(plan, Sign()))
    assert (answer.outcome, answer.first_position, answer.last_position) == ("appended", before + 1, before + 1)
    assert answer.versions == {plan.stream: 2}
    assert [(ref, type(event).__name__) for ref, event in answer.events] == [(plan, "Signed")]


async def test_a_cached_handler_writes_without_reading(world: World, handler: CommandHandler) -> None:
    plan = await world.draft(handler)
    read = handler.cache.events_read
    await handler.execute(world.order(plan, Sign()))
    assert handler.cache.events_read == read


async def test_another_process_that_is_behind_catches_up_and_decides_again(
    world: World, handler: CommandHandler
) -> None:
    plan = await world.draft(handler)
    behind = world.handler()
    await behind.cache.load(world.organization, plan)
    other = await world.draft(handler)
    await handler.execute(world.order(plan, Align(to=other.stream)))
    await behind.execute(world.order(plan, Sign()))
    state: ToyPlan = (await behind.cache.refresh(world.organization, plan)).state
    assert state.signed
    assert state.aligned == other.stream


async def test_alignments_from_two_sides_never_both_pass(world: World, handler: CommandHandler) -> None:
    for _ in range(100):
        a, b = await world.draft(handler), await world.draft(handler)
        sides = [world.handler(), world.handler()]
        for side in sides:
            for plan in (a, b):
                await side.cache.load(world.organization, plan)
        answers = await asyncio.gather(
            sides[0].execute(world.order(a, Align(to=b.stream))),
            sides[1].execute(world.order(b, Align(to=a.stream))),
            return_exceptions=True,
        )
        codes = sorted(getattr(answer, "code", "passed") for answer in answers)
        assert codes == ["passed", "toy.circle"]


async def test_a_signature_never_passes_under_a_cycle_that_froze_meanwhile(
    world: World, handler: CommandHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eventlog.handler, "PATIENCE", 0.05)
    plan = await world.draft(handler)
    behind = world.handler()
    for ref in (plan, Ref("cycle", world.cycle)):
        await behind.cache.load(world.organization, ref)
    await handler.execute(world.order(Ref("cycle", world.cycle), Freeze()))
    assert await refused(behind, world.order(plan, Sign())) == "toy.frozen"


async def test_a_retry_after_a_lost_answer_gets_the_first_answer(world: World, handler: CommandHandler) -> None:
    plan = await world.draft(handler)
    losing = world.handler(Losing(world.appender(), losses=1))
    order = world.order(plan, Sign())
    with pytest.raises(ConnectionError):
        await losing.execute(order)
    position = await count(world)
    for process in (losing, handler, world.handler()):
        answer = await process.execute(order)
        assert (answer.outcome, answer.first_position, answer.last_position) == ("duplicate", position, position)
        assert answer.versions == {plan.stream: 2}
    assert await count(world) == position


async def test_a_retried_success_is_never_refused_although_the_rule_would_refuse_it_now(
    world: World, handler: CommandHandler
) -> None:
    plan = await world.draft(handler)
    order = world.order(plan, Sign(), expected=1)
    first = await handler.execute(order)
    again = await handler.execute(order)  # the state is signed, the version moved on: both would refuse
    assert again.outcome == "duplicate"
    assert again.last_position == first.last_position
    assert await refused(handler, world.order(plan, Sign())) == "toy.signed"
    assert await refused(handler, world.order(plan, Touch(), expected=1)) == "precondition.stale"


async def test_the_same_key_with_another_body_is_refused(world: World, handler: CommandHandler) -> None:
    plan = await world.draft(handler)
    order = world.order(plan, Sign())
    await handler.execute(order)
    assert await refused(handler, replace(order, body=b"another")) == "command.key_reused"
    other = await world.draft(handler)
    fresh = replace(world.order(other, Sign()), command_id=order.command_id)  # a rule that would not refuse
    assert await refused(handler, replace(fresh, body=b"another")) == "command.key_reused"


async def test_a_stale_if_match_is_412_with_both_versions(world: World, handler: CommandHandler) -> None:
    plan = await world.draft(handler)
    await handler.execute(world.order(plan, Sign()))
    with pytest.raises(DomainError) as refusal:
        await handler.execute(world.order(plan, Align(to=uuid4()), expected=1))
    assert (refusal.value.problem.status, refusal.value.params) == (412, {"seen": 1, "now": 2})
    assert await refused(handler, world.order(plan, Sign(), expected=0)) == "precondition.stale"


async def test_if_match_of_a_version_that_only_the_log_knows_is_accepted(world: World, handler: CommandHandler) -> None:
    plan = await world.draft(handler)
    behind = world.handler()
    await behind.cache.load(world.organization, plan)
    await handler.execute(world.order(plan, Align(to=uuid4())))
    answer = await behind.execute(world.order(plan, Sign(), expected=2))
    assert answer.versions == {plan.stream: 3}


async def test_notices_leave_if_match_alone(world: World, handler: CommandHandler) -> None:
    plan = await world.draft(handler)
    await handler.execute(world.order(plan, Remind(since=1), actor=SYSTEM))
    answer = await handler.execute(world.order(plan, Sign(), expected=1))
    assert answer.versions == {plan.stream: 3}


async def test_a_transient_refusal_waits_for_news(world: World, handler: CommandHandler) -> None:
    plan = await world.draft(handler)
    other = world.handler()
    await handler.execute(world.order(Ref("cycle", world.cycle), Freeze()))
    waiting = asyncio.create_task(handler.execute(world.order(plan, Sign())))
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    await other.execute(world.order(Ref("cycle", world.cycle), Thaw()))
    answer = await asyncio.wait_for(waiting, 1)
    assert answer.outcome == "appended"


async def test_nobody_queues_behind_a_waiting_command(world: World, handler: CommandHandler) -> None:
    plan = await world.draft(handler)
    await handler.execute(world.order(Ref("cycle", world.cycle), Freeze()))
    waiting = asyncio.create_task(handler.execute(world.order(plan, Sign())))
    await asyncio.sleep(0)
    answer = await asyncio.wait_for(handler.execute(world.order(plan, Align(to=uuid4()))), 0.5)
    assert answer.outcome == "appended"
    assert not waiting.done()
    waiting.cancel()


async def test_a_transient_refusal_is_raised_when_nothing_comes(
    world: World, handler: CommandHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eventlog.handler, "PATIENCE", 0.15)
    plan = await world.draft(handler)
    await handler.execute(world.order(Ref("cycle", world.cycle), Freeze()))
    began = asyncio.get_running_loop().time()
    assert await refused(handler, world.order(plan, Sign())) == "toy.frozen"
    assert 0.15 <= asyncio.get_running_loop().time() - began < 1


async def test_dry_run_writes_nothing_and_says_what_would_happen(world: World, handler: CommandHandler) -> None:
    before, stranger = await count(world), uuid4()
    order = world.order(
        Ref("plan", uuid4()), Draft(cycle=world.cycle, owner=stranger, text=OwnerText("grow")), dry_run=True
    )
    answer = await handler.execute(order)
    assert answer.outcome == "dry_run"
    assert [type(event).__name__ for _, event in answer.events] == ["Drafted"]
    assert await count(world) == before
    assert world.keyring.find(world.organization, stranger) is None
    assert await world.log.find_command(world.organization, order.command_id) is None
    assert (await handler.execute(replace(order, dry_run=False))).outcome == "appended"


async def test_dry_run_and_orders_without_events_look_at_the_log_first(world: World, handler: CommandHandler) -> None:
    plan = await world.draft(handler)
    behind = world.handler()
    await behind.cache.load(world.organization, plan)
    await handler.execute(world.order(plan, Sign()))
    assert await refused(behind, world.order(plan, Sign(), dry_run=True)) == "toy.signed"
    cycle = Ref("cycle", world.cycle)
    await behind.cache.load(world.organization, cycle)
    await handler.execute(world.order(cycle, Freeze()))
    assert (await behind.execute(world.order(cycle, Thaw()))).outcome == "appended"
    assert (await behind.execute(world.order(cycle, Thaw()))).outcome == "unchanged"


async def test_plain_text_is_in_no_event_state_or_answer(world: World, handler: CommandHandler) -> None:
    order = world.order(
        Ref("plan", uuid4()),
        Draft(cycle=world.cycle, owner=world.person, text=OwnerText("zebra"), note=AuthorText("because zebra")),
    )
    answer = await handler.execute(order)
    payloads = b"".join(recorded.payload for recorded in await world.log.read_feed(world.organization))
    assert b"commitment" in payloads
    assert b"zebra" not in payloads
    assert b"Lovelace" not in payloads
    state = (await handler.cache.load(world.organization, order.steps[0].ref)).state
    people = (await handler.cache.load(world.organization, DIRECTORY)).state
    held = [*all_sealed(state), *all_sealed(people), *all_sealed(tuple(event for _, event in answer.events))]
    assert len(held) >= 6
    assert all(sealed.text is None and sealed.commitment for sealed in held)


async def test_what_is_folded_live_equals_what_is_read_back(world: World, handler: CommandHandler) -> None:
    plan = await world.draft(handler)
    await handler.execute(world.order(plan, Sign()))
    assert await handler.cache.load(world.organization, plan) == await world.handler().cache.load(
        world.organization, plan
    )


async def test_two_steps_are_all_or_nothing_and_see_each_other(world: World, handler: CommandHandler) -> None:
    a, b, fresh = await world.draft(handler), await world.draft(handler), Ref("plan", uuid4())
    opening = Draft(cycle=world.cycle, owner=world.person, text=OwnerText("third"))
    both = replace(world.order(fresh, opening), steps=(Step(fresh, opening), Step(fresh, Align(to=a.stream))))
    answer = await handler.execute(both)
    assert answer.versions == {fresh.stream: 2}
    before = await count(world)
    circle = replace(both, command_id=uuid4(), steps=(Step(a, Align(to=b.stream)), Step(b, Align(to=a.stream))))
    assert await refused(handler, circle) == "toy.circle"
    assert await count(world) == before
    assert not (await handler.cache.load(world.organization, a)).state.aligned


async def test_orders_that_name_the_same_streams_the_other_way_round_never_wait_for_each_other(
    world: World, handler: CommandHandler
) -> None:
    a, b = await world.draft(handler), await world.draft(handler)
    one, other = (Step(a, Touch()), Step(b, Touch())), (Step(b, Touch()), Step(a, Touch()))
    async with asyncio.timeout(5):
        answers = await asyncio.gather(
            *(handler.execute(replace(world.order(a, Touch()), steps=steps)) for steps in (one, other) * 4)
        )
    assert {answer.outcome for answer in answers} == {"unchanged"}


async def test_an_unknown_organization_is_404_and_gets_no_keys(world: World) -> None:
    handler = world.handler()
    stranger = replace(world, organization=uuid4())
    assert await refused(handler, stranger.order(Ref("plan", uuid4()), Sign())) == "organization.unknown"
    assert world.keyring.find(stranger.organization, stranger.organization) is None


async def test_a_caller_gives_no_duty_and_takes_no_duty_id(world: World, handler: CommandHandler) -> None:
    plan = await world.draft(handler)
    assert await refused(handler, world.order(plan, Remind(since=1))) == "command.duty_only"
    theirs = command_id(world.organization, world.person, f"duty/{plan.stream}", "Remind:v1")
    assert theirs != duty_id(world.organization, plan.stream, "Remind:v1")


async def test_many_commands_to_one_stream_need_one_try_each(world: World, handler: CommandHandler) -> None:
    plan = await world.draft(handler)
    targets = [await world.draft(handler) for _ in range(32)]
    read = handler.cache.events_read
    await asyncio.gather(*(handler.execute(world.order(plan, Align(to=target.stream))) for target in targets))
    assert (await handler.cache.load(world.organization, plan)).head.version == 33
    assert handler.cache.events_read == read


async def test_an_effect_is_never_before_its_cause(world: World) -> None:
    now = datetime.now(UTC)
    ahead = replace(world, clock=lambda: now + timedelta(milliseconds=800))
    late = replace(world, clock=lambda: now)
    handler = ahead.handler()
    await ahead.begin(handler)
    slow = late.handler()
    plan = await late.draft(slow)
    feed = await world.log.read_feed(world.organization)
    assert feed[-1].stream == plan.stream
    assert feed[-1].at == feed[0].at > now
    state: ToyPlan = (await slow.cache.load(world.organization, plan)).state
    assert state.remind_at == feed[-1].at + timedelta(hours=1), "the rule saw the instant that was kept"


@pytest.mark.parametrize(("wrong", "expected"), [(1, "appended"), (9, "clock.skewed")])
async def test_a_skewed_clock_is_503_after_one_more_look_at_it(
    world: World, handler: CommandHandler, wrong: int, expected: str
) -> None:
    looks: list[datetime] = []

    def clock() -> datetime:
        looks.append(datetime.now(UTC) + timedelta(minutes=5) * (len(looks) < wrong))
        return looks[-1]

    fresh = replace(world, clock=clock)
    order = fresh.order(Ref("plan", uuid4()), Draft(cycle=uuid4(), owner=world.person, text=OwnerText("x")))
    try:
        outcome: str = (await fresh.handler(_Judging(fresh)).execute(order)).outcome
    except DomainError as refusal:
        outcome = refusal.code
    assert outcome == expected
    assert len(looks) == 2


class _Judging:
    """An appender that calls the first try skewed, as the database would."""

    def __init__(self, world: World) -> None:
        self.inner = world.appender()
        self.requests: list[AppendRequest] = []

    async def submit(self, organization: UUID, request: AppendRequest) -> AppendResult:
        self.requests.append(request)
        if abs(datetime.now(UTC) - request.at) > timedelta(seconds=5):
            return AppendResult(Outcome.SKEWED, floor=datetime.now(UTC))
        return await self.inner.submit(organization, request)


async def test_a_simulated_organization_takes_the_workflows_time_and_never_goes_back(world: World) -> None:
    handler = world.handler()
    await world.begin(handler, simulated=True)
    plan = await world.draft(handler)
    later = datetime.now(UTC) + timedelta(days=40)
    await handler.execute(world.order(plan, Remind(since=1), actor=SYSTEM, now=later))
    elsewhere = world.handler()  # knows no floor yet
    await elsewhere.execute(world.order(plan, Sign()))
    other = await world.draft(world.handler())
    feed = await world.log.read_feed(world.organization)
    assert [recorded.at for recorded in feed[-3:]] == [later] * 3
    assert feed[-1].stream == other.stream


async def test_a_simulated_organization_that_lives_in_the_past_stays_there(world: World) -> None:
    long_ago = datetime(2021, 4, 1, tzinfo=UTC)
    past = replace(world, clock=lambda: long_ago)
    handler = past.handler()
    await past.begin(handler, simulated=True)
    plan, other = await past.draft(handler), await past.draft(handler)
    hour = timedelta(hours=1)
    await handler.execute(world.order(other, Sign(), now=long_ago + 2 * hour))
    elsewhere = world.handler()  # knows no floor yet
    await elsewhere.execute(world.order(plan, Remind(since=1), actor=SYSTEM, now=long_ago + hour))
    feed = await world.log.read_feed(world.organization)
    assert [event.at - long_ago for event in feed[-2:]] == [2 * hour] * 2


async def test_the_workflows_time_means_nothing_to_a_real_organization(world: World, handler: CommandHandler) -> None:
    plan = await world.draft(handler)
    await handler.execute(world.order(plan, Sign(), now=datetime.now(UTC) + timedelta(days=40)))
    feed = await world.log.read_feed(world.organization)
    assert feed[-1].at < datetime.now(UTC) + timedelta(seconds=1)


async def test_what_never_settles_is_contended(world: World, handler: CommandHandler) -> None:
    class Never:
        tries = 0

        async def submit(self, organization: UUID, request: AppendRequest) -> AppendResult:
            self.tries += 1
            return AppendResult(Outcome.CONFLICT)

    plan, never = await world.draft(handler), Never()
    assert await refused(world.handler(never), world.order(plan, Sign())) == "log.contended"
    assert never.tries == 10


async def test_a_full_queue_is_503(world: World, handler: CommandHandler) -> None:
    class Full:
        async def submit(self, organization: UUID, request: AppendRequest) -> AppendResult:
            raise QueueFullError("full")

    plan = await world.draft(handler)
    assert await refused(world.handler(Full()), world.order(plan, Sign())) == "queue.full"


async def test_the_append_tells_the_relay_when_the_next_duty_falls_due(world: World, handler: CommandHandler) -> None:
    judged = _Judging(world)
    writer = world.handler(judged)
    plan = await world.draft(writer, remind_in=Elapsed(seconds=0))
    await writer.execute(world.order(plan, Sign()))
    await writer.execute(world.order(Ref("cycle", world.cycle), Freeze()))
    drafted, signed, froze = (request.appends[0] for request in judged.requests)
    assert drafted.due_now
    assert drafted.parent == world.cycle
    assert not drafted.wakes_parent
    assert (signed.due_now, signed.next_due, signed.wakes_parent) == (False, None, True)
    assert (froze.watching, froze.wakes_children, froze.parent) == (True, True, DIRECTORY.stream)
    later = await world.draft(writer)
    assert (
        judged.requests[-1].appends[0].next_due == (await writer.cache.load(world.organization, later)).state.remind_at
    )
    assert {read.ref for read in judged.requests[-1].reads} == {DIRECTORY, Ref("cycle", world.cycle)}


async def test_an_id_of_another_kind_is_not_found(world: World, handler: CommandHandler) -> None:
    plan = await world.draft(handler)
    assert await refused(handler, world.order(Ref("plan", world.cycle), Sign())) == "stream.other_kind"
    assert await refused(handler, world.order(plan, Align(to=world.cycle))) == "stream.other_kind"


async def test_a_log_replaced_by_another_copy_is_read_afresh(world: World, handler: CommandHandler) -> None:
    plan = await world.draft(handler)
    cached = handler.cache.peek(world.organization, plan)
    assert cached is not None
    wrong = replace(cached, head=cached.head._replace(hash=b"\x01" * 32))
    handler.cache.store(world.organization, plan, wrong)
    assert (await handler.execute(world.order(plan, Sign()))).outcome == "appended"
