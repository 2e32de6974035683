"""The header of an event is written out by hand; it is canonical JSON all the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.canonical import canonical_json
from domain.registry import EVENTS
from eventlog.codec import header_bytes, instant_text

INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2999, 12, 31), timezones=st.just(UTC))
HEADERS = st.fixed_dictionaries(
    {
        "organization": st.uuids(),
        "kind": st.sampled_from(["directory", "cycle", "plan", "metric"]),
        "stream": st.uuids(),
        "version": st.integers(1, 2**62),
        "type": st.sampled_from(sorted(EVENTS)),
        "schema_version": st.integers(1, 99),
        "fact": st.booleans(),
        "actor": st.uuids(),
        "command_id": st.uuids(),
        "causation": st.none() | st.uuids(),
        "at": INSTANTS,
    }
)


@given(HEADERS)
def test_a_header_is_canonical_json(header: dict[str, object]) -> None:
    written = header_bytes(**header)  # type: ignore[arg-type]
    plain = {
        name: str(value) if isinstance(value, UUID) else instant_text(value) if isinstance(value, datetime) else value
        for name, value in header.items()
    }
    assert json.loads(written) == plain
    assert written == canonical_json(plain)


@given(INSTANTS)
def test_an_instant_has_one_spelling(instant: datetime) -> None:
    assert datetime.strptime(instant_text(instant), "%Y-%m-%dT%H:%M:%S.%f%z") == instant
    assert len(instant_text(instant)) == len("2026-10-10T09:00:00.000000Z")
