"""What every row stands on: servers of this run's own, with every promise on, and a fresh database for each row."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import asyncpg
from pydantic import SecretStr

from bench.load import Generator, generator
from bench.processes import python, stopped
from cli.composition import Engine, open_engine
from cli.stack import LocalStack
from cli.stack.own import environment_of
from cli.stack.ports import pick_free
from eventlog.migrate import migrate
from eventlog.settings import Settings

READY_SECONDS = 60


@dataclass
class Stage:
    """The servers, started when a row first asks for them."""

    folder: Path
    stack: AsyncExitStack
    postgres_url: str = ""
    """Of a database whose owner may create others; empty: a server of this run's own."""
    temporal_address: str = ""
    """Empty: a server of this run's own."""
    _generator: Generator | None = None

    async def load(self) -> Generator:
        """The load generator."""
        if self._generator is None:
            self._generator = await self.stack.enter_async_context(generator())
        return self._generator

    async def temporal(self) -> str:
        """The address of a Temporal dev server: the one of `make dev`, with its file."""
        if not self.temporal_address:
            server = LocalStack(Settings(home=self.folder / "temporal"), parts=["temporal"], migrate=False)
            self.temporal_address = (await self.stack.enter_async_context(server)).addresses.temporal
        return self.temporal_address

    @asynccontextmanager
    async def empty_temporal(self) -> AsyncIterator[str]:
        """The address of a Temporal dev server that has never heard of anything."""
        home = self.folder / uuid4().hex
        async with LocalStack(Settings(home=home), parts=["temporal"], migrate=False) as stack:
            yield stack.addresses.temporal

    @asynccontextmanager
    async def site(self) -> AsyncIterator[Site]:
        """goalcycle on a database of its own, dropped at the end."""
        if not self.postgres_url:
            server = LocalStack(Settings(home=self.folder / "postgres"), parts=["postgres"], migrate=False)
            started = await self.stack.enter_async_context(server)
            self.postgres_url = started.settings.require_database_url().rpartition("/")[0] + "/postgres"
        owner = self.postgres_url.rpartition("/")[0]
        name = f"bench_{uuid4().hex}"
        await _execute(f"{owner}/postgres", f"create database {name}")
        try:
            await migrate(f"{owner}/{name}")
            home = self.folder / name
            secret = home / "secrets" / "token"
            secret.parent.mkdir(parents=True)
            secret.write_text(uuid4().hex * 2, encoding="ascii")
            yield Site(Settings(home=home, database_url=SecretStr(f"{owner}/{name}"), api_port=pick_free()))
        finally:
            await _execute(f"{owner}/postgres", f"drop database {name} with (force)")
            await _execute(f"{owner}/postgres", "checkpoint")  # the next row's rounds begin with clean pages


@dataclass
class Site:
    """One row's goalcycle."""

    settings: Settings

    @property
    def database_url(self) -> str:
        return self.settings.require_database_url()

    async def count(self, table: str, where: str = "true") -> int:
        """How many rows of a table there are: rows prove by it that the work was done."""
        connection = await asyncpg.connect(self.database_url)
        try:
            found: int = await connection.fetchval(f"select count(*) from {table} where {where}")
            return found
        finally:
            await connection.close()

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[Engine]:
        """The engine in this process, as every part of goalcycle opens it."""
        async with open_engine(self.settings) as engine:
            yield engine

    @asynccontextmanager
    async def serving(self, part: str, *, temporal: str = "", module: str = "cli.main") -> AsyncIterator[int]:
        """`goalcycle run PART` as a process of its own; its id."""
        async with self.running(module, "run", part, name=part, temporal=temporal) as process:
            yield process

    @asynccontextmanager
    async def running(self, module: str, *arguments: str, name: str, temporal: str = "") -> AsyncIterator[int]:
        """A Python module as a process with this goalcycle's settings, which says that it is ready by its name."""
        environment = environment_of(self.settings) | {"GOALCYCLE_LOG_LEVEL": "warning"}
        if temporal:
            environment["TEMPORAL_ADDRESS"] = temporal
        log = self.settings.home / f"{name}.log"
        with log.open("wb") as written:
            process = await python(
                module, *arguments, environment=environment, stdout=asyncio.subprocess.PIPE, stderr=written
            )
            async with stopped(process):
                await _ready(process, name, log)
                yield process.pid


async def _ready(process: asyncio.subprocess.Process, part: str, log: Path) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(READY_SECONDS):
        while line := await process.stdout.readline():
            if line.startswith(b"{") and json.loads(line).get("ready") == part:
                return
    raise RuntimeError(f"{part} did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


@asynccontextmanager
async def open_stage(postgres_url: str = "", temporal_address: str = "") -> AsyncIterator[Stage]:
    """The stage of one run, in a folder that Postgres's own account may enter."""
    with TemporaryDirectory(prefix="goalcycle-bench-") as folder:
        Path(folder).chmod(0o755)
        async with AsyncExitStack() as stack:
            yield Stage(Path(folder), stack, postgres_url, temporal_address)


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
