"""Ask whether a part on this machine is healthy: what a container's health check runs."""

import asyncio
import json

import click

from cli.exits import Exit
from cli.parts import PARTS
from eventlog.settings import Settings


@click.command()
@click.argument("part", type=click.Choice(list(PARTS)))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(context: click.Context, part: str, as_json: bool) -> None:
    """Exit code 0 when PART is healthy, else 1: the API answers its readiness route, any other part's loop turns."""
    from cli.heartbeat import is_beating
    from cli.stack.own import api_is_ready

    settings = Settings()
    healthy = asyncio.run(api_is_ready(settings)) if part == "api" else is_beating(settings, part)
    click.echo(json.dumps({"part": part, "healthy": healthy}) if as_json else f"{part}: {'ok' if healthy else 'ill'}")
    context.exit(Exit.OK if healthy else Exit.FAILED)
