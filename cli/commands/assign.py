"""Assign KPIs from a table, all or nothing."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from cli.exits import Exit
from eventlog.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cli.assigning import AssignReport
    from cli.tables import Fault


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organization", type=click.UUID, required=True, help="Whose cycle it is.")
@click.option("--cycle", type=click.UUID, required=True, help="The cycle; its owners must be enrolled.")
@click.option("--as", "actor", metavar="PERSON", help="Who assigns: a person's id, key or name. Default: facilitator.")
@click.option("--dry-run", is_flag=True, help="Say what would be assigned, and every fault; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(
    context: click.Context,
    file: Path,
    organization: UUID,
    cycle: UUID,
    actor: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Assigns the KPIs of FILE, a CSV or XLSX table with one KPI a row, as one request: everything or nothing.

    Columns: owner, title, weight, unit, threshold, target, stretch; direction, baseline and others if wanted. Every
    fault is printed as `file:row: column: code: message`. The same file again changes nothing. Exit codes: 0 assigned
    (or there already), 1 refused by a rule, 2 the file has errors.
    """
    from cli.assigning.printing import report_lines
    from cli.logs import configure_logs
    from cli.tables import Fault, TableError
    from domain.problems import DomainError

    settings = Settings()
    configure_logs(settings, tells_itself=True)
    try:
        report = asyncio.run(_assign(settings, file.read_bytes(), organization, cycle, actor, dry_run))
    except TableError as error:
        _fail(context, file, error.faults, Exit.USAGE, as_json)
    except DomainError as error:  # of the organization, the cycle or who acts
        _fail(context, file, [Fault(1, "", error.code, error.problem.sentence)], Exit.FAILED, as_json)
    else:
        if report.faults:
            _fail(context, file, report.faults, Exit.USAGE if report.unreadable else Exit.FAILED, as_json)
            return
        for note in report.notes:
            click.echo(f"note: {note}", err=True)
        click.echo(json.dumps(report.as_object(), ensure_ascii=False) if as_json else "\n".join(report_lines(report)))


def _fail(context: click.Context, file: Path, faults: "Iterable[Fault]", code: Exit, as_json: bool) -> None:
    listed = []
    for fault in faults:
        where = f"{fault.column}: " if fault.column else ""
        click.echo(f"{file}:{fault.row}: {where}{fault.code}: {fault.message}", err=True)
        listed.append({"row": fault.row, "column": fault.column, "code": fault.code, "message": fault.message})
    if as_json:
        click.echo(json.dumps({"outcome": "refused", "faults": listed}, ensure_ascii=False))
    context.exit(code)


async def _assign(
    settings: Settings, data: bytes, organization: UUID, cycle: UUID, actor: str | None, dry_run: bool
) -> "AssignReport":
    from cli.assigning import Asked, person_of, read_assignments, run_assign
    from cli.composition import open_engine
    from cli.importing import import_secret, read_known

    async with open_engine(settings) as engine:
        known = await read_known(engine, organization, cycle)
        secret = import_secret(engine.keyring, organization)
        found = read_assignments(data, known, cycle, secret)
        by = known.admin if actor is None else person_of(known, secret, actor)
        if by is None:
            raise click.BadParameter("No active person has this id, key or name.", param_hint="--as")
        asked = Asked(organization, cycle, by, secret, data)
        return await run_assign(engine, found, asked, dry_run=dry_run)
