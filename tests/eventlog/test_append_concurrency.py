"""Many writers at once on the real Postgres, some of them killed: nothing is lost, doubled, hidden or out of order."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from eventlog.handler import CommandHandler
from eventlog.log import AppendRequest, AppendResult, Outcome, Recorded
from eventlog.outage import TROUBLE
from eventlog.postgres import PostgresLog, open_pool
from eventlog.verify import verify_chain
from tests.eventlog.toy import World
from tests.eventlog.writing import Noted, Writer, plan

SEED = 20270401
WRITERS = 16
COMMANDS = 40
CANCELLED = 0.2
"""Share of the appends whose caller may go away,"""
PATIENCE = 0.02
"""within so many seconds."""
GIVEN_UP = 0.3
"""Share of the lost answers that nobody asks for again."""
CONTRADICTIONS = 1000
QUESTIONS = 200


@asynccontextmanager
async def opened(database: str) -> AsyncIterator[PostgresLog]:
    pool = await open_pool(database, size=2)
    log = PostgresLog(database, pool)
    try:
        yield log
    finally:
        await log.close()
        await pool.close()


@pytest.fixture
async def log(database: str) -> AsyncIterator[PostgresLog]:
    async with opened(database) as found:
        yield found


async def test_two_open_transactions_never_hide_an_event_from_a_reader(database: str, log: PostgresLog) -> None:
    """The second writer waits for the first: a position is never visible before the one in front of it."""
    writer = Writer()
    await writer.found(log)
    holder = await asyncpg.connect(database)
    try:
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute(
            "select 1 from goalcycle.organizations where organization = $1 for update", writer.organization
        )
        waiting = asyncio.create_task(writer.append(log, writer.request({plan(): [Noted()]})))
        await _blocked(database)
        assert [event.position for event in await log.read_feed(writer.organization)] == [1]
        await transaction.rollback()
        assert (await waiting).first_position == 2
    finally:
        await holder.close()
    assert [event.position for event in await log.read_feed(writer.organization)] == [1, 2]


async def _blocked(database: str) -> None:
    """Wait until somebody waits for a lock."""
    admin = await asyncpg.connect(database)
    try:
        for _ in range(500):
            if await admin.fetchval(
                """select exists (select from pg_stat_activity
                                  where wait_event_type = 'Lock' and datname = current_database())"""
            ):
                return
            await asyncio.sleep(0.01)
    finally:
        await admin.close()
    raise AssertionError("nobody waits")


@dataclass
class Record:
    """What the writers of one run know of their commands."""

    acknowledged: dict[UUID, AppendResult] = field(default_factory=dict)
    unknown: set[UUID] = field(default_factory=set)
    """Commands whose last answer was lost and which nobody asked about again."""
    cancelled: int = 0


async def _write(database: str, organization: UUID, shared: list[UUID], record: Record, chance: random.Random) -> None:
    """One writer: half of its commands on a stream of its own, half on a shared one.

    Most lost answers are asked for again; some are left unknown.
    """
    async with opened(database) as log:
        writer, own = Writer(organization), plan()
        for _ in range(COMMANDS):
            ref = own if chance.random() < 0.5 else plan(chance.choice(shared))
            command = uuid4()
            for _ in range(50):
                try:
                    await writer.look(log, ref)
                    request = writer.request({ref: [Noted(number=chance.randrange(100))]}, command_id=command)
                    result = await _append(log, organization, request, record, chance)
                except TROUBLE:
                    result = None
                if result is None:
                    if chance.random() < GIVEN_UP:
                        record.unknown.add(command)
                        break
                    continue
                if result.outcome in (Outcome.APPENDED, Outcome.DUPLICATE):
                    record.acknowledged[command] = result
                    break


async def _append(
    log: PostgresLog, organization: UUID, request: AppendRequest, record: Record, chance: random.Random
) -> AppendResult | None:
    """One append; None where its caller went away before the answer, as some do at a random moment."""
    append = asyncio.create_task(log.append(organization, [request]))
    if chance.random() < CANCELLED:
        await asyncio.wait({append}, timeout=chance.random() * PATIENCE)
        append.cancel()
    await asyncio.wait({append})
    if append.cancelled():
        record.cancelled += 1
        return None
    return append.result()[0]


async def _kill(database: str, stop: asyncio.Event, chance: random.Random) -> int:
    """End a random backend again and again."""
    admin, killed = await asyncpg.connect(database), 0
    try:
        while not stop.is_set():
            await asyncio.sleep(chance.random() * 0.05)
            killed += await admin.fetchval(
                """select count(pg_terminate_backend(pid)) from (
                       select pid from pg_stat_activity
                       where datname = current_database() and pid <> pg_backend_pid() and application_name = ''
                       order by random() limit 1) chosen"""
            )
    finally:
        await admin.close()
    return killed


async def _read(database: str, organization: UUID, stop: asyncio.Event) -> list[Recorded]:
    """A reader that follows the feed from its own last position while others write."""
    seen: list[Recorded] = []
    async with opened(database) as log:
        while True:
            ended = stop.is_set()
            try:
                page = await log.read_feed(organization, after=seen[-1].position if seen else 0, limit=50)
            except TROUBLE:
                continue
            seen += page
            if ended and not page:
                return seen
            await asyncio.sleep(0.001)


@pytest.mark.slow
async def test_sixteen_writers_with_random_kills_lose_and_double_nothing(database: str, log: PostgresLog) -> None:
    chance = random.Random(SEED)
    founder = Writer()
    await founder.found(log)
    shared = [uuid4() for _ in range(3)]
    record, stop = Record(), asyncio.Event()
    killer = asyncio.create_task(_kill(database, stop, chance))
    reader = asyncio.create_task(_read(database, founder.organization, stop))
    seeds = [random.Random(chance.random()) for _ in range(WRITERS)]
    await asyncio.gather(*(_write(database, founder.organization, shared, record, seed) for seed in seeds))
    stop.set()
    assert await killer > 5
    seen = await reader
    async with opened(database) as fresh:
        events = await fresh.read_feed(founder.organization, limit=100_000)
        report = await verify_chain(fresh, founder.organization)
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    assert report.holds, report.fault
    assert [event.position for event in seen] == [event.position for event in events], "the reader missed or doubled"
    versions: dict[UUID, list[int]] = {}
    for event in events:
        versions.setdefault(event.stream, []).append(event.version)
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
    effects = Counter(event.command_id for event in events)
    assert len(record.acknowledged) > WRITERS * COMMANDS * 0.8
    for command, answer in record.acknowledged.items():
        assert effects[command] == 1
        assert events[answer.first_position - 1].command_id == command
    assert record.cancelled > 5
    assert len(record.unknown) > 5
    assert not record.unknown & record.acknowledged.keys()
    assert {effects[command] for command in record.unknown} <= {0, 1}
    assert set(effects) <= {founding.command_id for founding in events[:1]} | record.unknown | set(record.acknowledged)


@pytest.mark.slow
async def test_two_commands_whose_reads_contradict_never_both_pass(database: str, log: PostgresLog) -> None:
    """A appends reading B while B appends reading A, from two connections at once: an alignment from two sides."""
    outcomes: Counter[tuple[str, ...]] = Counter()
    founder = Writer()
    await founder.found(log)
    async with opened(database) as other:
        for _ in range(CONTRADICTIONS):
            one, two = plan(), plan()
            requests = [
                founder.request({one: [Noted()]}, reads=[two]),
                founder.request({two: [Noted()]}, reads=[one]),
            ]
            results = await asyncio.gather(
                log.append(founder.organization, requests[:1]), other.append(founder.organization, requests[1:])
            )
            outcomes[tuple(sorted(result.outcome.value for (result,) in results))] += 1
    assert outcomes == {("appended", "conflict"): CONTRADICTIONS}


async def test_contradicting_reads_in_one_batch_do_not_both_pass_either(log: PostgresLog) -> None:
    writer = Writer()
    await writer.found(log)
    one, two = plan(), plan()
    requests = [writer.request({one: [Noted()]}, reads=[two]), writer.request({two: [Noted()]}, reads=[one])]
    results = await log.append(writer.organization, requests)
    assert [result.outcome for result in results] == [Outcome.APPENDED, Outcome.CONFLICT]


async def test_a_request_over_two_streams_is_all_or_nothing(log: PostgresLog) -> None:
    writer, stale = Writer(), Writer()
    await writer.found(log)
    one, two = plan(), plan()
    stale.organization = writer.organization
    await writer.append(log, writer.request({two: [Noted()]}))
    refused = stale.request({one: [Noted()], two: [Noted()]})
    assert (await stale.append(log, refused)).outcome is Outcome.CONFLICT
    assert await log.read_stream(writer.organization, one) == []
    both = await writer.append(log, writer.request({one: [Noted()], two: [Noted()]}))
    assert (both.first_position, both.last_position) == (3, 4)


async def test_a_retry_after_a_lost_answer_gets_the_first_answer_in_any_process(
    database: str, log: PostgresLog
) -> None:
    writer = Writer()
    await writer.found(log)
    request: AppendRequest = writer.request({plan(): [Noted(), Noted()]})
    first = await writer.append(log, request)
    async with opened(database) as other:
        (again,) = await other.append(writer.organization, [request])
    assert again.outcome is Outcome.DUPLICATE
    assert (again.first_position, again.last_position, again.versions) == (
        first.first_position,
        first.last_position,
        first.versions,
    )
    twice = await log.append(writer.organization, [request, request])
    assert {result.outcome for result in twice} == {Outcome.DUPLICATE}
    assert await log.last_position(writer.organization) == 3


async def test_as_of_this_very_instant_keeps_its_answer_while_others_write(database: str, log: PostgresLog) -> None:
    """Whoever asks fixes the answer: an append that is under way gets a later stamp, or is in it for good."""
    writer = Writer()
    await writer.found(log)
    stop = asyncio.Event()
    answers: dict[datetime, int] = {}

    async def ask() -> None:
        while len(answers) < QUESTIONS:
            instant = datetime.now(UTC)
            answers[instant] = await log.position_at(writer.organization, instant)
        stop.set()

    async def write() -> None:
        async with opened(database) as own:
            while not stop.is_set():
                request = writer.request({plan(): [Noted()]})
                assert (await own.append(writer.organization, [request]))[0].outcome is Outcome.APPENDED

    await asyncio.gather(ask(), *(write() for _ in range(4)))
    assert len(set(answers.values())) > QUESTIONS / 10, "the log grew between the questions"
    assert {instant: await log.position_at(writer.organization, instant) for instant in answers} == answers
    events = await log.read_feed(writer.organization, limit=100_000)
    for instant, position in answers.items():
        assert position == sum(event.recorded_at <= instant for event in events)


async def test_an_answer_stays_although_the_servers_clock_is_set_back(database: str, log: PostgresLog) -> None:
    """A test cannot set the clock: the least stamp of the next append, which bounds what any clock says, is past it."""
    writer = Writer()
    await writer.found(log)
    instant = datetime.now(UTC)
    assert await log.position_at(writer.organization, instant) == 1
    owner = await asyncpg.connect(database)
    try:
        least = await owner.fetchval(
            "select last_recorded_at from goalcycle.organizations where organization = $1", writer.organization
        )
    finally:
        await owner.close()
    assert least > instant
    await writer.append(log, writer.request({plan(): [Noted()]}))
    assert (await log.read_feed(writer.organization))[-1].recorded_at >= least


@pytest.mark.parametrize("processes", [1, 2])
async def test_many_commands_at_once_find_a_simulated_organizations_time(log: PostgresLog, processes: int) -> None:
    """Each reads before it decides, so they arrive in another order than they looked at the clock."""
    world = World(log=log)
    handlers = [world.handler() for _ in range(processes)]
    await world.begin(handlers[0], simulated=True)

    async def write(handler: CommandHandler) -> None:
        for _ in range(8):
            await world.draft(handler)

    async with asyncio.timeout(60):
        await asyncio.gather(*(write(handlers[number % processes]) for number in range(80)))
    feed = await log.read_feed(world.organization)
    instants = [event.at for event in feed]
    assert len(instants) == 2 + 80 * 8
    assert instants == sorted(instants)
    assert instants[-1] < feed[-1].recorded_at + timedelta(seconds=1)
    await world.close()
