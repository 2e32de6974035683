"""What examples/harbour/README.md tells a newcomer to paste, pasted: line by line, on the real stack."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.stack.ports import pick_free
from tests.stack.test_dev import Dev

ROOT = Path(__file__).parents[2]
WALK = "\n".join(
    re.findall(r"^```\n(.*?)^```$", (ROOT / "examples/harbour/README.md").read_text(encoding="utf-8"), re.S | re.M)
)

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "jq"))), reason="bash, curl and jq are what the page is written for"
)


@pytest.fixture
def environment(open_folder: Path) -> Iterator[dict[str, str]]:
    """What a terminal beside `make dev` has, without the project's virtual environment being where `make` puts it."""
    home = open_folder / "harbour-walk"
    stack = {"GOALCYCLE_HOME": str(home), "GOALCYCLE_API_PORT": str(pick_free())}
    dev = Dev(home, **stack)
    try:
        dev.serving()
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        yield {**os.environ, **stack, "PATH": path, "PYTHONPATH": str(ROOT)}
    finally:
        dev.end(signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_block_of_the_page_runs_as_it_stands(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", WALK],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    told = done.stdout
    for line in (
        "people: 0 added, 10 changed, 0 returned, 0 left, 2 untouched; teams: 3 added or changed",
        "8 KPIs for 7 owners in the cycle",
        '["RevisionProposed","ObjectionDecided"]',
        '"counts": {\n    "signature": 10\n  }',
        "请签署计划，或退回。\t未完成则阶段无法关闭。\tMei Tanaka",
        '"via": "delegate"',
        '{"code":"signing.own_plan"',
        '"waits_for": [\n    "Piotr Nowak"\n  ]',
        "Mei Tanaka opened the signed plan",
        "target: 2 to 4, because: Fewer ships can be tested",
        "order and content checked to position",
        "commands allowed by the rules they name",
    ):
        assert line in told, line
