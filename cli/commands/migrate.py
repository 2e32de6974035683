"""Bring the database's schema up to date."""

import asyncio

import click

from eventlog.settings import Settings


@click.command()
def command() -> None:
    """Applies the migrations that the database of GOALCYCLE_DATABASE_URL (else of the local stack) still lacks."""
    from eventlog.migrate import migrate

    asyncio.run(migrate(Settings().require_database_url()))
    click.echo("the schema is up to date")
