"""No sealed text is anywhere in a dump of the database: not in the log, the read models or the bookkeeping."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from cli.composition import CODEC
from domain.cycle.exceptions import ExtendDeadline
from domain.cycle.windows import Phase
from domain.goals import Okr
from domain.plan.drafting import AcknowledgeAssignment
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.result import AcknowledgeResult, Reflect
from domain.plan.sending_back import RejectPlan
from domain.plan.tracking import CheckIn
from domain.registry import DECIDERS
from eventlog.projector import Projector
from tests.support.quarter import SECRETS, Quarter, objective, open_engine_on, windows

WRITTEN = (
    "Too easy by half",
    "It was nineteen last time",
    "Two berths were closed",
    "Harbour Works",
    "On the board",
    "Jonas Weber",
)
REFLECTED = ("The pier came late", "泊位被风暴关闭了两周", "先问船长，再定目标")
EXCUSED = "港口停电，需要更多时间"
RECEIVED = "I would have liked to be asked"


async def lived(quarter: Quarter) -> None:
    """A whole quarter: a counter-proposal, a rejection, more time, a narrative, a reflection and an answer to it."""
    await quarter.found()
    await quarter.open(timetable=windows(*(hour * 3600 for hour in range(1, 6))))
    for owner in quarter.staff:
        await quarter.draft(owner)
    owner, ref = quarter.staff[0], quarter.plan_ref(quarter.staff[0])
    goal = next(goal for goal in (await quarter.plan(owner)).goals.values() if goal.definition.kind == "okr")
    assert isinstance(goal.definition, Okr)
    raised = objective(30)
    same = raised.key_results[0].model_copy(update={"id": goal.definition.key_results[0].id})
    raised = raised.model_copy(update={"key_results": (same,)})
    paths = {f"key_results.{raised.key_results[0].id}.target": WRITTEN[1]}
    await quarter.act(quarter.head, ref, ProposeRevision(goal=goal.id, definition=raised, reasons=paths))
    await _answer(quarter, owner)
    await quarter.agree(quarter.staff[1])
    await quarter.advance()
    await quarter.advance()
    shown = await quarter.submit(owner)
    await quarter.act(quarter.head, ref, RejectPlan(hash=shown, reason=WRITTEN[0]))
    for person in quarter.staff:
        await quarter.submit(person)
        await quarter.sign(person)
    await quarter.advance()
    report = CheckIn(goal=goal.id, confidence="0.4", status="at_risk", narrative=WRITTEN[2])
    await quarter.act(owner, ref, report)
    later = datetime.now(UTC) + timedelta(days=30)
    await quarter.act(quarter.lead, quarter.cycle_ref, ExtendDeadline(phase=Phase.TRACK, until=later, reason=EXCUSED))
    for person in quarter.staff:
        await quarter.check_in(person)
    await quarter.advance()
    happened, why, learned = REFLECTED
    await quarter.act(
        owner, ref, Reflect(goal=goal.id, what_happened=happened, why=why, learned=learned, next_step="keep")
    )
    await quarter.publish()
    result = (await quarter.state()).results[ref.stream]
    await quarter.act(owner, ref, AcknowledgeResult(result=result.hash, how="dissent", comment=RECEIVED))


async def _answer(quarter: Quarter, owner: UUID) -> None:
    """The owner accepts the counter-proposal and acknowledges the KPI."""
    for goal in (await quarter.plan(owner)).goals.values():
        kind = AcceptRevision if goal.definition.kind == "okr" else AcknowledgeAssignment
        await quarter.act(owner, quarter.plan_ref(owner), kind(goal=goal.id, hash=goal.hash))


async def dump(database: str) -> bytes:
    """Every row of every table that is not the server's own: as text, and every value with its bytes as they are."""
    owner = await asyncpg.connect(database)
    try:
        tables = await owner.fetch(
            """select format('%I.%I', schemaname, tablename) as name from pg_tables
               where schemaname not in ('pg_catalog', 'information_schema')"""
        )
        parts: list[bytes] = []
        for table in tables:
            for row in await owner.fetch(f"select t::text as whole, t.* from {table['name']} t"):
                for value in row.values():
                    parts += [each if isinstance(each, bytes) else str(each).encode() for each in _each(value)]
    finally:
        await owner.close()
    assert len(tables) >= 10
    return b"\n".join(parts)


def _each(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


def disguises(text: str) -> set[bytes]:
    """What a text may look like in a dump: as it is, escaped in JSON, in hex, in base64 at any offset."""
    plain = text.encode()
    shifted = (base64.b64encode(bytes(offset) + plain) for offset in range(3))
    inner = {code[4 * bool(offset) : -4] for offset, code in enumerate(shifted)}
    return {plain, json.dumps(text)[1:-1].encode(), plain.hex().encode(), *inner}


def found_in(dumped: bytes, text: str) -> bool:
    return any(disguise in dumped for disguise in disguises(text))


async def test_no_sealed_text_is_in_a_dump_of_the_database(database: str) -> None:
    async with open_engine_on(database) as engine:
        quarter = Quarter(engine)
        await lived(quarter)
        assert await Projector(engine.pool, engine.log, DECIDERS, CODEC).step() > 30
        opener = engine.opener(quarter.organization)
        opened = str(await opener.render(await quarter.plan(quarter.staff[0])))
    for text in (SECRETS[0], *REFLECTED):
        assert text in opened, "the texts can be opened with the keys"
    found = await dump(database)
    for told in (b"RevisionProposed", b"DeadlineExtended", b"Reflected", b"ResultAcknowledged"):
        assert told in found
    for text in (*SECRETS, *WRITTEN, *REFLECTED, EXCUSED, RECEIVED):
        assert not found_in(found, text), text


@pytest.mark.parametrize("text", [SECRETS[0], REFLECTED[1]])
@pytest.mark.parametrize(
    "leak",
    [
        "create table goalcycle.leak as select $1::text as text",
        "create schema aside; create table aside.leak as select jsonb_build_object('a', $1::text) as row",
        "create table public.leak as select convert_to('x' || $1, 'UTF8') as bytes",
        "create table public.leak as select array[convert_to($1, 'UTF8')] as bytes",
        "create table public.leak as select encode(convert_to('xy' || $1, 'UTF8'), 'hex') as text",
        "create table public.leak as select encode(convert_to('x' || $1, 'UTF8'), 'base64') as text",
        "create table public.leak as select encode(convert_to('xy' || $1, 'UTF8'), 'base64') as text",
        "create table public.leak as select encode(convert_to($1 || 'yz', 'UTF8'), 'base64') as text",
    ],
)
async def test_the_search_would_find_one(database: str, leak: str, text: str) -> None:
    owner = await asyncpg.connect(database)
    await owner.execute(leak.replace("$1", f"'{text}'"))
    await owner.close()
    assert found_in(await dump(database), text)


async def test_the_search_finds_a_text_that_was_escaped_for_json(database: str) -> None:
    owner = await asyncpg.connect(database)
    await owner.execute("create table public.leak (row text)")
    await owner.execute("insert into public.leak values ($1)", json.dumps({"why": REFLECTED[1]}))
    await owner.close()
    assert found_in(await dump(database), REFLECTED[1])
