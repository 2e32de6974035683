"""Run everything on this machine: Postgres, Temporal, API, worker, relay, projector."""

import asyncio
import json
import signal
from collections.abc import Sequence
from contextlib import suppress

import click

from cli.stack import LocalStack
from cli.stack.supervisor import ALL_PARTS
from cli.stack.table import as_object, status_table
from eventlog.settings import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as one JSON object when everything serves.")
@click.option("--part", "parts", multiple=True, type=click.Choice(ALL_PARTS), help="Only this part (repeatable).")
def command(as_json: bool, parts: tuple[str, ...]) -> None:
    """Runs the local stack until Ctrl-C. What it knows stays in GOALCYCLE_HOME, and the next start resumes there."""
    from cli.logs import configure_logs

    settings = Settings()
    configure_logs(settings)
    with suppress(asyncio.CancelledError, KeyboardInterrupt):
        asyncio.run(_dev(settings, as_json, parts or ALL_PARTS))


async def _dev(settings: Settings, as_json: bool, parts: Sequence[str]) -> None:
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    async with LocalStack(settings, parts, report=lambda line: click.echo(line, err=True)) as stack:
        click.echo(json.dumps(as_object(stack)) if as_json else status_table(stack))
        await asyncio.Event().wait()  # the signal's cancellation ends it
