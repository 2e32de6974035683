"""The log in memory: the same behaviour as on Postgres, for unit tests. Nothing of it survives the process."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.decider import Ref
from eventlog.log import NO_EVENTS, AppendRequest, AppendResult, AsOfFutureError, Head, Outcome, Recorded

AHEAD = timedelta(seconds=1)
BEHIND = timedelta(seconds=5)
TICK = timedelta(microseconds=1)
DISTANT_PAST = datetime.min.replace(tzinfo=UTC)


@dataclass
class _Organization:
    simulated: bool
    events: list[Recorded] = field(default_factory=list)
    heads: dict[UUID, Head] = field(default_factory=dict)
    answers: dict[UUID, AppendResult] = field(default_factory=dict)
    disclosures: dict[bytes, tuple[UUID, bytes]] = field(default_factory=dict)
    last_recorded_at: datetime = DISTANT_PAST
    last_at: datetime = DISTANT_PAST


class MemoryLog:
    """Keeps the contract of `eventlog.log.Log`."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._organizations: dict[UUID, _Organization] = {}

    async def append(self, organization: UUID, requests: Sequence[AppendRequest]) -> list[AppendResult]:
        """Append requests, each all or nothing, in order."""
        founding = next((request for request in requests if request.founds), None)
        if founding is not None:
            self._organizations.setdefault(organization, _Organization(founding.simulated))
        found = self._organizations.get(organization)
        if found is None:
            return [AppendResult(Outcome.UNKNOWN_ORGANIZATION) for _ in requests]
        stamp = max(found.last_recorded_at, self._clock())
        known = set(found.answers)
        touched: set[UUID] = set()
        seen: set[UUID] = set()
        results = []
        for request in requests:
            results.append(self._judge(organization, found, request, stamp, known, touched, seen))
            touched |= {append.ref.stream for append in request.appends}
            seen.add(request.command_id)
        if found.simulated:  # the floor as it is after the call, or the caller would fall short of it again
            results = [
                replace(result, floor=found.last_at) if result.outcome is Outcome.SKEWED else result
                for result in results
            ]
        return results

    def _judge(
        self,
        organization: UUID,
        found: _Organization,
        request: AppendRequest,
        stamp: datetime,
        known: set[UUID],
        touched: set[UUID],
        seen: set[UUID],
    ) -> AppendResult:
        if request.command_id in known:
            return found.answers[request.command_id]
        if request.command_id in seen:
            return AppendResult(Outcome.CONFLICT)
        floor = found.last_at if found.simulated else stamp
        ahead = not found.simulated and request.at > stamp + AHEAD
        if ahead or request.at < (floor if found.simulated else floor - BEHIND):
            return AppendResult(Outcome.SKEWED, floor=floor)
        if self._is_stale(found, request, touched):
            return AppendResult(Outcome.CONFLICT)
        return self._write(organization, found, request, stamp)

    def _is_stale(self, found: _Organization, request: AppendRequest, touched: set[UUID]) -> bool:
        for append in request.appends:
            head = found.heads.get(append.ref.stream, NO_EVENTS)
            if append.ref.stream in touched or (head.version, head.hash) != (
                append.expected_version,
                append.expected_hash,
            ):
                return True
        return any(
            read.ref.stream in touched or found.heads.get(read.ref.stream, NO_EVENTS).fact_version != read.fact_version
            for read in request.reads
        )

    def _write(self, organization: UUID, found: _Organization, request: AppendRequest, stamp: datetime) -> AppendResult:
        first = len(found.events) + 1
        versions = []
        for append in request.appends:
            head = found.heads.get(append.ref.stream, NO_EVENTS)
            for event in append.events:
                recorded = Recorded(
                    organization=organization,
                    position=len(found.events) + 1,
                    kind=append.ref.kind,
                    stream=append.ref.stream,
                    version=head.version + 1,
                    type=event.type,
                    schema_version=event.schema_version,
                    fact=event.fact,
                    actor=request.actor,
                    command_id=request.command_id,
                    causation=request.causation,
                    at=request.at,
                    recorded_at=stamp,
                    payload=event.payload,
                    prev_hash=event.prev_hash,
                    hash=event.hash,
                )
                found.events.append(recorded)
                fact_version = recorded.version if recorded.fact else head.fact_version
                head = Head(recorded.version, fact_version, recorded.hash, recorded.at)
            found.heads[append.ref.stream] = head
            versions.append((append.ref.stream, head.version))
        for text in request.disclosures:
            found.disclosures.setdefault(text.commitment, (text.subject, text.sealed))
        found.last_recorded_at = stamp
        found.last_at = max(found.last_at, request.at)
        answer = (first, len(found.events), tuple(versions), request.body_mac)
        found.answers[request.command_id] = AppendResult(Outcome.DUPLICATE, *answer)
        return AppendResult(Outcome.APPENDED, *answer)

    async def read_stream(
        self, organization: UUID, ref: Ref, *, after_version: int = 0, up_to_position: int | None = None
    ) -> list[Recorded]:
        """A stream's events in order of version."""
        return [
            event
            for event in self._events(organization)
            if event.stream == ref.stream
            and event.version > after_version
            and (up_to_position is None or event.position <= up_to_position)
        ]

    async def read_tails(self, organization: UUID, after: Mapping[Ref, int]) -> dict[Ref, list[Recorded]]:
        """The events of several streams beyond a version each; a stream without any is absent."""
        refs, tails = {ref.stream: ref for ref in after}, dict[Ref, list[Recorded]]()
        for event in self._events(organization):
            ref = refs.get(event.stream)
            if ref is not None and event.version > after[ref]:
                tails.setdefault(ref, []).append(event)
        return tails

    async def read_feed(self, organization: UUID, *, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """An organization's events in order of position, without a gap."""
        return self._events(organization)[after : after + limit]

    async def find_command(self, organization: UUID, command_id: UUID) -> AppendResult | None:
        """The first answer to a command id, or None."""
        found = self._organizations.get(organization)
        return None if found is None else found.answers.get(command_id)

    async def last_position(self, organization: UUID) -> int:
        """The organization's last position; 0 where it has no events."""
        return len(self._events(organization))

    async def position_at(self, organization: UUID, instant: datetime) -> int:
        """The last position at an instant, fixed for ever. Raises AsOfFutureError."""
        found = self._organizations.get(organization)
        if found is None:
            return 0
        if instant > (found.last_at if found.simulated else self._clock()):
            raise AsOfFutureError(f"{instant.isoformat()} has not happened yet")
        if found.simulated:
            found.last_at = max(found.last_at, instant + TICK)
            return bisect_right(found.events, instant, key=lambda event: event.at)
        found.last_recorded_at = max(found.last_recorded_at, instant + TICK)
        return bisect_right(found.events, instant, key=lambda event: event.recorded_at)

    async def disclosures(self, organization: UUID, commitments: Sequence[bytes]) -> dict[bytes, tuple[UUID, bytes]]:
        """Subject and encrypted text by commitment; erased ones are absent."""
        found = self._organizations.get(organization)
        kept = found.disclosures if found is not None else {}
        return {commitment: kept[commitment] for commitment in commitments if commitment in kept}

    def _events(self, organization: UUID) -> list[Recorded]:
        found = self._organizations.get(organization)
        return found.events if found is not None else []
