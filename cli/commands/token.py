"""Make a person's bearer token for the API of the local stack."""

import json
from datetime import timedelta
from uuid import UUID

import click

from eventlog.settings import Settings


@click.command()
@click.option("--organization", required=True, type=click.UUID, help="Of which organization.")
@click.option("--person", required=True, type=click.UUID, help="Whom the token speaks for.")
@click.option("--hours", default=12.0, show_default=True, type=click.FloatRange(0.01, 24 * 366), help="How long.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(organization: UUID, person: UUID, hours: float, as_json: bool) -> None:
    """Prints a token. Whoever holds it acts as that person until it expires, so treat it as a password."""
    from api.auth import mint_token
    from cli.serve.api import token_secret
    from domain.values import SYSTEM

    if person == SYSTEM:
        raise click.BadParameter("duties are goalcycle's own: nobody holds a token for them", param_hint="--person")
    token = mint_token(token_secret(Settings()), organization=organization, person=person, lasts=timedelta(hours=hours))
    click.echo(json.dumps({"token": token}) if as_json else token)
