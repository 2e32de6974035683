"""The one activity: append an event of a plan to Postgres, at most once a version."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import asyncpg
from temporalio import activity

TABLE = """
create table if not exists public.textbook_events (
    plan uuid not null, version bigint not null, kind text not null, actor uuid not null,
    at timestamptz not null default clock_timestamp(), content jsonb not null, primary key (plan, version))
"""
INSERT = """
insert into public.textbook_events (plan, version, kind, actor, content) values ($1, $2, $3, $4, $5)
on conflict do nothing
"""

_pools: list[asyncpg.Pool[asyncpg.Record]] = []


@dataclass
class PlanEvent:
    """What happened to a plan."""

    plan: str
    version: int
    kind: str
    actor: str
    content: dict[str, Any]


async def open_pool(database_url: str) -> None:
    """The worker's connections: as many as it may run activities that Postgres could serve at once."""
    pool = await asyncpg.create_pool(database_url, min_size=4, max_size=32)
    await pool.execute(TABLE)
    _pools.append(pool)


@activity.defn
async def append_event(event: PlanEvent) -> None:
    """Append; a retry after a lost answer finds its row and changes nothing."""
    await _pools[-1].execute(INSERT, event.plan, event.version, event.kind, event.actor, json.dumps(event.content))
