"""Requests made by hand, for tests that talk to the log itself without any rule in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from domain.decider import Ref
from domain.messages import Event
from eventlog.codec import chain
from eventlog.log import NO_EVENTS, AppendRequest, AppendResult, Head, Log, Outcome, Recorded, StreamAppend, StreamRead


class Noted(Event):
    """A fact."""

    number: int = 0


class Told(Event):
    """A notice."""

    notice: ClassVar[bool] = True


def plan(stream: UUID | None = None) -> Ref:
    return Ref("plan", stream or uuid4())


@dataclass
class Writer:
    """Somebody who knows where the streams of an organization stand, as far as was told."""

    organization: UUID = field(default_factory=uuid4)
    heads: dict[Ref, Head] = field(default_factory=dict)

    def request(
        self,
        writes: Mapping[Ref, Sequence[Event]],
        *,
        reads: Sequence[Ref] = (),
        at: datetime | None = None,
        command_id: UUID | None = None,
        body: bytes = b"body",
        streams: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> AppendRequest:
        """A request on the heads known; `streams` holds what the relay must know of every stream written."""
        command_id, at, actor = command_id or uuid4(), at or datetime.now(UTC), uuid4()
        return AppendRequest(
            command_id=command_id,
            body_mac=body.ljust(32, b"."),
            actor=actor,
            at=at,
            appends=tuple(
                StreamAppend(
                    ref,
                    self.head(ref).version,
                    self.head(ref).hash,
                    chain(
                        list(events),
                        organization=self.organization,
                        ref=ref,
                        after_version=self.head(ref).version,
                        after_hash=self.head(ref).hash,
                        actor=actor,
                        command_id=command_id,
                        causation=more.get("causation"),
                        at=at,
                    ),
                    **(streams or {}),
                )
                for ref, events in writes.items()
            ),
            reads=tuple(StreamRead(ref, self.head(ref).fact_version) for ref in reads),
            **more,
        )

    def head(self, ref: Ref) -> Head:
        return self.heads.get(ref, NO_EVENTS)

    def wrote(self, request: AppendRequest) -> None:
        """The request was appended: the streams stand further on."""
        for append in request.appends:
            facts = [append.expected_version + n for n, event in enumerate(append.events, start=1) if event.fact]
            self.heads[append.ref] = Head(
                append.expected_version + len(append.events),
                facts[-1] if facts else self.head(append.ref).fact_version,
                append.events[-1].hash,
                request.at,
            )

    async def found(self, log: Log, *, simulated: bool = False, at: datetime | None = None) -> Ref:
        """Make the organization; the stream that opened it."""
        ref = Ref("directory", UUID(int=0))
        request = self.request({ref: [Noted()]}, founds=True, simulated=simulated, at=at)
        assert (await self.append(log, request)).outcome is Outcome.APPENDED
        return ref

    async def append(self, log: Log, request: AppendRequest) -> AppendResult:
        """Append one request, and remember where its streams stand."""
        (result,) = await log.append(self.organization, [request])
        if result.outcome is Outcome.APPENDED:
            self.wrote(request)
        return result

    async def look(self, log: Log, ref: Ref) -> None:
        """Learn where a stream stands from its events."""
        self.heads[ref] = head_of(await log.read_stream(self.organization, ref))


def head_of(events: Sequence[Recorded]) -> Head:
    """Where a stream with these events stands."""
    facts = [event.version for event in events if event.fact]
    if not events:
        return NO_EVENTS
    return Head(events[-1].version, facts[-1] if facts else 0, events[-1].hash, events[-1].at)


def poisoned(request: AppendRequest) -> AppendRequest:
    """The same request with a payload that the database refuses to hold."""
    append = request.appends[0]
    return replace(request, appends=(replace(append, events=(replace(append.events[0], payload=b""),)),))
