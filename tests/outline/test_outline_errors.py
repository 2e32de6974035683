"""A file that cannot be read as goals says why, by line, everything at once."""

from __future__ import annotations

import pytest

from cli.outline import OutlineError, decode_outline
from domain.sealed import MAX_TEXT
from tests.outline.reading import problems


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [(1, "import.empty")]),
        (" \n\t\n", [(1, "import.empty")]),
        ("Only words.\n", [(1, "import.no_objective")]),
        ("# Title\n\nand words\n", [(1, "import.no_objective")]),
        ("# T\n##\n- a\n## B\n", [(2, "import.no_title")]),
        (
            "# T\n## A\n- [ ]\n- [P0]\n-\n  - m\n## B\n",
            [(3, "import.no_title"), (4, "import.no_title"), (5, "import.no_title")],
        ),
        ("# T\n## A\n- a\n  - [x]\n## B\n", [(4, "import.no_title")]),
        (f"# T\n## A\n- {'a' * MAX_TEXT}\n- {'a' * (MAX_TEXT + 1)}\n## B\n", [(4, "import.text_too_long")]),
        (f"# T\n## A\n- {'[a] ' * (MAX_TEXT * 3)}\n## B\n", [(3, "import.text_too_long")]),
        (f"# T\n## A\nApproach: {'a' * (MAX_TEXT + 1)}\n## B\n", [(2, "import.text_too_long")]),
        ("# T\n## A\nb\0\n## B\n", [(3, "import.nul")]),
        ("# T\n## A\nb\ud800\n## B\n", [(3, "import.not_utf8")]),
    ],
)
def test_each_problem_has_its_line_and_code(text: str, found: list[tuple[int, str]]) -> None:
    assert problems(text) == found


def test_a_goal_above_the_first_objective_is_refused_and_not_lost() -> None:
    assert problems("# T\n- [ ] lost\n\n### Skipped\n- [x] a\n- b\n\n## A\n- a\n## B\n") == [
        (2, "import.outside_objective"),
        (4, "import.outside_objective"),
    ]


def test_an_item_under_a_heading_that_only_groups_objectives_is_refused() -> None:
    assert problems("# T\n## S\n- lost\n### A\n- a\n### B\n- b\n", 3) == [(3, "import.outside_objective")]


def test_a_named_level_that_the_file_lacks_is_told_once() -> None:
    assert problems("# T\n## A\n- a\n- b\n## B\n", 4) == [(1, "import.no_objective")]


def test_everything_is_told_at_once_in_the_order_of_the_lines() -> None:
    text = f"# T\n- lost\n\n##\n- [ ]\n- {'a' * (MAX_TEXT + 1)}\n- b\0\n## B\n"
    assert problems(text) == [
        (2, "import.outside_objective"),
        (4, "import.no_title"),
        (5, "import.no_title"),
        (6, "import.text_too_long"),
        (7, "import.nul"),
    ]


def test_what_the_parser_would_drop_for_its_depth_is_refused() -> None:
    deep = "".join(f"{'  ' * depth}- a\n" for depth in range(60))
    assert [code for _line, code in problems(f"# T\n{deep}")] == ["import.too_deep"]
    assert problems("# T\n" + "".join(f"{'  ' * depth}- a\n" for depth in range(40))) == []


def test_every_line_that_is_not_utf8_is_named() -> None:
    with pytest.raises(OutlineError) as caught:
        decode_outline("# T\r\n## é\n".encode("latin-1") + b"\nfine\n\xff")
    assert [(found.line, found.code) for found in caught.value.problems] == [
        (2, "import.not_utf8"),
        (5, "import.not_utf8"),
    ]


def test_a_byte_order_mark_is_no_text() -> None:
    assert decode_outline("\ufeff# T\n".encode()) == "# T\n"


def test_messages_hold_no_text_of_the_file() -> None:
    with pytest.raises(OutlineError) as caught:
        decode_outline(b"secret \xff")
    assert "secret" not in str(caught.value)
