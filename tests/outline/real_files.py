"""Where the five published quarters are, and what is in them, counted by hand.

They are read from beside the repository and never copied into it; without them the tests say so and skip.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "src-d-okrs"


class Counted(NamedTuple):
    """Counted by eye and again with grep: no number here was taken from the importer."""

    objectives: int
    key_results: int
    milestones: int
    done: int
    abandoned: int
    """Objectives, key results and milestones under strikethrough."""
    tags: int
    """Bracketed teams of objectives, key results and milestones; priorities are none."""
    context: int
    """Headings and items that only group others."""
    contents: int


COUNTED = {
    "2018-Q1": Counted(30, 47, 0, 0, 0, 0, context=10, contents=0),
    "2018-Q2": Counted(2, 7, 125, 0, 0, 0, context=45, contents=0),
    "2018-Q3": Counted(5, 42, 152, 21, 0, 0, context=3, contents=51),
    "2018-Q4": Counted(10, 54, 123, 8, 4, 56, context=3, contents=0),
    "2019-Q1": Counted(10, 27, 49, 0, 0, 70, context=0, contents=0),
}


def real_file(quarter: str) -> Path:
    """The file of a quarter; skips the test where the folder is not there."""
    file = FOLDER / f"{quarter}.md"
    if not file.exists():
        pytest.skip(f"{FOLDER.name} is not beside this repository: the published quarters are not tested")
    return file
