"""Check that the log holds: every event in order, with the content that was written."""

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING
from uuid import UUID

import click

from cli.exits import Exit
from eventlog.settings import Settings

if TYPE_CHECKING:
    from eventlog.verify import ChainReport


@click.group()
def command() -> None:
    """Checks what the log promises, from its bytes alone. Exit code 1: a promise is broken."""


@command.command("chain")
@click.option("--organization", default="all", metavar="ORG|all", show_default=True, help="Whose log to check.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def chain(context: click.Context, organization: str, as_json: bool) -> None:
    """Recomputes every hash and walks every position of one organization's log, or of all of them."""
    from cli.logs import configure_logs

    try:
        asked = None if organization == "all" else UUID(organization)
    except ValueError as error:
        raise click.BadParameter("an organization is a uuid, or `all`", param_hint="--organization") from error
    settings = Settings()
    configure_logs(settings)
    reports = asyncio.run(_verify(settings, asked))
    holds = all(report.holds for report in reports)
    if as_json:
        found = [
            {**asdict(report), "organization": str(report.organization), "holds": report.holds} for report in reports
        ]
        click.echo(json.dumps({"holds": holds, "organizations": found}))
    else:
        for report in reports:
            click.echo(f"{report.organization}: {_sentence(report)}")
        if not reports:
            click.echo("there is no organization yet: nothing to check")
    context.exit(Exit.OK if holds else Exit.FAILED)


def _sentence(report: "ChainReport") -> str:
    if report.fault is not None:
        return f"BROKEN: {report.fault}; order and content checked to position {report.last_position}"
    counts = f"{report.events} events in {report.streams} streams"
    return f"order and content checked to position {report.last_position} ({counts})"


async def _verify(settings: Settings, organization: UUID | None) -> "list[ChainReport]":
    from cli.composition import open_engine
    from eventlog.verify import verify_chain

    async with open_engine(settings) as engine:
        rows = await engine.pool.fetch(
            "select organization from goalcycle.organizations where $1::uuid is null or organization = $1 order by 1",
            organization,
        )
        if organization is not None and not rows:
            raise click.BadParameter("there is no such organization", param_hint="--organization")
        return [await verify_chain(engine.log, row["organization"]) for row in rows]
