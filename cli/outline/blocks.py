"""A Markdown document as headings, list items and paragraphs with their lines. What they mean is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from cli.outline.problems import OutlineError, OutlineProblem
from cli.outline.titles import Title, read_text, read_title

MAX_NESTING = 100
"""Levels of blocks; every list level takes two. markdown-it drops what lies deeper, so coming near is an error."""


@dataclass(eq=False)
class Block:
    """A heading, a list item or a paragraph. Two blocks are equal only if they are the same."""

    kind: Literal["heading", "item", "prose"]
    line: int
    level: int = 0
    """Of a heading: 1 to 6."""
    title: Title = field(default_factory=Title)
    text: str = ""
    """Of a paragraph."""
    items: list[Block] = field(default_factory=list)
    """The list items directly below a list item."""
    aside: list[Block] = field(default_factory=list)
    """Headings and list items inside quotations, or standing in an item's text."""
    contents: bool = False
    """Part of a table of contents."""

    def items_below(self) -> Iterator[Block]:
        """The list items below this one at any depth, in the order of the file."""
        for item in self.items:
            yield item
            yield from item.items_below()


def read_blocks(text: str) -> list[Block]:
    """The blocks of a document, list items inside their parents. Raises OutlineError `import.too_deep`."""
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING}).enable("strikethrough")
    parser.disable("text_join")  # it would make escaped brackets look like others
    tokens = parser.parse(text)
    for token in tokens:
        if token.level >= MAX_NESTING - 3:
            line = token.map[0] + 1 if token.map else 1
            message = "This is nested too deeply."
            raise OutlineError([OutlineProblem(line=line, code="import.too_deep", message=message)])
    blocks = [block for node in SyntaxTreeNode(tokens).children for block in _blocks(node)]
    _mark_contents_headings(blocks)
    return blocks


def _mark_contents_headings(blocks: list[Block]) -> None:
    """A heading over nothing but a table of contents belongs to it; where deeper headings follow, it is their title."""
    headings = [place for place, block in enumerate(blocks) if block.kind == "heading"]
    for place, after in pairwise([*headings, len(blocks)]):
        below = [block for block in blocks[place + 1 : after] if block.kind == "item" or block.text]
        deeper = after < len(blocks) and blocks[after].level > blocks[place].level
        blocks[place].contents = bool(below) and all(block.contents for block in below) and not deeper


def _blocks(node: SyntaxTreeNode) -> Iterator[Block]:
    if node.type == "heading":
        yield Block("heading", _line(node), level=int(node.tag[1]), title=_title(node))
    elif node.type in ("bullet_list", "ordered_list"):
        items = [_item(child) for child in node.children]
        every = [block for item in items for block in (item, *item.items_below())]
        if all(block.title.in_page for block in every):
            for block in every:
                block.contents = True
        yield from items
    else:
        yield Block("prose", _line(node), text=_text(node), aside=list(_aside(node)))


def _item(node: SyntaxTreeNode) -> Block:
    item = Block("item", _line(node))
    for place, child in enumerate(node.children):
        if child.type in ("bullet_list", "ordered_list"):
            item.items.extend(_item(below) for below in child.children)
        elif place == 0 and child.type in ("paragraph", "heading"):
            item.title, item.line = _title(child), _line(child)
            if child.type == "heading":
                item.aside.append(Block("heading", _line(child)))
        else:
            item.aside.extend(_aside(child))
    return item


def _aside(node: SyntaxTreeNode) -> Iterator[Block]:
    for found in node.walk():
        if found.type in ("heading", "list_item"):
            yield Block("heading" if found.type == "heading" else "item", _line(found))


def _title(node: SyntaxTreeNode) -> Title:
    return read_title(_inline(node))


def _text(node: SyntaxTreeNode) -> str:
    return read_text(_inline(node)) if node.type == "paragraph" else ""


def _inline(node: SyntaxTreeNode) -> list[Token]:
    tokens = (child.token for child in node.children if child.type == "inline")
    return next((token.children or [] for token in tokens if token is not None), [])


def _line(node: SyntaxTreeNode) -> int:
    return node.map[0] + 1 if node.map else 1
