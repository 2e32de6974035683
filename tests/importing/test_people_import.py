"""`goalcycle people import` and `export` as a person runs them, on the real log."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from cli.importing import read_directory, run_import
from cli.people.reading import read_one, read_tables
from cli.people.running import import_people, open_directory
from cli.people.table import PEOPLE, TEAMS
from cli.tables import TableError
from domain.directory.founding import FirstPerson, FoundOrganization
from domain.directory.state import DIRECTORY
from domain.problems import DomainError
from eventlog.orders import Order, Step
from tests.importing.imports import ORGANIZATION, engine_on, plan_for
from tests.importing.test_command_line import Terminal
from tests.support.given import LEAD

HARBOUR = Path(__file__).resolve().parents[2] / "examples" / "harbour"
PEOPLE_CSV = "key,name,manager,team,roles\nlin,Lin Wei,,,admin\nb,Bo Lund,lin,yard,\nc,Chen Jie,b,yard,board_approver\n"
TEAMS_CSV = "key,name,lead\nyard,Shipyard,b\n"


async def found(database: str, home: Path) -> None:
    async with engine_on(database, home / "home") as engine:
        founding = FoundOrganization(name="Harbour", first_person=FirstPerson(id=LEAD, name="Lin Wei"))
        step = Step(DIRECTORY, founding)
        await engine.handler.execute(Order(ORGANIZATION, LEAD, uuid4(), (step,), b"founding"))


@pytest.fixture
def terminal(database: str, tmp_path: Path) -> Terminal:
    return Terminal(database, tmp_path)


async def test_people_are_shown_imported_once_and_exported_again(
    database: str, tmp_path: Path, terminal: Terminal
) -> None:
    await found(database, tmp_path)
    staff, crews = terminal.file("people.csv", PEOPLE_CSV.replace("lin,Lin", ",Lin").replace("lin", "Lin Wei")), None
    crews = terminal.file("teams.csv", TEAMS_CSV)
    asked = ("people", "import", staff, "--teams", crews, "--organization", ORGANIZATION)
    shown = await terminal.run(*asked, "--dry-run")
    assert (shown.code, shown.err) == (0, "")
    assert "+ Bo Lund (person added)   row 3" in shown.out
    assert "      manager: none -> Bo Lund" in shown.out
    assert "people: 2 added, 0 changed, 0 returned, 0 left, 1 untouched; teams: 1 added or changed" in shown.out
    done = await terminal.run(*asked, "--json")
    assert (done.code, done.object["outcome"], done.object["events"]) == (0, "appended", 4)
    again = await terminal.run(*asked)
    assert again.out.strip() == "Nothing is different; nothing was changed."

    book = terminal.home / "out.xlsx"
    written = await terminal.run("people", "export", book, "--organization", ORGANIZATION)
    assert written.err.strip() == "3 people, 1 teams"
    assert [row.of("name") for row in read_tables(book.read_bytes())[PEOPLE].rows] == ["Lin Wei", "Bo Lund", "Chen Jie"]
    same = await terminal.run("people", "import", book, "--organization", ORGANIZATION)
    assert (same.code, same.out) == (0, again.out)

    wrong = terminal.file("wrong.csv", "name,manager\nLin Wei,Chen Jie\nBo Lund,Chen Jie\n")
    refused = await terminal.run("people", "import", wrong, "--organization", ORGANIZATION)
    assert refused.code == 1
    assert f"{wrong}:2: manager: directory.line_circle: This would make a circle in the reporting line." in refused.err
    broken = terminal.file("broken.csv", "name,manager\nLin Wei,Nobody\n")
    called = await terminal.run("people", "import", broken, "--organization", ORGANIZATION)
    assert (called.code, called.err.split(": ")[2]) == (2, "people.person_unknown")


async def test_the_example_tables_fit_the_example_directory(database: str, tmp_path: Path) -> None:
    """Keys name the same people in TOML and CSV."""
    toml = read_directory((HARBOUR / "directory.toml").read_bytes())
    async with engine_on(database, tmp_path / "home") as engine:
        await run_import(engine, await plan_for(engine, (HARBOUR / "2027-Q1.md").read_bytes(), toml))
        tables = read_tables((HARBOUR / "people.csv").read_bytes())
        tables[TEAMS] = read_one((HARBOUR / "teams.csv").read_bytes(), TEAMS)
        report = await import_people(engine, ORGANIZATION, tables, now=datetime.now(UTC))
        assert {change.what for change in report.changes if change.kind == "person"} == {"changed"}
        assert {one.field for change in report.changes for one in change.fields if change.kind == "person"} == {
            "functional_manager",
            "team",
            "roles",
        }
        assert (await import_people(engine, ORGANIZATION, tables, now=datetime.now(UTC))).outcome == "unchanged"


async def test_thousands_of_people_are_one_request(database: str, tmp_path: Path) -> None:
    """And a refused line leaves everything as it was."""
    await found(database, tmp_path)
    now = datetime.now(UTC)
    lines = ["key,name,manager"] + [f"p{n},Person {n},{f'p{n // 10}' if n else 'Lin Wei'}" for n in range(1_000)]
    async with engine_on(database, tmp_path / "home") as engine:
        bad = {PEOPLE: read_one("\n".join([*lines, "x,X,x", ",Lin Wei,p7"]).encode(), PEOPLE)}
        with pytest.raises(TableError) as refusal:
            await import_people(engine, ORGANIZATION, bad, now=now)
        assert {fault.row for fault in refusal.value.faults} == {1002, 1003}
        tables = {PEOPLE: read_one("\n".join(lines).encode(), PEOPLE)}
        report = await import_people(engine, ORGANIZATION, tables, now=now)
        assert (report.outcome, report.events, report.untouched) == ("appended", 1_000, 1)
        directory, _ = await open_directory(engine, ORGANIZATION)
        assert len(directory.people) == 1_001
        assert (await import_people(engine, ORGANIZATION, tables, now=now)).outcome == "unchanged"


async def test_who_may_not_keep_the_directory_imports_nothing(database: str, tmp_path: Path) -> None:
    await found(database, tmp_path)
    async with engine_on(database, tmp_path / "home") as engine:
        tables = {PEOPLE: read_one(b"name\nBo", PEOPLE)}
        await import_people(engine, ORGANIZATION, tables, now=datetime.now(UTC))
        directory, _ = await open_directory(engine, ORGANIZATION)
        somebody = next(id for id in directory.people if id != LEAD)
        more = {PEOPLE: read_one(b"name\nAnna", PEOPLE)}
        with pytest.raises(DomainError, match=r"directory\.not_admin"):
            await import_people(engine, ORGANIZATION, more, actor=somebody, now=datetime.now(UTC))
