"""A decision that no test enforces is an opinion: every record names tests, and they exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECORDS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_names_the_tests_that_enforce_it(record: Path) -> None:
    enforced = record.read_text(encoding="utf-8").partition("**Enforced by**")[2]
    named = re.findall(r"`(tests/[^`]+)`", enforced)
    assert named
    for test in named:
        assert (ROOT / test).exists(), f"{record.name} names {test}, which is not there"
