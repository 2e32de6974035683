"""`goalcycle doctor` finds what is wrong and says what mends it."""

import json
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner

from cli.main import cli


@pytest.fixture(autouse=True)
def _home(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOALCYCLE_HOME", str(open_folder / "doctor"))
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("GOALCYCLE_API_PORT", str(probe.getsockname()[1]))


def test_a_healthy_machine() -> None:
    result = CliRunner().invoke(cli, ["doctor", "--json"])
    assert json.loads(result.stdout)["healthy"] is True
    assert result.exit_code == 0


def test_an_open_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = tmp_path / "keyring"
    keyring.mkdir(mode=0o755)
    monkeypatch.setenv("GOALCYCLE_KEYRING", str(keyring))
    result = CliRunner().invoke(cli, ["doctor", "--json"])
    assert result.exit_code == 1
    wrong = [finding for finding in json.loads(result.stdout)["findings"] if not finding["ok"]]
    assert [(finding["code"], finding["mend"]) for finding in wrong] == [("secret.open", f"`chmod 700 {keyring}`")]


def test_a_taken_port_and_a_missing_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOALCYCLE_TEMPORAL_BIN", str(tmp_path / "nowhere"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("GOALCYCLE_API_PORT", str(other.getsockname()[1]))
        result = CliRunner().invoke(cli, ["doctor"])
    assert result.exit_code == 1
    assert "WRONG  temporal.program: no program at GOALCYCLE_TEMPORAL_BIN" in result.stdout
    assert "WRONG  port.taken: " in result.stdout
    assert "mend: set GOALCYCLE_API_PORT to a free port" in result.stdout


class AnotherHomesApi(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status": "live"}')


def test_the_api_of_another_home_is_in_the_way_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOALCYCLE_HOME", str(tmp_path / "home"))
    with ThreadingHTTPServer(("127.0.0.1", 0), AnotherHomesApi) as other:
        serving = Thread(target=other.serve_forever)
        serving.start()
        monkeypatch.setenv("GOALCYCLE_API_PORT", str(other.server_port))
        result = CliRunner().invoke(cli, ["doctor"])
        other.shutdown()
        serving.join()
    assert "WRONG  port.taken: " in result.stdout


def test_a_folder_that_the_account_may_not_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("GOALCYCLE_HOME", str(closed / "home"))
    result = CliRunner().invoke(cli, ["doctor"])
    assert "WRONG  postgres.account: " in result.stdout
    assert "mend: `chmod o+x " in result.stdout
