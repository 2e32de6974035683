"""Runs of pytest over the copy: one for all mutants, and one more each for those that only an import reaches."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.mutation.report import Result

RESULTS = "results.jsonl"
PYTEST = [sys.executable, "-m", "pytest", "-s", "-x", "-p", "no:cacheprovider", "-p", "no:terminal"]
PYTEST += ["-o", "addopts=--import-mode=importlib"]  # the project's own options speak of the terminal


def try_all(folder: Path, tests: list[str], children: int, seconds: float) -> list[Result]:
    """Every chosen mutant in a fork of one run. Raises `CalledProcessError` where the run itself breaks off."""
    (folder / RESULTS).unlink(missing_ok=True)
    subprocess.run(
        [*PYTEST, "-p", "tests.mutation.loop", *tests],
        cwd=folder,
        env={**_environment(folder), "MUTATION_CHILDREN": str(children), "MUTATION_SECONDS": str(seconds)},
        check=True,
    )
    with (folder / RESULTS).open(encoding="utf-8") as lines:
        return [Result.read(line) for line in lines]


def try_at_import(folder: Path, tests: list[str], found: Iterable[Result]) -> list[Result]:
    """What imports call is changed before they do: a process of its own for each that no fork has killed."""
    return [_at_import(folder, tests, one) if one.result == "imported" else one for one in found]


def _at_import(folder: Path, tests: list[str], found: Result) -> Result:
    ran = subprocess.run(
        [*PYTEST, *tests],
        cwd=folder,
        env={**_environment(folder), "MUTANT_UNDER_TEST": found.name},
        check=False,
        capture_output=True,
    )
    return Result(found.name, "killed" if ran.returncode else "survived", "at import")


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder)}
