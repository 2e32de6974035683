"""The shapes of answers that lie across plans: the board, the gate and the inbox."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from api.shapes import Shape
from domain.board import CycleRow, PlanRow
from domain.gate import WhatIf
from domain.waiting import Wait


class GateCheck(Shape):
    """A check of the present gate."""

    check: str
    text: str
    """In the language of the answer."""
    plans: int
    """How many plans fail it; 0: it holds."""


class CycleStanding(CycleRow):
    """How the cycle stands, and what would keep its phase from closing now."""

    gate: list[GateCheck]
    about_deadlines_text: str | None
    """What is to be known of the deadlines, in the language of the answer; null: nothing."""


class Listed(Shape):
    """What every list says besides its items."""

    names: dict[UUID, str | None]
    """Of the people and teams that the items speak of; null where a name was erased."""
    position: int
    """The list shows everything up to here."""


class UnitStanding(Shape):
    """How the plans of one unit stand, without those of the units under it."""

    unit: UUID | None
    """None: of owners in no unit."""
    plans: int
    signed: int
    blocked: int
    """Plans that fail a check of the present gate."""


class BoardAnswer(Listed):
    """A cycle's standing and a page of its plans, in order of id."""

    cycle: CycleStanding
    units: list[UnitStanding]
    items: list[PlanRow]
    next: str | None
    """Send it as `after`; None: there are no more."""


class GateAnswer(WhatIf):
    """What closing a cycle's present phase now would come to."""

    cycle: UUID
    names: dict[UUID, str | None]
    """Of everybody that it speaks of; null where a name was erased."""


class InboxDifference(Shape):
    """From what the reader last acted on to now."""

    from_: int = Field(alias="from")
    to: int


class InboxItem(Wait):
    """One thing to do, as it is told to who must do it."""

    text: str
    """What to do, in the language of the answer."""
    why: str
    """Why it is asked now."""
    reason_text: str | None
    overdue: bool
    days_left: int | None
    """Working days at the reader's site until it is due, today included; negative behind that. Null: nothing is due."""
    changed: bool
    """Whether the plan has changed since `since`, or else since the reader's own last act on it."""
    difference: InboxDifference | None
    """The versions for GET /plans/{plan}/diff; null where the reader has seen nothing of it, or all."""


class InboxAnswer(Listed):
    """What a person must do, the most urgent first."""

    items: list[InboxItem]
