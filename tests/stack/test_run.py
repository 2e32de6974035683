"""`goalcycle run PART` as a process: it serves, shows that it lives, and ends cleanly on a signal."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.heartbeat import STALE_SECONDS, is_beating
from cli.main import cli
from cli.stack.own import environment_of
from eventlog.settings import Settings

# The relay's place is taken by a trivial part: what is tested is the running, not what runs.
TRIVIAL = """
import asyncio, json, sys, types
from cli import parts
async def serve(settings):
    print(json.dumps({"ready": "relay", "home": str(settings.home)}), flush=True)
    %s
trivial = types.ModuleType("trivial")
trivial.serve = serve
sys.modules["trivial"] = trivial
parts.PARTS["relay"] = "trivial:serve"
from cli.main import main
main()
"""


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = run("await asyncio.Event().wait()", tmp_path)
    yield process
    process.kill()
    process.communicate()


def run(body: str, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", TRIVIAL % body, "run", "relay"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "GOALCYCLE_HOME": str(home)},
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_part_serves_until_a_signal(relay: subprocess.Popen[str], tmp_path: Path, number: signal.Signals) -> None:
    assert relay.stdout is not None
    assert json.loads(relay.stdout.readline()) == {"ready": "relay", "home": str(tmp_path)}
    assert is_beating(Settings(home=tmp_path), "relay")
    relay.send_signal(number)
    _, errors = relay.communicate(timeout=20)
    assert (relay.returncode, errors) == (0, "")


def test_a_part_that_fails_says_why(tmp_path: Path) -> None:
    process = run("raise RuntimeError('the reason')", tmp_path)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "RuntimeError: the reason" in errors


def test_a_loop_that_stands_still_is_ill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOALCYCLE_HOME", str(tmp_path))
    beat = tmp_path / "health" / "relay"
    assert CliRunner().invoke(cli, ["health", "relay"]).exit_code == 1
    beat.parent.mkdir()
    beat.touch()
    assert CliRunner().invoke(cli, ["health", "relay"]).exit_code == 0
    old = beat.stat().st_mtime - STALE_SECONDS - 1
    os.utime(beat, (old, old))
    result = CliRunner().invoke(cli, ["health", "relay", "--json"])
    assert (result.exit_code, json.loads(result.stdout)) == (1, {"part": "relay", "healthy": False})


def test_an_api_that_is_not_there_is_ill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOALCYCLE_API_PORT", "1")
    assert CliRunner().invoke(cli, ["health", "api"]).exit_code == 1


def test_a_child_reads_the_settings_of_the_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.model_validate(
        {
            "home": tmp_path,
            "api_port": 8099,
            "log_format": "json",
            "keyring": tmp_path / "keys",
            "temporal_args": ("--log-format", "json"),
            "database_url": "postgresql://owner:secret@elsewhere/db",
        }
    )
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings
