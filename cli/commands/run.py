"""Run one part (api, worker, relay or projector) until SIGTERM or Ctrl-C."""

import asyncio
import signal

import click

from cli.parts import PARTS, load_part
from eventlog.settings import Settings


@click.command()
@click.argument("part", type=click.Choice(list(PARTS)))
def command(part: str) -> None:
    """Runs one PART until SIGTERM or Ctrl-C. Its Postgres and Temporal are found by settings, else in home."""
    import uvloop

    from cli.logs import configure_logs

    settings = Settings()
    configure_logs(settings, part)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(part, settings))


async def _serve(part: str, settings: Settings) -> None:
    from cli.heartbeat import beat

    beating = asyncio.ensure_future(beat(settings, part))  # first: whoever is told that it serves finds it alive
    serving = asyncio.ensure_future(load_part(part)(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, serving.cancel)
    await asyncio.wait([serving, beating], return_when=asyncio.FIRST_COMPLETED)
    beating.cancel()
    serving.cancel()
    for ended in await asyncio.gather(serving, beating, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended
