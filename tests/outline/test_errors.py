"""What is wrong is told by line, all at once, by stable codes; nothing else is ever raised."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.outline import Outline, OutlineError, decode_outline, read_outline


def refusals(text: str) -> list[tuple[int, str]]:
    with pytest.raises(OutlineError) as caught:
        read_outline(text)
    return [(found.line, found.code) for found in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [(1, "import.empty")], id="empty"),
        pytest.param(" \n\t\n", [(1, "import.empty")], id="blank"),
        pytest.param("# Only a title\n\nwords\n", [(1, "import.no_objective")], id="no objective"),
        pytest.param("- [A](#a)\n- [B](#b)\n", [(1, "import.no_objective")], id="only a table of contents"),
        pytest.param("# T\n## \n- x\n## B\n", [(2, "import.no_title")], id="objective without title"),
        pytest.param("# T\n## A\n- x\n## [DR]\n", [(4, "import.no_title")], id="nothing but a tag"),
        pytest.param("# T\n## A\n- x\n- \n  - y\n## B\n", [(4, "import.no_title")], id="item without title"),
        pytest.param(f"# T\n## A\n- {'x' * 4001}\n## B\n", [(3, "import.text_too_long")], id="4001 characters"),
        pytest.param(f"# T\n## A\nApproach: {'x' * 4001}\n## B\n", [(2, "import.text_too_long")], id="long approach"),
        pytest.param("# T\r\n## A\0\r\n- x\r\n", [(2, "import.nul")], id="NUL"),
        pytest.param("# T\n- x\n## A\n## B\n", [(2, "import.outside_objective")], id="an item above all objectives"),
        pytest.param("# T\n## A\ud800\n", [(2, "import.not_utf8")], id="half a surrogate pair"),
        pytest.param(
            f"# T\n## \n- {'x' * 4001}\n## B\n- [P0]\n",
            [(2, "import.no_title"), (3, "import.text_too_long"), (5, "import.no_title")],
            id="all at once, by line",
        ),
    ],
)
def test_what_is_wrong_is_told_by_line(text: str, expected: list[tuple[int, str]]) -> None:
    assert refusals(text) == expected


def test_4000_characters_are_not_too_many() -> None:
    assert len(read_outline(f"# T\n## A\n- {'x' * 4000}\n").objectives[0].key_results[0].title) == 4000


def test_nesting_beyond_what_the_parser_keeps_is_an_error_and_never_a_loss() -> None:
    deep = "\n".join(f"{'  ' * depth}- level {depth}" for depth in range(30))
    assert len(read_outline(f"# T\n## A\n{deep}\n").accounts) == 32
    assert refusals("# T\n## A\n" + "\n".join(f"{'  ' * depth}- level {depth}" for depth in range(80)))[0][1] == (
        "import.too_deep"
    )


def test_a_file_of_millions_of_characters_is_refused_before_it_is_read() -> None:
    assert refusals("x" * 2_000_001) == [(1, "import.too_large")]


def test_bytes_that_are_no_utf8_are_told_by_line() -> None:
    with pytest.raises(OutlineError) as caught:
        decode_outline(b"# T\r\n## caf\xe9\r\n")
    assert [(found.line, found.code) for found in caught.value.problems] == [(2, "import.not_utf8")]
    with pytest.raises(OutlineError) as caught:
        decode_outline(b"\xff\n# T\n\xfe\n")
    assert [found.line for found in caught.value.problems] == [1, 3]
    assert decode_outline(b"\xef\xbb\xbf# T") == "# T"


def read_or_refuse(text: str, level: int | None) -> None:
    refused: tuple[object, ...] = ()
    outline: Outline | None = None
    try:
        outline = read_outline(text, level)
    except OutlineError as error:
        refused = error.problems
    assert bool(refused) is (outline is None)
    assert outline is None or outline.objectives


LEVELS = st.none() | st.integers(0, 6)
MARKDOWN = st.lists(
    st.sampled_from(["# ", "## ", "### ", "- ", "  - ", "\t- ", "1. ", "> ", "[ ] ", "[x] ", "[P0]", "[DR]", "~~", "a"])
    | st.sampled_from(["\n", "\n\n", "`", "*", "[a](#b)", "![", "](", "```\n", "\\", "&amp;", "【林】", "---\n", "|"]),
    max_size=60,
).map("".join)


@given(st.text(max_size=300), LEVELS)
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str, level: int | None) -> None:
    read_or_refuse(text, level)


@given(MARKDOWN, LEVELS)
@settings(max_examples=500, deadline=None)
def test_any_markdown_is_read_or_refused(text: str, level: int | None) -> None:
    read_or_refuse(text, level)


@pytest.mark.parametrize("char", ["[", "]", "(", ">", "*", "~", "`", "#", "- ", "  ", "[a", "![", "&", "\\", "<"])
def test_a_pile_of_one_character_ends(char: str) -> None:
    read_or_refuse(char * 3000, None)


@given(st.binary(max_size=100))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    refused: list[str] = []
    try:
        decode_outline(data)
    except OutlineError as error:
        refused = [found.code for found in error.problems]
    assert set(refused) <= {"import.not_utf8"}
