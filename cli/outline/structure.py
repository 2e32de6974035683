"""Which headings or items are objectives: rules 2 and 3 of the package's docstring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cli.outline.blocks import Block

ITEMS = 0
"""In place of a heading level: the top-level list items are the objectives."""


def title_of(blocks: Sequence[Block]) -> Block | None:
    """The only heading of level 1, where it is the first heading."""
    headings = _headings(blocks)
    first = [block for block in headings if block.level == 1]
    return headings[0] if len(first) == 1 and headings[0] is first[0] else None


def objective_level_of(blocks: Sequence[Block]) -> int:
    """The heading level of the objectives, or ITEMS."""
    title = title_of(blocks)
    headings = [block for block in _headings(blocks) if block is not title]
    top = [block for block in blocks if block.kind == "item" and not block.contents]
    if not headings:
        return ITEMS
    counts = Counter(block.level for block in headings)
    level = min((level for level, count in counts.items() if count > 1), default=max(counts))
    marked = any(block.title.marked for block in (*top, *(one for one in headings if one.level >= level)))
    ranked = any(below.title.priority for item in top for below in item.items_below())
    return ITEMS if ranked and not marked else level


def _headings(blocks: Sequence[Block]) -> list[Block]:
    return [block for block in blocks if block.kind == "heading" and not block.contents]
