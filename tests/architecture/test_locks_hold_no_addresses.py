"""The locks pin every package by hash and name no registry: which one serves them is the machine's business."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)( ; .+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def pins(lock: Path) -> dict[str, str]:
    matches = (PINNED.match(line) for line in lock.read_text().splitlines())
    return {match[1]: match[2] for match in matches if match}


def test_there_are_four_locks() -> None:
    assert [lock.name for lock in LOCKS] == ["bench.lock", "dev.lock", "mutation.lock", "run.lock"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_line_is_a_pin_or_a_hash(lock: Path) -> None:
    odd = [line for line in lock.read_text().splitlines() if not PINNED.match(line) and not HASH.match(line)]
    assert odd == []


@pytest.mark.parametrize("file", [*LOCKS, ROOT / "pyproject.toml", ROOT / "Makefile"], ids=lambda file: file.name)
def test_no_address(file: Path) -> None:
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host|file:", file.read_text())


def test_what_runs_is_what_was_tested() -> None:
    run, dev, *more = (pins(ROOT / "requirements" / f"{name}.lock") for name in ("run", "dev", "bench", "mutation"))
    assert run.items() <= dev.items()
    assert all(dev.items() <= lock.items() for lock in more)


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    direct = {name.partition("[")[0] for name in project["project"]["dependencies"]}
    developing = {name for name in project["dependency-groups"]["dev"] if isinstance(name, str)}
    build = set(project["dependency-groups"]["build"])
    assert direct | build <= pins(ROOT / "requirements" / "run.lock").keys()
    assert direct | build | developing <= pins(ROOT / "requirements" / "dev.lock").keys()
    for group in ("bench", "mutation"):
        named = {name.partition("[")[0] for name in project["dependency-groups"][group] if isinstance(name, str)}
        assert named <= pins(ROOT / "requirements" / f"{group}.lock").keys()


def test_every_direct_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    named = [*project["project"]["dependencies"], *project["dependency-groups"]["build"]]
    groups = project["dependency-groups"]
    named += [name for name in (*groups["dev"], *groups["bench"], *groups["mutation"]) if isinstance(name, str)]
    page = (ROOT / "docs" / "dependencies.md").read_text()
    missing = [name for name in named if f"| {name.partition('[')[0]} |" not in page]
    assert missing == []
