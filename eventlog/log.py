"""What a log is: requests that are appended all or nothing, and events that are read in order.

Two logs keep this contract, the one on Postgres and the one in memory; one behaviour suite holds both to it.

What is made for every command or event here is a plain dataclass that nobody alters: a frozen one takes five times as
long to make.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from domain.decider import Ref
from domain.messages import Kind


@dataclass(slots=True)
class NewEvent:
    """An event ready to be appended: its exact canonical bytes and its place in the chain, computed before the call."""

    type: str
    schema_version: int
    fact: bool
    payload: bytes
    prev_hash: bytes
    hash: bytes


@dataclass(slots=True)
class StreamAppend:
    """New events of one stream, and what the relay must know of the stream after them."""

    ref: Ref
    expected_version: int
    """The stream's version that the decision saw; 0 opens it. The chain's head hash must agree too."""
    expected_hash: bytes
    events: tuple[NewEvent, ...]
    parent: UUID | None = None
    next_due: datetime | None = None
    due_now: bool | None = False
    """A duty is due already: the stream is woken whatever `next_due` was. None: whoever appends this looks at the
    stream again by itself, so it is not woken whatever this says."""
    closed: bool = False
    watching: bool = False
    wakes_parent: bool = False
    wakes_children: bool = False
    rests_on: tuple[UUID, ...] = ()
    """Streams beside this one whose waking facts wake it too, from this append on."""

    @property
    def version(self) -> int:
        """The stream's version after the append."""
        return self.expected_version + len(self.events)

    @property
    def fact_version(self) -> int:
        """The version of the last fact among the new events; 0 where all are notices."""
        for place in range(len(self.events), 0, -1):
            if self.events[place - 1].fact:
                return self.expected_version + place
        return 0


@dataclass(slots=True)
class StreamRead:
    """A stream the decision read, at the version of its last fact."""

    ref: Ref
    fact_version: int


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The encrypted text of a sealed value, written beside the log in the same append."""

    commitment: bytes
    subject: UUID
    sealed: bytes


@dataclass(slots=True)
class AppendRequest:
    """Appends to one or several streams under one command id, all or nothing."""

    command_id: UUID
    body_mac: bytes
    """HMAC of the command's body: the same id with another body is an error. A plain hash would make text guessable."""
    actor: UUID
    at: datetime
    appends: tuple[StreamAppend, ...]
    reads: tuple[StreamRead, ...] = ()
    disclosures: tuple[Disclosure, ...] = ()
    causation: UUID | None = None
    founds: bool = False
    """The first request of an organization: makes its counter row."""
    simulated: bool = False
    """Only with `founds`: the organization's clock is its events' `at`."""


class Outcome(StrEnum):
    """How a request ended."""

    APPENDED = "appended"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    SKEWED = "skewed"
    UNKNOWN_ORGANIZATION = "unknown_organization"


@dataclass(slots=True)
class AppendResult:
    """The answer to one request. A duplicate carries the first answer and the HMAC of the first body."""

    outcome: Outcome
    first_position: int = 0
    last_position: int = 0
    versions: tuple[tuple[UUID, int], ...] = ()
    """Stream and its version after the append."""
    body_mac: bytes = b""
    floor: datetime | None = None
    """With `skewed`: the instant that `at` must not precede (a simulated organization's last `at`), or the database's
    clock."""


class Head(NamedTuple):
    """Where a stream stands."""

    version: int
    fact_version: int
    hash: bytes
    at: datetime | None


EMPTY_HASH = bytes(32)
NO_EVENTS = Head(0, 0, EMPTY_HASH, None)


@dataclass(slots=True)
class Recorded:
    """One event of the log."""

    organization: UUID
    position: int
    kind: Kind
    stream: UUID
    version: int
    type: str
    schema_version: int
    fact: bool
    actor: UUID
    command_id: UUID
    causation: UUID | None
    at: datetime
    recorded_at: datetime
    payload: bytes = field(repr=False)
    prev_hash: bytes = field(repr=False)
    hash: bytes = field(repr=False)


class Log(Protocol):
    """An append-only log of many organizations."""

    async def append(self, organization: UUID, requests: Sequence[AppendRequest]) -> list[AppendResult]:
        """Append requests of one organization in one statement, each all or nothing, in order."""
        ...

    async def read_stream(
        self, organization: UUID, ref: Ref, *, after_version: int = 0, up_to_position: int | None = None
    ) -> list[Recorded]:
        """A stream's events in order of version."""
        ...

    async def read_tails(self, organization: UUID, after: Mapping[Ref, int]) -> dict[Ref, list[Recorded]]:
        """The events of several streams beyond a version each, as of one moment; a stream without any is absent."""
        ...

    async def read_feed(self, organization: UUID, *, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """An organization's events in order of position, without a gap."""
        ...

    async def find_command(self, organization: UUID, command_id: UUID) -> AppendResult | None:
        """The first answer to a command id (outcome `duplicate`), or None."""
        ...

    async def last_position(self, organization: UUID) -> int:
        """The organization's last position; 0 where it has no events."""
        ...

    async def position_at(self, organization: UUID, instant: datetime) -> int:
        """The last position at an instant; fixes it, so that the answer never changes. Raises AsOfFutureError."""
        ...

    async def disclosures(self, organization: UUID, commitments: Sequence[bytes]) -> dict[bytes, tuple[UUID, bytes]]:
        """Subject and encrypted text by commitment; erased ones are absent."""
        ...


class AsOfFutureError(Exception):
    """The instant asked for has not happened yet, so its answer could still change."""
