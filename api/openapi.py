"""The OpenAPI document: what FastAPI writes, plus the bodies of commands, with examples that work.

The examples tell one story (see `api.examples`); the tests send every one of them to a live application.
"""

from __future__ import annotations

import inspect
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api.examples import PATH_EXAMPLES, example_of
from api.problems import PROBLEM_TYPE
from api.shapes import SHAPES, CommandAnswer
from domain.messages import Command, Kind
from domain.registry import COMMANDS

SCHEMA_REF = "#/components/schemas/{model}"
TAGS = [
    {"name": "directory", "description": "The organization: people, teams, reporting lines, roles."},
    {"name": "cycle", "description": "Formal periods with their phases, deadlines and gates."},
    {"name": "plan", "description": "The goals of one owner in one cycle: negotiated, signed, tracked, reviewed."},
    {"name": "lists", "description": "What lies across plans: board, inbox and the feed of all events."},
    {"name": "service", "description": "Health, metrics, documentation."},
]
VERSION = "1"
"""The API's own version, as in its paths: it moves when a caller must change something."""
DESCRIPTION = """Runs an organization's formal goal cycles on an append-only log.

Every command is a POST. Send an `Idempotency-Key` and repeat the request until it is answered: it is appended once.
An edit names the version that it replaces in `If-Match` (the `ETag` of the resource). `?dry_run=true` tells what would
be appended. Every GET of state takes `?as_of=` a position (immutable) or an instant. Decimals are strings, instants
are in UTC. Refusals are problem documents (RFC 9457) in the language of `Accept-Language` (en, zh-CN).
"""
PROBLEMS = {
    "description": "Refused, with a stable `code` and a way out.",
    "content": {PROBLEM_TYPE: {"schema": {"$ref": SCHEMA_REF.format(model="ProblemDocument")}}},
}


def command_documentation(kind: Kind, name: str, command: type[Command]) -> dict[str, Any]:
    """What a command's route says about itself."""
    answers: dict[int | str, dict[str, Any]] = {200: {"model": CommandAnswer, "description": "Done, or done before."}}
    if command.opens:
        answers[201] = {"model": CommandAnswer, "description": "Done, and it opened what it was sent to."}
    media = {"schema": {"$ref": SCHEMA_REF.format(model=name)}, "example": example_of(command)}
    return {
        "tags": [kind],
        "operation_id": snake(name),
        "summary": name,
        "description": inspect.cleandoc(command.__doc__ or ""),
        "responses": answers | {"default": PROBLEMS},
        "openapi_extra": {"requestBody": {"required": True, "content": {"application/json": media}}},
    }


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
            *((command, "validation") for _, command in COMMANDS.values() if not command.system),
            *((shape, "serialization") for shape in SHAPES),
        ]
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
    """Refusals are problem documents, path parameters have examples, preconditions stand where they mean something."""
    operation["responses"].pop("422", None)
    _, command = COMMANDS.get(operation["summary"], (None, None))
    kept = []
    for parameter in operation.get("parameters", ()):
        name = parameter["name"]
        if parameter["in"] == "path" and name in PATH_EXAMPLES:
            parameter["example"] = PATH_EXAMPLES[name]
        if name == "If-Match" and command is not None and command.edits:
            parameter["required"] = True
        if name != "If-None-Match" or (command is not None and command.opens):
            kept.append(parameter)
    if kept:
        operation["parameters"] = kept
