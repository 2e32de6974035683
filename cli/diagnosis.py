"""What `goalcycle doctor` looks at: each check says what is wrong and the command or setting that mends it."""

import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from cli.stack.account import postgres_account, require_reachable
from cli.stack.errors import StackError
from cli.stack.finding import find_postgres, find_temporal
from cli.stack.ports import LOOPBACK, require_free
from cli.stack.postgres import accepts_connections
from cli.stack.supervisor import is_home_in_use
from cli.stack.temporal import require_temporal
from eventlog.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check."""

    check: str
    ok: bool
    what: str
    mend: str = ""


Check = Callable[[Settings], Awaitable[str]]


async def examine(settings: Settings) -> list[Finding]:
    """Runs every check; none of them changes anything."""
    return [await _run(name, check, settings) for name, check in CHECKS.items()]


async def _run(name: str, check: Check, settings: Settings) -> Finding:
    try:
        return Finding(name, True, await check(settings))
    except StackError as error:
        return Finding(name, False, error.what, error.mend)


async def _postgres_program(settings: Settings) -> str:
    if settings.database_url is not None:
        await accepts_connections(settings.require_database_url())
        return "the database of GOALCYCLE_DATABASE_URL answers"
    return f"programs in {find_postgres(settings)}"


async def _postgres_account(settings: Settings) -> str:
    if settings.database_url is not None:
        return "not needed: GOALCYCLE_DATABASE_URL is set"
    user = postgres_account(settings)
    require_reachable(user, find_postgres(settings))
    home = settings.home.absolute()
    require_reachable(user, next(folder for folder in (home, *home.parents) if folder.exists()))
    return f"{user or 'our own account'} reaches the programs and {home}"


async def _temporal(settings: Settings) -> str:
    from temporalio.envconfig import ClientConfig

    address = ClientConfig.load_client_connect_config().get("target_host")
    if address:
        await require_temporal(settings)
        return f"Temporal at {address} answers"
    program = find_temporal(settings)
    return f"program {program}" if program else "no program yet: the first start downloads the SDK's own"


async def _ports(settings: Settings) -> str:
    if is_home_in_use(settings):
        return f"in use by the stack that runs in {settings.home}"
    require_free(settings.api_port, "GOALCYCLE_API_PORT", settings.api_host)
    for name in ("postgres", "temporal", "temporal_ui"):
        asked = getattr(settings, f"{name}_port")
        if asked:
            require_free(asked, f"GOALCYCLE_{name.upper()}_PORT", LOOPBACK)
    return f"the API's port {settings.api_port} is free"


async def _secrets(settings: Settings) -> str:
    private = [settings.keyring_directory, settings.token_secret_path, settings.postgres_password_path]
    for path in private:
        _require_private(path)
    return f"only their owner reads {', '.join(str(path) for path in private)}"


def _require_private(path: Path) -> None:
    if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        mode = "700" if path.is_dir() else "600"
        raise StackError(f"others on this machine may read {path}", f"`chmod {mode} {path}`")


CHECKS: dict[str, Check] = {
    "postgres": _postgres_program,
    "postgres account": _postgres_account,
    "temporal": _temporal,
    "ports": _ports,
    "secrets": _secrets,
}
