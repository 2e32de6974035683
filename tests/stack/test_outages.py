"""What keeps a command from its database or its Temporal is one line that says what mends it, not a traceback."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

CLOSED = "127.0.0.1:1"


def told(*arguments: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "write postgresql://"),
        ("postgresql://a:secret-word@nobody.invalid/x", "host name is not known"),
        (f"postgresql://a:secret-word@{CLOSED}/x", "does not answer"),
    ],
)
def test_a_database_that_cannot_be_reached(url: str, sentence: str, tmp_path: Path) -> None:
    code, said = told("migrate", GOALCYCLE_DATABASE_URL=url, GOALCYCLE_HOME=str(tmp_path))
    assert (code, said.count("\n")) == (3, 1), said
    assert sentence in said
    assert "secret-word" not in said


def test_a_database_that_is_not_there_and_an_account_that_is_not(database: str, tmp_path: Path) -> None:
    there = urlsplit(database)
    code, said = told("run", "relay", GOALCYCLE_DATABASE_URL=there._replace(path="/nowhere").geturl())
    assert (code, said) == (
        3,
        "goalcycle: the server has no such database: create it, or correct GOALCYCLE_DATABASE_URL\n",
    )
    stranger = there._replace(netloc=f"nobody-here:secret-word@{there.hostname}:{there.port}").geturl()
    code, said = told("verify", "chain", GOALCYCLE_DATABASE_URL=stranger, GOALCYCLE_HOME=str(tmp_path))
    assert (code, said.count("\n")) == (3, 1), said
    assert "refuses the account" in said
    assert "secret-word" not in said


def test_a_database_without_tables(database: str, tmp_path: Path) -> None:
    empty = urlsplit(database)._replace(path="/postgres").geturl()
    code, said = told("verify", "chain", GOALCYCLE_DATABASE_URL=empty, GOALCYCLE_HOME=str(tmp_path))
    assert (code, said.count("\n")) == (3, 1), said
    assert "`goalcycle migrate`" in said


@pytest.mark.parametrize("words", [("worker", "status"), ("worker", "promote"), ("rebuild", "workflows", "--restart")])
def test_a_temporal_that_is_away_is_not_waited_for(words: tuple[str, ...], tmp_path: Path) -> None:
    code, said = told(*words, TEMPORAL_ADDRESS=CLOSED, GOALCYCLE_WORKER_DEPLOYMENT="site", GOALCYCLE_HOME=str(tmp_path))
    assert (code, said.count("\n")) == (3, 1), said
    assert "does not answer" in said


@pytest.mark.parametrize(
    ("part", "setting"),
    [
        ("relay", "GOALCYCLE_RELAY_METRICS_PORT"),
        ("worker", "GOALCYCLE_TEMPORAL_METRICS_PORT"),
        ("api", "GOALCYCLE_API_PORT"),
    ],
)
def test_a_port_that_another_program_has(
    part: str, setting: str, database: str, temporal_server: str, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("t" * 64)
    (tmp_path / "token").chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as other:
        code, said = told(
            *("run", part),
            **{setting: str(other.getsockname()[1]), "GOALCYCLE_TOKEN_SECRET_FILE": str(tmp_path / "token")},
            GOALCYCLE_DATABASE_URL=database,
            GOALCYCLE_HOME=str(tmp_path),
            TEMPORAL_ADDRESS=temporal_server,
        )
    assert (code, said.count("\n")) == (3, 1), said
    assert "METRICS_PORT move" in said
