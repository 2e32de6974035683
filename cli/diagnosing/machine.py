"""Programs, accounts, ports and secrets of this machine: what would keep a part from starting."""

from __future__ import annotations

import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from cli.diagnosing.finding import Fault, Outcome
from cli.stack.account import postgres_account, require_reachable
from cli.stack.errors import StackError
from cli.stack.finding import find_postgres, find_temporal
from cli.stack.own import api_address
from cli.stack.ports import LOOPBACK, is_free, require_free
from cli.stack.postgres import accepts_connections
from cli.stack.supervisor import is_home_in_use
from cli.stack.temporal import require_temporal
from eventlog.keyring import KEY_BYTES
from eventlog.settings import SECRETS_DIRECTORY, Settings

SECRET_BYTES = 32
"""The least that HS256 asks for."""
DAMAGED_NAMED = 3


async def run(code: str, check: Callable[[Settings], Awaitable[Outcome]], settings: Settings) -> Outcome:
    """A check whose StackError is a fault of this code."""
    try:
        return await check(settings)
    except StackError as error:
        return [Fault(code, error.what, error.mend)]


async def postgres(settings: Settings) -> Outcome:
    """The server that a setting names answers; else the programs are there."""
    if settings.database_url is None:
        return await run("postgres.program", _postgres_program, settings)
    return await run("postgres.unreachable", _postgres_answers, settings)


async def account(settings: Settings) -> Outcome:
    """The account that runs Postgres reaches what it needs."""
    return await run("postgres.account", _account, settings)


async def temporal(settings: Settings) -> Outcome:
    """Like `postgres`."""
    from temporalio.envconfig import ClientConfig

    address = ClientConfig.load_client_connect_config().get("target_host")
    if address:
        return await run("temporal.unreachable", _temporal_answers, settings)
    return await run("temporal.program", _temporal_program, settings)


async def ports(settings: Settings) -> Outcome:
    """What was asked for is free, unless it is our own stack that listens."""
    return await run("port.taken", _ports, settings)


async def secrets(settings: Settings) -> Outcome:
    """The secret of tokens is there and long enough, and others read neither it nor the keys."""
    faults = []
    token = settings.token_secret_path
    wanted = settings.token_secret_file is not None or is_home_in_use(settings)
    if not token.exists():
        if wanted:
            make = f"`(umask 077; openssl rand -hex 32 > {token})`"
            faults.append(Fault("secret.missing", f"no secret for callers' tokens at {token}", make))
    elif len(token.read_bytes().strip()) < SECRET_BYTES:
        faults.append(
            Fault(
                "secret.weak",
                f"the secret at {token} has fewer than {SECRET_BYTES} bytes",
                f"`openssl rand -hex 32 > {token}`, then restart the API; callers need new tokens",
            )
        )
    private = [settings.keyring_directory, token, settings.postgres_password_path]
    for path in private:
        if SECRETS_DIRECTORY in path.parents:
            continue  # a container's own: nobody else is there to read it, and its modes are the host's business
        if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            mode = "700" if path.is_dir() else "600"
            faults.append(Fault("secret.open", f"others on this machine may read {path}", f"`chmod {mode} {path}`"))
    return faults or f"only their owner reads {', '.join(str(path) for path in private)}"


async def keyring(settings: Settings) -> Outcome:
    """The keys can be read and written, and each file holds a key."""
    folder = settings.keyring_directory
    if not folder.exists():
        return f"no keys yet: {folder} is made with the first of them"
    if not _may(folder, os.R_OK | os.W_OK | os.X_OK):
        return [Fault("keyring.unreadable", f"this account cannot use {folder}", f"`chown -R $(id -un) {folder}`")]
    files = sorted(folder.glob("*/*.key"))
    shut = [file for file in files if not _may(file, os.R_OK)]
    if shut:
        mend = f"`chown -R $(id -un) {folder}`"
        return [Fault("keyring.unreadable", f"{len(shut)} keys cannot be read, such as {shut[0]}", mend)]
    damaged = [file for file in files if file.stat().st_size != KEY_BYTES]
    if damaged:
        named = ", ".join(str(file) for file in damaged[:DAMAGED_NAMED])
        mend = "restore them from the keyring's backup: `goalcycle restore --help`"
        return [Fault("keyring.damaged", f"{len(damaged)} key files hold no key: {named}", mend)]
    return f"keys in {folder}: {len(files)}, all readable"


def _may(path: Path, rights: int) -> bool:
    return os.access(path, rights, effective_ids=os.access in os.supports_effective_ids)


async def _postgres_program(settings: Settings) -> str:
    return f"programs in {find_postgres(settings)}"


async def _postgres_answers(settings: Settings) -> str:
    await accepts_connections(settings.require_database_url())
    return "the database of GOALCYCLE_DATABASE_URL answers"


async def _account(settings: Settings) -> str:
    if settings.database_url is not None:
        return "not needed: GOALCYCLE_DATABASE_URL is set"
    user = postgres_account(settings)
    require_reachable(user, find_postgres(settings))
    home = settings.home.absolute()
    require_reachable(user, next(folder for folder in (home, *home.parents) if folder.exists()))
    return f"{user or 'our own account'} reaches the programs and {home}"


async def _temporal_answers(settings: Settings) -> str:
    await require_temporal(settings)
    return f"Temporal at {settings.temporal_connect_config().get('target_host')} answers"


async def _temporal_program(settings: Settings) -> str:
    program = find_temporal(settings)
    return f"program {program}" if program else "no program yet: the first start downloads the SDK's own"


async def _ports(settings: Settings) -> str:
    if is_home_in_use(settings):
        return f"in use by the stack that runs in {settings.home}"
    # Without a local stack an API that runs is ours; beside one that does not run, it is another home's and in our way.
    alone = settings.database_url is not None and not is_free(settings.api_port, settings.api_host)
    ours = alone and await _is_our_api(settings)
    if not ours:
        require_free(settings.api_port, "GOALCYCLE_API_PORT", settings.api_host)
    for name in ("postgres", "temporal", "temporal_ui"):
        asked = getattr(settings, f"{name}_port")
        if asked:
            require_free(asked, f"GOALCYCLE_{name.upper()}_PORT", LOOPBACK)
    return f"the API's port {settings.api_port} is {'in use by an API of goalcycle' if ours else 'free'}"


async def _is_our_api(settings: Settings) -> bool:
    """Whether it is an API that listens there, started without a local stack."""
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
            answer = await client.get(f"{api_address(settings)}/health/live")
            return bool(answer.json() == {"status": "live"})
    except (httpx.HTTPError, ValueError):
        return False


CHECKS: dict[str, Callable[[Settings], Awaitable[Outcome]]] = {
    "postgres": postgres,
    "postgres account": account,
    "temporal": temporal,
    "ports": ports,
    "secrets": secrets,
    "keyring": keyring,
}
"""In the order in which they are told."""
