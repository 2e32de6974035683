"""What the outline tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cli.outline import KeyResult, Milestone, Outline, OutlineError, decode_outline, read_outline
from cli.outline.model import Line

DATA = Path(__file__).parent / "data"


def read(name: str) -> Outline:
    return read_outline(decode_outline((DATA / name).read_bytes()))


def key_results(outline: Outline) -> list[KeyResult]:
    return [result for objective in outline.objectives for result in objective.key_results]


def milestones(outline: Outline) -> list[Milestone]:
    return [milestone for result in key_results(outline) for milestone in result.milestones]


def every(outline: Outline) -> Iterator[Line]:
    for objective in outline.objectives:
        yield objective
        yield from objective.below()


def problems(text: str, level: int | None = None) -> list[tuple[int, str]]:
    """Line and code of everything that is wrong with a text."""
    try:
        read_outline(text, level)
    except OutlineError as error:
        return [(found.line, found.code) for found in error.problems]
    return []
