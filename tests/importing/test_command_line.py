"""`goalcycle import`, `replay` and `verify chain` as a person runs them."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import pytest

from domain.cycle.state import CycleState
from domain.decider import Ref
from tests.importing.imports import engine_on

OUTLINE = (
    "# Plans\n## Win the yards [yard]\nApproach: by listening\n- Orders from 12 to 20 orders\n## B\n- ~~c~~\n- 看板\n"
)


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def object(self) -> Any:
        return json.loads(self.out)


class Terminal:
    """Runs the command on one database."""

    def __init__(self, database: str, home: Path) -> None:
        self.home = home
        self._environment = {
            **os.environ,
            "GOALCYCLE_HOME": str(home / "home"),
            "GOALCYCLE_DATABASE_URL": database,
            "PYTHONUTF8": "1",
        }

    async def run(self, *arguments: object) -> Ran:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "cli.main",
            *(str(argument) for argument in arguments),
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(), err.decode())

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.home / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


@pytest.fixture
def terminal(database: str, tmp_path: Path) -> Terminal:
    return Terminal(database, tmp_path)


async def test_a_file_is_imported_replayed_and_verified(terminal: Terminal) -> None:
    file = terminal.file("plans.md", OUTLINE)
    rehearsed = await terminal.run("import", file, "--dry-run")
    assert rehearsed.code == 0, rehearsed.err
    assert rehearsed.out.startswith("This would be imported (10 events); nothing was changed.")
    assert "Orders (12 to 20 orders)" in rehearsed.out
    assert "two board approvers were added" in rehearsed.err
    assert not (terminal.home / "home" / "keyring").exists()

    done = await terminal.run("import", file, "--json")
    assert done.code == 0, done.err
    report = done.object
    assert report["outcome"] == "appended"
    assert (len(report["owners"]), len(report["goals"]), report["last_position"]) == (2, 2, 10)
    assert report["skipped"] == [{"line": 6, "what": "key_result", "title": "c"}]

    into = ("--organization", report["organization"], "--cycle", report["cycle"])
    again = await terminal.run("import", file, *into, "--json")
    assert (again.code, again.object["outcome"], again.object["last_position"]) == (0, "duplicate", 10)

    goal = report["goals"][0]
    told = await terminal.run("replay", goal["goal"])
    assert told.code == 0, told.err
    assert "First person drafted the goal “Win the yards”" in told.out
    assert "approach: by listening" in told.out
    assert "revision 1, round 0: not proposed yet" in told.out
    assert "opened the plan" not in told.out
    plan = await terminal.run("replay", goal["plan"], "--json", "--organization", report["organization"])
    assert [event["type"] for event in plan.object["events"]] == ["PlanOpened", "GoalDrafted"]
    first = plan.object["events"][0]["position"]
    before = await terminal.run("replay", goal["plan"], "--json", "--as-of", first)
    assert [event["type"] for event in before.object["events"]] == ["PlanOpened"]
    assert before.object["state"]["goals"] == {}
    long_ago = await terminal.run("replay", goal["plan"], "--as-of", "2020-01-01T00:00:00Z")
    assert (long_ago.code, long_ago.err) == (1, "goalcycle: nothing of it had happened by position 0\n")
    for moment in ("2999-01-01T00:00:00Z", "999999", "yesterday", "2027-01-01T00:00:00"):
        assert (await terminal.run("replay", goal["plan"], "--as-of", moment)).code == 2

    allowed = await terminal.run("verify", "rules")
    assert allowed.code == 0, allowed
    assert "commands allowed by the rules they name" in allowed.out
    checked = await terminal.run("verify", "chain")
    assert checked.code == 0
    assert (
        checked.out == f"{report['organization']}: order and content checked to position 10 (10 events in 4 streams)\n"
    )


async def test_a_broken_file_is_told_by_line_with_its_own_exit_code(terminal: Terminal, database: str) -> None:
    file = terminal.file("broken.md", "# T\n## \n- x\n## B\n- [P0]\n")
    for more in ([], ["--dry-run"]):
        refused = await terminal.run("import", file, *more)
        assert refused.code == 2
        assert f"{file}:2: import.no_title: " in refused.err
        assert f"{file}:5: import.no_title: " in refused.err
        assert refused.out == ""
    bytes_ = terminal.file("bytes.md", b"# T\n## \xff\n")
    refused = await terminal.run("import", bytes_, "--json")
    assert refused.code == 2
    assert [(one["line"], one["code"]) for one in refused.object["problems"]] == [(2, "import.not_utf8")]
    connection = await asyncpg.connect(database)
    try:
        assert await connection.fetchval("select count(*) from goalcycle.events") == 0
    finally:
        await connection.close()


async def test_a_refusal_of_the_domain_is_told_by_line_and_leaves_no_key(terminal: Terminal) -> None:
    file = terminal.file("plans.md", OUTLINE)
    directory = terminal.file("who.toml", "[organization]\nname = 'O'\n[people.ada]\nname = 'Ada'\n")
    for more in ([], ["--dry-run"]):
        refused = await terminal.run("import", file, "--directory", directory, *more)
        assert refused.code == 1
        assert f"{file}:2: cycle.no_approver: Nobody is left to sign" in refused.err
    assert not (terminal.home / "home" / "keyring").exists()
    directory.write_text("[organization]\nname = 'O'\n[people.ada]\nname = 'Ada'\nmanager = 'x'\n", encoding="utf-8")
    refused = await terminal.run("import", file, "--directory", directory)
    assert refused.code == 2
    assert f"{directory}:3: directory.unknown: " in refused.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--cycle", "0f3a5c9e-0000-4000-8000-0000000000d1"),
        ("--period", "sometime"),
        ("--windows", "{}{"),
        ("--windows", '{"draft": 5}'),
    ],
)
async def test_called_wrongly_is_exit_code_2(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    ran = await terminal.run("import", terminal.file("plans.md", OUTLINE), *arguments)
    assert ran.code == 2
    assert "Usage: goalcycle import" in ran.err


async def test_what_is_not_there_cannot_be_replayed(terminal: Terminal) -> None:
    unknown = await terminal.run("replay", "0f3a5c9e-0000-4000-8000-0000000000e1")
    assert (unknown.code, unknown.err) == (
        1,
        "goalcycle: there is no plan or goal 0f3a5c9e-0000-4000-8000-0000000000e1\n",
    )


async def test_an_altered_event_breaks_the_chain_with_exit_code_1(terminal: Terminal, database: str) -> None:
    assert (await terminal.run("verify", "chain")).out == "there is no organization yet: nothing to check\n"
    report = (await terminal.run("import", terminal.file("plans.md", OUTLINE), "--json")).object
    connection = await asyncpg.connect(database)
    try:
        # What only a superuser can do: the tables' owner would be stopped by the triggers.
        await connection.execute("set session_replication_role = replica")
        await connection.execute(
            "update goalcycle.events set payload = convert_to("
            "replace(convert_from(payload, 'UTF8'), 'aspirational', 'committed'), 'UTF8') where position = 10"
        )
    finally:
        await connection.close()
    broken = await terminal.run("verify", "chain", "--json", "--organization", report["organization"])
    assert broken.code == 1
    (found,) = broken.object["organizations"]
    assert found["fault"] == "position 10: its bytes do not have its hash"
    assert found["last_position"] == 9
    assert "BROKEN: position 10" in (await terminal.run("verify", "chain")).out
    assert (await terminal.run("verify", "chain", "--organization", "somebody")).code == 2


async def test_r2_2_a_cycle_is_opened_by_the_days_of_a_site(terminal: Terminal, database: str) -> None:
    """By its key in the file that founds the organization, and by its name when the log has it."""
    directory = terminal.file(
        "who.toml",
        '[organization]\nname = "O"\nzone = "Europe/Amsterdam"\n'
        '[sites.ningbo]\nname = "Ningbo 宁波"\nzone = "Asia/Shanghai"\n'
        '[people.a]\nname = "A"\nroles = ["board_approver"]\n[people.b]\nname = "B"\nroles = ["board_approver"]\n'
        '[people.c]\nname = "C"\nmanager = "a"\n',
    )
    goals = terminal.file("goals.md", "# Q\n## Win [c]\nApproach: x\n- Do it\n")
    unknown = await terminal.run("import", goals, "--directory", directory, "--site", "Ghent")
    assert (unknown.code, "no site, or several" in unknown.err) == (2, True)
    founding = ("import", goals, "--directory", directory, "--site", "Ningbo", "--period", "2099-Q1", "--json")
    founded = (await terminal.run(*founding)).object
    into = ("--organization", founded["organization"])
    named = ("import", goals, *into, "--directory", directory, "--period", "2099-Q2", "--json")
    later = (await terminal.run(*named, "--site", "ningbo 宁波")).object
    assert (await terminal.run("import", goals, *into, "--cycle", later["cycle"], "--site", "ningbo")).code == 2
    own = (await terminal.run("import", goals, *into, "--directory", directory, "--period", "2099-Q3", "--json")).object
    async with engine_on(database, terminal.home / "home") as engine:
        opened: list[tuple[bool, datetime]] = []
        for report in (founded, later, own):
            ref = Ref("cycle", UUID(report["cycle"]))
            cycle: CycleState = (await engine.handler.cache.refresh(UUID(report["organization"]), ref)).state
            assert cycle.period is not None
            opened.append((cycle.site is not None, cycle.period.starts))
    assert opened == [
        (True, datetime(2098, 12, 31, 16, tzinfo=UTC)),
        (True, datetime(2099, 3, 31, 16, tzinfo=UTC)),
        (False, datetime(2099, 6, 30, 22, tzinfo=UTC)),
    ]
