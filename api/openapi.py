"""The OpenAPI document: what FastAPI writes, plus the bodies of commands, with examples that work.

The examples tell one story (see `api.examples`); the tests send every one of them to a live application.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api.addresses import ADDRESSES, Address
from api.example_bodies import PATH_EXAMPLES, example_of
from api.problems import PROBLEM_TYPE
from api.shapes import SHAPES, BulkCommands, CommandAnswer
from domain.registry import CALLABLE

SCHEMA_REF = "#/components/schemas/{model}"
TAGS = [
    {"name": "directory", "description": "The organization: people, teams, reporting lines, roles."},
    {"name": "cycle", "description": "Formal periods with their phases, deadlines and gates."},
    {"name": "plan", "description": "The goals of one owner in one cycle: negotiated, signed, tracked, reviewed."},
    {"name": "metric", "description": "What the organization counts, quarter after quarter: definitions by date."},
    {"name": "lists", "description": "What lies across plans: board, inbox and the feed of all events."},
    {"name": "service", "description": "Health, metrics, documentation."},
]
VERSION = "1"
"""The API's own version, as in its paths: it moves when a caller must change something."""
DESCRIPTION = """Runs an organization's formal goal cycles on an append-only log.

Every command is a POST. Send an `Idempotency-Key` and repeat the request until it is answered: it is appended once.
An edit names the version that it replaces in `If-Match` (the `ETag` of the resource). `?dry_run=true` tells what would
be appended. Every GET of state takes `?as_of=` a position or an instant. Decimals are strings, instants
are in UTC. Refusals are problem documents (RFC 9457) in the language of `Accept-Language` (en, zh-CN).
"""
PROBLEMS = {
    "description": "Refused, with a stable `code` and a way out.",
    "content": {PROBLEM_TYPE: {"schema": {"$ref": SCHEMA_REF.format(model="ProblemDocument")}}},
}


def _operation(address: Address) -> dict[str, Any]:
    """What a command's address says about itself."""
    command = address.command
    done = {"application/json": {"schema": {"$ref": SCHEMA_REF.format(model=CommandAnswer.__name__)}}}
    answers = {"200": {"description": "Done, or done before.", "content": done}}
    if command.opens:
        answers["201"] = {"description": "Done, and it opened what it was sent to.", "content": done}
    media = {"schema": {"$ref": SCHEMA_REF.format(model=address.name)}, "example": example_of(command)}
    return {
        "tags": [address.kind],
        "operationId": snake(address.name),
        "summary": address.name,
        "description": inspect.cleandoc(command.__doc__ or ""),
        "parameters": list(_parameters(address)),
        "requestBody": {"required": True, "content": {"application/json": media}},
        "responses": answers | {"default": PROBLEMS},
        "security": [{"bearer": []}],
    }


def _parameters(address: Address) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", address.path):
        yield _parameter("path", name, "", {"type": "string", "format": "uuid"}, required=True)
    about = "Answer what would be appended, and append nothing."
    yield _parameter("query", "dry_run", about, {"type": "boolean", "default": False})
    about = "Makes a retry harmless. Without it every request is a new command."
    yield _parameter("header", "Idempotency-Key", about, {"type": "string", "maxLength": 255})
    about = "The ETag that you saw. Required where the command is an edit."
    yield _parameter("header", "If-Match", about, {"type": "string"}, required=address.command.edits)
    if address.command.opens:
        about = "`*`: only create, never add to what exists."
        yield _parameter("header", "If-None-Match", about, {"type": "string"})


def _parameter(place: str, name: str, about: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    described = {"description": about} if about else {}
    return {"name": name, "in": place, "required": required, "schema": schema} | described


def snake(name: str) -> str:
    """A command's name as an operation id."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes, tags=TAGS
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        models: list[tuple[type[BaseModel], JsonSchemaMode]] = [
            *((command, "validation") for _, command in CALLABLE.values()),
            (BulkCommands, "validation"),
            *((shape, "serialization") for shape in SHAPES),
        ]
        document["paths"] |= {address.path: {"post": _operation(address)} for address in ADDRESSES}
        _, found = models_json_schema(models, ref_template=SCHEMA_REF)
        schemas |= found["$defs"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for path in document["paths"].values():
            for operation in path.values():
                _finish(operation)
        app.openapi_schema = document
    return app.openapi_schema


def _finish(operation: dict[str, Any]) -> None:
    """Refusals are problem documents, path parameters have examples."""
    operation["responses"].pop("422", None)
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path" and parameter["name"] in PATH_EXAMPLES:
            parameter["example"] = PATH_EXAMPLES[parameter["name"]]
