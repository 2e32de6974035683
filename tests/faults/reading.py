"""Fetches what the checker judges: Postgres in one snapshot, then Temporal, then the parts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import httpx
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecution, WorkflowHistory
from temporalio.service import RPCError

from eventlog.log import Recorded
from tests.faults.facts import Facts, StreamRow, Stuck, WorkflowFact
from tests.faults.system import System
from workflows.ids import stream_name

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

PAGE = 5_000
POOL_OF_A_PART = 8 + 1
"""Connections that one process may hold: its pool, and the one it appends by."""
IDLE_SECONDS = 5.0
QUERY_SECONDS = 5.0

VIEWS = {
    "cycle_rows": "cycle::text",
    "board_rows": "cycle::text || '/' || plan::text",
    "inbox_rows": "source::text || '/' || person::text || '/' || item",
}
ANSWERS = """
select command_id, position from goalcycle.events
 where organization = $1 and body_mac is not null order by position
"""
SESSIONS = """
select count(*) as connections,
       count(*) filter (where state like 'idle in transaction%' and state_change < now() - make_interval(secs => $1))
           as idle
  from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
"""
LOCKS = """
select count(*) filter (where not granted) as waiting, count(*) filter (where locktype = 'advisory') as advisory
  from pg_locks where pid <> pg_backend_pid()
"""


async def read_facts(system: System, organization: UUID, founded_at: int, *, unanswered: int = 0) -> Facts:
    """One look at everything. May raise what an unreachable Postgres or Temporal raises."""
    async with (
        system.engine.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        now = await connection.fetchval("select clock_timestamp()")
        last = await connection.fetchval(
            "select last_position from goalcycle.organizations where organization = $1", organization
        )
        streams = await _streams(connection, organization)
        answers = await _answers(connection, organization)
        views_position, views = await _views(connection, organization)
        fanouts = await connection.fetchval(
            "select count(*) from goalcycle.fanouts where organization = $1", organization
        )
    async with system.owner() as owner:
        sessions = await owner.fetchrow(SESSIONS, IDLE_SECONDS)
        locks = await owner.fetchrow(LOCKS)
    assert sessions is not None
    assert locks is not None
    parts = sum(name not in ("postgres", "temporal") for name in system.children)
    return Facts(
        organization=organization,
        founded_at=founded_at,
        now=now,
        last_position=last,
        events=await _events(system, organization, last),  # append-only: later, but the same up to `last`
        answers=answers,
        streams=streams,
        views_position=views_position,
        views=views,
        workflows=await running_workflows(system.temporal, organization),
        stuck=Stuck(
            queued=await _queued(system),
            fanouts=fanouts,
            waiting_locks=locks["waiting"],
            idle_transactions=sessions["idle"],
            advisory_locks=locks["advisory"],
            connections=sessions["connections"],
            unanswered=unanswered,
        ),
        connection_bound=(parts + 1) * POOL_OF_A_PART,
    )


async def _events(system: System, organization: UUID, last: int) -> list[Recorded]:
    events: list[Recorded] = []
    while len(events) < last:
        after = events[-1].position if events else 0
        page = await system.engine.log.read_feed(organization, after=after, limit=min(PAGE, last - len(events)))
        if not page:
            break
        events += page
    return events


async def _streams(connection: Connection, organization: UUID) -> dict[UUID, StreamRow]:
    rows = await connection.fetch("select * from goalcycle.streams where organization = $1", organization)
    names = StreamRow.__dataclass_fields__
    return {row["stream"]: StreamRow(**{name: row[name] for name in names}) for row in rows}


async def _answers(connection: Connection, organization: UUID) -> dict[UUID, list[int]]:
    found: dict[UUID, list[int]] = {}
    for row in await connection.fetch(ANSWERS, organization):
        found.setdefault(row["command_id"], []).append(row["position"])
    return found


async def _views(connection: Connection, organization: UUID) -> tuple[int, dict[str, Mapping[str, Any]]]:
    live = await connection.fetchval("select generation from goalcycle.view_generations where state = 'live'")
    position = await connection.fetchval(
        "select position from goalcycle.view_checkpoints where generation = $1 and organization = $2",
        live,
        organization,
    )
    found: dict[str, Mapping[str, Any]] = {}
    for table, key in VIEWS.items():
        rows = await connection.fetch(
            f"select {key} as key, row from goalcycle.{table} where generation = $1 and organization = $2",
            live,
            organization,
        )
        found[table] = {row["key"]: json.loads(row["row"]) for row in rows}
    return position or 0, found


async def running_workflows(client: Client, organization: UUID) -> list[WorkflowFact]:
    """Every running workflow of an organization, with what it has seen and when it wakes."""
    listed = [
        run
        async for run in client.list_workflows("ExecutionStatus = 'Running'")
        if str(stream_name(run.id).organization) == str(organization)
    ]
    gate = asyncio.Semaphore(8)

    async def look(run: WorkflowExecution) -> WorkflowFact:
        async with gate:
            handle = client.get_workflow_handle(run.id, run_id=run.run_id)
            try:
                async with asyncio.timeout(QUERY_SECONDS):
                    said = await handle.query("position")
                    history = await handle.fetch_history()
            except (RPCError, TimeoutError):
                return WorkflowFact(run.id, seen=-1, wakes_at=None)  # it ends just now, or no worker answers for it
            return WorkflowFact(run.id, int(said), wakes_at(history))

    return list(await asyncio.gather(*map(look, listed)))


def wakes_at(history: WorkflowHistory) -> datetime | None:
    """When the earliest timer that is still open fires."""
    open_timers: dict[str, datetime] = {}
    for event in history.events:
        if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
            timer = event.timer_started_event_attributes
            fires = event.event_time.ToDatetime(UTC) + timer.start_to_fire_timeout.ToTimedelta()
            open_timers[timer.timer_id] = fires
        elif event.event_type == EventType.EVENT_TYPE_TIMER_FIRED:
            open_timers.pop(event.timer_fired_event_attributes.timer_id, None)
        elif event.event_type == EventType.EVENT_TYPE_TIMER_CANCELED:
            open_timers.pop(event.timer_canceled_event_attributes.timer_id, None)
    return min(open_timers.values(), default=None)


async def _queued(system: System) -> int:
    """Requests that wait in the append queues of all API processes."""
    queued = 0.0
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        for url in system.api_urls:
            try:
                lines = (await client.get(f"{url}/metrics")).text.splitlines()
            except httpx.HTTPError:
                queued += 1  # nobody says that it is empty
                continue
            queued += sum(float(line.split()[-1]) for line in lines if line.startswith("goalcycle_append_queue_depth"))
    return int(queued)
