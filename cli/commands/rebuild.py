"""Rebuild what the log can give back: Temporal's workflows, or the read models."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from eventlog.settings import Settings

if TYPE_CHECKING:
    from eventlog.rebuild import RebuildReport


@click.group()
def command() -> None:
    """Rebuilds from the log what may be lost: Temporal's workflows, or the read models."""


@command.command()
@click.option("--restart", is_flag=True, help="First end those that run: an older log was restored under them.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def workflows(restart: bool, as_json: bool) -> None:
    """Has every open stream's workflow started again. The relay does it; running ones are only nudged."""
    ended = asyncio.run(_end_workflows(Settings())) if restart else 0
    count, seconds = asyncio.run(_workflows(Settings()))
    if as_json:
        click.echo(json.dumps({"streams": count, "ended": ended, "seconds": round(seconds, 3)}))
    else:
        if restart:
            click.echo(f"{ended} workflows ended")
        click.echo(f"{count} open streams handed to the relay in {seconds:.1f} s")


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def views(as_json: bool) -> None:
    """Builds the read models anew beside the ones that are served, then switches."""
    from cli.exits import Exit
    from eventlog.rebuild import RebuildRunningError, RebuildStoppedError

    started = time.monotonic()
    try:
        report = asyncio.run(_views(Settings()))
    except (RebuildRunningError, RebuildStoppedError) as error:
        click.echo(f"goalcycle: {error}", err=True)
        sys.exit(Exit.FAILED)
    seconds = time.monotonic() - started
    if as_json:
        click.echo(json.dumps({**asdict(report), "seconds": round(seconds, 3)}))
    else:
        click.echo(f"{report.events} events applied to generation {report.generation} in {seconds:.1f} s, now served")


async def _end_workflows(settings: Settings) -> int:
    from cli.ending import end_workflows
    from cli.stack.temporal import require_temporal
    from cli.temporal import connect

    await require_temporal(settings)
    return await end_workflows(await connect(settings))


async def _workflows(settings: Settings) -> tuple[int, float]:
    from cli.composition import open_engine
    from eventlog.relay import rebuild_wakes

    async with open_engine(settings) as engine:
        started = time.monotonic()
        return await rebuild_wakes(engine.pool), time.monotonic() - started


async def _views(settings: Settings) -> RebuildReport:
    from cli.composition import CODEC, open_engine
    from domain.registry import DECIDERS
    from eventlog.rebuild import rebuild_views

    async with open_engine(settings) as engine:
        return await rebuild_views(engine.pool, engine.log, DECIDERS, CODEC)
