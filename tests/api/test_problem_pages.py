"""docs/problems/ says what every refusal means, in both languages: written by `goalcycle problems`, held to it here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from api.texts import LANGUAGES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_page_is_what_the_command_prints(language: str) -> None:
    # In a process of its own: other tests declare problems of made-up worlds.
    command = [sys.executable, "-m", "cli.main", "problems", "--language", language]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, encoding="utf-8").stdout
    page = ROOT / "docs" / "problems" / f"{language}.md"
    assert page.read_text(encoding="utf-8") == printed, f"goalcycle problems --language {language} > {page}"
    assert "| `signing.stale_hash` | 409 |" in printed
