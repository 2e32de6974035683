"""Commands and events: what somebody wants, and what happened."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Literal
from uuid import UUID

from domain.values import Frozen

if TYPE_CHECKING:
    from domain.spreading import Part

Kind = Literal["directory", "cycle", "plan", "metric"]
"""The kinds of stream."""


class Wake(StrEnum):
    """Whose agenda an event may change besides its own stream's."""

    CHILDREN = "children"
    """The streams below: a cycle's plans, a directory's cycles and their plans, the plans aligned to a plan's goals,
    those with goals that a metric counts."""
    PARENT = "parent"
    """The stream above, while it watches for blockers: a plan's cycle."""


class Command(Frozen):
    """What somebody wants, in the imperative."""

    system: ClassVar[bool] = False
    """True for duties: no caller can send them."""
    edits: ClassVar[bool] = False
    """True where the command replaces what the caller saw: If-Match is then required (428, 412)."""
    opens: ClassVar[bool] = False
    """True where the command may be the first of its stream."""
    founds: ClassVar[bool] = False
    """True where the command founds the organization itself."""
    inner: ClassVar[bool] = False
    """True where only another command leads to this one, as a part of it: no caller can send it alone."""

    bulk: ClassVar[bool] = False
    """True where one request may bring thousands of things, so that its body may be larger."""

    def spread(self, stream: UUID) -> tuple[Part, ...]:
        """What this command to a stream asks of other streams, all or nothing: decided after it, in this order."""
        del stream
        return ()

    def subject_scope(self) -> UUID | None:
        """The thing whose fields are sealed (a goal), so that its unchanged text keeps its hash; None: the stream."""
        return None

    def named_person(self) -> UUID | None:
        """Whom a `PersonName` in this command names."""
        return None


class Event(Frozen):
    """What happened, in the past tense. Never changed: a new shape is a new schema version with an upcaster."""

    schema_version: ClassVar[int] = 1
    notice: ClassVar[bool] = False
    """True for events that tell and change no rule's outcome."""
    wakes: ClassVar[frozenset[Wake]] = frozenset()

    allowed_by: str | None = None
    """The rule by which the command was allowed (R8), in the first event of each step; absent before there were any."""

    def woken(self) -> frozenset[Wake]:
        """`wakes`, less where this one event changes no agenda yet."""
        return self.wakes
