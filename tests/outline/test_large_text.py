"""Text that would keep a careless reader busy: it is read or refused, and soon."""

from __future__ import annotations

import pytest

from cli.outline import OutlineError, read_outline
from tests.outline.reading import problems


def test_a_file_of_millions_of_characters_is_refused_before_it_is_read() -> None:
    assert problems("x" * 2_000_001) == [(1, "import.too_large")]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece",
    ["[", "]", "(", ">", "*", "~", "`", "#", "- ", "  ", "[a", "[a] ", "【a】", "![", "&", "\\", "<", "- [a](#b)\n"],
)
def test_a_pile_of_one_piece_ends(piece: str) -> None:
    refused: tuple[object, ...] = ()
    text = f"# T\n## A\n{piece * 4000}\n## B\n"
    try:
        outline = read_outline(text)
    except OutlineError as error:
        refused = error.problems
    assert refused or outline.objectives
