"""The events of a stream up to a moment, told one by one, and the state they lead to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

import cli.replaying.aligning_words
import cli.replaying.measure_words
import cli.replaying.metric_words
import cli.replaying.owning_words
import cli.replaying.talk_words  # noqa: F401 - they bring words to those of `words`
from cli.composition import CODEC, Engine
from cli.replaying.definitions import text
from cli.replaying.finding import Found, NotFoundError
from cli.replaying.standing import goal_standing, plan_standing
from cli.replaying.words import Teller
from domain.decider import Ref
from domain.directory.state import DIRECTORY
from domain.messages import Event
from domain.plan.goal import Goal
from domain.plan.state import PlanState
from eventlog.log import Recorded


@dataclass(frozen=True)
class Told:
    """One event in plain words."""

    position: int
    version: int
    at: datetime
    who: str
    type: str
    allowed_by: str | None
    """The rule that allowed the command; None behind the first event of a step, or before there were rules."""
    words: tuple[str, ...]
    """A clause that goes on from `who`, then details."""


@dataclass(frozen=True)
class Replay:
    """A history and where it leads."""

    found: Found
    position: int
    """As of which position of the organization's log."""
    events: tuple[Told, ...]
    state: dict[str, Any]
    """The stream's, or the goal's, with its texts."""
    standing: tuple[str, ...]
    """The same in plain words; empty for a cycle and a metric."""
    version: int


async def replay(engine: Engine, found: Found, position: int) -> Replay:
    """Tell a stream's history up to a position; with a goal, only the goal's own events.

    Raises:
        NotFoundError: nothing of it had happened by then.
    """
    organization = found.organization
    opener = engine.opener(organization)
    records = await engine.log.read_stream(organization, found.ref, up_to_position=position)
    events: tuple[Event, ...] = await opener.open(tuple(CODEC.decode(record) for record in records))
    directory = await engine.handler.cache.load_at(organization, DIRECTORY, position)
    cached = await engine.handler.cache.load_at(organization, found.ref, position)
    state: BaseModel = cached.state
    teller = Teller(await opener.open(directory.state))
    if isinstance(state, PlanState):
        for metric in state.metrics:
            counted = (await engine.handler.cache.load_at(organization, Ref("metric", metric), position)).state
            teller.titles[metric] = text((await opener.open(counted)).name)
    told = tuple(
        _told(teller, record, event)
        for record, event in zip(records, events, strict=True)
        if found.goal is None or concerns(event, found.goal)
    )
    if not told:
        raise NotFoundError(f"nothing of it had happened by position {position}")
    if found.goal is not None and isinstance(state, PlanState):
        state = state.goal(found.goal)
    opened = await opener.open(state)
    standing: Iterator[str] = iter(())
    if isinstance(opened, PlanState):
        standing = plan_standing(teller, opened)
    elif isinstance(opened, Goal):
        standing = goal_standing(teller, opened)
    return Replay(found, position, told, await opener.render(state), tuple(standing), cached.head.version)


def concerns(event: Event, goal: UUID) -> bool:
    """Whether an event is about a goal; what voids or asks names goals too."""
    return getattr(event, "goal", None) == goal or goal in (getattr(event, "goals", None) or ())


def _told(teller: Teller, record: Recorded, event: Event) -> Told:
    return Told(
        position=record.position,
        version=record.version,
        at=record.at,
        who=teller.name(record.actor),
        type=record.type,
        allowed_by=event.allowed_by,
        words=tuple(teller.tell(event)),
    )
