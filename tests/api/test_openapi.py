"""The contract: operation ids are frozen, every command is documented, every example validates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.example_bodies import example_of
from api.examples import EXAMPLES
from domain import registry
from tests.api.world import World

GOLDEN = Path(__file__).with_name("operation_ids.txt")
CALLABLE = {name: command for name, (_, command) in registry.CALLABLE.items()}


@pytest.fixture
async def document(world: World) -> dict[str, Any]:
    answer = await world.client.get("/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> dict[str, tuple[str, str, dict[str, Any]]]:
    return {
        operation["operationId"]: (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


async def test_operation_ids_are_frozen(document: dict[str, Any]) -> None:
    """Generated clients name their methods by them. Adding one is fine; changing one breaks every client."""
    assert sorted(operations(document)) == GOLDEN.read_text(encoding="utf-8").split(), (
        f"if that is meant: goalcycle openapi --operation-ids > {GOLDEN.relative_to(Path.cwd())}"
    )


@pytest.mark.parametrize("name", CALLABLE)
async def test_every_command_is_documented_with_an_example_that_validates(name: str, document: dict[str, Any]) -> None:
    found = {
        operation["summary"]: (method, path, operation) for method, path, operation in operations(document).values()
    }
    method, path, operation = found[name]
    media = operation["requestBody"]["content"]["application/json"]
    assert method == "post"
    assert media["example"] == example_of(CALLABLE[name])
    CALLABLE[name].model_validate(media["example"])
    assert media["schema"]["$ref"].rpartition("/")[2] in document["components"]["schemas"]
    assert operation["description"]
    assert all("example" in item for item in operation["parameters"] if item["in"] == "path"), path
    required = {item["name"] for item in operation["parameters"] if item["in"] == "header" and item["required"]}
    assert required == ({"If-Match"} if CALLABLE[name].edits else set())


async def test_every_reference_resolves_and_every_operation_can_be_refused(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for part in json.dumps(document).split('"$ref": "')[1:]:
        assert part.partition('"')[0].rpartition("/")[2] in schemas
    for method, path, operation in operations(document).values():
        if path.startswith("/v1/"):
            assert "application/problem+json" in operation["responses"]["default"]["content"], (method, path)
            assert operation["security"] == [{"bearer": []}], (method, path)


async def test_the_pages_ask_nobody_for_anything(world: World, document: dict[str, Any]) -> None:
    """Blank offline, slow in China: what FastAPI's own page would be."""
    for path in ("/docs", "/problems", "/problems/signing.stale_hash"):
        page = await world.client.get(path)
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["content-security-policy"]
        for loader in ("<script", "<link", "<img", "@import", "url(", " src="):
            assert loader not in page.text, (path, loader)
    docs = (await world.client.get("/docs")).text
    for name in operations(document):
        assert f'id="{name}"' in docs
    assert "Ben 示例" in docs
    assert "`" not in docs, "what stands between backticks is set as code"
    assert "<code>Idempotency-Key</code>" in docs


async def test_no_operation_is_documented_that_does_not_exist(world: World, document: dict[str, Any]) -> None:
    for method, path, _ in operations(document).values():
        answer = await world.client.request(method.upper(), path.replace("{organization}", str(world.organization)))
        assert answer.status_code not in {405, 500}, (method, path)


@pytest.mark.parametrize("name", CALLABLE)
def test_an_example_can_be_made_for_every_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new command needs no example of its own to begin with."""
    monkeypatch.delitem(EXAMPLES, name, raising=False)
    CALLABLE[name].model_validate(example_of(CALLABLE[name]))
