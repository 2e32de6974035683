"""The relay on the real Postgres: whoever owes something is told, whatever fails on the way."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.decider import Ref
from domain.directory.state import DIRECTORY
from domain.messages import Kind
from domain.sealed import CommonName
from domain.values import Elapsed
from eventlog.handler import CommandHandler
from eventlog.postgres import PostgresLog, open_pool
from eventlog.relay import Lag, Relay, RelaySettings, rebuild_wakes
from tests.eventlog.toy import Align, Close, Freeze, Open, Sign, Thaw, World
from tests.eventlog.writing import Noted, Writer

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
QUICK = RelaySettings(poll=0.01, fanout_batch=3, backoff=0.02, backoff_limit=0.05)


@dataclass
class Temporal:
    """Stands for the other side: remembers what it was told, and fails as it is told to."""

    told: list[tuple[UUID, Kind, UUID, int]] = field(default_factory=list)
    own: dict[UUID, int] = field(default_factory=dict)
    """The last of each stream's own positions that it was told."""
    fails: Callable[[UUID], bool] = lambda _stream: False
    hangs: bool = False
    attempts: int = 0

    async def nudge(self, organization: UUID, kind: Kind, stream: UUID, position: int, own: int) -> None:
        self.attempts += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails(stream):
            raise ConnectionError("away")
        self.told.append((organization, kind, stream, position))
        self.own[stream] = own

    def positions(self, stream: UUID) -> list[int]:
        return [position for _, _, told, position in self.told if told == stream]


@dataclass
class Real:
    world: World
    pool: Pool
    handler: CommandHandler
    temporal: Temporal = field(default_factory=Temporal)

    def relay(self, settings: RelaySettings = QUICK) -> Relay:
        return Relay(self.pool, self.temporal.nudge, settings)

    async def settle(self, relay: Relay | None = None) -> None:
        """Work until nothing is left to do."""
        relay = relay or self.relay()
        while await relay.step():
            pass
        self.temporal.told.clear()


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    opened = await open_pool(database)
    yield opened
    await opened.close()


@pytest.fixture
async def real(database: str, pool: Pool) -> AsyncIterator[Real]:
    log = PostgresLog(database, pool)
    world = World(log=log)
    handler = world.handler()
    await world.begin(handler)
    yield Real(world, pool, handler)
    await world.close()
    await log.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_new_stream_is_nudged_once_with_its_kind_and_position(real: Real) -> None:
    plan = await real.world.draft(real.handler)
    relay = real.relay()
    assert await relay.lag() == Lag(undelivered=3, fanouts=0, overdue=0)
    assert await relay.step() == 3
    assert (real.world.organization, "plan", plan.stream, 3) in real.temporal.told
    assert (real.world.organization, "directory", DIRECTORY.stream, 1) in real.temporal.told
    assert await relay.step() == 0
    assert await relay.lag() == Lag(0, 0, 0)
    assert relay.nudged == 3


async def test_what_changes_no_timetable_costs_nothing_and_many_changes_cost_one_nudge(real: Real) -> None:
    plan = await real.world.draft(real.handler)
    await real.settle()
    await real.handler.execute(real.world.order(plan, Align(to=uuid4())))
    assert await real.relay().step() == 0
    owing = await real.world.draft(real.handler, remind_in=Elapsed(seconds=0))
    await real.handler.execute(real.world.order(owing, Align(to=uuid4())))
    await real.handler.execute(real.world.order(owing, Align(to=uuid4())))
    await real.relay().step()
    assert real.temporal.positions(owing.stream) == [await real.world.log.last_position(real.world.organization)]


async def test_a_fact_of_a_cycle_wakes_its_open_plans_in_checkpointed_batches(real: Real) -> None:
    plans = [await real.world.draft(real.handler) for _ in range(8)]
    elsewhere = Ref("cycle", uuid4())
    await real.handler.execute(real.world.order(elsewhere, Open(name=CommonName("another"))))
    await real.settle()
    froze = await real.handler.execute(real.world.order(Ref("cycle", real.world.cycle), Freeze()))
    relay = real.relay()
    await relay.step()
    assert len(real.temporal.told) == 3, "one batch a step"
    assert (await relay.lag()).fanouts == 1
    another = real.relay()  # a relay that starts over goes on from the checkpoint
    await another.step()
    await another.step()
    assert sorted(stream for _, _, stream, _ in real.temporal.told) == sorted(plan.stream for plan in plans)
    assert {position for _, _, _, position in real.temporal.told} == {froze.last_position}
    assert (await relay.lag()).fanouts == 0


async def test_closed_streams_are_told_of_their_close_and_then_left_alone(real: Real) -> None:
    cycle = Ref("cycle", real.world.cycle)
    await real.settle()
    closed = await real.handler.execute(real.world.order(cycle, Close()))
    await real.relay().step()
    assert real.temporal.positions(cycle.stream) == [closed.last_position]
    await real.settle()
    await real.pool.execute(
        "insert into goalcycle.fanouts values ($1, $2, 99)", real.world.organization, DIRECTORY.stream
    )
    await real.relay().step()
    assert real.temporal.positions(cycle.stream) == []


async def test_a_fact_of_the_directory_wakes_everything_open(real: Real) -> None:
    plan = await real.world.draft(real.handler)
    await real.settle()
    await real.pool.execute(
        "insert into goalcycle.fanouts values ($1, $2, 50)", real.world.organization, DIRECTORY.stream
    )
    await real.relay().step()
    assert {stream for _, _, stream, _ in real.temporal.told} == {plan.stream, real.world.cycle}


async def test_a_newer_fanout_covers_the_older_ones_but_never_starves_one_that_has_begun(real: Real) -> None:
    plans = [await real.world.draft(real.handler) for _ in range(5)]
    await real.settle()
    add = "insert into goalcycle.fanouts values ($1, $2, $3)"
    for position in (60, 61):
        await real.pool.execute(add, real.world.organization, real.world.cycle, position)
    relay = real.relay()
    await relay.step()
    assert [position for _, _, _, position in real.temporal.told] == [61, 61, 61]
    await real.pool.execute(add, real.world.organization, real.world.cycle, 62)
    await relay.step()
    assert [position for _, _, _, position in real.temporal.told] == [61] * 5
    assert [row["position"] for row in await real.pool.fetch("select position from goalcycle.fanouts")] == [62]
    await real.settle()
    assert await real.pool.fetchval("select min(delivered_position) from goalcycle.streams where kind = 'plan'") == 62
    assert len(plans) == 5


async def test_a_plan_wakes_a_cycle_that_watches(real: Real) -> None:
    plan, cycle = await real.world.draft(real.handler), Ref("cycle", real.world.cycle)
    await real.settle()
    await real.handler.execute(real.world.order(plan, Sign()))
    await real.relay().step()
    assert real.temporal.positions(cycle.stream) == []
    await real.pool.execute("update goalcycle.streams set watching = true where kind = 'cycle'")
    other = await real.world.draft(real.handler)
    await real.settle()
    signed = await real.handler.execute(real.world.order(other, Sign()))
    await real.relay().step()
    assert real.temporal.positions(cycle.stream) == [signed.last_position]
    assert real.temporal.own[cycle.stream] < signed.last_position, "the news is its dependant's, not its own"


async def test_a_workflows_own_doing_wakes_it_not_and_a_persons_does(database: str, pool: Pool) -> None:
    """It looks at what is owed after it has performed a duty; a nudge besides would cost a turn each time."""
    log, writer, ref = PostgresLog(database, pool), Writer(), Ref("cycle", uuid4())
    await writer.found(log)
    await writer.append(log, writer.request({ref: [Noted()]}))
    woken = "select wake_position from goalcycle.streams where stream = $1"
    owing = datetime.now(UTC) + timedelta(hours=1)
    for number, due_now in enumerate((None, False), start=1):
        due = owing - timedelta(minutes=number)
        changed = {"due_now": due_now, "next_due": due, "closed": number == 1}
        answer = await writer.append(log, writer.request({ref: [Noted()]}, streams=changed))
        assert answer.last_position == 2 + number
        assert await pool.fetchval(woken, ref.stream) == (2 if due_now is None else answer.last_position)
    await log.close()


async def test_while_temporal_is_down_nothing_is_lost_and_it_is_not_hammered(real: Real) -> None:
    real.temporal.fails = lambda _stream: True
    relay, stop = real.relay(RelaySettings(poll=0.01, backoff=0.1)), asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    await until(lambda: relay.failed >= 2)
    await asyncio.sleep(0.4)  # a stretch of time to count attempts in
    assert real.temporal.attempts <= 12
    assert (await relay.lag()).undelivered == 2
    real.temporal.fails = lambda _stream: False
    await until(lambda: len(real.temporal.told) == 2)
    stop.set()
    await asyncio.wait_for(running, 2)
    assert (await relay.lag()).undelivered == 0


async def test_a_stream_that_always_fails_does_not_hold_up_the_others(real: Real) -> None:
    await real.world.draft(real.handler)
    real.temporal.fails = lambda stream: stream == DIRECTORY.stream  # the first in line
    relay = real.relay(RelaySettings(batch=1, backoff=60, backoff_limit=60))
    for _ in range(4):
        await relay.step()
    assert len(real.temporal.told) == 2, "a batch of one is not taken up by the one that fails"
    assert (await relay.lag()).undelivered == 1


async def test_a_nudge_that_hangs_counts_as_failed(real: Real) -> None:
    real.temporal.hangs = True
    relay = real.relay(RelaySettings(nudge_timeout=0.05))
    assert await relay.step() == 0
    assert relay.failed == 2
    assert (await relay.lag()).undelivered == 2


async def test_a_wake_during_a_nudge_is_not_lost(real: Real) -> None:
    plan = await real.world.draft(real.handler)
    await real.settle()
    wake = "update goalcycle.streams set wake_position = $2 where stream = $1"
    await real.pool.execute(wake, plan.stream, 70)
    nudge = real.temporal.nudge

    async def woken_meanwhile(organization: UUID, kind: Kind, stream: UUID, position: int, own: int) -> None:
        if position == 70:
            await real.pool.execute(wake, plan.stream, 71)
        await nudge(organization, kind, stream, position, own)

    relay = Relay(real.pool, woken_meanwhile, QUICK)
    await relay.step()
    await relay.step()
    assert real.temporal.positions(plan.stream) == [70, 71]


async def test_a_lost_workflow_heals_when_its_duty_is_long_past(real: Real) -> None:
    plan = await real.world.draft(real.handler)
    await real.settle()
    await real.pool.execute(
        "update goalcycle.streams set next_due = now() - interval '2 minutes' where stream = $1", plan.stream
    )
    relay = real.relay()
    await relay.step()
    assert real.temporal.positions(plan.stream) == [], "it was nudged a moment ago"
    await real.pool.execute("update goalcycle.streams set nudged_at = now() - interval '2 minutes'")
    assert (await relay.lag()).overdue == 1
    await relay.step()
    await relay.step()
    assert real.temporal.positions(plan.stream) == [3], "and then not again for a while"


async def test_overdue_streams_of_simulated_organizations_are_left_alone(database: str, pool: Pool) -> None:
    log, temporal = PostgresLog(database, pool), Temporal()
    world = World(log=log)
    handler = world.handler()
    await world.begin(handler, simulated=True)
    await world.draft(handler)
    await pool.execute("update goalcycle.streams set next_due = now() - interval '1 day'")
    relay = Relay(pool, temporal.nudge, QUICK)
    await relay.step()
    await pool.execute("update goalcycle.streams set nudged_at = now() - interval '1 day'")
    assert await relay.step() == 0
    await world.close()
    await log.close()


async def test_two_relays_at_once_are_harmless(real: Real) -> None:
    plans = [await real.world.draft(real.handler) for _ in range(30)]
    stop = asyncio.Event()
    relays = [real.relay(), real.relay()]
    running = [asyncio.create_task(relay.run(stop)) for relay in relays]
    for _ in range(5):
        await real.handler.execute(real.world.order(Ref("cycle", real.world.cycle), Freeze()))
        await real.handler.execute(real.world.order(Ref("cycle", real.world.cycle), Thaw()))
    last = await real.world.log.last_position(real.world.organization)
    await until(lambda: all(last in real.temporal.positions(plan.stream) for plan in plans))
    stop.set()
    await asyncio.wait_for(asyncio.gather(*running), 2)
    await real.settle(relays[0])  # an older fan-out may have been under way
    assert await relays[0].lag() == Lag(0, 0, 0)


async def test_two_relays_share_the_work(real: Real) -> None:
    plans = [await real.world.draft(real.handler) for _ in range(60)]
    nudge = real.temporal.nudge

    async def slow(organization: UUID, kind: Kind, stream: UUID, position: int, own: int) -> None:
        await nudge(organization, kind, stream, position, own)
        await asyncio.sleep(0.01)

    settings, stop = RelaySettings(poll=0.01, batch=10), asyncio.Event()
    relays = [Relay(real.pool, slow, settings) for _ in range(2)]
    running = [asyncio.create_task(relay.run(stop)) for relay in relays]
    await until(lambda: sum(relay.nudged for relay in relays) >= len(plans) + 2)
    stop.set()
    await asyncio.wait_for(asyncio.gather(*running), 2)
    assert min(relay.nudged for relay in relays) > 10
    assert real.temporal.attempts < 1.1 * len(plans), "one may find told what the other has just told; not all"


async def test_what_a_frozen_relay_has_claimed_another_tells(real: Real) -> None:
    await real.settle()
    plan = await real.world.draft(real.handler)
    frozen, settings = Temporal(hangs=True), RelaySettings(claim=0.3)
    stuck = asyncio.create_task(Relay(real.pool, frozen.nudge, settings).step())
    await until(lambda: frozen.attempts == 1)
    other = real.relay(settings)
    assert await other.step() == 0, "it is claimed"
    async with asyncio.timeout(5):
        while not real.temporal.positions(plan.stream):
            await other.step()
    stuck.cancel()
    await asyncio.wait([stuck])


@pytest.mark.parametrize("place", [0, 2, 4])
async def test_a_batch_told_holds_no_stream_while_it_waits_for_one(real: Real, database: str, place: int) -> None:
    """An append holds one stream and asks for the others: it must get them, or both would wait for each other."""
    plans = sorted([(await real.world.draft(real.handler)).stream for _ in range(5)])
    owner, observer = await asyncpg.connect(database), await asyncpg.connect(database)
    async with owner.transaction():
        await owner.execute("select from goalcycle.streams where stream = $1 for update", plans[place])
        stepping = asyncio.create_task(real.relay(RelaySettings()).step())
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        async with asyncio.timeout(5):
            while not await observer.fetchval(waiting):
                await asyncio.sleep(0.01)
        await owner.execute("set local lock_timeout = '1s'")
        await owner.execute("select from goalcycle.streams where stream = any($1::uuid[]) for update", plans)
        assert not stepping.done()
    await asyncio.wait_for(stepping, 5)
    assert (await real.relay().lag()).undelivered == 0
    await owner.close()
    await observer.close()


@pytest.mark.parametrize("place", [0, 2, 4])
async def test_a_fanout_that_waits_for_a_row_holds_no_other(real: Real, database: str, place: int) -> None:
    """An append holds one stream and asks for the others: it must get them, or both would wait for each other."""
    plans = sorted([(await real.world.draft(real.handler)).stream for _ in range(5)])
    await real.settle()
    owner, observer = await asyncpg.connect(database), await asyncpg.connect(database)
    async with owner.transaction():
        await owner.execute("select from goalcycle.streams where stream = $1 for update", plans[place])
        await real.handler.execute(real.world.order(Ref("cycle", real.world.cycle), Freeze()))
        stepping = asyncio.create_task(real.relay(RelaySettings(fanout_batch=9)).step())
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        async with asyncio.timeout(5):
            while not await observer.fetchval(waiting):
                await asyncio.sleep(0.01)
        await owner.execute("set local lock_timeout = '1s'")
        await owner.execute("select from goalcycle.streams where stream = any($1::uuid[]) for update", plans)
        assert not stepping.done()
    await asyncio.wait_for(stepping, 5)
    assert sorted(stream for _, _, stream, _ in real.temporal.told) == plans
    await owner.close()
    await observer.close()


async def test_rebuilding_nudges_every_open_stream_again(real: Real) -> None:
    plan, closed = await real.world.draft(real.handler), await real.world.draft(real.handler)
    await real.settle()
    await real.pool.execute("update goalcycle.streams set closed = true where stream = $1", closed.stream)
    assert await rebuild_wakes(real.pool, batch=2) == 3
    assert (await real.relay().lag()).undelivered == 3
    await real.relay().step()
    assert {stream for _, _, stream, _ in real.temporal.told} == {DIRECTORY.stream, real.world.cycle, plan.stream}
    assert await rebuild_wakes(real.pool) == 3


async def test_the_relay_outlives_a_database_that_goes_away(real: Real, database: str) -> None:
    own = await asyncpg.create_pool(database, server_settings={"application_name": "relay under test"})
    relay, stop = Relay(own, real.temporal.nudge, QUICK), asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    await until(lambda: len(real.temporal.told) == 2)
    owner = await asyncpg.connect(database)
    for _ in range(3):
        await owner.execute(
            """select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and application_name = 'relay under test'"""
        )
        await asyncio.sleep(0.05)
    await owner.close()
    plan = await real.world.draft(real.world.handler())
    await until(lambda: bool(real.temporal.positions(plan.stream)))
    stop.set()
    await asyncio.wait_for(running, 2)
    await own.close()
