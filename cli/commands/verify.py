"""Check that the log holds: every event in order, with the content that was written."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import click

from cli.exits import Exit
from eventlog.settings import Settings

if TYPE_CHECKING:
    from cli.composition import Engine
    from eventlog.rules import RulesReport
    from eventlog.verify import ChainReport

    Report = TypeVar("Report", ChainReport, RulesReport)


@click.group()
def command() -> None:
    """Checks what the log promises, from its bytes alone. Exit code 1: a promise is broken."""


@command.command("chain")
@click.option("--organization", default="all", metavar="ORG|all", show_default=True, help="Whose log to check.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def chain(context: click.Context, organization: str, as_json: bool) -> None:
    """Recomputes every hash and walks every position of one organization's log, or of all of them."""
    _check(context, organization, as_json, _verify, _sentence)


@command.command("rules")
@click.option("--organization", default="all", metavar="ORG|all", show_default=True, help="Whose log to check.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def rules(context: click.Context, organization: str, as_json: bool) -> None:
    """Asks of every command in the log again whether the rule that it names allowed it to who sent it."""
    _check(context, organization, as_json, _verify_rules, _sentence_of_rules)


def _check(
    context: click.Context,
    organization: str,
    as_json: bool,
    verify: "Callable[[Settings, UUID | None], Coroutine[Any, Any, list[Report]]]",
    sentence: "Callable[[Report], str]",
) -> None:
    """Verify what was asked for and print a report an organization; exit code 1 where one does not hold."""
    from cli.logs import configure_logs

    asked = _organization(organization)
    settings = Settings()
    configure_logs(settings)
    reports = asyncio.run(verify(settings, asked))
    holds = all(report.holds for report in reports)
    if as_json:
        found = [
            {**asdict(report), "organization": str(report.organization), "holds": report.holds} for report in reports
        ]
        click.echo(json.dumps({"holds": holds, "organizations": found}))
    else:
        for report in reports:
            click.echo(f"{report.organization}: {sentence(report)}")
        if not reports:
            click.echo("there is no organization yet: nothing to check")
    context.exit(Exit.OK if holds else Exit.FAILED)


def _organization(named: str) -> UUID | None:
    """The organization that is named; None: all of them. Raises BadParameter."""
    try:
        return None if named == "all" else UUID(named)
    except ValueError as error:
        raise click.BadParameter("an organization is a uuid, or `all`", param_hint="--organization") from error


def _sentence(report: "ChainReport") -> str:
    if report.fault is not None:
        return f"BROKEN: {report.fault}; order and content checked to position {report.last_position}"
    counts = f"{report.events} events in {report.streams} streams"
    return f"order and content checked to position {report.last_position} ({counts})"


def _sentence_of_rules(report: "RulesReport") -> str:
    counts = f"{report.commands} commands allowed by the rules they name, {report.silent} events name none"
    told = f"checked to position {report.last_position} ({counts})"
    return told if report.holds else f"BROKEN: {report.fault}; {told}"


async def _verify(settings: Settings, organization: UUID | None) -> "list[ChainReport]":
    from cli.composition import open_engine
    from eventlog.verify import verify_chain

    async with open_engine(settings) as engine:
        return [await verify_chain(engine.log, found) for found in await _asked(engine, organization)]


async def _verify_rules(settings: Settings, organization: UUID | None) -> "list[RulesReport]":
    from cli.composition import CODEC, open_engine
    from eventlog.rules import verify_rules

    async with open_engine(settings) as engine:
        return [await verify_rules(engine.log, CODEC, found) for found in await _asked(engine, organization)]


async def _asked(engine: "Engine", organization: UUID | None) -> list[UUID]:
    """The organizations to check. Raises BadParameter."""
    rows = await engine.pool.fetch(
        "select organization from goalcycle.organizations where $1::uuid is null or organization = $1 order by 1",
        organization,
    )
    if organization is not None and not rows:
        raise click.BadParameter("there is no such organization", param_hint="--organization")
    return [row["organization"] for row in rows]
