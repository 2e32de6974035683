"""Import goals from a Markdown outline into a cycle, all or nothing."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from uuid import UUID, uuid4

import click

from cli.exits import Exit
from eventlog.settings import Settings

if TYPE_CHECKING:
    from cli.importing import Directory, ImportOptions, ImportReport, Known
    from cli.outline import Outline
    from domain.cycle.windows import Windows


@dataclass(frozen=True)
class Asked:
    """The command line."""

    file: Path
    directory: Path | None
    organization: UUID | None
    cycle: UUID | None
    site: str | None
    actor: str | None
    framework: str
    preset: Literal["light", "formal"]
    period: str | None
    windows: str | None
    cycle_name: str | None
    objective_level: int | None
    dry_run: bool


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what it would do, refusals included; change nothing.")
@click.option(
    "--directory",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML file of people, teams and tags: maps tags to owners. Unknown tags become teams.",
)
@click.option("--organization", type=click.UUID, help="An organization that exists. Default: found a new one.")
@click.option("--cycle", type=click.UUID, help="A cycle that is open (needs --organization). Default: open one.")
@click.option(
    "--site", help="By whose days the cycle's phases close: a site's id, key or name. Default: the organization's."
)
@click.option("--as", "actor", metavar="PERSON", help="Who imports: a person's id, key or name. Default: who may.")
@click.option("--framework", type=click.Choice(["okr", "composite"]), default="composite", show_default=True)
@click.option("--preset", type=click.Choice(["light", "formal"]), default="formal", show_default=True)
@click.option("--period", help="2027-Q1, or START..END (dates, both inclusive). Default: the next quarter.")
@click.option("--windows", help="Deadlines of the phases as JSON, for calendars of one's own.")
@click.option("--cycle-name", help="Name of the cycle that is opened. Default: the outline's title, else the period.")
@click.option(
    "--objective-level",
    type=click.IntRange(0, 6),
    help="Heading level of the objectives; 0: the top-level list items. Default: read from the outline's structure.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(
    context: click.Context,
    file: Path,
    dry_run: bool,
    directory: Path | None,
    organization: UUID | None,
    cycle: UUID | None,
    site: str | None,
    actor: str | None,
    framework: str,
    preset: Literal["light", "formal"],
    period: str | None,
    windows: str | None,
    cycle_name: str | None,
    objective_level: int | None,
    as_json: bool,
) -> None:
    """Imports the goals of FILE, a Markdown outline, as one request: everything or nothing.

    Importing the same file into the same cycle again changes nothing. What is wrong is printed as
    `file:line: code: message`. Exit codes: 0 imported (or there already), 1 refused by a rule, 2 the file has errors.
    """
    from cli.importing import DirectoryError, ImportRefused
    from cli.importing.printing import report_lines
    from cli.logs import configure_logs
    from cli.outline import OutlineError
    from domain.problems import DomainError

    if cycle is not None and organization is None:
        raise click.UsageError("--cycle needs --organization: the cycle belongs to one.")
    if cycle is not None and site is not None:
        raise click.UsageError("--site is for a cycle that is opened; that of --cycle has its own.")
    asked = Asked(
        file=file,
        directory=directory,
        organization=organization,
        cycle=cycle,
        site=site,
        actor=actor,
        framework=framework,
        preset=preset,
        period=period,
        windows=windows,
        cycle_name=cycle_name,
        objective_level=objective_level,
        dry_run=dry_run,
    )
    settings = Settings()
    configure_logs(settings, tells_itself=True)
    try:
        report = asyncio.run(_import(settings, asked))
    except OutlineError as error:
        name = directory if isinstance(error, DirectoryError) and directory is not None else file
        _fail(
            context,
            as_json,
            Exit.USAGE,
            [(str(name), found.line, found.code, found.message) for found in error.problems],
        )
    except ImportRefused as error:
        name = directory if error.of_directory and directory is not None else file
        _fail(context, as_json, Exit.FAILED, [(str(name), error.line, error.refusal.code, error.message)])
    except DomainError as error:  # of the organization or cycle as a whole
        _fail(context, as_json, Exit.FAILED, [(str(file), 1, error.code, error.problem.sentence)])
    else:
        for note in report.notes:
            _progress(f"note: {note}")
        click.echo(json.dumps(report.as_object(), ensure_ascii=False) if as_json else "\n".join(report_lines(report)))


def _fail(context: click.Context, as_json: bool, code: Exit, problems: list[tuple[str, int, str, str]]) -> None:
    for file, line, problem, message in problems:
        click.echo(f"{file}:{line}: {problem}: {message}", err=True)
    if as_json:
        names = ("file", "line", "code", "message")
        listed = [dict(zip(names, found, strict=True)) for found in problems]
        click.echo(json.dumps({"outcome": "refused", "problems": listed}, ensure_ascii=False))
    context.exit(code)


async def _import(settings: Settings, asked: Asked) -> "ImportReport":
    from cli.composition import open_engine
    from cli.importing import import_secret, plan_import, read_directory, read_known, run_import
    from cli.outline import decode_outline, read_outline
    from eventlog.keyring import RehearsalKeyring

    _progress(f"reading {asked.file}")
    data = asked.file.read_bytes()
    outline = read_outline(decode_outline(data), asked.objective_level)
    directory = read_directory(asked.directory.read_bytes()) if asked.directory is not None else None
    windows = _windows(asked)
    _progress(_summary(outline))
    organization = asked.organization or uuid4()
    async with open_engine(settings) as engine:
        known = await read_known(engine, organization, asked.cycle) if asked.organization is not None else None
        # The first plan is checked with made-up keys, so that a refusal leaves no key of an organization that is not.
        rehearsal = import_secret(RehearsalKeyring(engine.keyring), organization)
        options = _options(asked, data, organization, rehearsal, directory, known, windows)
        report = await run_import(engine, plan_import(outline, directory, options), dry_run=True)
        if asked.dry_run or report.outcome == "duplicate":
            return report
        _progress(f"appending {report.events} events")
        secret = import_secret(engine.keyring, organization)
        options = _options(asked, data, organization, secret, directory, known, windows)
        return await run_import(engine, plan_import(outline, directory, options))


def _options(
    asked: Asked,
    data: bytes,
    organization: UUID,
    secret: bytes,
    directory: "Directory | None",
    known: "Known | None",
    windows: "Windows",
) -> "ImportOptions":
    from datetime import UTC, datetime

    from cli.importing import ImportOptions, find_place
    from cli.importing.periods import PeriodError, next_quarter, read_period
    from domain.cycle.policy import Framework

    zone, place = (
        known.zone if known is not None else directory.organization.zone if directory is not None else "UTC",
        None,
    )
    if asked.site is not None:
        place = find_place(asked.site, directory, known, secret)
        if place is None:
            raise click.BadParameter("no site, or several, have this id, key or name", param_hint="--site")
        zone = place.zone
    try:
        period = read_period(asked.period, zone) if asked.period else next_quarter(datetime.now(UTC), zone)
    except PeriodError as error:
        raise click.BadParameter(str(error), param_hint="--period") from error
    return ImportOptions(
        organization=organization,
        secret=secret,
        data=data,
        period=period,
        known=known,
        cycle=asked.cycle,
        cycle_name=asked.cycle_name,
        site=place.site if place is not None else None,
        actor=asked.actor,
        framework=Framework(asked.framework),
        preset=asked.preset,
        windows=windows,
    )


def _windows(asked: Asked) -> "Windows":
    from pydantic import ValidationError

    from domain.cycle.windows import Windows

    if asked.windows is None:
        return Windows()
    try:
        return Windows.model_validate_json(asked.windows)
    except ValidationError as error:
        places = [".".join(str(step) for step in found["loc"]) for found in error.errors()]
        wrong = "; ".join(
            f"{place}: {found['msg']}" if place else found["msg"]
            for place, found in zip(places, error.errors(), strict=True)
        )
        raise click.BadParameter(wrong, param_hint="--windows") from error


def _summary(outline: "Outline") -> str:
    results = sum(len(one.key_results) for one in outline.objectives)
    milestones = sum(len(result.milestones) for one in outline.objectives for result in one.key_results)
    return f"{len(outline.objectives)} objectives, {results} key results, {milestones} milestones"


def _progress(line: str) -> None:
    click.echo(line, err=True)
    sys.stderr.flush()
