"""No sealed text is anywhere in a dump of the database: not in the log, the read models or the bookkeeping."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from cli.composition import CODEC
from domain.plan.drafting import AcknowledgeAssignment
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.signing import RejectPlan
from domain.plan.tracking import CheckIn
from domain.registry import DECIDERS
from eventlog.projector import Projector
from tests.support.quarter import SECRETS, Quarter, objective, open_engine_on, windows

WRITTEN = ("Too easy by half", "It was nineteen last time", "Two berths were closed", "Harbour Works", "On the board")


async def lived(quarter: Quarter) -> None:
    """A quarter up to track, with a counter-proposal, a rejection and a narrative."""
    await quarter.found()
    await quarter.open(timetable=windows(*(hour * 3600 for hour in range(1, 6))))
    for owner in quarter.staff:
        await quarter.draft(owner)
    owner, ref = quarter.staff[0], quarter.plan_ref(quarter.staff[0])
    goal = next(goal for goal in (await quarter.plan(owner)).goals.values() if goal.definition.kind == "okr")
    raised = objective(30)
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


async def _answer(quarter: Quarter, owner: UUID) -> None:
    """The owner accepts the counter-proposal and acknowledges the KPI."""
    for goal in (await quarter.plan(owner)).goals.values():
        kind = AcceptRevision if goal.definition.kind == "okr" else AcknowledgeAssignment
        await quarter.act(owner, quarter.plan_ref(owner), kind(goal=goal.id, hash=goal.hash))


async def dump(database: str) -> bytes:
    """Every row of every table of the database, as text, with bytes as they are."""
    owner = await asyncpg.connect(database)
    try:
        tables = await owner.fetch(
            """select format('%I.%I', table_schema, table_name) as name from information_schema.tables
               where table_schema in ('goalcycle', 'public') and table_type = 'BASE TABLE'"""
        )
        parts: list[bytes] = []
        for table in tables:
            for row in await owner.fetch(f"select * from {table['name']}"):
                parts += [value if isinstance(value, bytes) else str(value).encode() for value in row.values()]
    finally:
        await owner.close()
    assert len(tables) >= 10
    return b"\n".join(parts)


async def test_no_sealed_text_is_in_a_dump_of_the_database(database: str) -> None:
    async with open_engine_on(database) as engine:
        quarter = Quarter(engine)
        await lived(quarter)
        assert await Projector(engine.pool, engine.log, DECIDERS, CODEC).step() > 30
        opened = await engine.opener(quarter.organization).render(await quarter.plan(quarter.staff[0]))
    assert SECRETS[0] in str(opened), "the texts can be opened with the keys"
    found = await dump(database)
    assert b"RevisionProposed" in found
    for text in (*SECRETS, *WRITTEN):
        assert text.encode() not in found, text


async def test_the_search_would_find_one(database: str) -> None:
    owner = await asyncpg.connect(database)
    await owner.execute("create table goalcycle.leak as select 'Bring the harbour back'::text as text")
    await owner.close()
    assert SECRETS[0].encode() in await dump(database)
