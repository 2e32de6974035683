"""Print the API's OpenAPI document."""

import json

import click


@click.command()
@click.option("--operation-ids", is_flag=True, help="Only the operation ids, one a line, in order.")
def command(operation_ids: bool) -> None:
    """Prints the OpenAPI document as JSON: what /openapi.json answers, without a server."""
    from api.app import openapi_document

    document = openapi_document()
    if operation_ids:
        operations = (operation for path in document["paths"].values() for operation in path.values())
        click.echo("\n".join(sorted(operation["operationId"] for operation in operations)))
    else:
        click.echo(json.dumps(document, ensure_ascii=False, indent=1))
