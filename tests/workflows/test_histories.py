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
    """Of the runs of `continued`, two keep the same phase."""
    phases = [_phase_of(file) for file in sorted(FOLDER.glob(f"{CONTINUED}.plan.*.json"))]
    assert phases.count("commit") >= 2


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


def _payloads(tree: object) -> list[str]:
    if isinstance(tree, dict):
        own = [tree["data"]] if isinstance(tree.get("data"), str) else []
        return own + [found for value in tree.values() for found in _payloads(value)]
    if isinstance(tree, list):
        return [found for value in tree for found in _payloads(value)]
    return []
