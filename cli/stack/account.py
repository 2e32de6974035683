"""The account that runs Postgres: our own, or an unprivileged one when we are root, since Postgres refuses root."""

import os
import pwd
import subprocess
from pathlib import Path

from cli.stack.errors import StackError
from eventlog.settings import Settings

CANDIDATES = ("postgres", "nobody")


def postgres_account(settings: Settings) -> str | None:
    """The account's name, or None when our own will do.

    Raises:
        StackError: we are root, and the named account, or every usual one, is missing.
    """
    if os.geteuid() != 0:
        return None
    asked = settings.postgres_user
    for name in (asked,) if asked else CANDIDATES:
        try:
            if pwd.getpwnam(name).pw_uid != 0:
                return name
        except KeyError:
            continue
    raise StackError(
        f"Postgres refuses to run as root, and there is no unprivileged account {asked or ' or '.join(CANDIDATES)}",
        "make one (`useradd --system postgres`) or name one in GOALCYCLE_POSTGRES_USER",
    )


def require_reachable(user: str | None, path: Path) -> None:
    """Checks that the account may pass every folder down to `path`.

    Raises:
        StackError: one of them is closed to it; the message names it and the command that opens it.
    """
    if user is None:
        return
    path = path.absolute()
    for folder in [*reversed(path.parents), path]:
        if folder.is_dir() and not _may_pass(user, folder):
            raise StackError(
                f"the account {user}, which runs Postgres, may not enter {folder}",
                f"`chmod o+x {folder}`, or move away: GOALCYCLE_HOME moves the data, GOALCYCLE_POSTGRES_BIN the server",
            )


def _may_pass(user: str, folder: Path) -> bool:
    entry = pwd.getpwnam(user)
    test = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(folder)]
    return (
        subprocess.run(test, user=entry.pw_uid, group=entry.pw_gid, extra_groups=(), cwd="/", check=False).returncode
        == 0
    )
