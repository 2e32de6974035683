"""What a backup or restore meets on its way, said in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from cli.backup.manifest import BackupError


@contextmanager
def plainly() -> Iterator[None]:
    """Raises BackupError for a folder that may not be written, a full disk, or a database that does not answer."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise BackupError(
                f"{error.filename}: {error.strerror}: give the folder to this account, or room"
            ) from error
        raise BackupError(f"the database does not answer ({type(error).__name__}): start it") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise BackupError(f"the database refuses ({type(error).__name__}): `goalcycle doctor` says more") from error
