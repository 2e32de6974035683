"""Reading the read models: the board of a cycle, and the inbox of what somebody must do.

Answers come from the live generation and say up to which position they hold. Plans, goals and cycles themselves are
never answered from here, but from the log.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from domain.board import GATES
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
order by r.plan limit $4
"""

INBOX = """
with live as (select generation from goalcycle.view_generations where state = 'live')
select r.row from goalcycle.inbox_rows r, live
where r.generation = live.generation and r.organization = $1 and r.person = $2
order by r.due nulls last, r.source, r.item
"""

POSITION = """
select c.position from goalcycle.view_checkpoints c
join goalcycle.view_generations g on g.generation = c.generation and g.state = 'live'
where c.organization = $1
"""


class PostgresViews:
    """The read models of one database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def board(self, organization: UUID, cycle: UUID, after: str | None, limit: int) -> Mapping[str, Any] | None:
        """A cycle's standing, every check of its present gate with how many plans fail it, and a page of its plans in
        order of id; None: no such cycle.

        Raises ValueError where `after` is not a plan's id.
        """
        # The position is read before the plans: they show at least as much as it promises.
        found = await self._pool.fetchrow(CYCLE, organization, cycle)
        if found is None:
            return None
        rows = await self._pool.fetch(PLANS, organization, cycle, UUID(after) if after else None, limit + 1)
        standing, failing = json.loads(found["row"]), json.loads(found["failing"])
        page = rows[:limit]
        return {
            "cycle": {
                **standing,
                "gate": [{"check": check, "plans": failing.get(check, 0)} for check in GATES[Phase(standing["phase"])]],
            },
            "items": [json.loads(row["row"]) for row in page],
            "next": str(page[-1]["plan"]) if len(rows) > limit else None,
            "position": found["position"],
        }

    async def inbox(self, organization: UUID, person: UUID) -> Mapping[str, Any]:
        """What a person must do, the most urgent first."""
        position = await self.position(organization)  # before the rows: they show at least as much as it promises
        rows = await self._pool.fetch(INBOX, organization, person)
        return {"items": [json.loads(row["row"]) for row in rows], "position": position}

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
