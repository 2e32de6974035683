"""Print the API's OpenAPI document."""

import json

import click


@click.command()
def command() -> None:
    """Prints the OpenAPI document as JSON: what /openapi.json answers, without a server."""
    from api.app import openapi_document

    click.echo(json.dumps(openapi_document(), ensure_ascii=False, indent=1))
