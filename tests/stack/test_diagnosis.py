"""Each fault that `goalcycle doctor` knows, found in a part that really has it; and none where all is well."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from click.testing import CliRunner
from temporalio.client import Client

from cli.composition import CODEC, Engine
from cli.diagnosing import behind, machine
from cli.diagnosing import database as looking
from cli.diagnosing.finding import CODES, Finding, findings
from cli.diagnosis import examine
from cli.main import cli
from cli.stack.ports import pick_free
from domain.registry import DECIDERS
from eventlog.handler import system_clock
from eventlog.keyring import DirectoryKeyring
from eventlog.projector import Projector
from eventlog.relay import rebuild_wakes
from eventlog.settings import Settings
from tests.support.dev_server import dev_server, relaying, until, working
from tests.support.poison import poison
from tests.support.processes import running
from tests.support.projecting import caught_up
from tests.support.quarter import Quarter, open_engine_on, windows

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _no_temporal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    monkeypatch.setattr(behind, "PATIENCE", 0.6)


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """Points to a database with the schema; a secret and a folder of keys are there."""
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text("0123456789abcdef" * 4, encoding="ascii")
    return Settings.model_validate(
        {
            "home": tmp_path / "home",
            "database_url": database,
            "keyring": tmp_path / "keys",
            "token_secret_file": token,
            "api_port": pick_free(),
        }
    )


@dataclass
class Site:
    engine: Engine
    quarter: Quarter


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Site]:
    """A cycle with a plan, shown in the read models; nobody was told."""
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    async with open_engine_on(url, DirectoryKeyring(settings.keyring_directory)) as engine:
        quarter = Quarter(engine)
        await quarter.found()
        await quarter.open(timetable=windows(3600, 7200, 10800, 14400, 18000))
        await quarter.draft(quarter.staff[0])
        await caught_up(Projector(engine.pool, engine.log, DECIDERS, CODEC))
        yield Site(engine, quarter)


async def wrong(settings: Settings) -> dict[str, Finding]:
    """What is wrong, by code."""
    return {finding.code: finding for finding in await examine(settings) if not finding.ok}


async def wrong_here(settings: Settings) -> set[str]:
    """Codes of what is wrong, but for Temporal, which these tests go without."""
    return set(await wrong(settings)) - {"temporal.unreachable"}


async def execute(database: str, *statements: str) -> None:
    owner = await asyncpg.connect(database)
    try:
        for statement in statements:
            await owner.execute(statement)
    finally:
        await owner.close()


async def test_nothing_is_wrong_where_every_part_works(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async with dev_server() as client, opened(settings) as site, working(site.engine, client) as relay:
        monkeypatch.setenv("TEMPORAL_ADDRESS", client.service_client.config.target_host)

        async def told() -> bool:
            return (await relay.lag()).undelivered == 0

        await until("the workflows to be told", told)
        found = await examine(settings)
        assert [finding for finding in found if not finding.ok] == []
        checks = {finding.check for finding in found}
        assert {"database", "clock", "keys", "relay", "duties", "read models", "worker", "workflows"} <= checks


# --- this machine ---


async def test_servers_that_do_not_answer(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{pick_free()}")
    away = settings.model_copy(update={"database_url": _url(f"postgresql://nobody:x@127.0.0.1:{pick_free()}/nothing")})
    assert {"postgres.unreachable", "temporal.unreachable"} == set(await wrong(away))


async def test_a_program_that_is_not_there(settings: Settings, tmp_path: Path) -> None:
    local = settings.model_copy(update={"database_url": None, "postgres_bin": tmp_path / "nowhere"})
    assert "postgres.program" in await wrong(local)


async def test_a_port_that_is_our_own_apis(settings: Settings, tmp_path: Path) -> None:
    assert settings.database_url is not None
    environment = {
        "GOALCYCLE_DATABASE_URL": settings.database_url.get_secret_value(),
        "GOALCYCLE_HOME": str(settings.home),
        "GOALCYCLE_KEYRING": str(settings.keyring_directory),
        "GOALCYCLE_TOKEN_SECRET_FILE": str(settings.token_secret_path),
        "GOALCYCLE_API_PORT": str(settings.api_port),
    }
    async with running("api", environment, tmp_path / "api.log") as process:
        await until("the API to serve", process.is_ready)
        assert "port.taken" not in await wrong(settings)
    listener = socket.create_server(("127.0.0.1", settings.api_port))
    with listener:
        assert "port.taken" in await wrong(settings)


async def test_secrets_that_are_missing_weak_or_open(settings: Settings) -> None:
    token = settings.token_secret_path
    token.chmod(0o644)
    found = await wrong(settings)
    assert found["secret.open"].mend == f"`chmod 600 {token}`"
    token.write_text("short", encoding="ascii")
    token.chmod(0o600)
    assert "secret.weak" in await wrong(settings)
    token.unlink()
    found = await wrong(settings)
    assert set(found) & {"secret.missing", "secret.weak", "secret.open"} == {"secret.missing"}
    await asyncio.to_thread(subprocess.run, found["secret.missing"].mend.strip("`"), shell=True, check=True)
    assert not {code for code in await wrong(settings) if code.startswith("secret.")}


async def test_a_containers_own_secrets_are_open_to_nobody(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.token_secret_path.chmod(0o444)
    assert "secret.open" in await wrong(settings)
    monkeypatch.setattr(machine, "SECRETS_DIRECTORY", tmp_path)
    assert "secret.open" not in await wrong(settings)


async def test_keys_that_are_damaged_or_of_another_log(settings: Settings, tmp_path: Path) -> None:
    async with opened(settings):
        key = next(settings.keyring_directory.glob("*/*.key"))
        key.write_bytes(key.read_bytes()[:-1])
        found = await wrong(settings)
        assert str(key) in found["keyring.damaged"].what
        other = settings.model_copy(update={"keyring": tmp_path / "others"})
        (tmp_path / "others").mkdir(mode=0o700)
        assert "keyring.lost" in await wrong(other)


async def test_keys_that_this_account_may_not_read(settings: Settings, open_folder: Path) -> None:
    folder = open_folder / f"keys-{uuid4().hex}"
    folder.mkdir(mode=0o700)
    shut = settings.model_copy(update={"keyring": folder})
    if os.geteuid() != 0:
        folder.chmod(0)
        assert "keyring.unreadable" in await _of_machine(shut)
        return
    assert "keyring.unreadable" not in await _of_machine(shut)
    os.seteuid(65534)
    try:
        assert "keyring.unreadable" in await _of_machine(shut)
    finally:
        os.seteuid(0)


# --- the database ---


async def test_a_database_without_the_schema_and_the_command_that_mends_it(
    settings: Settings, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"goalcycle_{uuid4().hex}"
    await execute(postgres_url, f"create database {name}")
    url = postgres_url.rpartition("/")[0] + f"/{name}"
    empty = settings.model_copy(update={"database_url": _url(url)})
    found = await wrong(empty)
    assert set(found) == {"schema.pending"}
    monkeypatch.setenv("GOALCYCLE_DATABASE_URL", url)
    await asyncio.to_thread(_run, found["schema.pending"].mend)
    assert "schema.pending" not in await wrong(empty)
    await execute(url, "update public.goalcycle_migrations set checksum = 'another'")
    assert set(await wrong(empty)) == {"schema.changed"}
    await execute(postgres_url, f"drop database {name} with (force)")


async def test_a_database_that_could_change_events(settings: Settings, database: str) -> None:
    await execute(
        database,
        "grant update (payload) on goalcycle.events to goalcycle_app",
        "alter table goalcycle.events disable trigger events_are_never_changed",
    )
    assert {"database.role", "database.trigger"} == await wrong_here(settings)


async def test_a_server_that_could_lose_commits(settings: Settings, database: str, postgres_url: str) -> None:
    unsafe = ("fsync", "full_page_writes", "synchronous_commit")
    await execute(postgres_url, *(f"alter system set {name} = off" for name in unsafe), "select pg_reload_conf()")
    try:

        async def reloaded() -> bool:
            return {f"database.{name}" for name in unsafe} <= set(await wrong(settings))

        await until("the faults to show", reloaded)
    finally:
        await execute(postgres_url, *(f"alter system reset {name}" for name in unsafe), "select pg_reload_conf()")

    async def mended() -> bool:
        return not await wrong_here(settings)

    await until("the faults to be gone", mended)


@pytest.mark.parametrize("seconds", [2, -6])
async def test_a_clock_that_the_append_function_would_refuse(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    monkeypatch.setattr(looking, "system_clock", lambda: system_clock() + timedelta(seconds=seconds))
    assert await wrong_here(settings) == {"clock.skewed"}
    monkeypatch.setattr(looking, "system_clock", lambda: system_clock() + timedelta(seconds=seconds / 3))
    assert not await wrong_here(settings)


# --- behind the log ---


async def test_nobody_is_told_and_nothing_is_shown(settings: Settings) -> None:
    async with opened(settings) as site:
        assert await wrong_here(settings) == {"relay.behind"}
        await site.quarter.draft(site.quarter.staff[1])
        projector = Projector(site.engine.pool, site.engine.log, DECIDERS, CODEC)
        behind_by = await projector.lag()
        assert "`goalcycle run projector`" in (await wrong(settings))["projection.behind"].mend
        assert await projector.lag() == behind_by > 0, "the doctor only looks"


async def test_a_duty_that_nobody_performs(settings: Settings, database: str) -> None:
    async with opened(settings):
        await execute(database, "update goalcycle.streams set next_due = now() - interval '10 minutes'")
        assert "duties.overdue" in await wrong(settings)


async def test_an_event_that_cannot_be_applied(settings: Settings, database: str) -> None:
    async with opened(settings) as site:
        await poison(database, site.quarter.organization)
        found = await wrong(settings)
        assert "projection.behind" not in found
        assert str(site.quarter.organization) in found["projection.stopped"].what
        assert "UnknownEventError" in found["projection.stopped"].what


async def test_read_models_of_a_newer_log_and_the_command_that_mends_them(
    settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(settings):
        await execute(database, "update goalcycle.view_checkpoints set position = position + 1000")
        found = await wrong(settings)
        assert "projection.behind" not in found
        monkeypatch.setenv("GOALCYCLE_DATABASE_URL", database)
        monkeypatch.setenv("GOALCYCLE_KEYRING", str(settings.keyring_directory))
        await asyncio.to_thread(_run, found["views.ahead"].mend)
        assert "views.ahead" not in await wrong(settings)


async def test_workflows_that_are_lost_and_no_worker(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async with dev_server() as client, opened(settings) as site, relaying(site.engine, client) as relay:
        monkeypatch.setenv("TEMPORAL_ADDRESS", client.service_client.config.target_host)

        async def told() -> bool:
            return (await relay.lag()).undelivered == 0

        await until("the workflows to be told", told)
        assert set(await wrong(settings)) == {"worker.absent"}
        await _terminate_all(client)
        found = await wrong(settings)
        assert set(found) == {"worker.absent", "workflows.missing"}
        assert found["workflows.missing"].mend == "`goalcycle rebuild workflows`"
        await rebuild_wakes(site.engine.pool)
        await until("the workflows to be told again", told)
        assert set(await wrong(settings)) == {"worker.absent"}


# --- what is said of it ---


def test_every_code_is_tried_here_and_explained() -> None:
    tried = Path(__file__).read_text(encoding="utf-8") + (Path(__file__).parent / "test_doctor.py").read_text()
    page = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
    computed = {f"database.{name}" for name in ("fsync", "full_page_writes", "synchronous_commit")}
    assert [code for code in CODES if code not in tried and code not in computed] == []
    assert re.findall(r"^\| `([a-z_.]+)` \|", page, re.MULTILINE) == list(CODES)
    assert [meaning for meaning in CODES.values() if meaning not in page] == []


def _url(url: str) -> object:
    from pydantic import SecretStr

    return SecretStr(url)


def _run(mend: str) -> None:
    """Do what a finding says."""
    result = CliRunner().invoke(cli, mend.strip("`").split()[1:])
    assert result.exit_code == 0, result.output


async def _of_machine(settings: Settings) -> set[str]:
    return {finding.code for finding in findings("keyring", await machine.keyring(settings))}


async def _terminate_all(client: Client) -> None:
    ids = [found.id async for found in client.list_workflows("ExecutionStatus = 'Running'")]
    assert ids
    for name in ids:
        await client.get_workflow_handle(name).terminate("the test loses it")
