"""The other side of `replay_vs_eventsourcing`: the `eventsourcing` library, written as its documentation writes it.

An Aggregate with an event class and an `apply` for what more than 90 % of the stream is (check-ins, natively typed:
UUID, Decimal, datetime by its standard transcodings); the goals' own history before them as one class of plain JSON,
which costs it less. Its defaults: JSONTranscoder, the PostgreSQL recorder, no cache and no snapshots (either would
replay nothing), no compression, no encryption.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import asyncpg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate

from domain.messages import Event
from domain.plan.drafting import PlanOpened
from domain.plan.tracking import CheckedIn

SCHEMA = "eventsourcing"


class Plan(Aggregate):
    """A plan's goals, and where they stand."""

    cycle: UUID
    owner: UUID
    goals: dict[UUID, dict[str, Any]]

    class Opened(Aggregate.Created):
        """The plan exists."""

        cycle: UUID
        owner: UUID

    class Told(Aggregate.Event):
        """What happened to a goal before it was tracked."""

        type: str
        content: dict[str, Any]

        def apply(self, aggregate: Plan) -> None:
            """Keep the goal's latest definition."""
            if "goal" in self.content:
                aggregate.goals.setdefault(UUID(self.content["goal"]), {}).update(self.content)

    class CheckedIn(Aggregate.Event):
        """A goal's values were reported."""

        allowed_by: str | None
        goal: UUID
        by: UUID
        readings: list[dict[str, Any]]
        claimed: bool
        confidence: Decimal
        status: str
        narrative: dict[str, Any] | None
        final: bool
        checked_in_at: datetime
        late: bool | None

        def apply(self, aggregate: Plan) -> None:
            """The goal stands where this says."""
            goal = aggregate.goals[self.goal]
            goal.setdefault("readings", {}).update({reading["measure"]: reading for reading in self.readings})
            goal["confidence"] = self.confidence
            goal["status"] = self.status
            goal["final"] = self.final
            goal["checked_in_at"] = self.checked_in_at

    def __init__(self, *, cycle: UUID, owner: UUID) -> None:
        self.cycle = cycle
        self.owner = owner
        self.goals = {}


class Library:
    """Records and folds plans through the library's application."""

    def __init__(self, application: Application[UUID]) -> None:
        self._application = application

    def record(self, plan: UUID, events: Sequence[Event]) -> None:
        """Record our events as the library's."""
        opened = events[0]
        assert isinstance(opened, PlanOpened)
        aggregate: Plan = Plan._create(Plan.Opened, id=plan, cycle=opened.cycle, owner=opened.owner)
        for event in events[1:]:
            if isinstance(event, CheckedIn):
                content = {name: getattr(event, name) for name in type(event).model_fields}
                content["readings"] = [reading.model_dump() for reading in event.readings]
                aggregate.trigger_event(Plan.CheckedIn, **content)
            else:
                content = event.model_dump(mode="json")
                aggregate.trigger_event(Plan.Told, type=type(event).__name__, content=content)
        self._application.save(aggregate)

    def fold(self, plan: UUID) -> int:
        """Fold a plan anew; returns how many events it had."""
        version: int = self._get(plan).version
        return version

    def readings(self, plan: UUID) -> dict[UUID, str]:
        """The last value of each measure."""
        goals = self._get(plan).goals.values()
        return {
            measure: str(reading["value"]) for goal in goals for measure, reading in goal.get("readings", {}).items()
        }

    def _get(self, plan: UUID) -> Plan:
        found: Plan = self._application.repository.get(plan)
        return found


@asynccontextmanager
async def library_on(database_url: str) -> AsyncIterator[Library]:
    """The library in a schema of its own of this database."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(f"create schema {SCHEMA}")
    finally:
        await connection.close()
    address = urlsplit(database_url)
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": address.path.lstrip("/"),
        "POSTGRES_HOST": address.hostname or "",
        "POSTGRES_PORT": str(address.port or 5432),
        "POSTGRES_USER": unquote(address.username or ""),
        "POSTGRES_PASSWORD": unquote(address.password or ""),
        "POSTGRES_SCHEMA": SCHEMA,
    }
    with Application[UUID](env=environment) as application:
        yield Library(application)
