"""What a log does: one suite, held by the log in memory and by the one on Postgres."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.decider import Ref
from eventlog.log import EMPTY_HASH, AppendRequest, AsOfFutureError, Disclosure, Log, Outcome, StreamRead
from eventlog.memory import MemoryLog
from eventlog.postgres import PostgresLog, open_pool
from eventlog.verify import verify_chain
from tests.eventlog.writing import Noted, Told, Writer, head_of, plan

SECOND = timedelta(seconds=1)


@pytest.fixture(params=["memory", "postgres"])
async def log(request: pytest.FixtureRequest, module_database: str) -> AsyncIterator[Log]:
    if request.param == "memory":
        yield MemoryLog()
        return
    pool = await open_pool(module_database, size=4)
    opened = PostgresLog(module_database, pool)
    yield opened
    await opened.close()
    await pool.close()


@dataclass
class Given:
    """An organization in a log, and somebody who writes to it."""

    log: Log
    writer: Writer

    @property
    def organization(self) -> UUID:
        return self.writer.organization

    async def append(self, *requests: AppendRequest) -> list[Outcome]:
        return [result.outcome for result in await self.log.append(self.organization, requests)]

    async def write(self, ref: Ref, *events: Any, **more: Any) -> AppendRequest:
        request = self.writer.request({ref: list(events) or [Noted()]}, **more)
        assert (await self.writer.append(self.log, request)).outcome is Outcome.APPENDED
        return request

    async def positions(self) -> list[int]:
        return [event.position for event in await self.log.read_feed(self.organization)]


@pytest.fixture
async def given(log: Log) -> Given:
    writer = Writer()
    await writer.found(log)
    return Given(log, writer)


@pytest.fixture
async def simulated(log: Log) -> Given:
    writer = Writer()
    await writer.found(log, simulated=True, at=day(1))
    return Given(log, writer)


def day(number: int) -> datetime:
    return datetime(2031, 1, 1, tzinfo=UTC) + timedelta(days=number)


# What is appended


async def test_what_was_appended_is_read_back_as_it_was_written(given: Given) -> None:
    ref, cause = plan(), uuid4()
    request = given.writer.request({ref: [Noted(number=7), Told()]}, causation=cause)
    result = await given.writer.append(given.log, request)
    assert result.outcome is Outcome.APPENDED
    assert (result.first_position, result.last_position, result.versions) == (2, 3, ((ref.stream, 2),))
    first, second = await given.log.read_stream(given.organization, ref)
    assert (first.organization, first.kind, first.stream) == (given.organization, *ref)
    assert (first.position, first.version, second.position, second.version) == (2, 1, 3, 2)
    assert (first.type, first.schema_version, first.fact, second.type, second.fact) == ("Noted", 1, True, "Told", False)
    assert (first.actor, first.command_id, first.causation) == (request.actor, request.command_id, cause)
    assert first.at == second.at == request.at
    assert first.recorded_at == second.recorded_at
    assert first.payload == request.appends[0].events[0].payload == b'{"number":7}'
    assert (first.prev_hash, second.prev_hash) == (EMPTY_HASH, first.hash)
    assert (await verify_chain(given.log, given.organization)).holds


async def test_the_tails_of_several_streams_are_read_at_once(given: Given) -> None:
    whole, partly, known, missing = plan(), plan(), plan(), plan()
    for ref in (whole, partly, known):
        for _ in range(3):
            await given.write(ref)
    tails = await given.log.read_tails(given.organization, {whole: 0, partly: 2, known: 3, missing: 0})
    assert tails == {
        whole: await given.log.read_stream(given.organization, whole),
        partly: await given.log.read_stream(given.organization, partly, after_version=2),
    }
    assert [event.version for event in tails[whole]] == [1, 2, 3]
    assert await given.log.read_tails(uuid4(), {whole: 0}) == {}
    assert await given.log.read_tails(given.organization, {}) == {}


async def test_positions_are_dense_over_streams_and_calls(given: Given) -> None:
    refs = [plan() for _ in range(3)]
    outcomes = await given.append(*(given.writer.request({ref: [Noted(), Noted()]}) for ref in refs))
    assert outcomes == [Outcome.APPENDED] * 3
    await given.write(plan())
    assert await given.positions() == list(range(1, 9))
    assert await given.log.last_position(given.organization) == 8


async def test_organizations_are_numbered_apart_and_see_nothing_of_each_other(given: Given) -> None:
    other = Writer()
    await other.found(given.log)
    ref = plan()
    await given.write(ref)
    assert await given.log.last_position(other.organization) == 1
    assert await given.log.read_stream(other.organization, ref) == []
    assert {event.organization for event in await given.log.read_feed(other.organization)} == {other.organization}


async def test_stamps_never_decrease_with_the_position(given: Given) -> None:
    for _ in range(5):
        await given.write(plan())
    stamps = [event.recorded_at for event in await given.log.read_feed(given.organization)]
    assert stamps == sorted(stamps)


async def test_an_organization_that_was_never_founded_takes_nothing(log: Log) -> None:
    stranger = Writer()
    results = await log.append(stranger.organization, [stranger.request({plan(): [Noted()]}) for _ in range(2)])
    assert [result.outcome for result in results] == [Outcome.UNKNOWN_ORGANIZATION] * 2
    assert await log.last_position(stranger.organization) == 0
    assert await log.read_feed(stranger.organization) == []


async def test_an_organization_is_founded_once(given: Given) -> None:
    again = Writer(given.organization)
    request = again.request({Ref("directory", UUID(int=0)): [Noted()]}, founds=True, simulated=True)
    assert await given.append(request) == [Outcome.CONFLICT]
    # Nor did it become simulated: the clock still binds.
    assert await given.append(given.writer.request({plan(): [Noted()]}, at=day(1))) == [Outcome.SKEWED]


# What is stale


async def test_a_version_that_is_not_the_streams_conflicts_and_leaves_nothing(given: Given) -> None:
    ref = plan()
    await given.write(ref)
    behind = Writer(given.organization)
    ahead = Writer(given.organization, {ref: given.writer.head(ref)._replace(version=2)})
    for writer in (behind, ahead):
        request = writer.request({ref: [Noted()]})
        assert await given.append(request) == [Outcome.CONFLICT]
        assert await given.log.find_command(given.organization, request.command_id) is None
    assert await given.positions() == [1, 2]


async def test_the_right_version_on_another_chain_conflicts(given: Given) -> None:
    ref = plan()
    await given.write(ref)
    forked = Writer(given.organization, {ref: given.writer.head(ref)._replace(hash=b"\x01" * 32)})
    assert await given.append(forked.request({ref: [Noted()]})) == [Outcome.CONFLICT]


async def test_what_a_decision_read_must_not_have_a_newer_fact(given: Given) -> None:
    read, ref = plan(), plan()
    await given.write(read)
    before = given.writer.request({ref: [Noted()]}, reads=[read])
    await given.write(read, Noted())
    assert await given.append(before) == [Outcome.CONFLICT]
    assert await given.append(given.writer.request({ref: [Noted()]}, reads=[read])) == [Outcome.APPENDED]


async def test_a_notice_makes_nothing_stale_that_was_read(given: Given) -> None:
    read, ref = plan(), plan()
    await given.write(read, Noted(), Told())
    before = given.writer.request({ref: [Noted()]}, reads=[read])
    assert before.reads == (StreamRead(read, 1),)
    await given.write(read, Told())
    assert await given.append(before) == [Outcome.APPENDED]


async def test_a_stream_read_as_missing_must_still_be_missing(given: Given) -> None:
    read = plan()
    missing = given.writer.request({plan(): [Noted()]}, reads=[read])
    assert await given.append(missing) == [Outcome.APPENDED]
    missing = given.writer.request({plan(): [Noted()]}, reads=[read])
    await given.write(read)
    assert await given.append(missing) == [Outcome.CONFLICT]


async def test_a_notice_leaves_the_version_of_the_last_fact(given: Given) -> None:
    ref = plan()
    await given.write(ref, Noted(), Told(), Noted(), Told())
    assert given.writer.head(ref) == head_of(await given.log.read_stream(given.organization, ref))
    assert given.writer.head(ref).fact_version == 3
    wrong = replace(given.writer.request({plan(): [Noted()]}), reads=(StreamRead(ref, 4),))
    right = replace(given.writer.request({plan(): [Noted()]}), reads=(StreamRead(ref, 3),))
    assert await given.append(wrong, right) == [Outcome.CONFLICT, Outcome.APPENDED]


# All or nothing, and the order within a call


async def test_a_request_over_two_streams_is_all_or_nothing(given: Given) -> None:
    fresh, stale = plan(), plan()
    request = given.writer.request({fresh: [Noted()], stale: [Noted()]})
    await Given(given.log, Writer(given.organization)).write(stale)
    text = Disclosure(b"\x07" * 32, uuid4(), b"sealed")
    assert await given.append(replace(request, disclosures=(text,))) == [Outcome.CONFLICT]
    assert await given.log.read_stream(given.organization, fresh) == []
    assert await given.log.disclosures(given.organization, [text.commitment]) == {}
    await given.writer.look(given.log, stale)
    request = given.writer.request({fresh: [Noted(), Noted()], stale: [Noted()]})
    result = await given.writer.append(given.log, request)
    assert result.outcome is Outcome.APPENDED
    assert result.versions == ((fresh.stream, 2), (stale.stream, 2))
    assert (result.first_position, result.last_position) == (3, 5)


async def test_a_stale_request_does_not_disturb_its_neighbours_in_the_call(given: Given) -> None:
    ref = plan()
    await given.write(ref)
    stale = Writer(given.organization).request({ref: [Noted()]})
    outcomes = await given.append(
        given.writer.request({plan(): [Noted()]}), stale, given.writer.request({plan(): [Noted(), Noted()]})
    )
    assert outcomes == [Outcome.APPENDED, Outcome.CONFLICT, Outcome.APPENDED]
    assert await given.positions() == [1, 2, 3, 4, 5]


async def test_the_second_request_of_a_call_on_one_stream_is_decided_again(given: Given) -> None:
    ref = plan()
    first = given.writer.request({ref: [Noted()]})
    reading = given.writer.request({plan(): [Noted()]}, reads=[ref])
    given.writer.wrote(first)
    second = given.writer.request({ref: [Noted()]})
    assert await given.append(first, second, reading) == [Outcome.APPENDED, Outcome.CONFLICT, Outcome.CONFLICT]
    assert await given.append(second) == [Outcome.APPENDED]


async def test_of_two_requests_of_a_call_that_saw_the_same_stream_only_the_first_is_appended(given: Given) -> None:
    ref = plan()
    first, second = given.writer.request({ref: [Noted()]}), given.writer.request({ref: [Noted()]})
    assert await given.append(first, second) == [Outcome.APPENDED, Outcome.CONFLICT]
    assert len(await given.log.read_stream(given.organization, ref)) == 1


async def test_what_a_later_request_of_the_call_appends_was_not_there_to_be_read(given: Given) -> None:
    ref = plan()
    reading = given.writer.request({plan(): [Noted()]}, reads=[ref])
    writing = given.writer.request({ref: [Noted()]})
    assert await given.append(reading, writing) == [Outcome.APPENDED, Outcome.APPENDED]


# The same command twice


async def test_a_repeated_command_gets_its_first_answer_whatever_has_happened_since(given: Given) -> None:
    ref, other = plan(), plan()
    request = given.writer.request({ref: [Noted(), Noted()], other: [Told()]})
    first = await given.writer.append(given.log, request)
    await given.write(ref)
    (again,) = await given.log.append(given.organization, [request])
    assert again == replace(first, outcome=Outcome.DUPLICATE, body_mac=request.body_mac)
    assert await given.log.find_command(given.organization, request.command_id) == again
    assert await given.positions() == [1, 2, 3, 4, 5]


async def test_a_repeated_command_is_known_before_its_age_and_its_versions_are_looked_at(given: Given) -> None:
    ref = plan()
    request = await given.write(ref)
    late = replace(request, at=request.at - timedelta(days=1))
    assert await given.append(late) == [Outcome.DUPLICATE]


async def test_the_same_command_id_with_another_body_shows_the_first_body(given: Given) -> None:
    first = await given.write(plan(), body=b"first")
    other = given.writer.request({plan(): [Noted()]}, command_id=first.command_id, body=b"other")
    (result,) = await given.log.append(given.organization, [other])
    assert result.outcome is Outcome.DUPLICATE
    assert result.body_mac == first.body_mac != other.body_mac


async def test_a_command_repeated_within_one_call_is_appended_once(given: Given) -> None:
    request = given.writer.request({plan(): [Noted()]})
    assert await given.append(request, request) == [Outcome.APPENDED, Outcome.CONFLICT]
    assert await given.append(request) == [Outcome.DUPLICATE]
    assert await given.positions() == [1, 2]


@pytest.mark.parametrize("events", [1, 2, 3, 4, 6, 7])
async def test_the_first_answer_is_found_however_many_events_the_command_has(
    given: Given, events: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventlog.postgres.COMMAND_PAGE", 3)
    one, two = plan(), plan()
    await given.write(plan())
    request = given.writer.request({one: [Noted()] * events, two: [Told(), Told()]})
    first = await given.writer.append(given.log, request)
    assert (first.first_position, first.last_position) == (3, 4 + events)
    for last in (False, True):
        found = await given.log.find_command(given.organization, request.command_id)
        assert found == replace(first, outcome=Outcome.DUPLICATE)
        assert found.versions == ((one.stream, events), (two.stream, 2))
        if not last:
            await given.write(one)
            await given.write(plan(), Noted(), Noted(), Noted())


async def test_a_known_command_sent_twice_in_one_call_gets_its_first_answer_twice(given: Given) -> None:
    request = await given.write(plan())
    answers = await given.log.append(given.organization, [request, request])
    assert [(answer.outcome, answer.first_position) for answer in answers] == [(Outcome.DUPLICATE, 2)] * 2


async def test_command_ids_belong_to_their_organization(given: Given) -> None:
    request = await given.write(plan())
    other = Writer()
    await other.found(given.log)
    same = other.request({plan(): [Noted()]}, command_id=request.command_id)
    assert (await other.append(given.log, same)).outcome is Outcome.APPENDED


async def test_a_command_that_was_refused_may_be_sent_again_under_its_id(given: Given) -> None:
    ref = plan()
    await given.write(ref)
    stale = Writer(given.organization).request({ref: [Noted()]})
    assert await given.append(stale) == [Outcome.CONFLICT]
    fresh = given.writer.request({ref: [Noted()]}, command_id=stale.command_id)
    assert await given.append(fresh) == [Outcome.APPENDED]


# Clocks


@pytest.mark.parametrize(
    ("off", "outcome"),
    [
        (1.5, Outcome.SKEWED),
        (0.5, Outcome.APPENDED),
        (-4, Outcome.APPENDED),
        (-6, Outcome.SKEWED),
    ],
)
async def test_a_clock_may_be_a_second_ahead_and_five_behind(given: Given, off: float, outcome: Outcome) -> None:
    now = datetime.now(UTC)
    (result,) = await given.log.append(
        given.organization, [given.writer.request({plan(): [Noted()]}, at=now + off * SECOND)]
    )
    assert result.outcome is outcome
    if outcome is Outcome.SKEWED:
        assert result.floor is not None
        assert abs(result.floor - now) < SECOND


async def test_a_simulated_organization_lives_in_its_own_time(simulated: Given) -> None:
    await simulated.write(plan(), at=day(40))
    early = simulated.writer.request({plan(): [Noted()]}, at=day(39))
    (result,) = await simulated.log.append(simulated.organization, [early])
    assert result.outcome is Outcome.SKEWED
    assert result.floor == day(40)
    assert await simulated.append(simulated.writer.request({plan(): [Noted()]}, at=day(40))) == [Outcome.APPENDED]


async def test_the_time_of_a_simulated_organization_never_decreases_within_a_call(simulated: Given) -> None:
    later, earlier, latest = (simulated.writer.request({plan(): [Noted()]}, at=day(n)) for n in (5, 4, 6))
    results = await simulated.log.append(simulated.organization, [later, earlier, latest])
    assert [result.outcome for result in results] == [Outcome.APPENDED, Outcome.SKEWED, Outcome.APPENDED]
    assert results[1].floor == day(6), "where the call left the organization's time"
    ats = [event.at for event in await simulated.log.read_feed(simulated.organization)]
    assert ats == sorted(ats)


async def test_only_what_was_appended_moves_the_time_of_a_simulated_organization(simulated: Given) -> None:
    """A request that was refused, or known already, leaves no trace: not even on its neighbours of the call."""
    ref = plan()
    known = await simulated.write(ref, at=day(2))
    stale = Writer(simulated.organization).request({ref: [Noted()]}, at=day(9))
    repeated = replace(known, at=day(9))
    following = simulated.writer.request({plan(): [Noted()]}, at=day(3))
    assert await simulated.append(stale, repeated, following) == [
        Outcome.CONFLICT,
        Outcome.DUPLICATE,
        Outcome.APPENDED,
    ]


# As of an instant


async def test_as_of_gives_the_same_answer_before_and_after_later_writes(given: Given) -> None:
    await given.write(plan())
    instant = datetime.now(UTC)
    before = await given.log.position_at(given.organization, instant)
    assert before == 2
    for _ in range(3):
        await given.write(plan())
    assert await given.log.position_at(given.organization, instant) == before
    assert await given.log.position_at(given.organization, datetime.now(UTC)) == 5


async def test_as_of_the_stamp_of_an_event_includes_it_and_the_microsecond_before_does_not(given: Given) -> None:
    for _ in range(4):
        await given.write(plan())
        await asyncio.sleep(0)
    for event in await given.log.read_feed(given.organization):
        same = [e.position for e in await given.log.read_feed(given.organization) if e.recorded_at <= event.recorded_at]
        assert await given.log.position_at(given.organization, event.recorded_at) == same[-1]
        just_before = event.recorded_at - timedelta(microseconds=1)
        assert await given.log.position_at(given.organization, just_before) < event.position


async def test_asking_for_this_very_instant_many_times_while_writing_never_changes_an_answer(given: Given) -> None:
    answers: dict[datetime, int] = {}
    for _ in range(25):
        instant = datetime.now(UTC)
        answers[instant] = await given.log.position_at(given.organization, instant)
        await given.write(plan())
    assert {instant: await given.log.position_at(given.organization, instant) for instant in answers} == answers
    assert sorted(answers.values()) == list(range(1, 26))


async def test_the_future_has_no_answer_yet(given: Given) -> None:
    with pytest.raises(AsOfFutureError):
        await given.log.position_at(given.organization, datetime.now(UTC) + 60 * SECOND)


async def test_before_the_first_event_and_without_an_organization_the_position_is_zero(given: Given) -> None:
    assert await given.log.position_at(given.organization, day(-9000)) == 0
    assert await given.log.position_at(uuid4(), datetime.now(UTC)) == 0


async def test_as_of_in_a_simulated_organization_goes_by_its_own_time(simulated: Given) -> None:
    for number in (2, 4, 4, 6):
        await simulated.write(plan(), at=day(number))
    at = simulated.log.position_at
    organization = simulated.organization
    assert [await at(organization, day(n)) for n in (0, 1, 2, 3, 4, 5)] == [0, 1, 2, 2, 4, 4]
    with pytest.raises(AsOfFutureError):
        await at(organization, day(7))
    assert await at(organization, day(6)) == 5
    # That answer is final: what comes now must be later.
    (result,) = await simulated.log.append(organization, [simulated.writer.request({plan(): [Noted()]}, at=day(6))])
    assert result.outcome is Outcome.SKEWED
    assert result.floor == day(6) + timedelta(microseconds=1)
    await simulated.write(plan(), at=result.floor)
    assert await at(organization, day(6)) == 5


# Reading


async def test_a_stream_is_read_from_a_version_and_up_to_a_position(given: Given) -> None:
    ref, other = plan(), plan()
    for target in (ref, other, ref, ref):
        await given.write(target)
    read = given.log.read_stream
    assert [e.version for e in await read(given.organization, ref, after_version=1)] == [2, 3]
    assert [e.position for e in await read(given.organization, ref, up_to_position=4)] == [2, 4]
    assert await read(given.organization, ref, after_version=2, up_to_position=4) == []
    assert await read(given.organization, plan()) == []


async def test_the_feed_is_read_page_by_page(given: Given) -> None:
    for _ in range(4):
        await given.write(plan())
    feed = given.log.read_feed
    assert [e.position for e in await feed(given.organization, limit=2)] == [1, 2]
    assert [e.position for e in await feed(given.organization, after=2, limit=2)] == [3, 4]
    assert [e.position for e in await feed(given.organization, after=4)] == [5]
    assert await feed(given.organization, after=5) == []


async def test_sealed_texts_lie_beside_the_log_and_the_first_one_stays(given: Given) -> None:
    subject, commitment = uuid4(), b"\x05" * 32
    await given.write(plan(), disclosures=(Disclosure(commitment, subject, b"first"),))
    await given.write(plan(), disclosures=(Disclosure(commitment, uuid4(), b"second"),))
    found = await given.log.disclosures(given.organization, [commitment, b"\x06" * 32])
    assert found == {commitment: (subject, b"first")}
    assert await given.log.disclosures(uuid4(), [commitment]) == {}


async def test_what_a_refused_request_sealed_is_not_kept(given: Given) -> None:
    ref, commitment = plan(), uuid4().bytes * 2
    await given.write(ref)
    text = Disclosure(commitment, uuid4(), b"sealed")
    stale = Writer(given.organization).request({ref: [Noted()]}, disclosures=(text,))
    fresh = given.writer.request({plan(): [Noted()]})
    assert await given.append(stale, fresh) == [Outcome.CONFLICT, Outcome.APPENDED]
    assert await given.log.disclosures(given.organization, [commitment]) == {}


async def test_two_requests_of_a_call_may_seal_the_same_text(given: Given) -> None:
    text = Disclosure(b"\x08" * 32, uuid4(), b"same")
    outcomes = await given.append(
        *(given.writer.request({plan(): [Noted()]}, disclosures=(text, text)) for _ in range(2))
    )
    assert outcomes == [Outcome.APPENDED, Outcome.APPENDED]


async def test_a_command_nobody_sent_is_not_found(given: Given) -> None:
    assert await given.log.find_command(given.organization, uuid4()) is None


async def test_a_command_twice_in_one_call_is_appended_once_whatever_it_appends_to(given: Given) -> None:
    first, other = given.writer.request({plan(): [Noted()]}), given.writer.request({plan(): [Noted()]})
    again = replace(other, command_id=first.command_id)
    results = await given.log.append(given.organization, [first, again])
    assert [result.outcome for result in results] == [Outcome.APPENDED, Outcome.CONFLICT]
    assert [event.stream for event in await given.log.read_feed(given.organization, after=1)] == [
        first.appends[0].ref.stream
    ]
