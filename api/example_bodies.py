"""Ids for every path, and a body for every command: its own example, or one made from its required fields."""

from __future__ import annotations

from typing import Any

from api.examples import BEN, CYCLE, EXAMPLES, HASH, OKR, ORGANIZATION, PLAN, TEAM
from api.metric_examples import METRIC
from domain.messages import Command

PATH_EXAMPLES = {
    "organization": ORGANIZATION,
    "cycle": CYCLE,
    "plan": PLAN,
    "goal": OKR,
    "metric": METRIC,
    "code": "signing.stale_hash",
}
"""What stands in a path."""
BY_FIELD: dict[str, Any] = {
    "cycle": CYCLE,
    "owner": BEN,
    "person": BEN,
    "team": TEAM,
    "goal": OKR,
    "goals": [OKR],
    "hash": HASH,
    "share": "0.3",
    "starts": "2099-04-01T00:00:00+08:00",
    "ends": "2099-07-01T00:00:00+08:00",
}
"""What stands in a field of this name in a command that has no example of its own."""
BY_MODEL: dict[str, Any] = {
    "Okr": EXAMPLES["ProposeRevision"]["definition"],
    "Kpi": EXAMPLES["AssignGoal"]["definition"],
}
BY_FORMAT: dict[str, str] = {"uuid": BEN, "date-time": "2099-06-30T18:00:00+08:00"}
BY_TYPE: dict[str, Any] = {"string": "A sentence that says why", "integer": 1, "number": "1", "boolean": False}


def example_of(command: type[Command]) -> dict[str, Any]:
    """The command's own example, or one made from its required fields: a new command needs none to begin with."""
    if command.__name__ in EXAMPLES:
        return EXAMPLES[command.__name__]
    schema = command.model_json_schema()
    return {
        name: _made(name, schema["properties"][name], schema.get("$defs", {})) for name in schema.get("required", ())
    }


def _made(name: str, schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    if name in BY_FIELD:
        return BY_FIELD[name]
    if "$ref" in schema:
        model = schema["$ref"].rpartition("/")[2]
        return BY_MODEL[model] if model in BY_MODEL else _made(name, definitions[model], definitions)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return _made(name, schema[choice][0], definitions)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if schema.get("type") == "object":
        wanted = schema.get("required", ())
        return {field: _made(field, schema["properties"][field], definitions) for field in wanted}
    if schema.get("type") == "array":
        return [_made("", schema["items"], definitions)] * schema.get("minItems", 0)
    if "format" in schema:
        return BY_FORMAT[schema["format"]]
    return HASH if "[0-9a-f]{64}" in schema.get("pattern", "") else BY_TYPE[schema["type"]]
