"""When a system has recovered: every API answers, wakes are delivered, lists are current, nothing is late."""

from __future__ import annotations

import asyncio
from uuid import UUID

from eventlog.outage import TROUBLE
from tests.faults.clients import Client
from tests.faults.crowd import Crowd
from tests.faults.system import System

LATE_SECONDS = 2.0
"""A duty later than this counts as not yet recovered."""
POLL_SECONDS = 0.05

BEHIND = """
select (select count(*) from goalcycle.streams
         where organization = $1 and wake_position > delivered_position and delivered_position < $2
           and wake_position <= $2) as undelivered,
       (select count(*) from goalcycle.streams
         where organization = $1 and not closed and next_due < now() - make_interval(secs => $3)) as late,
       (select count(*) from goalcycle.view_checkpoints c
          join goalcycle.view_generations g on g.generation = c.generation and g.state = 'live'
         where c.organization = $1 and c.position >= $2) as lists
"""


async def recovered(system: System, crowd: Crowd, prober: Client, within: float, *, silent: str = "") -> bool:
    """Wait until everything serves again, while the clients go on; false: not within so many seconds."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    waiting = {system.url(name) for name in system.names("api") if name != silent}
    while loop.time() - began < within:
        waiting -= {url for url in list(waiting) if await prober.probe(url)}
        if not waiting:
            break
        await asyncio.sleep(POLL_SECONDS)
    else:
        return False
    mark = 0
    while loop.time() - began < within:
        try:
            mark = mark or await system.engine.log.last_position(crowd.ground.organization)
            if await _is_current(system, crowd.ground.organization, mark):
                return True
        except TROUBLE:
            pass  # it is down again, or still
        await asyncio.sleep(POLL_SECONDS)
    return False


async def _is_current(system: System, organization: UUID, mark: int) -> bool:
    row = await system.engine.pool.fetchrow(BEHIND, organization, mark, LATE_SECONDS, timeout=5)
    return row is not None and row["undelivered"] == 0 and row["late"] == 0 and row["lists"] == 1
