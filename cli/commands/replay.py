"""Tell the history of a plan or goal in plain words, and its state as of any moment."""

import asyncio
import json
from typing import TYPE_CHECKING
from uuid import UUID

import click

from cli.exits import Exit
from eventlog.settings import Settings

if TYPE_CHECKING:
    from cli.replaying.history import Replay


@click.command()
@click.argument("id", metavar="PLAN|GOAL", type=click.UUID)
@click.option("--organization", type=click.UUID, help="Look in this organization only.")
@click.option("--as-of", metavar="MOMENT", help="A position of the log, or an instant with its offset. Default: now.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(context: click.Context, id: UUID, organization: UUID | None, as_of: str | None, as_json: bool) -> None:
    """Prints who did what and why, event by event, then the state that this led to; for a goal only its own events.

    A cycle's or a metric's id works too. Exit code 1: there is nothing of this id, or nothing of it had happened by
    then.
    """
    from cli.logs import configure_logs
    from cli.replaying.finding import MomentError, NotFoundError
    from cli.replaying.printing import replay_lines, replay_object

    settings = Settings()
    configure_logs(settings)
    try:
        found = asyncio.run(_replay(settings, id, organization, as_of))
    except MomentError as error:
        raise click.BadParameter(str(error), param_hint="--as-of") from error
    except NotFoundError as error:
        click.echo(f"goalcycle: {error}", err=True)
        if as_json:
            click.echo(json.dumps({"found": False, "message": str(error)}))
        context.exit(Exit.FAILED)
    else:
        if as_json:
            click.echo(json.dumps(replay_object(found), ensure_ascii=False))
        else:
            click.echo("\n".join(replay_lines(found)))


async def _replay(settings: Settings, id: UUID, organization: UUID | None, as_of: str | None) -> "Replay":
    from cli.composition import open_engine
    from cli.replaying.finding import find, position_of
    from cli.replaying.history import replay

    async with open_engine(settings) as engine:
        found = await find(engine, id, organization)
        return await replay(engine, found, await position_of(engine, found.organization, as_of))
