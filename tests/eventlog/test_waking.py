"""When an append wakes a stream, the one above it and those below it: told by the rows, without a relay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.decider import Ref
from eventlog.log import Outcome
from tests.eventlog.waking import Given, waking_on
from tests.eventlog.writing import Noted, Writer, plan

NOON = datetime(2031, 1, 1, 12, tzinfo=UTC)
SOONER, LATER = NOON - timedelta(hours=1), NOON + timedelta(hours=1)


@pytest.fixture
async def given(database: str) -> AsyncIterator[Given]:
    async with waking_on(database) as found:
        yield found


@pytest.mark.parametrize("due_now", [True, False, None])
async def test_a_stream_that_opens_is_woken_whoever_opens_it(given: Given, due_now: bool | None) -> None:
    ref = plan()
    assert await given.write(ref, 3, due_now=due_now) == await given.woken_at(ref) == 4


@pytest.mark.parametrize(
    ("before", "after", "woken"),
    [
        ({}, {}, False),
        ({}, {"next_due": NOON}, True),
        ({"next_due": NOON}, {"next_due": NOON}, False),
        ({"next_due": NOON}, {"next_due": SOONER}, True),
        ({"next_due": NOON}, {"next_due": LATER}, False),
        ({"next_due": NOON}, {}, False),
        ({}, {"due_now": True}, True),
        ({"next_due": NOON}, {"next_due": LATER, "due_now": True}, True),
        ({}, {"closed": True}, True),
        ({"closed": True}, {}, True),
        ({"closed": True}, {"closed": True}, False),
        ({"next_due": NOON}, {"next_due": SOONER, "due_now": None}, False),
        ({}, {"closed": True, "due_now": None}, False),
    ],
)
async def test_a_stream_is_woken_when_it_owes_sooner_or_opens_or_closes(
    given: Given, before: dict[str, Any], after: dict[str, Any], woken: bool
) -> None:
    ref = plan()
    first = await given.write(ref, **before)
    last = await given.write(ref, 2, **after)
    assert await given.woken_at(ref) == (last if woken else first)


async def test_a_stream_is_not_woken_for_what_its_timer_covers(given: Given) -> None:
    """Signing, recalling and submitting anew moves what is owed back and forth: the first timer covers all of it."""
    ref = plan()
    first = await given.write(ref, next_due=NOON)
    await given.write(ref)
    await given.write(ref, next_due=LATER)
    await given.write(ref, next_due=NOON)
    assert await given.woken_at(ref) == first
    woken = await given.write(ref, next_due=SOONER)
    await given.write(ref, next_due=SOONER)
    assert await given.woken_at(ref) == woken, "one nudge tells of both"
    await given.looked(ref, version=6, position=woken + 1, next_due=None)
    assert await given.woken_at(ref) == woken


async def test_a_stream_is_woken_for_what_comes_before_its_workflow_looks_again(given: Given) -> None:
    ref = plan()
    first = await given.write(ref, next_due=SOONER)
    await given.looked(ref, version=1, position=first, next_due=LATER)
    assert await given.write(ref, next_due=NOON) == await given.woken_at(ref)
    await given.looked(ref, version=2, position=first + 1, next_due=None)
    assert await given.write(ref, next_due=LATER) == await given.woken_at(ref)


async def test_what_comes_in_while_a_workflow_looks_wakes_it_where_it_would_sleep_too_long(given: Given) -> None:
    ref, other = plan(), plan()
    opened = await given.write(ref, next_due=SOONER)
    meanwhile = await given.write(ref, next_due=NOON)
    assert await given.woken_at(ref) == opened, "the timer of before covers it"
    await given.looked(ref, version=1, position=opened, next_due=LATER)
    assert await given.woken_at(ref) == meanwhile
    await given.looked(ref, version=2, position=meanwhile, next_due=NOON)
    assert await given.woken_at(ref) == meanwhile
    opened = await given.write(other, next_due=NOON)
    await given.write(other, next_due=LATER)
    await given.looked(other, version=1, position=opened, next_due=NOON)
    assert await given.woken_at(other) == opened, "it looks early enough"
    assert await given.write(other, next_due=SOONER) == await given.woken_at(other)


async def test_a_reading_that_comes_late_is_not_taken_for_the_workflows_timer(given: Given) -> None:
    """A worker that was frozen wakes up and notes what it read before another worker took its turn over."""
    ref = plan()
    opened = await given.write(ref, next_due=SOONER)
    await given.looked(ref, version=1, position=opened + 1, next_due=NOON)
    await given.looked(ref, version=1, position=opened, next_due=LATER)
    await given.write(ref, next_due=LATER)
    assert await given.woken_at(ref) == opened
    await given.looked(ref, version=1, position=opened, next_due=SOONER)
    assert await given.write(ref, next_due=NOON - timedelta(minutes=1)) == await given.woken_at(ref)


async def test_a_stream_that_opens_again_has_no_timer_left(given: Given) -> None:
    ref = plan()
    await given.write(ref, next_due=SOONER)
    await given.write(ref, closed=True)
    await given.write(ref, closed=True)
    assert await given.write(ref) == await given.woken_at(ref)
    assert await given.write(ref, next_due=LATER) == await given.woken_at(ref)


async def test_a_stream_that_watches_is_woken_by_the_last_of_those_below(given: Given) -> None:
    watching, other = Ref("cycle", uuid4()), Ref("cycle", uuid4())
    await given.write(watching, watching=True)
    opened = await given.write(other)
    requests = [
        given.writer.request({plan(): [Noted()] * 2}, streams={"parent": parent.stream, "wakes_parent": True})
        for parent in (watching, other, watching)
    ]
    requests.append(given.writer.request({plan(): [Noted()]}, streams={"parent": watching.stream}))
    results = await given.log.append(given.writer.organization, requests)
    assert await given.woken_at(watching) == results[2].last_position == opened + 6
    assert await given.woken_at(other) == opened


async def test_no_later_wake_is_taken_back_by_what_came_before_it_in_the_call(given: Given) -> None:
    watching = Ref("cycle", uuid4())
    await given.write(watching, watching=True)
    below = given.writer.request({plan(): [Noted()]}, streams={"parent": watching.stream, "wakes_parent": True})
    own = given.writer.request({watching: [Noted()]}, streams={"watching": True, "due_now": True})
    results = await given.log.append(given.writer.organization, [below, own])
    assert await given.woken_at(watching) == results[1].last_position


async def test_what_is_refused_wakes_nobody(given: Given) -> None:
    above, ref = Ref("cycle", uuid4()), plan()
    opened = await given.write(above, watching=True)
    await given.write(ref)
    wakes = {"parent": above.stream, "wakes_parent": True, "wakes_children": True}
    stale = Writer(given.writer.organization).request({ref: [Noted()]}, streams=wakes)
    fresh = given.writer.request({plan(): [Noted()]})
    _, refused = await given.log.append(given.writer.organization, [fresh, stale])
    assert refused.outcome is Outcome.CONFLICT
    assert await given.woken_at(above) == opened
    assert await given.pool.fetchval("select count(*) from goalcycle.fanouts") == 0


async def test_those_below_are_woken_at_the_last_event_of_the_stream_above(given: Given) -> None:
    above = Ref("cycle", uuid4())
    request = given.writer.request({plan(): [Noted()]})
    wakes = given.writer.request({above: [Noted()] * 2}, streams={"wakes_children": True})
    _, told = await given.log.append(given.writer.organization, [request, wakes])
    rows = await given.pool.fetch("select stream, position from goalcycle.fanouts")
    assert [tuple(row) for row in rows] == [(above.stream, told.last_position)]
