"""One value, one byte string (RFC 8785), and one spelling of numbers and instants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from domain.canonical import canonical_json, content_hash
from domain.values import Instant, Number
from tests.support.sampling import sample

keys = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126))
texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
leaves = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=12)


@sample(30)
@given(values)
def test_our_bytes_are_rfc_8785(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("written", "one"),
    [("1.0", "1"), ("1e3", "1000"), ("-0", "0"), ("0.500", "0.5"), ("100", "100"), ("0.0000001", "0.0000001")],
)
def test_a_number_has_one_spelling(written: str, one: str) -> None:
    number: TypeAdapter[Any] = TypeAdapter(Number)
    assert number.dump_json(number.validate_python(written)) == f'"{one}"'.encode()


@pytest.mark.parametrize("written", ["NaN", "Infinity", "1e30", "0.0000000001", "x"])
def test_a_number_is_exact_and_bounded(written: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Number).validate_python(written)


def test_an_instant_is_in_utc_and_has_a_zone() -> None:
    instant: TypeAdapter[Any] = TypeAdapter(Instant)
    shanghai = datetime(2027, 3, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    assert instant.validate_python(shanghai) == datetime(2027, 3, 1, tzinfo=UTC)
    assert instant.dump_json(instant.validate_python(shanghai)) == b'"2027-03-01T00:00:00Z"'
    with pytest.raises(ValidationError):
        instant.validate_python(datetime(2027, 3, 1))


@sample(30)
@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_two_lists_of_parts_never_share_a_hash(one: list[bytes], two: list[bytes]) -> None:
    assert (content_hash("t", *one) == content_hash("t", *two)) == (one == two)
