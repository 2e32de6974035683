"""A site: a database, a keyring and the folders of its backups, and a second, empty site to restore into."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.composition import Engine
from eventlog.keyring import DirectoryKeyring
from tests.conftest import fresh_database
from tests.support.commands import Said, goalcycle
from tests.support.quarter import open_engine_on


@dataclass(frozen=True)
class Site:
    """Where one goalcycle keeps what it knows."""

    database: str
    keyring: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "GOALCYCLE_DATABASE_URL": self.database,
            "GOALCYCLE_KEYRING": str(self.keyring),
            "GOALCYCLE_HOME": str(self.home),
        }

    def engine(self) -> AbstractAsyncContextManager[Engine]:
        return open_engine_on(self.database, DirectoryKeyring(self.keyring))

    async def run(self, *arguments: str) -> Said:
        return await goalcycle(*arguments, environment=self.environment)


@pytest.fixture
async def site(database: str, tmp_path: Path) -> Site:
    return Site(database, tmp_path / "keyring", tmp_path / "home")


@pytest.fixture
async def empty(postgres_url: str, template_database: str, tmp_path: Path) -> AsyncIterator[Site]:
    """A database as `goalcycle migrate` leaves it."""
    async with fresh_database(postgres_url, template_database) as url:
        yield Site(url, tmp_path / "new-keyring", tmp_path / "new-home")


@pytest.fixture
async def bare(postgres_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """A database in which there is nothing at all."""
    async with fresh_database(postgres_url, "template0") as url:
        yield Site(url, tmp_path / "bare-keyring", tmp_path / "bare-home")
