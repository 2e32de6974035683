"""The demo as a newcomer runs it: a process, the real servers, one JSON object at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE = """\
# A small quarter

## Answer customers within a day [desk]

- Cut first answers from 30 to 8 hours
- Write the handbook
  - [x] Outline
  - [ ] Published
"""


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_files_goals_run_through_a_whole_cycle(open_folder: Path) -> None:
    folder = open_folder / "demo"
    folder.mkdir()
    file = folder / "goals.md"
    file.write_text(FILE, encoding="utf-8")
    environment = {**os.environ, "GOALCYCLE_HOME": str(folder / "home"), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "cli.main", "demo", str(file), "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["goals"], summary["plans"], summary["lost"], summary["doubled"]) == (1, 1, 0, 0)
    assert summary["chain_verified"]
    assert summary["phases"] == ["draft", "negotiate", "commit", "track", "retrospect"]
    assert {"events", "acknowledged", "duties", "temporal_events_per_workflow", "seconds"} <= summary.keys()
    assert "that signature is void at once" in done.stderr
    assert summary["seconds"] < 90


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_example_s_organization_disagrees_stands_in_and_amends(open_folder: Path) -> None:
    home = open_folder / "example-home"
    environment = {**os.environ, "GOALCYCLE_HOME": str(home), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "cli.main", "demo", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["lost"], summary["doubled"], summary["chain_verified"]) == (0, 0, True)
    played = {"objection", "mediation", "imposed revision", "delegation", "amendment", "escalation", "voided signature"}
    assert {scene for scene, count in summary["scenes"].items() if count} == played
    for told in ("three rounds on", "upholds the objection", "signs Mei Tanaka's plan for", "people sign it anew"):
        assert told in done.stderr


def test_a_broken_file_is_told_by_line_and_starts_nothing(open_folder: Path) -> None:
    file = open_folder / "broken.md"
    file.write_text("# Only a title\n", encoding="utf-8")
    home = open_folder / "broken-home"
    command = [sys.executable, "-m", "cli.main", "demo", str(file)]
    environment = {**os.environ, "GOALCYCLE_HOME": str(home)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"{file}:1: import." in done.stderr
    assert not home.exists()
