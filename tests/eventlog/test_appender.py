"""The way into the log for many callers: joined, batched, bounded, and nobody's failure is another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import cast
from uuid import UUID

import asyncpg
import pytest

from eventlog.appender import CALLS, TRIES, WORTH_A_CALL, Appender, QueueFullError
from eventlog.log import AppendRequest, AppendResult, Log, Outcome
from eventlog.postgres import WRITERS, Patience, PostgresLog, open_pool
from tests.eventlog.writing import Noted, Writer, plan, poisoned


class Watched(PostgresLog):
    """The real log, noting what each call held; may be held back, or lose its answers."""

    def __init__(self, database: str, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        super().__init__(database, pool)
        self.calls: list[list[UUID]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.lose = 0
        self.begun = 0

    async def append(self, organization: UUID, requests: Sequence[AppendRequest]) -> list[AppendResult]:
        self.begun += 1
        await self.gate.wait()
        self.calls.append([request.command_id for request in requests])
        results = await super().append(organization, requests)
        if self.lose:
            self.lose -= 1
            raise asyncpg.ConnectionDoesNotExistError("the answer was lost")
        return results


@pytest.fixture
async def log(database: str) -> AsyncIterator[Watched]:
    pool = await open_pool(database)
    found = Watched(database, pool)
    yield found
    await found.close()
    await pool.close()


@pytest.fixture
async def writer(log: Log) -> Writer:
    found = Writer()
    await found.found(log)
    return found


async def test_what_queues_up_goes_in_one_call(log: Watched, writer: Writer) -> None:
    appender = Appender(log)
    requests = [writer.request({plan(): [Noted()]}) for _ in range(20)]
    results = await asyncio.gather(*(appender.submit(writer.organization, request) for request in requests))
    assert {result.outcome for result in results} == {Outcome.APPENDED}
    assert sorted(result.first_position for result in results) == list(range(2, 22))
    assert len(log.calls) < 1 + 20 / 4


async def test_one_poisoned_request_does_not_fail_its_batch(log: Watched, writer: Writer) -> None:
    appender = Appender(log)
    good = [writer.request({plan(): [Noted()]}) for _ in range(5)]
    bad = poisoned(writer.request({plan(): [Noted()]}))
    log.gate.clear()
    tasks = [
        asyncio.create_task(appender.submit(writer.organization, request)) for request in [*good[:2], bad, *good[2:]]
    ]
    await asyncio.sleep(0)
    log.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[2], asyncpg.CheckViolationError)
    rest = [result for place, result in enumerate(results) if place != 2]
    assert all(isinstance(result, AppendResult) and result.outcome is Outcome.APPENDED for result in rest)
    assert any(bad.command_id in call and len(call) > 1 for call in log.calls), "it went with others first"
    assert await log.find_command(writer.organization, bad.command_id) is None
    assert await log.last_position(writer.organization) == 1 + len(good)
    assert appender.waiting == 0


async def test_what_cannot_even_be_sent_is_nobody_elses_failure(log: Watched, writer: Writer) -> None:
    """Trying it again would help nobody."""
    appender = Appender(log)
    good = writer.request({plan(): [Noted()]})
    unsendable = writer.request({plan(): [Noted()]}, causation=cast("UUID", "not an id"))
    log.gate.clear()
    tasks = [asyncio.create_task(appender.submit(writer.organization, request)) for request in (good, unsendable)]
    await asyncio.sleep(0)
    log.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], AppendResult)
    assert results[0].outcome is Outcome.APPENDED
    assert isinstance(results[1], asyncpg.DataError)
    sent = [call for call in log.calls if unsendable.command_id in call]
    assert [len(call) for call in sent] == [2, 1], "with its neighbour, then alone, then no more"


async def test_without_a_database_everybody_is_told_and_nobody_is_asked_one_by_one(
    log: Watched, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventlog.appender.PAUSE", 0.0)
    appender = Appender(log)
    log.lose = 1_000
    requests = [writer.request({plan(): [Noted()]}) for _ in range(5)]
    results = await asyncio.gather(
        *(appender.submit(writer.organization, request) for request in requests), return_exceptions=True
    )
    assert {type(result) for result in results} == {asyncpg.ConnectionDoesNotExistError}
    assert len(log.calls) == 1 + TRIES
    log.lose = 0
    again = [await appender.submit(writer.organization, request) for request in requests]
    assert {result.outcome for result in again} == {Outcome.DUPLICATE}, "what was lost were the answers"
    assert await log.last_position(writer.organization) == 6


async def test_what_is_split_is_given_up_together_when_the_database_goes_away(
    log: Watched, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each of hundreds would wait until those before it have been tried again and again."""
    monkeypatch.setattr("eventlog.appender.PAUSE", 0.0)
    appender = Appender(log)
    good = [writer.request({plan(): [Noted()]}) for _ in range(5)]
    bad = poisoned(writer.request({plan(): [Noted()]}))
    log.lose = 1_000  # the call of all raises before its answer could be lost
    results = await asyncio.gather(
        *(appender.submit(writer.organization, request) for request in (bad, *good)), return_exceptions=True
    )
    kinds = [asyncpg.CheckViolationError, *[asyncpg.ConnectionDoesNotExistError] * 5]
    assert [type(result) for result in results] == kinds
    assert len(log.calls) == 1 + 1 + 1 + TRIES


async def test_whoever_joined_is_told_of_the_failure_too(log: Watched, writer: Writer) -> None:
    appender, bad = Appender(log), poisoned(writer.request({plan(): [Noted()]}))
    async with asyncio.timeout(10):
        results = await asyncio.gather(
            *(appender.submit(writer.organization, bad) for _ in range(3)), return_exceptions=True
        )
    assert [type(result) for result in results] == [asyncpg.CheckViolationError] * 3


async def test_a_call_that_has_taken_long_is_not_tried_again(
    log: Watched, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventlog.appender.PATIENCE", 0.0)
    log.lose = 1_000
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await Appender(log).submit(writer.organization, writer.request({plan(): [Noted()]}))
    assert len(log.calls) == 1 + 1


async def test_connections_that_died_while_nobody_wrote_cost_no_try(
    log: Watched, writer: Writer, database: str
) -> None:
    def requests() -> list[AppendRequest]:
        return [writer.request({plan(): [Noted()]}) for _ in range(WRITERS)]

    await asyncio.gather(*(log.append(writer.organization, [request]) for request in requests()))
    kill = """select pg_terminate_backend(pid) from pg_stat_activity
              where datname = current_database() and pid <> pg_backend_pid()"""
    owner = await asyncpg.connect(database)
    await owner.execute(kill)
    await owner.close()
    async with asyncio.timeout(10):
        while not all(connection.is_closed() for connection in log._idle):
            await asyncio.sleep(0.01)
    for request in requests():
        (answer,) = await log.append(writer.organization, [request])
        assert answer.outcome is Outcome.APPENDED


async def test_a_connection_that_kept_silent_is_never_used_again(log: Watched, writer: Writer, database: str) -> None:
    """What it would still say is the answer to an earlier question."""
    (kept,) = log._idle
    log._patience = Patience(answer=0.2)  # shorter than the server's, which was told when it connected
    owner = await asyncpg.connect(database)
    request = writer.request({plan(): [Noted()]})
    async with owner.transaction():
        await owner.execute("select from goalcycle.organizations for update")
        with pytest.raises(TimeoutError):
            await log.append(writer.organization, [request])
    await owner.close()
    assert kept.is_closed()
    assert log._idle == []
    log._patience = Patience()
    (answer,) = await log.append(writer.organization, [request])
    assert answer.outcome in {Outcome.APPENDED, Outcome.DUPLICATE}
    assert await log.last_position(writer.organization) == 2


async def test_a_lost_answer_is_asked_for_again_and_is_the_first(log: Watched, writer: Writer) -> None:
    appender = Appender(log)
    log.lose = 2
    request = writer.request({plan(): [Noted()]})
    result = await appender.submit(writer.organization, request)
    assert (result.outcome, result.first_position, result.body_mac) == (Outcome.DUPLICATE, 2, request.body_mac)
    assert await log.last_position(writer.organization) == 2


async def test_equal_command_ids_join_and_another_body_learns_whose_id_it_was(log: Watched, writer: Writer) -> None:
    appender = Appender(log)
    request = writer.request({plan(): [Noted()]})
    other = replace(request, body_mac=b"another".ljust(32, b"."))
    results = await asyncio.gather(*(appender.submit(writer.organization, item) for item in (request, request, other)))
    assert [result.outcome for result in results] == [Outcome.APPENDED, Outcome.DUPLICATE, Outcome.DUPLICATE]
    assert {result.body_mac for result in results[1:]} == {request.body_mac}
    assert await log.last_position(writer.organization) == 2


async def test_requests_that_touch_what_another_writes_go_in_another_call(log: Watched, writer: Writer) -> None:
    appender = Appender(log)
    one, two = plan(), plan()
    writes = writer.request({one: [Noted()]})
    reads = writer.request({two: [Noted()]}, reads=[one])
    log.gate.clear()
    tasks = [asyncio.create_task(appender.submit(writer.organization, request)) for request in (writes, reads)]
    await asyncio.sleep(0)
    log.gate.set()
    results = await asyncio.gather(*tasks)
    assert [result.outcome for result in results] == [Outcome.APPENDED, Outcome.CONFLICT]
    assert not any({writes.command_id, reads.command_id} <= set(call) for call in log.calls)


async def test_what_is_passed_over_keeps_its_place_and_so_does_what_depends_on_it(log: Watched, writer: Writer) -> None:
    appender, one, two = Appender(log), plan(), plan()
    first = writer.request({one: [Noted()]})
    writer.wrote(first)
    second = writer.request({one: [Noted()], two: [Noted()]})
    writer.wrote(second)
    third = writer.request({plan(): [Noted()]}, reads=[two])
    free = writer.request({plan(): [Noted()]})
    results = await asyncio.gather(
        *(appender.submit(writer.organization, request) for request in (first, second, third, free))
    )
    assert [result.outcome for result in results] == [Outcome.APPENDED] * 4
    assert log.calls[1:] == [[first.command_id, free.command_id], [second.command_id], [third.command_id]]


async def test_a_call_holds_so_many_requests_and_events_and_one_that_has_more_goes_alone(
    log: Watched, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventlog.appender.BATCH_LIMIT", 3)
    monkeypatch.setattr("eventlog.appender.EVENTS_LIMIT", 5)
    appender = Appender(log)
    requests = [writer.request({plan(): [Noted()] * count}) for count in (1, 1, 1, 1, 7, 3, 3)]
    await asyncio.gather(*(appender.submit(writer.organization, request) for request in requests))
    number = {request.command_id: place for place, request in enumerate(requests)}
    assert [[number[found] for found in call] for call in log.calls[1:]] == [[0, 1, 2], [3, 5], [4], [6]]


async def test_a_second_call_is_begun_when_it_is_worth_one_and_never_a_third(log: Watched, writer: Writer) -> None:
    appender, begun = Appender(log), log.begun
    log.gate.clear()
    tasks = []
    for more, calls in ((1, 1), (WORTH_A_CALL - 1, 1), (1, CALLS), (3 * WORTH_A_CALL, CALLS)):
        requests = [writer.request({plan(): [Noted()]}) for _ in range(more)]
        tasks += [asyncio.create_task(appender.submit(writer.organization, request)) for request in requests]
        for _ in range(3):
            await asyncio.sleep(0)
        assert log.begun - begun == calls
    log.gate.set()
    results = await asyncio.gather(*tasks)
    assert sorted(result.first_position for result in results) == list(range(2, 2 + len(tasks)))
    await appender.close()
    kept = (appender._known, appender._queues, appender._calls)
    assert kept == ({}, {}, {}), "nothing of an organization stays behind"


async def test_past_the_bound_callers_are_told_at_once(log: Watched, writer: Writer) -> None:
    appender = Appender(log, queue_limit=3)
    log.gate.clear()
    tasks = [
        asyncio.create_task(appender.submit(writer.organization, writer.request({plan(): [Noted()]}))) for _ in range(3)
    ]
    await asyncio.sleep(0)
    with pytest.raises(QueueFullError):
        await appender.submit(writer.organization, writer.request({plan(): [Noted()]}))
    log.gate.set()
    assert {result.outcome for result in await asyncio.gather(*tasks)} == {Outcome.APPENDED}
    assert appender.waiting == 0


async def test_a_caller_who_goes_away_takes_nothing_with_them(log: Watched, writer: Writer) -> None:
    appender = Appender(log)
    log.gate.clear()
    request = writer.request({plan(): [Noted()]})
    task = asyncio.create_task(appender.submit(writer.organization, request))
    await asyncio.sleep(0)
    task.cancel()
    log.gate.set()
    await appender.close()
    assert await log.find_command(writer.organization, request.command_id) is not None
    with pytest.raises(QueueFullError):
        await appender.submit(writer.organization, request)


async def test_closing_waits_for_what_was_taken_a_moment_ago(log: Watched, writer: Writer) -> None:
    appender = Appender(log)
    task = asyncio.create_task(appender.submit(writer.organization, writer.request({plan(): [Noted()]})))
    await asyncio.sleep(0)  # taken, and no call is under way yet
    await appender.close()
    assert task.done()


async def test_closing_answers_everything_that_was_taken(log: Watched, writer: Writer) -> None:
    appender = Appender(log)
    log.gate.clear()
    shared = plan()  # each depends on the one before it: many calls, not one
    requests = [writer.request({plan(): [Noted()]}, reads=[shared]) for _ in range(3)]
    requests += [writer.request({shared: [Noted()]}) for _ in range(3)]
    tasks = [asyncio.create_task(appender.submit(writer.organization, request)) for request in requests]
    await asyncio.sleep(0)
    closing = asyncio.create_task(appender.close())
    await asyncio.sleep(0)
    assert not closing.done()
    log.gate.set()
    await closing
    assert all(task.done() for task in tasks), "closing waited for every answer"
    outcomes = [task.result().outcome for task in tasks]
    assert outcomes == [*[Outcome.APPENDED] * 4, *[Outcome.CONFLICT] * 2]
    assert len(log.calls) > 2
