"""Bodies of commands: JSON in, a command out, and errors that point at fields without repeating what stands there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from api.problems import MALFORMED, MEDIA_TYPE

M = TypeVar("M", bound=BaseModel)

JSON = "application/json"
TAGS: Mapping[str, frozenset[str]] = {
    "kind": frozenset({"okr", "kpi", "increase", "decrease", "maintain", "milestones", "yes_no", "ordinal"}),
    "unit": frozenset({"working_days", "elapsed"}),
}
"""The discriminators of the domain's unions and their values: pydantic puts the value into an error's location."""


class InvalidBody(Exception):
    """The body does not fit the command's schema: pydantic's errors by the JSON pointer of the field at fault."""

    def __init__(self, errors: list[tuple[str, dict[str, Any]]]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors


DIGITS = 4300
"""The most that a number may have, as Python bounds whole ones: to look whether 1e999999999 is whole takes hours."""


def _exact(text: str) -> Decimal:
    if len(text) > DIGITS or abs((number := Decimal(text)).adjusted()) > DIGITS:
        raise ValueError("a number has too many digits")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_parse = json.JSONDecoder(parse_float=_exact, parse_constant=_no_constant).decode
_write = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode
"""Canonical JSON as in `domain.canonical`, with exact decimals as strings."""


@dataclass(frozen=True)
class Body:
    """A request's body."""

    tree: Any
    canonical: bytes
    """Equal requests have equal bytes, whatever the order of their keys: what an Idempotency-Key is bound to."""


async def read_body(request: Request, route: str) -> Body:
    """The JSON of a request; an absent body is an empty object.

    Numbers with a fraction are kept exact: a float would round what people sign (R3.4). Raises `body.media_type`,
    `body.malformed`, and `body.too_large` from the guard beneath.
    """
    content = await request.body()
    media_type = request.headers.get("content-type", "" if content else JSON).partition(";")[0].strip().lower()
    if media_type != JSON:
        raise MEDIA_TYPE()
    try:
        tree = _parse(content.decode("utf-8-sig")) if content else {}
        canonical = canonical_body(route, tree)
    except (ValueError, ArithmeticError, RecursionError):  # UnicodeError is a ValueError; Decimal knows numbers too big
        raise MALFORMED() from None
    return Body(tree, canonical)


def canonical_body(route: str, tree: Any) -> bytes:
    """What an Idempotency-Key is bound to: the same for a command sent to its own address and among others."""
    return _write({"route": route, "body": tree}).encode()


def parse(model: type[M], tree: Any) -> M:
    """The command, or another model, in a body. Raises InvalidBody."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise InvalidBody([(pointer(item["loc"], tree), dict(item)) for item in found]) from None


def pointer(location: Sequence[int | str], tree: Any) -> str:
    """The JSON pointer (RFC 6901) of an error's location, without the union tags that pydantic writes into it."""
    return "".join(f"/{str(step)[:200].replace('~', '~0').replace('/', '~1')}" for step in _steps(location, tree))


def _steps(location: Sequence[int | str], tree: Any) -> Iterator[int | str]:
    here, tagged = tree, False
    for step in location:
        if not tagged and _is_tag(step, here):
            tagged = True
            continue
        if step == "[key]":
            continue
        yield step
        tagged = False
        if isinstance(here, dict):
            here = here.get(step)
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
        else:
            here = None


def _is_tag(step: int | str, here: Any) -> bool:
    return isinstance(here, dict) and any(here.get(key) == step and step in tags for key, tags in TAGS.items())
