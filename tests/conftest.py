"""The real servers that tests share: one Postgres and one Temporal a session, a fresh database a test.

What speaks to a server is imported where one is asked for: the domain's tests ask for none, and start at once.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from temporalio.testing import WorkflowEnvironment

TEMPLATE = "goalcycle_template"


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the garbage collector need not walk it every few tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that the unprivileged account of Postgres can enter; pytest's own are closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="goalcycle-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
async def postgres_url(open_folder: Path) -> AsyncIterator[str]:
    """The URL of a Postgres whose owner may create databases: GOALCYCLE_TEST_DATABASE_URL, else one of this session."""
    given = os.environ.get("GOALCYCLE_TEST_DATABASE_URL")
    if given:
        yield given
        return
    from cli.stack import LocalStack
    from eventlog.settings import Settings

    settings = Settings(home=open_folder / "postgres-home", database_url=None, postgres_port=0)
    async with LocalStack(settings, parts=["postgres"], migrate=False) as stack:
        yield stack.settings.require_database_url().rpartition("/")[0] + "/postgres"


@pytest.fixture(scope="session")
async def template_database(postgres_url: str) -> AsyncIterator[str]:
    """The name of a database with the schema and no rows, of which every test gets a copy."""
    from eventlog.migrate import migrate

    name = f"{TEMPLATE}_{uuid4().hex[:8]}"
    await _execute(postgres_url, f"create database {name}")
    try:
        await migrate(_database_of(postgres_url, name))
        yield name
    finally:
        await _execute(postgres_url, f"drop database {name} with (force)")


@pytest.fixture
async def database(postgres_url: str, template_database: str) -> AsyncIterator[str]:
    """The URL of a fresh database with the schema, dropped after the test."""
    async with fresh_database(postgres_url, template_database) as url:
        yield url


@pytest.fixture(scope="module")
async def module_database(postgres_url: str, template_database: str) -> AsyncIterator[str]:
    """Like `database`, shared by the tests of one module."""
    async with fresh_database(postgres_url, template_database) as url:
        yield url


@pytest.fixture(scope="session")
async def temporal_environment() -> AsyncIterator[WorkflowEnvironment]:
    """Temporal's dev server in memory."""
    from temporalio.testing import WorkflowEnvironment

    from cli.stack.finding import find_temporal
    from eventlog.settings import Settings

    program = find_temporal(Settings())
    environment = await WorkflowEnvironment.start_local(dev_server_existing_path=str(program) if program else None)
    async with environment:
        yield environment


@pytest.fixture(scope="session")
def temporal_server(temporal_environment: WorkflowEnvironment) -> str:
    """The address (host:port) of Temporal's dev server."""
    return temporal_environment.client.service_client.config.target_host


@asynccontextmanager
async def fresh_database(postgres_url: str, template: str) -> AsyncIterator[str]:
    """A copy of the template for as long as it is needed."""
    name = f"goalcycle_{uuid4().hex}"
    await _execute(postgres_url, f"create database {name} template {template}")
    try:
        yield _database_of(postgres_url, name)
    finally:
        await _execute(postgres_url, f"drop database {name} with (force)")


def _database_of(postgres_url: str, name: str) -> str:
    return postgres_url.rpartition("/")[0] + f"/{name}"


async def _execute(url: str, statement: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
