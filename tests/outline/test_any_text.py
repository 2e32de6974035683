"""Whatever the file holds: it is read or refused with its lines, and nothing of it is lost."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.outline import OutlineError, OutlineProblem, decode_outline, read_outline
from tests.outline.reading import every, milestones

LEVELS = st.none() | st.integers(0, 6)
WORDS = st.text(string.ascii_letters, min_size=1, max_size=8)
PIECES = st.sampled_from(
    [*"#\n\t\r\\`*[]>目a", "\u2028", "## ", "### ", "- ", "  - ", "    * ", "1. ", "> ", "\n# ", "\n## ", "\n- "]
)
MARKS = st.sampled_from(
    [
        "[x] ",
        "[P0]",
        "[DR]",
        "【林】",
        "~~",
        "**",
        "](#a)",
        "](b)",
        "\n\n",
        "---\n",
        "===\n",
        "```\n",
        "&amp;",
        "<b>",
        "<!--",
    ]
)


def read_or_refuse(text: str, level: int | None) -> None:
    count = len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    refused: tuple[OutlineProblem, ...] = ()
    try:
        outline = read_outline(text, level)
    except OutlineError as error:
        refused = error.problems
    if refused:
        assert all(1 <= found.line <= count for found in refused)
        return
    assert outline.objectives  # unbound, and so a failure, where a refusal said nothing
    assert all(one.title and 1 <= one.line <= count for one in every(outline))


@given(st.text(max_size=200), LEVELS)
def test_arbitrary_text_is_read_or_refused(text: str, level: int | None) -> None:
    read_or_refuse(text, level)


@settings(max_examples=400)
@given(st.lists(PIECES | MARKS, max_size=60).map("".join), LEVELS)
def test_arbitrary_markdown_is_read_or_refused(text: str, level: int | None) -> None:
    read_or_refuse(text, level)


@given(st.binary(max_size=100))
def test_arbitrary_bytes_are_text_or_refused(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError:
        with pytest.raises(OutlineError, match=r"import\.not_utf8"):
            decode_outline(data)
    else:
        assert decode_outline(data).encode() == data.removeprefix("\ufeff".encode())


@st.composite
def outlines(draw: st.DrawFn) -> tuple[str, dict[int, str], int]:
    """An outline with ticked steps, each written line's title, and how many steps are ticked."""
    lines, written, ticked = ["# Goals", ""], {}, 0
    for _objective in range(draw(st.integers(2, 4))):
        lines.append(f"## {draw(WORDS)}")
        written[len(lines)] = lines[-1][3:]
        for _result in range(draw(st.integers(0, 3))):
            word = draw(WORDS)
            as_heading = draw(st.booleans())
            lines += [""] * draw(st.integers(0, 2))
            lines.append(f"### {word}" if as_heading else f"- {word}")
            if not as_heading and any(line.startswith("### ") for line in _since_objective(lines)):
                lines[-1] = f"### {word}"
                as_heading = True
            written[len(lines)] = word
            for _step in range(draw(st.integers(0, 3))):
                step, tick = draw(WORDS), draw(st.booleans())
                lines.append(f"{'' if as_heading else '  '}- [{'x' if tick else ' '}] {step}")
                written[len(lines)] = step
                ticked += tick
    return "\n".join(lines) + "\n", written, ticked


def _since_objective(lines: list[str]) -> list[str]:
    last = max(place for place, line in enumerate(lines) if line.startswith("## "))
    return lines[last:]


@given(outlines())
def test_every_line_and_tick_that_was_written_is_read(case: tuple[str, dict[int, str], int]) -> None:
    text, written, ticked = case
    outline = read_outline(text)
    assert {one.line: one.title for one in every(outline)} == written
    assert sum(one.done is True for one in milestones(outline)) == ticked
    assert len(outline.accounts) == len(written) + 1
