"""The marks of one title: its tick, its tags and priority, whether it is struck through.

A tag is a pair of brackets at either end of the title and apart from its words: `[P0] Store logs`, `Get ready [DR]`,
`改进看板【林】`. Chinese needs no space before them. Brackets in a word (`analyzer[s]`, `grid[i][j]`), brackets without
a letter (`[1]`, `[...]`) and escaped brackets are text. Words struck through within a title keep their `~~`: without it
"reach ~~10~~ 20 users" would read as another target.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from markdown_it.token import Token

from domain.sealed import MAX_TEXT

PRIORITY = re.compile(r"P[0-9?]", re.I)
_TICK = re.compile(r"\s*\[([ xX])\](?=\s|$)")
_NAME = r"(?![xX\d]+[\]】])(?=[^\[\]【】]*[^\W\d_])[^\[\]【】]{1,64}"
_CJK = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_LEADING = re.compile(rf"\s*(?:\[({_NAME})\](?=[\s\[【]|$)|【({_NAME})】)")
_ONE = re.compile(rf"\[({_NAME})\]|【({_NAME})】")
_TRAILING = re.compile(rf"(?:^|(?<=[\s{_CJK}])|(?=【))(?:(?:{_ONE.pattern})\s*)+$")
"""A whole run of tags: where its first bracket belongs to a word, so do the others."""
MAX_MARKED = 2 * MAX_TEXT
"""Characters of a title whose marks are looked for; longer ones are refused anyway."""
_ESCAPED = str.maketrans("[]【】", "\ue000\ue000\ue000\ue000")


@dataclass(frozen=True)
class Title:
    """A title without its marks."""

    text: str = ""
    tags: tuple[str, ...] = ()
    priority: str | None = None
    done: bool | None = None
    abandoned: bool = False
    in_page: bool = False
    """Nothing but a link into the document itself."""

    @property
    def marked(self) -> bool:
        """Whether it carries a tick, a tag or a priority."""
        return bool(self.tags) or self.priority is not None or self.done is not None


@dataclass
class _Text:
    """Text with, for each character, whether it is struck through and inside an in-page link."""

    shown: str = ""
    shape: str = ""
    """As shown, with brackets that are no marks made unrecognisable."""
    struck: str = ""
    linked: str = ""

    def add(self, text: str, *, literal: bool, struck: bool, linked: bool) -> None:
        self.shown += text
        self.shape += text.translate(_ESCAPED) if literal else text
        self.struck += "01"[struck] * len(text)
        self.linked += "01"[linked] * len(text)

    def all_of(self, flags: str, start: int, end: int) -> bool:
        """Whether every visible character of a span is flagged, and there is one."""
        seen = {flag for flag, char in zip(flags[start:end], self.shown[start:end], strict=True) if not char.isspace()}
        return seen == {"1"}

    def with_strikes(self, start: int, end: int) -> str:
        """A span, what is struck through between `~~`."""
        runs = groupby(range(start, end), key=lambda place: self.struck[place])
        spans = [(flag, "".join(self.shown[place] for place in places)) for flag, places in runs]
        return "".join(f"~~{span}~~" if flag == "1" and span.strip() else span for flag, span in spans)


def read_title(tokens: Sequence[Token]) -> Title:
    """The title that the inline tokens of a heading or of an item's first paragraph make."""
    text = _flatten(tokens)
    if len(plain := " ".join(text.shown.split())) > MAX_MARKED:
        return Title(text=plain)
    start, end, done = 0, len(text.shape), None
    if (tick := _TICK.match(text.shape)) is not None:
        done, start = tick.group(1) in "xX", tick.end()
    leading: list[str] = []
    while (found := _LEADING.match(text.shape, start)) is not None:
        leading.append(found.group(1) or found.group(2))
        start = found.end()
    trailing: list[str] = []
    if (run := _TRAILING.search(text.shape, start)) is not None:
        trailing = [found.group(1) or found.group(2) for found in _ONE.finditer(run.group())]
        end = run.start()
    groups = [" ".join(group.split()) for group in (*leading, *trailing)]
    priorities = sorted(group.upper() for group in groups if PRIORITY.fullmatch(group))
    abandoned = text.all_of(text.struck, start, end)
    shown = text.shown[start:end] if abandoned else text.with_strikes(start, end)
    return Title(
        text=" ".join(shown.split()),
        tags=tuple(dict.fromkeys(group for group in groups if not PRIORITY.fullmatch(group))),
        priority=priorities[0] if priorities else None,
        done=done,
        abandoned=abandoned,
        in_page=text.all_of(text.linked, 0, len(text.shown)),
    )


def read_text(tokens: Sequence[Token]) -> str:
    """The plain text of a paragraph, line breaks kept."""
    return _flatten(tokens, line_break="\n").shown.strip()


def _flatten(tokens: Sequence[Token], line_break: str = " ") -> _Text:
    text = _Text()
    struck, links = 0, [False]
    for token in tokens:
        if token.type in ("s_open", "s_close"):
            struck += token.nesting
        elif token.type == "link_open":
            links.append(str(token.attrs.get("href", "")).startswith("#"))
        elif token.type == "link_close":
            links.pop()
        elif token.type in ("softbreak", "hardbreak"):
            text.add(line_break, literal=False, struck=struck > 0, linked=links[-1])
        else:
            literal = token.type != "text"
            text.add(token.content, literal=literal, struck=struck > 0, linked=links[-1])
    return text
