"""Settings come from the environment, then from secret files, and default to what the local stack remembers."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from eventlog.settings import NotConfigured, Settings, settings_errors

PASSWORD = "pass-word-of-the-test"


def remember(home: Path, **ports: int) -> None:
    (home / "secrets").mkdir()
    (home / "secrets" / "postgres").write_text(PASSWORD)
    (home / "ports.json").write_text(json.dumps(ports))


def test_without_a_stack_and_a_setting_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    settings = Settings(home=tmp_path)
    with pytest.raises(NotConfigured, match="GOALCYCLE_DATABASE_URL"):
        settings.require_database_url()
    with pytest.raises(NotConfigured, match="TEMPORAL_ADDRESS"):
        settings.temporal_connect_config()


def test_what_the_local_stack_remembers_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    remember(tmp_path, postgres=5444, temporal=7244)
    settings = Settings(home=tmp_path)
    assert settings.require_database_url() == f"postgresql://goalcycle:{PASSWORD}@127.0.0.1:5444/goalcycle"
    assert settings.temporal_connect_config() == {"target_host": "127.0.0.1:7244", "namespace": "default"}


def test_the_environment_points_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remember(tmp_path, postgres=5444, temporal=7244)
    monkeypatch.setenv("GOALCYCLE_HOME", str(tmp_path))
    monkeypatch.setenv("GOALCYCLE_DATABASE_URL", "postgresql://elsewhere/db")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "goals")
    settings = Settings()
    assert settings.require_database_url() == "postgresql://elsewhere/db"
    assert settings.temporal_connect_config() == {"target_host": "temporal.example:7233", "namespace": "goals"}


def test_a_secret_file_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "goalcycle_database_url").write_text("postgresql://from-a-file/db\n")
    (tmp_path / "token").write_text("somebody else's")
    assert Settings(_secrets_dir=tmp_path).require_database_url() == "postgresql://from-a-file/db"
    monkeypatch.setenv("GOALCYCLE_DATABASE_URL", "postgresql://from-the-environment/db")
    assert Settings(_secrets_dir=tmp_path).require_database_url() == "postgresql://from-the-environment/db"


def test_the_password_is_not_in_what_is_printed() -> None:
    settings = Settings.model_validate({"database_url": f"postgresql://goalcycle:{PASSWORD}@host/db"})
    assert PASSWORD not in repr(settings)
    assert PASSWORD not in settings.model_dump_json()


def test_a_wrong_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOALCYCLE_API_PORT", "the-value")
    with pytest.raises(ValidationError) as caught:
        Settings()
    lines = settings_errors(caught.value)
    assert lines is not None
    assert lines[0].startswith("GOALCYCLE_API_PORT: ")
    assert "the-value" not in lines[0]
