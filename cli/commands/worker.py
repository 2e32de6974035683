"""See and choose which build of the workers new workflow runs begin on."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.exits import Exit
from eventlog.settings import Settings

if TYPE_CHECKING:
    from cli.versioning import Build

T = TypeVar("T")


@click.group()
def command() -> None:
    """Rolls a new build of the workers out beside the old one. GOALCYCLE_WORKER_DEPLOYMENT names them all together."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(as_json: bool) -> None:
    """Shows every build: whether new runs begin on it, and how many workflows run on it."""
    from cli.versioning import table

    found = _run(_status(Settings()))
    click.echo(json.dumps({"builds": [asdict(build) for build in found]}) if as_json else table(found))


@command.command()
@click.option("--build", help="Which one. Default: GOALCYCLE_WORKER_BUILD, else this release.")
@click.option("--percent", type=click.FloatRange(0, 100), help="Only so many of the new runs, the rest as before.")
@click.option("--within", default=60.0, show_default=True, type=click.FloatRange(0), help="Seconds to wait for it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def promote(build: str | None, percent: float | None, within: float, as_json: bool) -> None:
    """Lets new runs begin on a build, as soon as a worker of it polls. What runs moves at its next nudge or timer."""
    chosen = _run(_promote(Settings(), build, percent, within))
    if as_json:
        click.echo(json.dumps({"build": chosen, "percent": 100.0 if percent is None else percent}))
    else:
        share = "new runs" if percent is None else f"{percent:g} % of new runs"
        click.echo(f"{share} begin on {chosen}; `goalcycle rebuild workflows` moves what sleeps")


@command.command()
@click.argument("build")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def retire(build: str, as_json: bool) -> None:
    """Ends what still runs on BUILD and has it started anew from the log on the current one. Its workers may stop."""
    ended = _run(_retire(Settings(), build))
    if as_json:
        click.echo(json.dumps({"build": build, "ended": ended}))
    else:
        click.echo(f"{ended} workflows ended on {build}{', to start anew on the current build' if ended else ''}")


def _run(doing: Coroutine[Any, Any, T]) -> T:
    from cli.versioning import BuildError

    try:
        return asyncio.run(doing)
    except BuildError as error:
        click.echo(f"goalcycle: {error}", err=True)
        sys.exit(Exit.FAILED)


async def _status(settings: Settings) -> list[Build]:
    from cli.stack.temporal import require_temporal
    from cli.temporal import connect
    from cli.versioning import builds, require_version

    chosen = require_version(settings, None)
    await require_temporal(settings)
    return await builds(await connect(settings), chosen.deployment_name)


async def _promote(settings: Settings, build: str | None, percent: float | None, within: float) -> str:
    from cli.stack.temporal import require_temporal
    from cli.temporal import connect
    from cli.versioning import promote, require_version

    chosen = require_version(settings, build)
    await require_temporal(settings)
    await promote(await connect(settings), chosen, percent, within)
    return chosen.build_id


async def _retire(settings: Settings, build: str) -> int:
    from cli.composition import open_engine
    from cli.ending import end_workflows
    from cli.stack.temporal import require_temporal
    from cli.temporal import connect
    from cli.versioning import require_idle, require_version, running_on
    from eventlog.relay import rebuild_wakes

    chosen = require_version(settings, build)
    await require_temporal(settings)
    client = await connect(settings)
    await require_idle(client, chosen)
    async with open_engine(settings) as engine:
        ended = await end_workflows(client, running_on(chosen))
        if ended:
            await rebuild_wakes(engine.pool)
        return ended
