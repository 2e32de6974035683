"""Reading the read models: pages, the gate, inboxes, and one's own writes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from cli.composition import CODEC, Engine
from domain.plan.sending_back import RejectPlan
from domain.registry import DECIDERS
from eventlog.projector import Pool
from eventlog.rebuild import rebuild_views
from eventlog.views import PostgresViews
from tests.support.projecting import caught_up, projector_of, rows
from tests.support.quarter import SECRETS, Quarter, open_engine_on, windows

HOUR = 3600
BASELINE = ("set_baseline", "needs_me")
"""A KPI whose first baseline nobody has established asks for it in every phase (R3.2)."""


@pytest.fixture
async def engine(database: str) -> AsyncIterator[Engine]:
    async with open_engine_on(database) as opened:
        yield opened


@pytest.fixture
async def quarter(engine: Engine) -> Quarter:
    """A quarter in draft; only the first of the staff has goals."""
    quarter = Quarter(engine)
    await quarter.found()
    await quarter.open(timetable=windows(HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 5 * HOUR))
    await quarter.draft(quarter.staff[0])
    await caught_up(projector_of(engine))
    return quarter


async def the_board(quarter: Quarter, after: str | None = None, limit: int = 100) -> dict[str, Any]:
    found = await PostgresViews(quarter.engine.pool).board(quarter.organization, quarter.cycle, after, limit)
    assert found is not None
    return dict(found)


async def inbox(quarter: Quarter, person: UUID) -> list[tuple[str, str]]:
    """What a person must do: what, and how urgent."""
    found = await PostgresViews(quarter.engine.pool).inbox(quarter.organization, person)
    return [(item["what"], item["group"]) for item in found["items"]]


async def test_the_board_comes_in_pages_by_cursor(quarter: Quarter) -> None:
    whole = await the_board(quarter)
    assert {row["owner"] for row in whole["items"]} == {str(one) for one in quarter.staff}
    assert whole["next"] is None
    first = await the_board(quarter, limit=1)
    second = await the_board(quarter, after=first["next"], limit=1)
    assert [*first["items"], *second["items"]] == whole["items"]
    assert second["next"] is None
    with pytest.raises(ValueError, match="UUID"):
        await the_board(quarter, after="not an id")


async def test_the_gate_lists_every_check_with_how_many_plans_fail_it(quarter: Quarter) -> None:
    assert (await the_board(quarter))["cycle"]["gate"] == [{"check": "goals", "plans": 1}]
    await quarter.draft(quarter.staff[1])
    await quarter.advance()
    await quarter.agree(quarter.staff[1])
    await caught_up(projector_of(quarter.engine))
    cycle = (await the_board(quarter))["cycle"]
    assert (cycle["phase"], cycle["participants"]) == ("negotiate", 2)
    assert cycle["gate"] == [
        {"check": "goals", "plans": 0},
        {"check": "agreement", "plans": 1},
        {"check": "acknowledgement", "plans": 1},
    ]
    assert set(cycle["deadlines"]) == {"draft", "negotiate", "commit", "track", "retrospect"}


async def test_another_organization_or_cycle_shows_nothing(quarter: Quarter) -> None:
    views = PostgresViews(quarter.engine.pool)
    stranger = uuid4()
    assert await views.board(stranger, quarter.cycle, None, 10) is None
    assert await views.board(quarter.organization, uuid4(), None, 10) is None
    assert await views.inbox(stranger, quarter.staff[0]) == {"items": [], "position": 0}
    assert await views.position(stranger) == 0


async def test_an_inbox_follows_a_plan_and_says_what_a_signature_was_on(quarter: Quarter) -> None:
    engine, (owner, other) = quarter.engine, quarter.staff
    assert await inbox(quarter, quarter.head) == [("answer", "needs_me")]
    assert await inbox(quarter, other) == [("draft_goals", "blocks_gate")]
    await quarter.draft(other)
    for person in quarter.staff:
        await quarter.agree(person)
    await quarter.advance()
    await quarter.advance()
    shown = await quarter.submit(owner)
    await quarter.sign(owner, quarter.head)
    await caught_up(projector_of(engine))
    assert await inbox(quarter, quarter.head) == []
    assert await inbox(quarter, quarter.lead) == [("sign", "blocks_gate")]
    assert await inbox(quarter, owner) == [BASELINE]
    assert await inbox(quarter, other) == [BASELINE, ("submit", "blocks_gate")]
    await quarter.act(quarter.lead, quarter.plan_ref(owner), RejectPlan(hash=shown, reason="No"))
    assert await quarter.submit(owner) == shown
    await caught_up(projector_of(engine))
    (item,) = (await PostgresViews(engine.pool).inbox(quarter.organization, quarter.head))["items"]
    assert (item["what"], item["group"], item["reason"]) == ("sign_again", "stale", "rejected")
    assert (item["seen_hash"], item["hash"], item["owner"]) == (shown, shown, str(owner))
    assert item["since"] == (await quarter.plan(owner)).version


async def test_the_most_urgent_comes_first(quarter: Quarter) -> None:
    await quarter.draft(quarter.staff[1])
    await caught_up(projector_of(quarter.engine))
    items = (await PostgresViews(quarter.engine.pool).inbox(quarter.organization, quarter.head))["items"]
    assert len(items) == 2
    assert [item["due"] for item in items] == sorted(item["due"] for item in items)


async def test_one_reads_one_s_own_writes(quarter: Quarter) -> None:
    engine, views = quarter.engine, PostgresViews(quarter.engine.pool)
    answer = await quarter.act(quarter.lead, quarter.cycle_ref, *_nothing_but_an_enrolment(quarter))
    assert not await views.wait_for(quarter.organization, answer.last_position, 0.1), "nobody projects"
    stop = asyncio.Event()
    running = asyncio.create_task(projector_of(engine).run(stop))
    waited = await views.wait_for(quarter.organization, answer.last_position, 5)
    stop.set()
    await running
    assert waited
    last = await engine.log.last_position(quarter.organization)
    assert await views.position(quarter.organization) == last
    assert (await views.inbox(quarter.organization, quarter.head))["position"] == last
    assert (await the_board(quarter))["position"] == last
    assert (await the_board(quarter))["cycle"]["participants"] == 3


def _nothing_but_an_enrolment(quarter: Quarter) -> list[Any]:
    from domain.cycle.participation import EnrolParticipant

    return [EnrolParticipant(owner=quarter.head, reason="A transfer")]


@pytest.mark.parametrize("read", ["board", "inbox"])
async def test_a_list_shows_all_that_its_position_promises(quarter: Quarter, read: str) -> None:
    """Whatever is applied between two statements of one answer: it may show more, never less."""
    engine = quarter.engine
    views = PostgresViews(_Between(engine.pool, quarter))  # type: ignore[arg-type]
    if read == "board":
        board = await views.board(quarter.organization, quarter.cycle, None, 10)
        assert board is not None
        shown = {row["owner"]: row["goals"] for row in board["items"]}
        complete, position = shown[str(quarter.staff[1])] == 2, board["position"]
    else:
        answer = await views.inbox(quarter.organization, quarter.head)
        complete, position = len(answer["items"]) == 2, answer["position"]
    last = await engine.log.last_position(quarter.organization)
    assert complete or position < last


class _Between:
    """A pool with somebody who writes, and a projector who applies it, after every statement."""

    def __init__(self, pool: Pool, quarter: Quarter) -> None:
        self._pool = pool
        self._quarter = quarter
        self._written = False

    def __getattr__(self, name: str) -> Any:
        async def asked(*arguments: Any) -> Any:
            answer = await getattr(self._pool, name)(*arguments)
            if not self._written:
                self._written = True
                await self._quarter.draft(self._quarter.staff[1])
                await caught_up(projector_of(self._quarter.engine))
            return answer

        return asked


async def test_a_rebuild_is_seen_by_nobody(quarter: Quarter) -> None:
    """Readers join the live generation: what they read is whole before, during and after the switch."""
    views = PostgresViews(quarter.engine.pool)
    whole = await the_board(quarter)
    done = asyncio.Event()

    async def reads() -> int:
        times = 0
        while not done.is_set():
            assert await the_board(quarter) == whole
            assert len((await views.inbox(quarter.organization, quarter.head))["items"]) == 1
            times += 1
        return times

    reading = asyncio.create_task(reads())
    for _ in range(5):
        await rebuild_views(quarter.engine.pool, quarter.engine.log, DECIDERS, CODEC)
    done.set()
    assert await reading > 5


async def test_rows_hold_ids_codes_and_numbers_but_no_text(quarter: Quarter) -> None:
    found = json.dumps(await rows(quarter.engine.pool), default=str)
    assert str(quarter.staff[0]) in found
    for text in (*SECRETS, "Harbour Works", "2027 Q1"):
        assert text not in found
