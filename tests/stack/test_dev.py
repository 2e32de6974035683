"""`goalcycle dev` as a person runs it: a process of its own, stopped by signals, killed, started again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from eventlog.settings import Settings

SERVERS = ("--part", "postgres", "--part", "temporal")


class Dev:
    """A running `goalcycle dev`."""

    def __init__(self, home: Path, *arguments: str, **environment: str) -> None:
        self.errors = home.parent / f"{home.name}.{uuid4().hex}.err"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "dev", "--json", *arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "GOALCYCLE_HOME": str(home), **environment},
            )

    def serving(self) -> dict[str, object]:
        """Its one line of output, printed when every part serves."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.errors.read_text()
        said: dict[str, object] = json.loads(line)
        return said

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture
def home(open_folder: Path) -> Iterator[Path]:
    folder = open_folder / f"dev-{uuid4().hex}"
    yield folder
    for pid in processes_of(folder):  # only after a failure: nothing outlives a test
        os.kill(pid, signal.SIGKILL)


def processes_of(home: Path) -> list[int]:
    """All living processes that work in this home: servers by their arguments, their children by their folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            living = entry.joinpath("stat").read_text().rpartition(") ")[2][0] not in "ZX"
            where = f"{entry.joinpath('cmdline').read_bytes()!r} {entry.joinpath('cwd').readlink()}"
        except (FileNotFoundError, ProcessLookupError):
            continue
        if living and str(home) in where:
            found.append(int(entry.name))
    return found


def gone_within(home: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while processes_of(home):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_sigkill_leaves_no_child_and_the_next_start_resumes(home: Path) -> None:
    dev = Dev(home, *SERVERS)
    first = dev.serving()
    assert len(processes_of(home)) > 3  # Temporal, the postmaster and its own children
    dev.end(signal.SIGKILL)
    assert gone_within(home, 2.0), processes_of(home)

    again = time.monotonic()
    dev = Dev(home, *SERVERS)
    second = dev.serving()
    assert time.monotonic() - again < 5
    assert {key: second[key] for key in ("postgres", "temporal", "temporal_ui")} == {
        key: first[key] for key in ("postgres", "temporal", "temporal_ui")
    }
    assert dev.end(signal.SIGTERM) == 0


async def test_what_was_written_survives_a_restart(home: Path) -> None:
    dev = Dev(home, "--part", "postgres")
    dev.serving()
    url = Settings(home=home, database_url=None).require_database_url()
    connection = await asyncpg.connect(url)
    await connection.execute("create table kept (n int); insert into kept values (7)")
    await connection.close()
    assert dev.end(signal.SIGINT) == 0

    dev = Dev(home, "--part", "postgres")
    dev.serving()
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("select n from kept") == 7
    await connection.close()
    dev.end(signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_in_reverse_order(home: Path, number: signal.Signals) -> None:
    dev = Dev(home, *SERVERS)
    dev.serving()
    assert dev.end(number) == 0
    assert processes_of(home) == []
    said = dev.errors.read_text().splitlines()
    assert [line for line in said if "stopping" in line] == ["temporal stopping", "postgres stopping"]


def test_a_signal_during_the_start_leaves_nothing(home: Path) -> None:
    dev = Dev(home, *SERVERS)
    deadline = time.monotonic() + 20
    while not processes_of(home):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    dev.end(signal.SIGTERM)
    assert gone_within(home, 5.0)


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ("GOALCYCLE_API_PORT", "api"),
        ("GOALCYCLE_POSTGRES_PORT", "postgres"),
        ("GOALCYCLE_TEMPORAL_PORT", "temporal"),
        ("GOALCYCLE_TEMPORAL_UI_PORT", "temporal"),
    ],
)
def test_a_taken_port_is_one_clear_line(home: Path, setting: str, part: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        dev = Dev(home, "--part", part, **{setting: port})
        assert dev.process.communicate(timeout=30)[0] == ""
    assert dev.process.returncode == 3
    assert dev.errors.read_text().splitlines() == [
        f"goalcycle: port {port} on 127.0.0.1 is taken by another program: set {setting} to a free port"
    ]


def test_a_missing_program_is_one_clear_line(home: Path) -> None:
    dev = Dev(home, "--part", "temporal", GOALCYCLE_TEMPORAL_BIN="/nowhere/temporal")
    assert dev.process.communicate(timeout=30)[0] == ""
    assert dev.process.returncode == 3
    assert dev.errors.read_text().splitlines() == [
        "goalcycle: no program at GOALCYCLE_TEMPORAL_BIN=/nowhere/temporal: unset it or name another"
    ]
