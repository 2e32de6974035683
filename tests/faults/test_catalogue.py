"""What the catalogue says of its faults, and of those that this machine cannot try."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.catalogue import all_faults
from tests.faults.clock_faults import library
from tests.faults.disk_faults import cannot_mount


def test_every_fault_says_what_it_does() -> None:
    faults = all_faults()
    assert {"postgres-cut", "temporal-half-open", "disk-full-wal", "clock-40-days-ahead", "poison-log"} <= set(faults)
    for name, fault in faults.items():
        assert fault.name == name
        assert fault.sentence
        assert not fault.sentence.endswith(".")


def test_without_the_means_a_fault_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tests.faults.clock_faults.PLACES", (str(tmp_path),))
    for remembered in (cannot_mount, library):
        remembered.cache_clear()
    try:
        faults = all_faults()
        assert "mount" in faults["disk-full-data"].unavailable()
        assert "faketime" in faults["clock-hour-ahead"].unavailable()
        assert faults["postgres-cut"].unavailable() == ""
    finally:
        for remembered in (cannot_mount, library):
            remembered.cache_clear()
