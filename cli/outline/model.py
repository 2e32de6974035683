"""What an outline says. Titles are plain text: the Markdown's links, emphasis, ticks and tags are taken out."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from domain.values import Frozen


class Role(StrEnum):
    """What a heading or list item was read as; every one of them has exactly one."""

    TITLE = "title"
    OBJECTIVE = "objective"
    KEY_RESULT = "key_result"
    MILESTONE = "milestone"
    CONTEXT = "context"
    """Groups what stands below it."""
    CONTENTS = "contents"
    """An entry of the table of contents."""
    PROSE = "prose"
    """A heading or list inside a quotation or inside an item's text."""


class Account(Frozen):
    """What became of one heading or list item."""

    line: int
    role: Role


class Line(Frozen):
    """Something that was written on a line of the file."""

    line: int
    """Counted from 1."""
    title: str
    tags: tuple[str, ...] = ()
    """Teams or people, as written between brackets."""
    priority: str | None = None
    """`P0` to `P9`, or `P?` while it is undecided."""
    abandoned: bool = False
    """Struck through, itself or what it stands below."""
    done: bool | None = None
    """Its tick; None: it has none."""


class Milestone(Line):
    """A step of a key result."""

    within: tuple[str, ...] = ()
    """The titles of the items between it and its key result that only group it, outermost first."""


class KeyResult(Line):
    """What shows that an objective is reached."""

    milestones: tuple[Milestone, ...] = ()


class Objective(Line):
    """What is to be reached."""

    approach: str | None = None
    """The paragraph below it that begins with `Approach:` (R1.2)."""
    key_results: tuple[KeyResult, ...] = ()

    def below(self) -> Iterator[Line]:
        """Its key results and their milestones, in the order of the file."""
        for result in self.key_results:
            yield result
            yield from result.milestones


class Outline(Frozen):
    """A whole file."""

    title: str
    """Empty where the file has none."""
    objectives: tuple[Objective, ...]
    accounts: tuple[Account, ...] = ()
    """Every heading and list item of the file, by line."""
