"""The shape of what a goal serves and what serves it."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from api.list_shapes import Listed
from api.shapes import Shape
from domain.plan.links import End
from domain.rollup import Rollup


class AlignmentLink(Shape):
    """An alignment of the goal, up or down."""

    edge: UUID
    state: Literal["requested", "accepted", "declined"]
    plan: UUID
    """The child's."""
    goal: UUID
    """The child."""
    key_result: UUID | None
    """Of the child, where only this key result is aligned."""
    parent: End
    owner: UUID
    """Whose plan the goal at the other end is in."""
    title: str | None
    """Of the goal at the other end; null where the caller may not see it, it is gone, or its text was erased."""
    changed: bool
    """The parent has changed and waits for the child's look."""
    dropped: bool
    """The parent is gone."""
    moved_to: UUID | None
    """The plan that it was transferred to."""


class AlignmentAnswer(Listed):
    """What a goal serves, what serves it, and how far that has come."""

    plan: UUID
    goal: UUID
    parents: list[AlignmentLink]
    children: list[AlignmentLink]
    rollup: Rollup | None
    """Of all accepted children that the caller may see; null where there are none."""
    key_results: dict[UUID, Rollup]
    """Of those that are aligned to one key result."""
