"""Which stream an id belongs to, and which moment `--as-of` names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from cli.composition import Engine
from domain.decider import Ref
from domain.values import Instant
from eventlog.log import AsOfFutureError

_STREAMS = """
select organization, kind from goalcycle.streams
where stream = $1 and kind in ('plan', 'cycle', 'metric') and ($2::uuid is null or organization = $2)
"""
# No index knows goals: this is a person's question at a terminal, and it reads the first events of goals only.
_GOALS = """
select distinct organization, stream from goalcycle.events
where type in ('GoalDrafted', 'GoalAssigned') and ($2::uuid is null or organization = $2)
  and convert_from(payload, 'UTF8')::jsonb ->> 'goal' = $1::uuid::text
"""
LONG = 120.0
"""Seconds that looking through a large log may take."""
_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


class NotFoundError(Exception):
    """There is no plan or goal of this id, or more than one organization has it."""


class MomentError(ValueError):
    """What was given is no moment of the log's past."""


@dataclass(frozen=True)
class Found:
    """The stream to replay; with a goal, only what concerns it."""

    organization: UUID
    ref: Ref
    goal: UUID | None = None


async def find(engine: Engine, id: UUID, organization: UUID | None) -> Found:
    """The plan, cycle, metric or goal of an id. Raises NotFoundError."""
    streams = [
        Found(row["organization"], Ref(row["kind"], id)) for row in await engine.pool.fetch(_STREAMS, id, organization)
    ]
    goals = [
        Found(row["organization"], Ref("plan", row["stream"]), id)
        for row in (() if streams else await engine.pool.fetch(_GOALS, id, organization, timeout=LONG))
    ]
    match [*streams, *goals]:
        case [found]:
            return found
        case []:
            raise NotFoundError(f"there is no plan or goal {id}" + (" in this organization" if organization else ""))
        case _:
            raise NotFoundError(f"several organizations have {id}: name one with --organization")


async def position_of(engine: Engine, organization: UUID, as_of: str | None) -> int:
    """The last position at a moment: a position, or an RFC 3339 instant with its offset. Raises MomentError."""
    last = await engine.log.last_position(organization)
    if as_of is None:
        return last
    if as_of.isascii() and as_of.isdigit():
        if int(as_of) > last:
            raise MomentError(f"the log ends at position {last}")
        return int(as_of)
    try:
        return await engine.log.position_at(organization, _INSTANT.validate_python(as_of if "T" in as_of else None))
    except ValidationError:
        raise MomentError("a moment is a position, or an instant such as 2027-01-31T16:00:00+08:00") from None
    except AsOfFutureError:
        raise MomentError("this instant has not happened yet") from None
