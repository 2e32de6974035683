"""Events as bytes and back, and the hash chain over them.

Invariant: the payload is exactly what was hashed; reading never re-encodes. An old schema version is brought up to
today's by its upcasters before pydantic sees it, so every stored event stays readable for ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from domain.canonical import canonical_bytes
from domain.decider import Ref
from domain.messages import Event
from domain.upcasting import Upcaster
from eventlog.log import NewEvent, Recorded

DOMAIN_TAG = b"goalcycle/event/1"


class UnknownEventError(Exception):
    """The log holds an event type, schema version or payload that this release cannot read. Tells no value of it."""

    def __init__(self, what: str, position: int) -> None:
        super().__init__(f"{what} at position {position} is not known")
        self.position = position


class Codec:
    """Knows every event type and the way from each old schema version to the next."""

    def __init__(
        self, types: Mapping[str, type[Event]], upcasters: Mapping[tuple[str, int], Upcaster] | None = None
    ) -> None:
        self._types = types
        self._upcasters = upcasters or {}

    def decode(self, recorded: Recorded) -> Event:
        """The event of a log record. Raises UnknownEventError."""
        found = self._types.get(recorded.type)
        if found is None:
            raise UnknownEventError(f"event type {recorded.type}", recorded.position)
        try:
            if recorded.schema_version == found.schema_version:
                return found.model_validate_json(recorded.payload)
            value = cast("dict[str, Any]", json.loads(recorded.payload))
            for version in range(recorded.schema_version, found.schema_version):
                step = self._upcasters.get((recorded.type, version))
                if step is None:
                    break
                value = step(value)
            else:
                if recorded.schema_version < found.schema_version:
                    return found.model_validate_json(json.dumps(value))
        except (ValueError, TypeError, LookupError):  # pydantic's error is a ValueError; its message holds values
            raise UnknownEventError(f"this payload of {recorded.type}", recorded.position) from None
        raise UnknownEventError(f"schema version {recorded.schema_version} of {recorded.type}", recorded.position)


def instant_text(instant: datetime) -> str:
    """The one spelling of an instant in a hashed header: UTC, microseconds."""
    return instant.isoformat(timespec="microseconds")[:26] + "Z"


class Header:
    """The canonical header of an event: all that is known before the append and bound by its hash.

    Written out, and what the events of one append share only once, because every field's spelling needs no escaping;
    a test holds it to `canonical_json`.
    """

    __slots__ = ("_first", "_second", "_third")

    def __init__(
        self,
        *,
        organization: UUID,
        kind: str,
        stream: UUID,
        actor: UUID,
        command_id: UUID,
        causation: UUID | None,
        at: datetime,
    ) -> None:
        cause = f'"{causation}"' if causation else "null"
        self._first = (
            f'{{"actor":"{actor}","at":"{instant_text(at)}","causation":{cause},"command_id":"{command_id}","fact":'
        )
        self._second = f',"kind":"{kind}","organization":"{organization}","schema_version":'
        self._third = f',"stream":"{stream}","type":"'

    def of(self, *, version: int, type: str, schema_version: int, fact: bool) -> bytes:
        """The header of one event."""
        told = "true" if fact else "false"
        return f'{self._first}{told}{self._second}{schema_version}{self._third}{type}","version":{version}}}'.encode()


def header_bytes(
    *,
    organization: UUID,
    kind: str,
    stream: UUID,
    version: int,
    type: str,
    schema_version: int,
    fact: bool,
    actor: UUID,
    command_id: UUID,
    causation: UUID | None,
    at: datetime,
) -> bytes:
    """The header of one event by itself."""
    header = Header(
        organization=organization,
        kind=kind,
        stream=stream,
        actor=actor,
        command_id=command_id,
        causation=causation,
        at=at,
    )
    return header.of(version=version, type=type, schema_version=schema_version, fact=fact)


def recorded_header(event: Recorded) -> bytes:
    """The header of an event of the log, made anew: what its hash must be over."""
    return header_bytes(
        organization=event.organization,
        kind=event.kind,
        stream=event.stream,
        version=event.version,
        type=event.type,
        schema_version=event.schema_version,
        fact=event.fact,
        actor=event.actor,
        command_id=event.command_id,
        causation=event.causation,
        at=event.at,
    )


def event_hash(prev_hash: bytes, header: bytes, payload: bytes) -> bytes:
    """SHA-256(domain tag, previous hash, canonical header, SHA-256(payload))."""
    return hashlib.sha256(DOMAIN_TAG + prev_hash + header + hashlib.sha256(payload).digest()).digest()


def chain(
    events: list[Event],
    *,
    organization: UUID,
    ref: Ref,
    after_version: int,
    after_hash: bytes,
    actor: UUID,
    command_id: UUID,
    causation: UUID | None,
    at: datetime,
) -> tuple[NewEvent, ...]:
    """Encode events and hash each onto the one before it."""
    header = Header(
        organization=organization,
        kind=ref.kind,
        stream=ref.stream,
        actor=actor,
        command_id=command_id,
        causation=causation,
        at=at,
    )
    chained: list[NewEvent] = []
    previous = after_hash
    for version, event in enumerate(events, start=after_version + 1):
        name, fact, payload = type(event).__name__, not event.notice, canonical_bytes(event)
        bound = header.of(version=version, type=name, schema_version=event.schema_version, fact=fact)
        current = event_hash(previous, bound, payload)
        chained.append(NewEvent(name, event.schema_version, fact, payload, previous, current))
        previous = current
    return tuple(chained)
