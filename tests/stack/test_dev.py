"""`goalcycle dev` as a person runs it: a process of its own, stopped by signals, killed, started again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
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
        self.process.send_signal(number)  # harmless when it has ended
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def tree(self) -> "Tree":
        return descendants(self.process.pid)


Tree = dict[int, str]
"""Processes by id, each with the instant of its start, since ids are given out again."""


@pytest.fixture
def home(open_folder: Path) -> Path:
    return open_folder / f"dev-{uuid4().hex}"


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., Dev]]:
    """Starts `goalcycle dev` in the test's home; what the test leaves running is killed after it."""
    started: list[Dev] = []

    def run(*arguments: str, **environment: str) -> Dev:
        started.append(Dev(home, *arguments, **environment))
        return started[-1]

    yield run
    for dev in started:
        dev.end(signal.SIGKILL)


def processes() -> dict[int, tuple[int, str, str]]:
    """Every living process: its parent, the instant of its start, its command."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, parent, *rest = entry.joinpath("stat").read_text().rpartition(") ")[2].split()
            if state not in "ZX":
                found[int(entry.name)] = (int(parent), rest[17], entry.joinpath("cmdline").read_text())
    return found


def descendants(ancestor: int) -> Tree:
    """Children, and their children, of a process."""
    everybody = processes()
    found: Tree = {}
    grown = {ancestor}
    while grown:
        grown = {pid for pid, (parent, _, _) in everybody.items() if parent in grown}
        found |= {pid: everybody[pid][1] for pid in grown}
    return found


def left_after(tree: Tree, seconds: float) -> Tree:
    """Those of the tree that still live after so many seconds; returns early when none does."""
    deadline = time.monotonic() + seconds
    while True:
        everybody = processes()
        left = {pid: began for pid, began in tree.items() if pid in everybody and everybody[pid][1] == began}
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.02)


def test_sigkill_leaves_no_child_and_the_next_start_resumes(start: Callable[..., Dev], home: Path) -> None:
    dev = start(*SERVERS)
    first = dev.serving()
    tree = dev.tree()
    assert len(tree) > 3  # Temporal, the postmaster and its own children
    dev.end(signal.SIGKILL)
    assert left_after(tree, 2.0) == {}

    again = time.monotonic()
    dev = start(*SERVERS)
    second = dev.serving()
    assert time.monotonic() - again < 5
    assert {key: second[key] for key in ("postgres", "temporal", "temporal_ui")} == {
        key: first[key] for key in ("postgres", "temporal", "temporal_ui")
    }
    assert dev.end(signal.SIGTERM) == 0


async def test_what_was_written_survives_a_restart(start: Callable[..., Dev], home: Path) -> None:
    dev = start("--part", "postgres")
    dev.serving()
    url = Settings(home=home, database_url=None).require_database_url()
    connection = await asyncpg.connect(url)
    await connection.execute("create table kept (n int); insert into kept values (7)")
    await connection.close()
    assert dev.end(signal.SIGINT) == 0

    dev = start("--part", "postgres")
    dev.serving()
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("select n from kept") == 7
    await connection.close()
    dev.end(signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_in_reverse_order(start: Callable[..., Dev], home: Path, number: signal.Signals) -> None:
    dev = start(*SERVERS)
    dev.serving()
    tree = dev.tree()
    assert dev.end(number) == 0
    assert left_after(tree, 0) == {}
    said = dev.errors.read_text().splitlines()
    assert [line for line in said if "stopping" in line] == ["temporal stopping", "postgres stopping"]


def test_a_signal_during_the_start_leaves_nothing(start: Callable[..., Dev], home: Path) -> None:
    dev = start(*SERVERS)
    deadline = time.monotonic() + 20
    while not any("server" in command and str(home) in command for _, _, command in processes().values()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    tree = dev.tree()
    assert tree
    dev.end(signal.SIGTERM)
    assert left_after(tree, 0) == {}


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ("GOALCYCLE_API_PORT", "api"),
        ("GOALCYCLE_POSTGRES_PORT", "postgres"),
        ("GOALCYCLE_TEMPORAL_PORT", "temporal"),
        ("GOALCYCLE_TEMPORAL_UI_PORT", "temporal"),
    ],
)
def test_a_taken_port_is_one_clear_line(start: Callable[..., Dev], home: Path, setting: str, part: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        dev = start("--part", part, **{setting: port})
        assert dev.process.communicate(timeout=30)[0] == ""
    assert dev.process.returncode == 3
    assert dev.errors.read_text().splitlines() == [
        f"goalcycle: port {port} on 127.0.0.1 is taken by another program: set {setting} to a free port"
    ]


def test_a_missing_program_is_one_clear_line(start: Callable[..., Dev], home: Path) -> None:
    dev = start("--part", "temporal", GOALCYCLE_TEMPORAL_BIN="/nowhere/temporal")
    assert dev.process.communicate(timeout=30)[0] == ""
    assert dev.process.returncode == 3
    assert dev.errors.read_text().splitlines() == [
        "goalcycle: no program at GOALCYCLE_TEMPORAL_BIN=/nowhere/temporal: unset it or name another"
    ]
