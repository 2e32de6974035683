"""Workflow code replays every history that was ever saved, and no history holds a text."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from cli.temporal import plugin
from tests.support.quarter import SECRETS
from tests.workflows.paths import PATHS
from tests.workflows.record_histories import CONTINUED, FOLDER
from workflows.keeper import SHORT_HISTORY

HISTORIES = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_a_saved_history_replays(file: Path) -> None:
    """`python -m tests.workflows.record_histories` records them anew, where a change is meant."""
    history = WorkflowHistory.from_json(file.stem, file.read_text(encoding="utf-8"))
    await Replayer(workflows=[], plugins=[plugin()]).replay_workflow(history)


@pytest.mark.parametrize("path", [*PATHS, CONTINUED])
def test_every_path_has_a_history(path: str) -> None:
    assert list(FOLDER.glob(f"{path}.plan.*.json"))


def test_a_phase_that_grows_long_continues_as_new_within_itself() -> None:
    """The server's own limit, lowered for `continued`, ends a run in the middle of commit."""
    first, second = sorted(FOLDER.glob(f"{CONTINUED}.plan.*.json"))[:2]
    assert _types(first)[-1] == "WORKFLOW_EXECUTION_CONTINUED_AS_NEW"
    assert _phase_of(second) == "commit"


def test_a_long_history_is_left_behind_where_a_phase_ends() -> None:
    """The cycle of `busy` sends many digests in track; nothing else is worth a run of its own."""
    runs = sorted(FOLDER.glob("busy.cycle.*.json"))
    assert [_phase_of(run) for run in runs] == ["", "retrospect"]
    assert len(_types(runs[0])) > SHORT_HISTORY
    assert [file for file in HISTORIES if _phase_of(file) and file not in runs] == [FOLDER / f"{CONTINUED}.plan.2.json"]


def test_a_log_that_is_away_is_waited_for_without_a_trace() -> None:
    """However often the activity is tried, the history holds it once; whoever is at hand again needs none."""
    types = _types(FOLDER / "away.plan.1.json")
    assert types.count("ACTIVITY_TASK_SCHEDULED") == types.count("ACTIVITY_TASK_COMPLETED") == 1
    others = [
        file for file in HISTORIES if not file.stem.startswith("away.") and "ACTIVITY_TASK_SCHEDULED" in _types(file)
    ]
    assert others == []


def _types(file: Path) -> list[str]:
    events = json.loads(file.read_text(encoding="utf-8"))["events"]
    return [event["eventType"].removeprefix("EVENT_TYPE_") for event in events]


def _phase_of(file: Path) -> str:
    started = json.loads(file.read_text(encoding="utf-8"))["events"][0]["workflowExecutionStartedEventAttributes"]
    progress = json.loads(base64.b64decode(started["input"]["payloads"][0]["data"]))
    return str(progress["phase"])


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
def test_no_history_holds_a_text(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    payloads = b"".join(base64.b64decode(data) for data in _payloads(json.loads(text)))
    for secret in (*SECRETS, "Too easy", "Once more", "A plan was wrong"):
        assert secret not in text
        assert secret.encode() not in payloads
    assert 'File \\"/' not in text, "a frame names a folder of the machine on which this was recorded"


def _payloads(tree: object) -> list[str]:
    if isinstance(tree, dict):
        own = [tree["data"]] if isinstance(tree.get("data"), str) else []
        return own + [found for value in tree.values() for found in _payloads(value)]
    if isinstance(tree, list):
        return [found for value in tree for found in _payloads(value)]
    return []
