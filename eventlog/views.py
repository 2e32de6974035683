"""Reading the read models: the board of a cycle, the inbox of what somebody must do, and the children of a goal.

Answers come from the live generation and say up to which position they hold. Plans, goals and cycles themselves are
never answered from here, but from the log.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, cast
from uuid import UUID

from domain.cycle.gates import GATES
from domain.cycle.windows import Phase
from eventlog.projector import Pool

POLL = 0.02
"""Seconds between two looks while waiting for a position."""

CYCLE = """
with live as (select generation from goalcycle.view_generations where state = 'live')
select r.row,
       (select c.position from goalcycle.view_checkpoints c
        where c.generation = live.generation and c.organization = $1) as position,
       (select coalesce(jsonb_object_agg(failing.code, failing.plans), '{}')
        from (select code, count(*) as plans
              from goalcycle.board_rows p, jsonb_array_elements_text(p.row -> 'blocks') code
              where p.generation = live.generation and p.organization = $1 and p.cycle = $2
              group by code) failing) as failing
from goalcycle.cycle_rows r, live
where r.generation = live.generation and r.organization = $1 and r.cycle = $2
"""

PLANS = """
with live as (select generation from goalcycle.view_generations where state = 'live')
select r.plan, r.row from goalcycle.board_rows r, live
where r.generation = live.generation and r.organization = $1 and r.cycle = $2 and ($3::uuid is null or r.plan > $3)
  and ($5::text[] is null or r.row ->> 'unit' = any($5))
  and ($6::text is null or r.row -> 'blocks' ? $6)
order by r.plan limit $4
"""

INBOX = """
with live as (select generation from goalcycle.view_generations where state = 'live')
select r.row from goalcycle.inbox_rows r, live
where r.generation = live.generation and r.organization = $1 and r.person = $2
order by r.due nulls last, r.source, r.item
"""

STANDINGS = """
select s.stream, s.fact_version, s.last_position,
       coalesce((select max(e.version) from goalcycle.events e
                  where e.organization = $1 and e.stream = s.stream and e.actor = $2), 0) as own_version
from goalcycle.streams s
where s.organization = $1 and s.stream = any($3::uuid[])
"""

UNITS = """
with live as (select generation from goalcycle.view_generations where state = 'live')
select r.row ->> 'unit' as unit, count(*) as plans, count(*) filter (where (r.row ->> 'signed')::boolean) as signed,
       count(*) filter (where r.row -> 'blocks' <> '[]') as blocked
from goalcycle.board_rows r, live
where r.generation = live.generation and r.organization = $1 and r.cycle = $2
group by 1 order by 1 nulls last
"""

CHILDREN = """
with live as (select generation from goalcycle.view_generations where state = 'live')
select r.plan, r.edge from goalcycle.alignment_rows r, live
where r.generation = live.generation and r.organization = $1 and r.parent_plan = $2 and r.parent_goal = $3
order by r.plan, r.edge limit $4
"""

METRICS = """
select stream from goalcycle.streams
where organization = $1 and kind = 'metric' and ($2::uuid is null or stream > $2)
order by stream limit $3
"""

RESTING = """
select stream from goalcycle.rests_on
where organization = $1 and upon = $2 and ($3::uuid is null or stream > $3)
order by stream limit $4
"""

POSITION = """
select c.position from goalcycle.view_checkpoints c
join goalcycle.view_generations g on g.generation = c.generation and g.state = 'live'
where c.organization = $1
"""


class Standing(NamedTuple):
    """How far a plan is, and how far somebody's own last act on it was."""

    fact_version: int
    last_position: int
    own_version: int
    """0: they never acted on it."""


class PostgresViews:
    """The read models of one database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def board(
        self,
        organization: UUID,
        cycle: UUID,
        after: str | None,
        limit: int,
        *,
        units: Collection[UUID] | None = None,
        blocks: str | None = None,
    ) -> Mapping[str, Any] | None:
        """A cycle's standing, every check of its present gate with how many plans fail it, how each unit stands, and a
        page of its plans in order of id; None: no such cycle.

        The page has the plans of these units alone, and those that fail this check alone, where one is named.

        Raises ValueError where `after` is not a plan's id.
        """
        # The position is read before the plans: they show at least as much as it promises.
        found = await self._pool.fetchrow(CYCLE, organization, cycle)
        if found is None:
            return None
        wanted = None if units is None else [str(unit) for unit in units]
        last = UUID(after) if after else None
        rows = await self._pool.fetch(PLANS, organization, cycle, last, limit + 1, wanted, blocks)
        standing, failing = json.loads(found["row"]), json.loads(found["failing"])
        page = rows[:limit]
        return {
            "cycle": {
                **standing,
                "gate": [{"check": check, "plans": failing.get(check, 0)} for check in GATES[Phase(standing["phase"])]],
            },
            "units": [dict(row) for row in await self._pool.fetch(UNITS, organization, cycle)],
            "items": [json.loads(row["row"]) for row in page],
            "next": str(page[-1]["plan"]) if len(rows) > limit else None,
            "position": found["position"],
        }

    async def inbox(self, organization: UUID, person: UUID) -> Mapping[str, Any]:
        """What a person must do, the most urgent first."""
        position = await self.position(organization)  # before the rows: they show at least as much as it promises
        rows = await self._pool.fetch(INBOX, organization, person)
        return {"items": [json.loads(row["row"]) for row in rows], "position": position}

    async def standings(self, organization: UUID, person: UUID, plans: Collection[UUID]) -> dict[UUID, Standing]:
        """How far these plans are, and how far somebody's own last act on each was. From the log itself."""
        rows = await self._pool.fetch(STANDINGS, organization, person, list(plans))
        return {row["stream"]: Standing(row["fact_version"], row["last_position"], row["own_version"]) for row in rows}

    async def children(self, organization: UUID, plan: UUID, goal: UUID, limit: int) -> Mapping[str, Any]:
        """The plans and ids of the alignments to a goal, the first so many in order of their ids."""
        position = await self.position(organization)  # before the rows: they show at least as much as it promises
        rows = await self._pool.fetch(CHILDREN, organization, plan, goal, limit)
        return {"items": [(row["plan"], row["edge"]) for row in rows], "position": position}

    async def metrics(self, organization: UUID, after: UUID | None, limit: int) -> list[UUID]:
        """The organization's metrics in order of id, behind one. From the log itself."""
        return [row["stream"] for row in await self._pool.fetch(METRICS, organization, after, limit)]

    async def resting(self, organization: UUID, upon: UUID, after: UUID | None, limit: int) -> list[UUID]:
        """The streams that rest on another, or once did, in order of id, behind one. From the log itself."""
        return [row["stream"] for row in await self._pool.fetch(RESTING, organization, upon, after, limit)]

    async def position(self, organization: UUID) -> int:
        """Up to which position the read models hold."""
        return cast("int", await self._pool.fetchval(POSITION, organization) or 0)

    async def wait_for(self, organization: UUID, position: int, timeout: float) -> bool:  # noqa: ASYNC109
        """Whether the read models have come to a position, waiting at most `timeout` seconds."""
        deadline = asyncio.get_running_loop().time() + timeout
        while await self.position(organization) < position:
            if asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(POLL)
        return True
