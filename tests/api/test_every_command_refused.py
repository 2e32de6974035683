"""For every command there is, what does not fit its schema is refused by the documented problem, and nothing happens.

Out of phase and by the wrong person are told in tests/domain/rows, for every command too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from api.addresses import ADDRESSES, Address
from api.example_bodies import example_of
from api.examples import ADA
from domain.messages import Command
from domain.problems import PROBLEMS
from domain.sealed import MAX_TEXT
from tests.api.world import World

TOO_LONG = "x" * (MAX_TEXT + 1)
Body = dict[str, Any]


def faulty(command: type[Command], body: Body) -> Iterator[tuple[str, Body, str]]:
    """A name for it, a body with one fault, and the field at fault."""
    schema = command.model_json_schema()
    for name in schema.get("required", ()):
        yield f"{name} missing", {key: value for key, value in body.items() if key != name}, name
    yield "one too many", {**body, "nobody_knows_this": 1}, "nobody_knows_this"
    for name in schema.get("properties", {}):
        yield f"{name} mistyped", {**body, name: {"an": {"object": ["of", "nothing"]}}}, name
    for name, value in body.items():
        if isinstance(value, str):
            yield f"{name} oversized", {**body, name: TOO_LONG}, name


async def test_what_does_not_fit_is_refused_where_it_stands_and_nothing_happens(world: World) -> None:
    await world.agree()
    before = await world.engine.log.last_position(world.organization)
    tried = 0
    for address in ADDRESSES:
        for what, wrong, field in faulty(address.command, example_of(address.command)):
            tried += 1
            await _is_refused(world, address, f"{address.name}: {what}", wrong, field)
        for raw, code in ((b"[]", "request.invalid"), (b"{", "body.malformed"), (b"\xff", "body.malformed")):
            headers = world.headers(ADA, content_type="application/json", if_match='"1"')
            answer = await world.client.post(world.route(address.name), content=raw, headers=headers)
            assert answer.json()["code"] == code, (address.name, raw)
    assert tried > 5 * len(ADDRESSES)
    assert await world.engine.log.last_position(world.organization) == before


async def _is_refused(world: World, address: Address, what: str, wrong: Body, field: str) -> None:
    headers = world.headers(ADA, idempotency_key=str(uuid4()), if_match='"1"')
    answer = await world.client.post(world.route(address.name), json=wrong, headers=headers)
    document = answer.json()
    assert answer.status_code == 422, (what, answer.text)
    assert document["code"] == "request.invalid", (what, document)
    assert any(item["pointer"].startswith(f"/{field}") for item in document["errors"]), (what, document)
    assert TOO_LONG[:100] not in answer.text, what
    assert document["code"] in PROBLEMS
