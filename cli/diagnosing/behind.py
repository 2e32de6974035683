"""What lies behind the log: relay and read models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from cli.composition import CODEC
from cli.diagnosing.finding import Fault, Outcome
from domain.registry import DECIDERS
from eventlog.log import Log
from eventlog.outage import PASSING
from eventlog.projector import BEHIND, Pool, Projector
from eventlog.standing import standing

PATIENCE = 3.0
"""Seconds in which a part that works gets on with what lies before it."""
LOOK = 0.2

AHEAD = """
select c.organization from goalcycle.view_checkpoints c
  join goalcycle.view_generations g on g.generation = c.generation and g.state = 'live'
  left join goalcycle.organizations o using (organization)
 where c.position > coalesce(o.last_position, 0)
"""

SHOWN = """
select coalesce(max(c.position), 0) from goalcycle.view_checkpoints c
  join goalcycle.view_generations g on g.generation = c.generation and g.state = 'live'
 where c.organization = $1
"""

Number = TypeVar("Number", int, float)


async def relay(pool: Pool) -> Outcome:
    """Whether what woke is told."""

    async def waiting() -> int:
        found = await standing(pool)
        return found.undelivered + found.fanouts

    left = await _standing_still(waiting)
    if left:
        mend = "`goalcycle run relay`; where it runs, its log says why"
        return [Fault("relay.behind", f"{left} streams wait to be told what happened, and nobody tells them", mend)]
    return "every workflow is told what happened"


async def duties(pool: Pool) -> Outcome:
    """Whether something is overdue."""
    overdue = (await standing(pool)).overdue
    if overdue:
        mend = "`goalcycle run worker`; where one runs, `goalcycle rebuild workflows`"
        return [Fault("duties.overdue", f"{overdue} open streams owe a duty for more than a minute", mend)]
    return "nothing is overdue"


async def views(pool: Pool, log: Log) -> Outcome:
    """Whether the read models show what the log holds."""
    ahead = await pool.fetch(AHEAD)
    if ahead:
        what = f"{len(ahead)} organizations, such as {ahead[0]['organization']}, are shown further than their log goes"
        return [Fault("views.ahead", what, "`goalcycle rebuild views`")]

    async def missing() -> int:
        return (await standing(pool)).unprojected

    left = await _standing_still(missing)
    if not left:
        return "boards and inboxes show everything"
    stopped = await _stopped(pool, log)
    return stopped or [
        Fault(
            "projection.behind",
            f"{left} events are not shown in boards and inboxes, and nobody applies them",
            "`goalcycle run projector`",
        )
    ]


async def _stopped(pool: Pool, log: Log) -> list[Fault]:
    """The organizations whose next events cannot be applied: the projector's own work, tried and taken back."""
    faults = []
    for row in await pool.fetch(BEHIND, None):
        organization = row["organization"]
        async with pool.acquire() as connection:
            attempt = connection.transaction()
            await attempt.start()
            try:
                await Projector(_Rehearsal(connection), log, DECIDERS, CODEC).apply(organization)  # type: ignore[arg-type]
            except PASSING:
                raise
            except Exception as error:
                # Whatever it is, the projector meets it too; its words may hold a text.
                shown = await pool.fetchval(SHOWN, organization)
                what = f"organization {organization} stands still after position {shown} ({type(error).__name__})"
                mend = "install the release that wrote this event, then `goalcycle rebuild views`"
                faults.append(Fault("projection.stopped", what, mend))
            finally:
                await attempt.rollback()
    return faults


class _Rehearsal:
    """Looks like a pool, and has one connection, in whose transaction everything stays."""

    def __init__(self, connection: object) -> None:
        self._connection = connection

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[object]:
        """The one connection."""
        yield self._connection


async def _standing_still(look: Callable[[], Awaitable[Number]]) -> Number:
    """What is left after a while in which nothing got less; 0 as soon as nothing is left."""
    loop = asyncio.get_running_loop()
    least = await look()
    until = loop.time() + PATIENCE
    while least and loop.time() < until:
        await asyncio.sleep(LOOK)
        now = await look()
        if now < least:
            least, until = now, loop.time() + PATIENCE
    return least
