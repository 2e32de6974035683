"""From blocks to objectives: one walk down the document that gives every heading and item its role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cli.outline.blocks import Block, read_blocks
from cli.outline.model import Account, KeyResult, Milestone, Objective, Outline, Role
from cli.outline.problems import OutlineError, OutlineProblem
from cli.outline.structure import ITEMS, objective_level_of, title_of
from domain.sealed import MAX_TEXT

MAX_FILE = 2_000_000
"""Characters of a file: a hundred times the largest outline we know."""
_UNREADABLE = re.compile("[\0\ud800-\udfff]")
APPROACH = re.compile(r"\s*(?:approach|path and method|路径与方法|路径|方法)\s*[:：]\s*(.*)", re.I | re.S)


def decode_outline(data: bytes) -> str:
    """The text of a file. Raises OutlineError `import.not_utf8` with every line that is no UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        raise OutlineError(_not_utf8(lines)) from None


def _not_utf8(lines: list[bytes]) -> Iterator[OutlineProblem]:
    for line, one in enumerate(lines, start=1):
        try:
            one.decode("utf-8")
        except UnicodeDecodeError as error:
            message = f"Byte {error.start + 1} of the line is not UTF-8."
            yield OutlineProblem(line=line, code="import.not_utf8", message=message)


def read_outline(text: str, objective_level: int | None = None) -> Outline:
    """The goals of an outline, by the rule in the package's docstring.

    Args:
        text: The Markdown.
        objective_level: The heading level of the objectives, 0 for the top-level list items; None: by the rule.

    Raises:
        OutlineError: with everything that is wrong, by line.
    """
    problems = _unreadable(text)
    blocks = read_blocks(_UNREADABLE.sub("\ufffd", text))
    level = objective_level_of(blocks) if objective_level is None else objective_level
    reading = _Reading(blocks, level, problems=problems)
    reading.read()
    return reading.outline()


def _unreadable(text: str) -> list[OutlineProblem]:
    """The lines with characters that no goal may hold. Raises OutlineError where reading on makes no sense."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = [(line, "import.nul", "The line has a NUL character.") for line, one in _numbered(lines) if "\0" in one]
    for line, one in _numbered(lines):
        if any("\ud800" <= char <= "\udfff" for char in one):
            found.append((line, "import.not_utf8", "The line has half of a surrogate pair."))
    problems = [OutlineProblem(line=line, code=code, message=message) for line, code, message in found]
    if len(text) > MAX_FILE:
        message = f"The file has more than {MAX_FILE:,} characters."
        raise OutlineError([*problems, OutlineProblem(line=1, code="import.too_large", message=message)])
    if not text.strip():
        raise OutlineError([OutlineProblem(line=1, code="import.empty", message="The file is empty.")])
    return problems


def _numbered(lines: list[str]) -> enumerate[str]:
    return enumerate(lines, start=1)


@dataclass
class _Draft:
    """An objective or key result while what stands below it is still being read."""

    block: Block
    abandoned: bool
    key_results: list[_Draft] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    approach: str | None = None


@dataclass
class _Reading:
    blocks: list[Block]
    level: int
    roles: dict[Block, Role] = field(default_factory=dict)
    objectives: list[_Draft] = field(default_factory=list)
    problems: list[OutlineProblem] = field(default_factory=list)
    headings: list[Block] = field(default_factory=list)
    """The headings below the present objective that the reading stands under, outermost first."""
    group: _Draft | None = None
    """The key result that the last of `headings` is."""
    outside: bool = False
    """Whether the last heading was refused, and with it what stands below."""

    def read(self) -> None:
        title = title_of(self.blocks)
        under: _Draft | None = None
        for place, block in enumerate(self.blocks):
            self._aside(block)
            if block.contents:
                self._all_as(Role.CONTENTS, block)
            elif block is title and block.level != self.level:
                self.roles[block] = Role.TITLE
            elif block.kind == "heading":
                under = self._heading(block, place, under)
            elif block.kind == "item":
                self._item(block, under)
            elif under is not None and under.approach is None and (found := APPROACH.fullmatch(block.text)):
                under.approach = found.group(1).strip() or None
            if self.level == ITEMS and block.kind == "item" and not block.contents:
                under = self.objectives[-1]

    def _heading(self, block: Block, place: int, under: _Draft | None) -> _Draft | None:
        self.group = None
        self.outside = False
        if self.level == ITEMS or block.level < self.level:
            self.headings = []
            self.roles[block] = Role.CONTEXT
            return None
        if block.level == self.level:
            self.headings = []
            return self._objective(block)
        if under is None:
            self._outside(block)
            self.outside = True
            return None
        self.headings = [one for one in self.headings if one.level < block.level]
        abandoned = under.abandoned or any(one.title.abandoned for one in (*self.headings, block))
        self.headings.append(block)
        if self._only_groups(block, place):
            self.roles[block] = Role.CONTEXT
        else:
            self.group = self._key_result(under, block, abandoned)
        return under

    def _only_groups(self, heading: Block, place: int) -> bool:
        """Whether a heading has deeper headings and no items of its own."""
        for block in self.blocks[place + 1 :]:
            if block.kind == "heading":
                return block.level > heading.level
            if block.kind == "item" and not block.contents:
                return False
        return False

    def _item(self, item: Block, under: _Draft | None) -> None:
        if self.level == ITEMS:
            objective = self._objective(item)
            for below in item.items:
                self._result_item(objective, below)
        elif under is None:
            if not self.outside:
                self._outside(item)
        elif self.group is not None:
            self._milestones(self.group, [item], (), self.group.abandoned)
        else:
            self._result_item(under, item)

    def _result_item(self, objective: _Draft, item: Block) -> None:
        result = self._key_result(objective, item, objective.abandoned or item.title.abandoned)
        self._milestones(result, item.items, (), result.abandoned)

    def _outside(self, block: Block) -> None:
        message = (
            "This belongs to no objective. Move it below one, quote it (>) if it is no goal, or name another level of "
            "objectives."
        )
        self._problem(block, "import.outside_objective", message)

    def _objective(self, block: Block) -> _Draft:
        self.roles[block] = Role.OBJECTIVE
        self._check(block)
        self.objectives.append(_Draft(block, block.title.abandoned))
        return self.objectives[-1]

    def _key_result(self, objective: _Draft, block: Block, abandoned: bool) -> _Draft:
        self.roles[block] = Role.KEY_RESULT
        self._check(block)
        objective.key_results.append(_Draft(block, abandoned))
        return objective.key_results[-1]

    def _milestones(self, result: _Draft, items: list[Block], within: tuple[str, ...], abandoned: bool) -> None:
        for item in items:
            struck = abandoned or item.title.abandoned
            self._check(item)
            if item.items and item.title.done is None:
                self.roles[item] = Role.CONTEXT
                self._milestones(result, item.items, (*within, item.title.text), struck)
                continue
            self.roles[item] = Role.MILESTONE
            result.milestones.append(Milestone(**_line(item, struck), within=within))
            self._milestones(result, item.items, (*within, item.title.text), struck)

    def _aside(self, block: Block) -> None:
        for one in (block, *block.items_below()):
            self.roles |= dict.fromkeys(one.aside, Role.PROSE)

    def _all_as(self, role: Role, block: Block) -> None:
        self.roles |= dict.fromkeys((block, *block.items_below()), role)

    def _check(self, block: Block) -> None:
        if not block.title.text:
            self._problem(block, "import.no_title", "There is no text here that could be a title.")
        elif len(block.title.text) > MAX_TEXT:
            self._problem(block, "import.text_too_long", f"The title has more than {MAX_TEXT} characters.")

    def _problem(self, block: Block, code: str, message: str) -> None:
        self.problems.append(OutlineProblem(line=block.line, code=code, message=message))

    def outline(self) -> Outline:
        """What was read. Raises OutlineError."""
        for draft in self.objectives:
            if draft.approach is not None and len(draft.approach) > MAX_TEXT:
                self._problem(draft.block, "import.text_too_long", f"Its approach has more than {MAX_TEXT} characters.")
        if not self.objectives:
            sought = "no list item" if self.level == ITEMS else f"no heading of level {self.level}"
            message = f"There is no objective: {sought} below the title."
            self.problems = [found for found in self.problems if found.code != "import.outside_objective"]
            self.problems.append(OutlineProblem(line=1, code="import.no_objective", message=message))
        if self.problems:
            raise OutlineError(self.problems)
        title = title_of(self.blocks)
        return Outline(
            title=title.title.text if title is not None else "",
            objectives=tuple(_objective(draft) for draft in self.objectives),
            accounts=tuple(
                Account(line=block.line, role=role)
                for block, role in sorted(self.roles.items(), key=lambda entry: entry[0].line)
            ),
        )


def _objective(draft: _Draft) -> Objective:
    results = tuple(
        KeyResult(**_line(result.block, result.abandoned), milestones=tuple(result.milestones))
        for result in draft.key_results
    )
    return Objective(**_line(draft.block, draft.abandoned), approach=draft.approach, key_results=results)


def _line(block: Block, abandoned: bool) -> dict[str, Any]:
    title = block.title
    return {
        "line": block.line,
        "title": title.text,
        "tags": title.tags,
        "priority": title.priority,
        "abandoned": abandoned,
        "done": title.done,
    }
