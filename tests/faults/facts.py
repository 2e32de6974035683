"""What the checker judges: one look at Postgres, Temporal and the parts, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.decider import Ref
from domain.messages import Kind
from eventlog.log import AsOfFutureError, Recorded


@dataclass(frozen=True)
class StreamRow:
    """Where the log and the relay say that a stream stands."""

    kind: Kind
    version: int
    fact_version: int
    hash: bytes
    last_position: int
    next_due: datetime | None
    wake_position: int
    delivered_position: int
    closed: bool


@dataclass(frozen=True)
class WorkflowFact:
    """A workflow that runs."""

    workflow: str
    seen: int
    """The position that it says it has seen."""
    wakes_at: datetime | None
    """When the earliest of its timers fires; None: it has none."""


@dataclass(frozen=True)
class Stuck:
    """What must be empty when all is quiet."""

    queued: int = 0
    """Requests in the APIs' append queues."""
    fanouts: int = 0
    waiting_locks: int = 0
    idle_transactions: int = 0
    """Sessions that hold a transaction open for seconds while they do nothing."""
    advisory_locks: int = 0
    connections: int = 0
    unanswered: int = 0
    """API processes that did not acknowledge a command."""


@dataclass(frozen=True)
class Facts:
    """One organization, at one moment. `events`, rows and views are of one snapshot; workflows were seen after it."""

    organization: UUID
    founded_at: int
    """The last position written before the run."""
    now: datetime
    """The database's clock."""
    last_position: int
    events: Sequence[Recorded]
    answers: Mapping[UUID, Sequence[int]]
    """Positions at which the log begins its answer to each command id: where a command's HMAC stands."""
    streams: Mapping[UUID, StreamRow]
    views_position: int
    views: Mapping[str, Mapping[str, Any]]
    """Rows of the read models by table and key."""
    workflows: Sequence[WorkflowFact]
    """Every running workflow of the organization; a second one of the same id would be there twice."""
    stuck: Stuck = field(default_factory=Stuck)
    connection_bound: int = 200


class RecordedLog:
    """The log as the facts hold it, for whatever reads a log."""

    def __init__(self, events: Sequence[Recorded], last_position: int) -> None:
        self._events = events
        self._last = last_position

    async def read_feed(self, organization: UUID, *, after: int = 0, limit: int = 1000) -> list[Recorded]:
        del organization
        found = [event for event in self._events if event.position > after]
        return found[:limit]

    async def read_stream(
        self, organization: UUID, ref: Ref, *, after_version: int = 0, up_to_position: int | None = None
    ) -> list[Recorded]:
        del organization
        return [
            event
            for event in self._events
            if event.stream == ref.stream
            and event.version > after_version
            and (up_to_position is None or event.position <= up_to_position)
        ]

    async def read_tails(self, organization: UUID, after: Mapping[Ref, int]) -> dict[Ref, list[Recorded]]:
        found = {ref: await self.read_stream(organization, ref, after_version=seen) for ref, seen in after.items()}
        return {ref: tail for ref, tail in found.items() if tail}

    async def last_position(self, organization: UUID) -> int:
        del organization
        return self._last

    async def append(self, organization: UUID, requests: Sequence[Any]) -> list[Any]:
        raise NotImplementedError("what is recorded is only read")

    async def find_command(self, organization: UUID, command_id: UUID) -> Any:
        raise NotImplementedError("commands are facts of their own")

    async def position_at(self, organization: UUID, instant: datetime) -> int:
        raise AsOfFutureError("nobody asks for instants here")

    async def disclosures(self, organization: UUID, commitments: Sequence[bytes]) -> dict[bytes, tuple[UUID, bytes]]:
        return {}
