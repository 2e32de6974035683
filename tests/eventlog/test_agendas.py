"""What workflows ask of the log: a fresh agenda, written back for the relay, and a duty at most once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.agenda import Duty
from domain.decider import Ref
from domain.values import Elapsed
from eventlog.agendas import AgendaReading, Agendas, LogBehindError, Performed, PostgresAgendaStore
from eventlog.handler import CommandHandler, system_clock
from eventlog.identity import duty_id
from eventlog.postgres import PostgresLog, open_pool
from tests.eventlog.toy import DECIDERS, SIGNED, Align, Close, Freeze, Sign, Thaw, ToyPlan, World, remind_key

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


@dataclass
class Real:
    """A world on the real Postgres."""

    world: World
    pool: Pool
    handler: CommandHandler

    def agendas(self, handler: CommandHandler | None = None) -> Agendas:
        return Agendas(
            self.world.log, handler or self.handler, DECIDERS, PostgresAgendaStore(self.pool), self.world.clock
        )

    async def row(self, ref: Ref) -> asyncpg.Record:
        found = await self.pool.fetchrow(
            "select * from goalcycle.streams where organization = $1 and stream = $2",
            self.world.organization,
            ref.stream,
        )
        assert found is not None
        return found


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


def soon() -> datetime:
    return datetime.now(UTC)


async def test_the_agenda_of_a_stream_is_read_with_everything_it_needs(real: Real) -> None:
    plan = await real.world.draft(real.handler, remind_in=Elapsed(seconds=0))
    reading = await real.agendas().read_agenda(real.world.organization, plan, soon())
    state: ToyPlan = (await real.handler.cache.load(real.world.organization, plan)).state
    assert state.remind_at is not None
    assert [duty.key for duty in reading.agenda.due] == [remind_key(state.remind_at)]
    assert reading.position == await real.world.log.last_position(real.world.organization) == 3
    assert reading.head.version == 1
    assert reading.events_read == 0
    elsewhere = await real.agendas(real.world.handler()).read_agenda(real.world.organization, plan, soon())
    assert (elsewhere.agenda, elsewhere.events_read) == (reading.agenda, 3)


async def test_an_agenda_is_read_afresh_in_every_stream_it_looks_at(real: Real) -> None:
    plan = await real.world.draft(real.handler)
    behind = real.world.handler()
    agendas = real.agendas(behind)
    assert not (await agendas.read_agenda(real.world.organization, plan, soon())).agenda.closed
    closed = await real.handler.execute(real.world.order(Ref("cycle", real.world.cycle), Close()))
    reading = await agendas.read_agenda(real.world.organization, plan, soon(), target=closed.last_position)
    assert reading.agenda.closed
    assert reading.position == closed.last_position


async def test_a_log_that_has_not_reached_the_target_is_an_error(real: Real) -> None:
    with pytest.raises(LogBehindError):
        await real.agendas().read_agenda(real.world.organization, Ref("cycle", real.world.cycle), soon(), target=99)


async def test_the_reading_is_written_back_unless_the_stream_has_moved_on(real: Real) -> None:
    plan = await real.world.draft(real.handler)
    await real.pool.execute("update goalcycle.streams set next_due = null, watching = true, closed = true")
    reading = await real.agendas().read_agenda(real.world.organization, plan, soon())
    row = await real.row(plan)
    assert (row["next_due"], row["watching"], row["closed"]) == (reading.agenda.next_due, False, False)
    assert row["next_due"] is not None
    store = PostgresAgendaStore(real.pool)
    stale = replace(reading.agenda, next_due=None, closed=True)
    await real.handler.execute(real.world.order(plan, Align(to=uuid4())))
    await store.write_back(real.world.organization, plan, 1, reading.position, stale)
    row = await real.row(plan)
    assert (row["next_due"], row["closed"]) == (reading.agenda.next_due, False)


async def test_a_duty_is_performed_once_whoever_asks_and_however_often(real: Real) -> None:
    plan = await real.world.draft(real.handler, remind_in=Elapsed(seconds=0))
    [duty] = (await real.agendas().read_agenda(real.world.organization, plan, soon())).agenda.due
    workers = [real.agendas(real.world.handler()) for _ in range(4)]
    ended = await asyncio.gather(
        *(worker.perform(real.world.organization, plan, duty.key, soon()) for worker in workers)
    )
    assert {one.outcome for one in ended} <= {"performed", "no_longer_owed"}
    assert "performed" in {one.outcome for one in ended}
    feed = await real.world.log.read_feed(real.world.organization)
    assert [recorded.type for recorded in feed].count("Reminded") == 1
    assert feed[-1].command_id == duty_id(real.world.organization, plan.stream, duty.key)
    assert (await real.agendas().perform(real.world.organization, plan, duty.key, soon())).outcome == "no_longer_owed"
    assert (await real.row(plan))["next_due"] is None


async def test_a_turn_does_what_is_due_and_tells_what_is_owed_then(real: Real) -> None:
    plan = await real.world.draft(real.handler, remind_in=Elapsed(seconds=0))
    agendas = real.agendas()
    [duty] = (await agendas.read_agenda(real.world.organization, plan, soon())).agenda.due
    woken = (await real.row(plan))["wake_position"]
    turn = await agendas.perform_due(real.world.organization, plan, soon(), target=3)
    assert turn.performed == (duty.key,)
    assert turn.reading.agenda.due == ()
    assert turn.reading.position == await real.world.log.last_position(real.world.organization) == 4
    assert (await real.row(plan))["wake_position"] == woken
    again = await agendas.perform_due(real.world.organization, plan, soon(), target=4)
    assert (again.performed, again.reading.position) == ((), 4)


async def test_a_duty_that_is_refused_keeps_no_other_from_being_done(real: Real) -> None:
    plan = await real.world.draft(real.handler, remind_in=Elapsed(seconds=0))
    tried: list[str] = []

    class Refusing(Agendas):
        async def read_agenda(self, organization: UUID, ref: Ref, now: datetime, *, target: int = 0) -> AgendaReading:
            reading = await super().read_agenda(organization, ref, now, target=target)
            extra = Duty("Other", now, Sign())
            return replace(reading, agenda=replace(reading.agenda, due=(extra, *reading.agenda.due)))

        async def perform(self, organization: UUID, ref: Ref, duty_key: str, now: datetime) -> Performed:
            tried.append(duty_key)
            if duty_key == "Other":
                raise SIGNED()
            return await super().perform(organization, ref, duty_key, now)

    turn = await Refusing(
        real.world.log, real.handler, DECIDERS, PostgresAgendaStore(real.pool), real.world.clock
    ).perform_due(real.world.organization, plan, soon())
    assert [duty.key for duty in turn.reading.agenda.due] == ["Other"]
    assert len(tried) == 2
    assert turn.performed == (tried[1],)


async def test_a_duty_that_is_not_due_or_not_known_is_no_longer_owed(real: Real) -> None:
    plan = await real.world.draft(real.handler)
    state: ToyPlan = (await real.handler.cache.load(real.world.organization, plan)).state
    assert state.remind_at is not None
    early = await real.agendas().perform(
        real.world.organization, plan, remind_key(state.remind_at), soon() + timedelta(days=9)
    )
    assert early.outcome == "no_longer_owed", "the workflow's time is not a real organization's clock"
    other = await real.agendas().perform(real.world.organization, plan, "Remind:v9:never", soon())
    assert other.outcome == "no_longer_owed"


async def test_the_same_key_in_two_streams_is_two_duties(real: Real) -> None:
    world = replace(real.world, clock=lambda: fixed)
    fixed = soon()
    handler = world.handler()
    plans = [await world.draft(handler, remind_in=Elapsed(seconds=0)) for _ in range(2)]
    agendas = Agendas(world.log, handler, DECIDERS, PostgresAgendaStore(real.pool), world.clock)
    due = [(await agendas.read_agenda(world.organization, plan, fixed)).agenda.due for plan in plans]
    assert due[0][0].key == due[1][0].key
    for plan, duties in zip(plans, due, strict=True):
        ended = await agendas.perform(world.organization, plan, duties[0].key, fixed)
        assert ended.outcome == "performed"


async def test_a_duty_overtaken_by_a_person_is_no_longer_owed(real: Real) -> None:
    plan = await real.world.draft(real.handler, remind_in=Elapsed(seconds=0))
    behind = real.agendas(real.world.handler())
    [duty] = (await behind.read_agenda(real.world.organization, plan, soon())).agenda.due
    await real.handler.execute(real.world.order(plan, Sign()))
    assert (await behind.perform(real.world.organization, plan, duty.key, soon())).outcome == "no_longer_owed"
    feed = await real.world.log.read_feed(real.world.organization)
    assert "Reminded" not in [recorded.type for recorded in feed]


async def test_a_simulated_organization_owes_by_the_workflows_time(database: str, pool: Pool) -> None:
    log = PostgresLog(database, pool)
    world = World(log=log)
    handler = world.handler()
    await world.begin(handler, simulated=True)
    plan = await world.draft(handler)
    agendas = Agendas(log, handler, DECIDERS, PostgresAgendaStore(pool), system_clock)
    assert not (await agendas.read_agenda(world.organization, plan, soon())).agenda.due
    later = soon() + timedelta(hours=2)
    [duty] = (await agendas.read_agenda(world.organization, plan, later)).agenda.due
    assert (await agendas.perform(world.organization, plan, duty.key, later)).outcome == "performed"
    assert (await log.read_feed(world.organization))[-1].at == later
    await world.close()
    await log.close()


async def test_contradicting_reads_never_both_pass_on_postgres(real: Real) -> None:
    world = real.world
    for _ in range(40):
        a, b = await world.draft(real.handler), await world.draft(real.handler)
        sides = [world.handler(), world.handler()]
        for side in sides:
            for plan in (a, b):
                await side.cache.load(world.organization, plan)
        answers = await asyncio.gather(
            sides[0].execute(world.order(a, Align(to=b.stream))),
            sides[1].execute(world.order(b, Align(to=a.stream))),
            return_exceptions=True,
        )
        assert sorted(getattr(answer, "code", "passed") for answer in answers) == ["passed", "toy.circle"]


async def test_a_signature_waits_for_a_freeze_to_pass_on_postgres(real: Real) -> None:
    world, cycle = real.world, Ref("cycle", real.world.cycle)
    plan = await world.draft(real.handler)
    await real.handler.execute(world.order(cycle, Freeze()))
    signing = asyncio.create_task(world.handler().execute(world.order(plan, Sign())))
    _, pending = await asyncio.wait([signing], timeout=0.3)
    assert pending
    await real.handler.execute(world.order(cycle, Close()))  # news, but not the news it waits for
    await real.handler.execute(world.order(cycle, Thaw()))
    assert (await signing).outcome == "appended"


async def test_no_plain_text_is_in_any_table(real: Real) -> None:
    await real.world.draft(real.handler, "zebra crossing")
    for table in ("events", "streams", "disclosures", "fanouts", "organizations"):
        rows = await real.pool.fetch(f"select * from goalcycle.{table}")
        text = repr([tuple(row) for row in rows])
        assert "zebra" not in text
        assert "Lovelace" not in text
