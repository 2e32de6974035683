"""Ticks, tags, priorities and strikethrough of one title."""

import pytest

from cli.outline import KeyResult, read_outline


def read(title: str) -> KeyResult:
    return read_outline(f"# T\n## A\n- {title}\n## B\n").objectives[0].key_results[0]


@pytest.mark.parametrize(
    ("written", "title", "tags", "priority", "done"),
    [
        ("plain", "plain", (), None, None),
        ("[ ] open", "open", (), None, False),
        ("[x] reached", "reached", (), None, True),
        ("[X] reached", "reached", (), None, True),
        ("[P0] first", "first", (), "P0", None),
        ("[ ] both [p1][DP]", "both", ("DP",), "P1", False),
        ("undecided [P?][APPS][PRODUCT]", "undecided", ("APPS", "PRODUCT"), "P?", None),
        ("[P2][P1] two of them", "two of them", (), "P1", None),
        ("twice [DP] [DP]", "twice", ("DP",), None, None),
        ("the grid[i][j]", "the grid[i][j]", (), None, None),
        ("改进看板[林]", "改进看板", ("林",), None, None),
        ("reach ~~10~~ 20 users", "reach ~~10~~ 20 users", (), None, None),
        ("the analyzer[s]", "the analyzer[s]", (), None, None),
        ("the [DR] in the middle", "the [DR] in the middle", (), None, None),
        ("a footnote [1]", "a footnote [1]", (), None, None),
        (r"escaped \[DR\]", "escaped [DR]", (), None, None),
        ("code `[DR]`", "code [DR]", (), None, None),
        ("改进看板【林】", "改进看板", ("林",), None, None),
        ("【P0】改进看板", "改进看板", (), "P0", None),
        ("[#5](https://example.org) issue", "#5 issue", (), None, None),
        ("&amp; entities [ ]", "& entities [ ]", (), None, None),
    ],
)
def test_marks(written: str, title: str, tags: tuple[str, ...], priority: str | None, done: bool | None) -> None:
    found = read(written)
    assert (found.title, found.tags, found.priority, found.done) == (title, tags, priority, done)


@pytest.mark.parametrize(
    ("written", "abandoned"),
    [
        ("~~given up~~", True),
        ("[ ] ~~given up [DR]~~", True),
        ("[ ] ~~given up~~ [DR]", True),
        ("~~only~~ a word", False),
    ],
)
def test_only_a_title_struck_through_as_a_whole_is_abandoned(written: str, abandoned: bool) -> None:
    assert read(written).abandoned is abandoned
