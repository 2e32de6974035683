"""What a newer release might have written: well-chained events that this one does not know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from cli.composition import Engine
from domain.decider import Ref
from domain.values import SYSTEM
from eventlog.codec import event_hash, header_bytes
from eventlog.log import AppendRequest, NewEvent, Outcome, StreamAppend
from tests.support.quarter import Quarter


@dataclass(frozen=True)
class Unknown:
    """An event's name and version, and its payload."""

    type: str
    schema_version: int = 1
    payload: bytes = b'{"what":"nobody knows yet"}'


STRANGE = Unknown("FromTheFuture")
NEWER = Unknown("CheckedIn", 99)
GARBLED = Unknown("CheckedIn", 1, b'{"goal":"not-an-id"}')


async def plant(engine: Engine, quarter: Quarter, ref: Ref, event: Unknown) -> int:
    """Append it to a stream as a newer release would, chain and all; returns its position."""
    head = (await engine.handler.cache.refresh(quarter.organization, ref)).head
    command_id, at = uuid4(), datetime.now(UTC)
    header = header_bytes(
        organization=quarter.organization,
        kind=ref.kind,
        stream=ref.stream,
        version=head.version + 1,
        type=event.type,
        schema_version=event.schema_version,
        fact=True,
        actor=SYSTEM,
        command_id=command_id,
        causation=None,
        at=at,
    )
    planted = NewEvent(
        event.type,
        event.schema_version,
        True,
        event.payload,
        head.hash,
        event_hash(head.hash, header, event.payload),
    )
    append = StreamAppend(ref, head.version, head.hash, (planted,), parent=quarter.cycle, next_due=at, due_now=True)
    request = AppendRequest(command_id, bytes(32), SYSTEM, at, (append,))
    (result,) = await engine.log.append(quarter.organization, [request])
    assert result.outcome is Outcome.APPENDED, result
    return result.last_position
