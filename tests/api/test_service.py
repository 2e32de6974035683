"""Health, metrics, and the server itself over a real socket."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from api.app import create_app
from api.auth import read_token
from api.examples import ADA, EXAMPLES, ORGANIZATION
from cli.main import cli
from cli.serve.api import listening
from cli.stack.ports import pick_free
from domain.values import SYSTEM
from eventlog.settings import NotConfigured
from tests.api.world import World


async def test_live_is_always_and_ready_names_what_is_missing(world: World) -> None:
    assert (await world.client.get("/health/live")).json() == {"status": "live"}
    assert (await world.client.get("/health/ready")).json() == {"postgres": True, "migrations": True}

    async def behind() -> Mapping[str, bool]:
        return {"postgres": True, "migrations": False}

    app = create_app(replace(world.services, readiness=behind))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.test") as client:
        answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["detail"]) == (503, "Not ready: migrations.")


async def test_metrics_count_what_happened_and_explain_themselves(world: World) -> None:
    await world.found()
    await world.try_("AddPerson")
    await world.get("/plans/not-an-id")
    await world.client.get("/nowhere/at/all")
    text = (await world.client.get("/metrics")).text
    assert 'goalcycle_commands_total{command="AddPerson",outcome="appended"} 1.0' in text
    assert 'goalcycle_commands_total{command="AddPerson",outcome="refused"} 1.0' in text
    assert 'goalcycle_refusals_total{code="person.exists"} 1.0' in text
    assert "goalcycle_append_queue_depth 0.0" in text
    route = "/v1/organizations/{organization}/directory/add-person"
    assert f'goalcycle_http_request_seconds_count{{method="POST",route="{route}",status="200"}} 1.0' in text
    assert 'goalcycle_http_request_seconds_count{method="GET",route="none",status="404"} 1.0' in text
    assert str(world.organization) not in text
    for name in re.findall(r"^# TYPE (\S+)", text, re.MULTILINE):
        explained = re.search(rf"^# HELP {name} (.+)$", text, re.MULTILINE)
        assert explained is not None, name
        assert len(explained.group(1)) > 20, name


async def test_it_serves_over_a_real_socket(world: World) -> None:
    port = pick_free()
    async with (
        listening(world.services, "127.0.0.1", port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        founded = await client.post(
            world.route("FoundOrganization"), headers=world.headers(), json=EXAMPLES["FoundOrganization"]
        )
        assert founded.status_code == 201
        assert "server" not in founded.headers
        directory = await client.get(world.base, headers=world.headers())
        assert directory.json()["state"]["people"][ADA]["name"] == "Ada Example"
        endless = await client.post(
            world.route("AddTeam"),
            headers=world.headers() | {"Content-Type": "application/json"},
            content=b" " * (2**20 + 1),
        )
        assert (endless.status_code, endless.json()["code"]) == (413, "body.too_large")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/health/live")


async def test_a_caller_who_hangs_up_is_no_failure_of_ours(world: World) -> None:
    port = pick_free()
    async with (
        listening(world.services, "127.0.0.1", port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        token = world.headers()["Authorization"]
        head = [
            f"POST {world.route('AddTeam')} HTTP/1.1",
            "Host: api.test",
            f"Authorization: {token}",
            "Content-Type: application/json",
            "Content-Length: 100",
        ]
        writer.write("\r\n".join([*head, "", '{"team": ']).encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        async with asyncio.timeout(10):
            while 'status="499"' not in (text := (await client.get("/metrics")).text):
                await asyncio.sleep(0.02)
    assert 'status="500"' not in text


def test_goalcycle_openapi_prints_the_document() -> None:
    printed = CliRunner().invoke(cli, ["openapi"])
    assert printed.exit_code == 0, printed.output
    assert json.loads(printed.stdout)["info"]["title"] == "goalcycle"


def test_goalcycle_token_makes_a_token_of_the_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOALCYCLE_HOME", str(tmp_path))
    asked = ["token", "--organization", ORGANIZATION, "--person", ADA]
    without = CliRunner().invoke(cli, asked)
    assert isinstance(without.exception, NotConfigured)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "token").write_text("s" * 64)
    printed = CliRunner().invoke(cli, [*asked, "--hours", "1"])
    assert printed.exit_code == 0, printed.output
    caller = read_token("s" * 64, printed.stdout.strip())
    assert (str(caller.organization), str(caller.person)) == (ORGANIZATION, ADA)
    duty = CliRunner().invoke(cli, ["token", "--organization", ORGANIZATION, "--person", str(SYSTEM)])
    assert duty.exit_code == 2
