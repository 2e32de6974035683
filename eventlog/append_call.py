"""The call of `goalcycle.append`: requests as its parallel arrays, and its answers as results."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any
from uuid import UUID

from eventlog.log import AppendRequest, AppendResult, NewEvent, Outcome, StreamAppend

OUTCOMES = {outcome.value: outcome for outcome in Outcome}

APPEND = """
select outcomes, firsts, floor from goalcycle.append(
    $1, $2, $3, $4,
    $5::uuid[], $6::bytea[], $7::uuid[], $8::uuid[], $9::timestamptz[], $10::int[], $11::int[],
    $12::int[], $13::uuid[], $14::text[], $15::bigint[], $16::bytea[], $17::bigint[], $18::bigint[], $19::bytea[],
    $20::int[], $21::uuid[], $22::timestamptz[], $23::boolean[], $24::boolean[], $25::boolean[], $26::boolean[],
    $27::boolean[],
    $28::int[], $29::uuid[], $30::bigint[],
    $31::int[], $32::int[], $33::uuid[], $34::text[], $35::bigint[], $36::text[], $37::int[], $38::boolean[],
    $39::bytea[], $40::bytea[], $41::bytea[],
    $42::int[], $43::bytea[], $44::uuid[], $45::bytea[],
    $46::uuid[])
"""


def arguments(organization: UUID, requests: Sequence[AppendRequest]) -> list[Any]:
    """The parallel arrays of `goalcycle.append`, requests numbered from 1, places in a request from 0."""
    appends: list[tuple[int, int, StreamAppend]] = []
    events: list[tuple[int, int, StreamAppend, int, NewEvent]] = []
    counts: list[int] = []
    for number, request in enumerate(requests, start=1):
        place = 0
        for append in request.appends:
            for version, event in enumerate(append.events, start=append.expected_version + 1):
                events.append((number, place, append, version, event))
                place += 1
            appends.append((number, place - 1, append))
        counts.append(place)
    reads = [(number, read) for number, request in enumerate(requests, start=1) for read in request.reads]
    texts = [(number, text) for number, request in enumerate(requests, start=1) for text in request.disclosures]
    return [
        organization,
        any(request.founds for request in requests),
        any(request.simulated for request in requests),
        _apart(requests),
        [request.command_id for request in requests],
        [request.body_mac for request in requests],
        [request.actor for request in requests],
        [request.causation for request in requests],
        [request.at for request in requests],
        counts,
        [before - count for before, count in zip(accumulate(counts), counts, strict=True)],
        [number for number, _, _ in appends],
        [append.ref.stream for _, _, append in appends],
        [append.ref.kind for _, _, append in appends],
        [append.expected_version for _, _, append in appends],
        [append.expected_hash for _, _, append in appends],
        [append.version for _, _, append in appends],
        [append.fact_version for _, _, append in appends],
        [append.events[-1].hash for _, _, append in appends],
        [place for _, place, _ in appends],
        [append.parent for _, _, append in appends],
        [append.next_due for _, _, append in appends],
        [append.due_now for _, _, append in appends],
        [append.closed for _, _, append in appends],
        [append.watching for _, _, append in appends],
        [append.wakes_parent for _, _, append in appends],
        [append.wakes_children for _, _, append in appends],
        [number for number, _ in reads],
        [read.ref.stream for _, read in reads],
        [read.fact_version for _, read in reads],
        [number for number, _, _, _, _ in events],
        [place for _, place, _, _, _ in events],
        [append.ref.stream for _, _, append, _, _ in events],
        [append.ref.kind for _, _, append, _, _ in events],
        [version for _, _, _, version, _ in events],
        [event.type for _, _, _, _, event in events],
        [event.schema_version for _, _, _, _, event in events],
        [event.fact for _, _, _, _, event in events],
        [event.payload for _, _, _, _, event in events],
        [event.prev_hash for _, _, _, _, event in events],
        [event.hash for _, _, _, _, event in events],
        [number for number, _ in texts],
        [text.commitment for _, text in texts],
        [text.subject for _, text in texts],
        [text.sealed for _, text in texts],
        [part for _, _, append in appends for upon in append.rests_on for part in (append.ref.stream, upon)],
    ]


def _apart(requests: Sequence[AppendRequest]) -> bool:
    """Whether no request has to do with another: no command or stream occurs twice, none is read and appended to."""
    commands = {request.command_id for request in requests}
    written = [append.ref.stream for request in requests for append in request.appends]
    streams = set(written)
    return (
        len(commands) == len(requests)
        and len(streams) == len(written)
        and streams.isdisjoint([read.ref.stream for request in requests for read in request.reads])
    )


def appended(request: AppendRequest, first: int) -> AppendResult:
    """The answer to a request that was appended from this position on."""
    events = sum(len(append.events) for append in request.appends)
    versions = tuple((append.ref.stream, append.version) for append in request.appends)
    return AppendResult(Outcome.APPENDED, first, first + events - 1, versions, request.body_mac)
