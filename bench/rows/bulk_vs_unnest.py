"""`bulk_vs_unnest`: many events a command against the plainest set-based INSERT.

Ours: `CommandHandler.execute` of one command that leads to 200 events: decide, canonical bytes, hash, evolve; one
append. 4 clients at once, each on a stream of its own. No command of today's domain leads to so many, so it is
this row's own, as plain as an import of a metric's readings would be (bench/readings.py). The figure `check_ins`
is an order of 200 CheckIn commands to one plan, all or nothing under one command id: 200 times the real rules.
Theirs: a prepared `insert … select unnest` of 200 ready rows, autocommit, into a plain table with the log's columns and
the log's two keys; 4 clients, each on an asyncpg connection of its own. The rows are what our side wrote.
Both sides run in this process, on the same event loop. Figures are events a second.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from bench.clients import Step, steps_taken
from bench.quarter import Quarter, check_in
from bench.readings import handler_with_readings, import_of
from bench.rounds import Row, Sample, Side, rates, rounds
from bench.stage import Stage
from domain.decider import Ref
from eventlog.handler import Answer, CommandHandler, Order
from eventlog.handler import Step as OrderStep

NAME = "bulk_vs_unnest"
CLIENTS = 4
TINY: dict[str, int] = {}
EVENTS = 200

TABLE = """
create table public.plain_log (like goalcycle.events, primary key (organization, stream, version));
create sequence public.plain_log_position;
alter table public.plain_log add unique (organization, position),
    alter column position set default nextval('public.plain_log_position');
"""

INSERT = """
insert into public.plain_log (
    organization, kind, stream, version, type, schema_version, fact, actor, command_id, at, recorded_at,
    payload, prev_hash, hash)
select $1, kind, $2, $3 + row_number() over (), type, schema_version, fact, actor, command_id, at, recorded_at,
       payload, prev_hash, hash
from unnest($4::text[], $5::text[], $6::int[], $7::boolean[], $8::uuid[], $9::uuid[], $10::timestamptz[],
            $11::timestamptz[], $12::bytea[], $13::bytea[], $14::bytea[])
    as ready (kind, type, schema_version, fact, actor, command_id, at, recorded_at, payload, prev_hash, hash)
"""
COLUMNS = (
    *("kind", "type", "schema_version", "fact", "actor", "command_id", "at", "recorded_at"),
    *("payload", "prev_hash", "hash"),
)


async def measure(stage: Stage, count: int, seconds: float) -> list[Row]:
    """Events a second."""
    async with stage.site() as site, site.engine() as engine:
        quarter = Quarter(engine)
        await quarter.track(CLIENTS)
        handler = handler_with_readings(engine)
        imports = [_import(quarter, handler) for _ in range(CLIENTS)]
        await imports[0]()
        theirs = Unnest(site.database_url, await _ready(site.database_url, quarter))
        pairs = await rounds(_side(imports), theirs, count=count, seconds=seconds)
        check_ins = [_check_ins(quarter, owner) for owner in quarter.owners]
        more = await rounds(_side(check_ins), theirs, count=count, seconds=seconds)
    return [Row(NAME, rates(pairs), {"check_ins": rates(more)})]


def _side(steps: list[Step]) -> Side:
    async def side(seconds: float) -> Sample:
        return await steps_taken(seconds, steps, things=EVENTS)

    return side


def _import(quarter: Quarter, handler: CommandHandler) -> Step:
    steps = (OrderStep(Ref("metric", uuid4()), import_of(EVENTS)),)

    async def step() -> None:
        _require_all(await handler.execute(Order(quarter.organization, quarter.lead, uuid4(), steps, body=b"bench")))

    return step


def _check_ins(quarter: Quarter, owner: UUID) -> Step:
    async def step() -> None:
        plan = await quarter.plan(owner)
        reports = [check_in(plan, number) for number in range(EVENTS)]
        _require_all(await quarter.act(owner, quarter.plan_ref(owner), *reports))

    return step


def _require_all(answer: Answer) -> None:
    assert answer.outcome == "appended"
    assert answer.last_position - answer.first_position == EVENTS - 1


async def _ready(database_url: str, quarter: Quarter) -> list[list[Any]]:
    """The columns of the events that one command of ours wrote."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(TABLE)
        rows = await connection.fetch(
            "select * from goalcycle.events where organization = $1 order by position desc limit $2",
            quarter.organization,
            EVENTS,
        )
        return [[row[column] for row in rows] for column in COLUMNS]
    finally:
        await connection.close()


class Unnest:
    """Clients of the plain statement."""

    def __init__(self, database_url: str, columns: list[list[Any]]) -> None:
        self._database_url = database_url
        self._columns = columns

    async def __call__(self, seconds: float) -> Sample:
        async with AsyncExitStack() as stack:
            steps: list[Step] = []
            for _ in range(CLIENTS):
                connection = await asyncpg.connect(self._database_url)
                stack.push_async_callback(connection.close)
                steps.append(self._step(await connection.prepare(INSERT)))
            return await steps_taken(seconds, steps, things=EVENTS)

    def _step(self, insert: asyncpg.prepared_stmt.PreparedStatement[asyncpg.Record]) -> Step:
        organization, stream, version = uuid4(), uuid4(), 0

        async def step() -> None:
            nonlocal version
            await insert.fetch(organization, stream, version, *self._columns)
            version += EVENTS

        return step
