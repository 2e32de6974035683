"""The files of examples/harbour do what a newcomer does with them: rehearsed, then for real, and once only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.importing.test_command_line import Terminal

HARBOUR = Path(__file__).resolve().parents[2] / "examples" / "harbour"
KPIS = {"chen": 2, "piotr": 1, "amara": 1, "zhao": 1, "sofia": 1, "liu": 1, "ewa": 1}
"""Counted by hand."""


@pytest.fixture
def terminal(database: str, tmp_path: Path) -> Terminal:
    return Terminal(database, tmp_path)


async def rehearsed_then_done(terminal: Terminal, *arguments: object) -> Any:
    """What came of a command that was tried with --dry-run before; both answers as objects tell the same."""
    tried = await terminal.run(*arguments, "--dry-run", "--json")
    assert (tried.code, tried.object["outcome"]) == (0, "dry_run"), tried.err
    done = await terminal.run(*arguments, "--json")
    assert (done.code, done.object["outcome"]) == (0, "appended"), done.err
    return done.object


async def test_the_example_organization_is_imported_placed_and_given_its_kpis(terminal: Terminal) -> None:
    goals = (HARBOUR / "2027-Q1.md", "--directory", HARBOUR / "directory.toml")
    imported = await rehearsed_then_done(terminal, "import", *goals)
    assert (len(imported["people"]), len(imported["goals"]), imported["notes"]) == (12, 12, [])
    where = ("--organization", imported["organization"])

    staff = ("people", "import", HARBOUR / "people.csv", "--teams", HARBOUR / "teams.csv", *where)
    placed = await rehearsed_then_done(terminal, *staff)
    changes = [(change["kind"], change["what"]) for change in placed["changes"]]
    assert changes.count(("team", "added")) == 3
    assert {what for kind, what in changes if kind == "person"} == {"changed"}, "nobody comes twice"
    assert (await terminal.run(*staff)).out.strip() == "Nothing is different; nothing was changed."

    kpis = ("assign", HARBOUR / "kpis.csv", *where, "--cycle", imported["cycle"])
    assigned = await rehearsed_then_done(terminal, *kpis)
    owners = {id: key for key, id in imported["people"].items()}
    per_owner = dict.fromkeys(KPIS, 0)
    for goal in assigned["goals"]:
        per_owner[owners[goal["owner"]]] += 1
    assert per_owner == KPIS
    assert assigned["notes"] == [], "the KPIs of every owner total 100 %"
    assert (await terminal.run(*kpis, "--json")).object["outcome"] == "duplicate"

    for promise in ("chain", "rules"):
        assert (await terminal.run("verify", promise, *where)).code == 0
