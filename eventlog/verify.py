"""Proof of the chain: every hash recomputed from the stored bytes, every place in the log accounted for.

Reads the feed once, in order, and keeps one head a stream; trusts nothing but the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from eventlog.codec import event_hash, recorded_header
from eventlog.log import EMPTY_HASH, Log, Recorded

PAGE = 1000


@dataclass(frozen=True)
class ChainReport:
    """What was checked, and the first fault there is."""

    organization: UUID
    events: int
    streams: int
    last_position: int
    fault: str | None = None
    """One sentence with the position; None: order and content hold up to `last_position`."""

    @property
    def holds(self) -> bool:
        """Whether no fault was found."""
        return self.fault is None


@dataclass
class _Head:
    version: int = 0
    hash: bytes = EMPTY_HASH
    at: datetime | None = None


@dataclass
class _Walk:
    position: int = 0
    recorded_at: datetime | None = None
    heads: dict[UUID, _Head] = field(default_factory=dict)

    def fault_of(self, event: Recorded) -> str | None:
        """What is wrong with the next event; otherwise step over it."""
        head = self.heads.setdefault(event.stream, _Head())
        where = f"position {event.position}"
        if event.position != self.position + 1:
            return f"after position {self.position} comes {where}"
        if event.version != head.version + 1:
            return f"{where}: version {event.version} of its stream follows version {head.version}"
        if event.prev_hash != head.hash:
            return f"{where}: it does not continue the chain of its stream"
        if event_hash(event.prev_hash, recorded_header(event), event.payload) != event.hash:
            return f"{where}: its bytes do not have its hash"
        if self.recorded_at is not None and event.recorded_at < self.recorded_at:
            return f"{where}: it was recorded before the event in front of it"
        if head.at is not None and event.at < head.at:
            return f"{where}: it happened before the event in front of it in its stream"
        self.position, self.recorded_at = event.position, event.recorded_at
        head.version, head.hash, head.at = event.version, event.hash, event.at
        return None


async def verify_chain(log: Log, organization: UUID) -> ChainReport:
    """Check an organization's whole log as it stands when the walk begins."""
    target = await log.last_position(organization)
    walk = _Walk()
    fault: str | None = None
    while fault is None and walk.position < target:
        page = await log.read_feed(organization, after=walk.position, limit=min(PAGE, target - walk.position))
        if not page:
            fault = f"the log ends at position {walk.position} and says it has {target}"
        for event in page:
            fault = walk.fault_of(event)
            if fault is not None:
                break
    return ChainReport(organization, walk.position, len(walk.heads), walk.position, fault)
