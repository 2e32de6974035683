"""The local Postgres: a cluster in home that listens on the loopback only."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import asyncpg

from cli.outages import outage
from cli.stack.account import postgres_account, require_reachable
from cli.stack.errors import StackError
from cli.stack.finding import find_postgres
from cli.stack.part import Part
from cli.stack.ports import LOOPBACK, claim
from eventlog.outage import UNREACHABLE
from eventlog.settings import DATABASE_NAME, DATABASE_OWNER, Settings

LEFTOVER_SECONDS = 10.0
"""How long the server of a supervisor that was just killed may take to end."""


def postgres_part(settings: Settings) -> Part:
    """Makes the cluster unless it exists, and says how to run its server.

    Raises:
        StackError: no program, no account, a taken port, or initdb failed.
    """
    programs = find_postgres(settings)
    user = postgres_account(settings)
    folder = settings.home / "postgres"
    data = folder / "data"
    folder.mkdir(exist_ok=True)
    require_reachable(user, programs)
    require_reachable(user, settings.home)
    _wait_for_leftover(data)
    port = claim(settings, "postgres", settings.postgres_port)
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    folder.chmod(0o700)
    password = _password(settings)
    if not (data / "PG_VERSION").exists():
        _make_cluster(programs / "initdb", data, password, user)
    url = f"postgresql://{DATABASE_OWNER}:{password}@{LOOPBACK}:{port}/postgres"
    options = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "200",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # A statement that fails may carry sealed text in its parameters; the log never shows either.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
    }
    return Part(
        name="postgres",
        command=(
            str(programs / "postgres"),
            "-D",
            str(data.absolute()),
            *(word for name, value in options.items() for word in ("-c", f"{name}={value}")),
        ),
        ready=lambda: _accepts(url),
        directory=folder,
        user=user,
        stop_signal=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint
        death_signal=signal.SIGQUIT,  # "immediate": takes its own children along
    )


async def create_database(settings: Settings) -> None:
    """Creates goalcycle's database in the local server unless it is there."""
    url = settings.require_database_url()
    connection = await asyncpg.connect(url, database="postgres")
    try:
        if not await connection.fetchval("select exists (select from pg_database where datname = $1)", DATABASE_NAME):
            await connection.execute(f'create database "{DATABASE_NAME}"')
    finally:
        await connection.close()


async def accepts_connections(url: str) -> None:
    """Connects once.

    Raises:
        StackError: it cannot; the message holds no password.
    """
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError, ValueError) as error:
        if not isinstance(error, UNREACHABLE) and (said := outage(error)) is not None:
            raise StackError(*said) from None
        what = f"the database of GOALCYCLE_DATABASE_URL does not answer ({type(error).__name__})"
        raise StackError(what, "start it, or unset the variable to use the local one") from None
    await connection.close()


async def _accepts(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
        return False
    except asyncpg.InvalidPasswordError as error:
        raise StackError(
            "the local Postgres refuses the password in home/secrets/postgres", "restore that file"
        ) from error
    with suppress(asyncpg.PostgresError, OSError):
        await connection.close()
    return True


def _make_cluster(initdb: Path, data: Path, password: str, user: str | None) -> None:
    folder = data.parent
    # initdb reads the password from a file that its account can open; it is gone right after.
    password_file = folder / "password.new"
    password_file.touch(0o600)
    password_file.write_text(password, encoding="ascii")
    entry = pwd.getpwnam(user) if user else None
    if entry is not None:
        os.chown(password_file, entry.pw_uid, entry.pw_gid)
    # Made beside and moved into place when complete, so an interrupted initdb leaves nothing that looks like a cluster.
    making = folder / "data.new"
    shutil.rmtree(making, ignore_errors=True)
    command = [
        str(initdb),
        f"--pgdata={making.absolute()}",
        f"--username={DATABASE_OWNER}",
        f"--pwfile={password_file.absolute()}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
    ]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            user=entry.pw_uid if entry else None,
            group=entry.pw_gid if entry else None,
            extra_groups=() if entry else None,
        )
    finally:
        password_file.unlink()
    if done.returncode:
        raise StackError(f"initdb could not make the cluster in {data}:\n{done.stderr.strip()}")
    making.rename(data)


def _password(settings: Settings) -> str:
    path = settings.postgres_password_path
    if not path.exists():
        path.touch(0o600)
        path.write_text(secrets.token_urlsafe(24), encoding="ascii")
    return path.read_text(encoding="ascii").strip()


def _wait_for_leftover(data: Path) -> None:
    """Waits until the server of a killed supervisor has ended: it was told to by the kernel."""
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while (pid := _server_pid(data)) is not None:
        if time.monotonic() > deadline:
            raise StackError(f"another Postgres (process {pid}) still uses {data}", f"`kill -INT {pid}` stops it")
        time.sleep(0.05)


def _server_pid(data: Path) -> int | None:
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    return pid if str(data.absolute()).encode() in command else None
