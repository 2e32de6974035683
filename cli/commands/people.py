"""Import people and teams from a table, or export them."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from cli.exits import Exit
from eventlog.settings import Settings

if TYPE_CHECKING:
    from cli.people.running import PeopleReport
    from cli.tables import Table
    from domain.directory.state import DirectoryState

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """People and teams of an organization as tables: CSV, or XLSX with the sheets people and teams."""


@command.command("import")
@click.argument("file", type=FILE)
@click.option("--organization", type=click.UUID, required=True, help="The organization to keep.")
@click.option("--teams", type=FILE, help="CSV of teams, beside a CSV of people.")
@click.option("--dry-run", is_flag=True, help="Show the difference, and what rules refuse; change nothing.")
@click.option("--deactivate-missing", is_flag=True, help="Whoever is not in the table has left.")
@click.option("--as", "actor", type=click.UUID, help="Who imports: a person's id. Default: an administrator.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def import_people(
    context: click.Context,
    file: Path,
    organization: UUID,
    teams: Path | None,
    dry_run: bool,
    deactivate_missing: bool,
    actor: UUID | None,
    as_json: bool,
) -> None:
    """Makes the directory what FILE says, as one request: everything or nothing.

    A column that is not there changes nothing, an empty cell means none, and who is not in the table stays. Rows with
    a date in `valid_from` take effect on that day. The same file again changes nothing. What is wrong is printed as
    `file:row: column: code: message`. Exit codes: 0 changed, or nothing to change;
    1 refused by a rule; 2 the file has errors.
    """
    from cli.logs import configure_logs
    from cli.people.table import TEAMS, PeopleError
    from cli.tables import TableError
    from domain.problems import DomainError

    settings = Settings()
    configure_logs(settings, tells_itself=True)
    try:
        tables = _read(file, teams)
        report, directory = asyncio.run(_import(settings, organization, tables, actor, dry_run, deactivate_missing))
    except TableError as error:
        name = teams if teams is not None and isinstance(error, PeopleError) and error.table == TEAMS else file
        for found in error.faults:
            where = f"{found.column}: " if found.column else ""
            click.echo(f"{name}:{found.row}: {where}{found.code}: {found.message}", err=True)
        refused = not any(found.code.startswith(("people.", "table.")) for found in error.faults)
        context.exit(Exit.FAILED if refused else Exit.USAGE)
    except DomainError as error:  # of the organization as a whole
        click.echo(f"{file}:1: {error}", err=True)
        context.exit(Exit.FAILED)
    else:
        _print(report, directory, organization, as_json)


def _print(report: "PeopleReport", directory: "DirectoryState", organization: UUID, as_json: bool) -> None:
    from cli.people.printing import report_lines
    from cli.people.running import as_object

    if as_json:
        click.echo(json.dumps(as_object(report, organization), ensure_ascii=False))
    else:
        click.echo("\n".join(report_lines(report, directory)))


def _read(file: Path, teams: Path | None) -> "Mapping[str, Table]":
    from cli.people.reading import read_one, read_tables
    from cli.people.table import TEAMS
    from cli.tables import is_xlsx

    data = file.read_bytes()
    if teams is not None and is_xlsx(data):
        raise click.UsageError("--teams belongs to a CSV: an XLSX has its teams in a sheet.")
    tables = read_tables(data)
    return tables if teams is None else {**tables, TEAMS: read_one(teams.read_bytes(), TEAMS)}


async def _import(
    settings: Settings,
    organization: UUID,
    tables: "Mapping[str, Table]",
    actor: UUID | None,
    dry_run: bool,
    deactivate_missing: bool,
) -> "tuple[PeopleReport, DirectoryState]":
    from datetime import UTC, datetime

    from cli.composition import open_engine
    from cli.people.running import import_people, open_directory

    async with open_engine(settings) as engine:
        directory, _ = await open_directory(engine, organization)
        report = await import_people(
            engine,
            organization,
            tables,
            actor=actor,
            now=datetime.now(UTC),
            deactivate_missing=deactivate_missing,
            dry_run=dry_run,
        )
    return report, directory


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--organization", type=click.UUID, required=True, help="The organization to read.")
@click.option(
    "--teams", type=click.Path(dir_okay=False, path_type=Path), help="Where to write a CSV of teams, beside FILE."
)
def export_people(file: Path, organization: UUID, teams: Path | None) -> None:
    """Writes the directory to FILE as it is now: an .xlsx with both tables, else a CSV of people.

    An import of what was exported changes nothing. What is decided for a later date is not in it.
    """
    from cli.logs import configure_logs
    from cli.people.exporting import tables_of
    from cli.people.table import PEOPLE, TEAMS
    from cli.people.writing import csv_of, xlsx_of

    settings = Settings()
    configure_logs(settings, tells_itself=True)
    directory = asyncio.run(_directory(settings, organization))
    tables = tables_of(directory)
    if file.suffix.casefold() == ".xlsx":
        if teams is not None:
            raise click.UsageError("--teams belongs to a CSV: an XLSX has its teams in a sheet.")
        file.write_bytes(xlsx_of(tables))
    else:
        file.write_bytes(csv_of(tables[PEOPLE]))
        if teams is not None:
            teams.write_bytes(csv_of(tables[TEAMS]))
    click.echo(f"{len(directory.people)} people, {len(directory.teams)} teams", err=True)
    later = sum(one.change.kind != "delegation" for one in directory.pending)
    if later:
        click.echo(f"note: changes that wait for their date, and are not in it: {later}", err=True)


async def _directory(settings: Settings, organization: UUID) -> "DirectoryState":
    from datetime import UTC, datetime

    from cli.composition import open_engine
    from cli.people.running import open_directory
    from domain.directory.effects import in_effect

    async with open_engine(settings) as engine:
        directory, _ = await open_directory(engine, organization)
    return in_effect(directory, datetime.now(UTC))
