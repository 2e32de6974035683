"""What the tests of imports share: options, and an engine on the database of the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest
from pydantic import SecretStr

from cli.composition import Engine, assemble, open_engine
from cli.importing import Directory, ImportOptions, ImportPlan, import_secret, plan_import, read_known
from cli.outline import decode_outline, read_outline
from domain.cycle.windows import Period
from eventlog.keyring import MemoryKeyring
from eventlog.memory import MemoryLog
from eventlog.postgres import PostgresLog
from eventlog.settings import Settings

ORGANIZATION = UUID("0f3a5c9e-0000-4000-8000-000000000001")
QUARTERS = Path(__file__).resolve().parents[3] / "shared" / "data" / "src-d-okrs"
"""Five published quarters, read from beside the repository and never copied into it."""
PERIOD = Period(starts=datetime(2099, 1, 1, tzinfo=UTC), ends=datetime(2099, 4, 1, tzinfo=UTC))


def options(text: str = "", **more: Any) -> ImportOptions:
    """Options that need no database."""
    known = {"organization": ORGANIZATION, "secret": bytes(32), "data": text.encode(), "period": PERIOD}
    return ImportOptions(**{**known, **more})


def planned(text: str, directory: Directory | None = None, **more: Any) -> ImportPlan:
    """The plan of an outline, without a database."""
    return plan_import(read_outline(text), directory, options(text, **more))


def settings_for(database: str, home: Path) -> Settings:
    """Settings of a process that works on the test's database."""
    return Settings(home=home, database_url=SecretStr(database))


@asynccontextmanager
async def engine_on(database: str, home: Path) -> AsyncIterator[Engine]:
    """The real engine."""
    async with open_engine(settings_for(database, home)) as engine:
        yield engine


@asynccontextmanager
async def engine_in_memory() -> AsyncIterator[Engine]:
    """The same engine on the log in memory: everything but what asks Postgres itself."""
    log = cast("PostgresLog", MemoryLog())
    engine = assemble(cast("asyncpg.Pool[asyncpg.Record]", None), log, MemoryKeyring())
    try:
        yield engine
    finally:
        await engine.appender.close()


async def plan_for(
    engine: Engine, data: bytes, directory: Directory | None = None, *, exists: bool = False, **more: Any
) -> ImportPlan:
    """The plan of a file with the organization's own secret; `exists`: into the organization that is there."""
    known = await read_known(engine, ORGANIZATION, more.get("cycle")) if exists else None
    given = options(secret=import_secret(engine.keyring, ORGANIZATION), data=data, known=known, **more)
    return plan_import(read_outline(decode_outline(data)), directory, given)


def real_quarter(name: str) -> bytes:
    """The file of a quarter; skips the test where the folder is not there."""
    file = QUARTERS / f"{name}.md"
    if not file.exists():
        pytest.skip(f"the five quarters are not here: no folder {QUARTERS.name}")
    return file.read_bytes()
