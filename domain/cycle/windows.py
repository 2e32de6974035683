"""When phases close: durations from an anchor, resolved once into instants (R2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import model_validator

from domain.calendars import Calendars
from domain.problems import problem
from domain.values import Duration, Frozen, Instant, WorkingDays

WINDOWS_ORDER = problem(
    "cycle.windows_out_of_order",
    422,
    "The {phase} phase would close at {closes_at}, which is not after {before}.",
    "Give later phases later deadlines, and open the cycle before its first one.",
)
TOO_FAR = problem(
    "deadline.too_far", 422, "The deadline {until} lies more than a hundred years ahead.", "Choose an earlier instant."
)
MOST_AHEAD = timedelta(days=36525)
"""No deadline lies further ahead: what is reckoned from it must stay an instant (ours)."""


class Phase(StrEnum):
    """The five phases, in order."""

    DRAFT = "draft"
    NEGOTIATE = "negotiate"
    COMMIT = "commit"
    TRACK = "track"
    RETROSPECT = "retrospect"

    @property
    def next(self) -> Phase | None:
        """The phase after this one; None after the last."""
        order = list(Phase)
        place = order.index(self) + 1
        return order[place] if place < len(order) else None

    def is_before(self, other: Phase) -> bool:
        """Whether this phase comes earlier in the cycle."""
        order = list(Phase)
        return order.index(self) < order.index(other)


NEGOTIABLE = (Phase.DRAFT, Phase.NEGOTIATE, Phase.COMMIT)
"""The phases in which goals still change: what is signed is locked when commit closes (R5.7)."""
ALIGNABLE = (*NEGOTIABLE, Phase.TRACK)
"""No hash covers an alignment, so it may still change while the goals are tracked (R3.7)."""


class Period(Frozen):
    """The quarter itself; phases run before, in and after it."""

    starts: Instant
    ends: Instant

    @model_validator(mode="after")
    def _ordered(self) -> Period:
        if self.ends <= self.starts:
            raise ValueError("the period ends before it starts")
        return self


class Window(Frozen):
    """A phase's deadline as a duration from an anchor."""

    anchor: Literal["opening", "period_start", "period_end"]
    offset: Duration


class Reckoned(NamedTuple):
    """Deadlines as a calendar gives them."""

    deadlines: dict[Phase, datetime]
    provisional: tuple[Phase, ...]
    """Phases reckoned with a year without an official notice."""
    holidays: str | None
    """The version of the library that said which days are public holidays; None where no country's count."""


class Windows(Frozen):
    """The deadlines of all phases. Defaults: R2.1."""

    draft: Window = Window(anchor="period_start", offset=WorkingDays(days=-5))
    negotiate: Window = Window(anchor="period_start", offset=WorkingDays(days=-1))
    commit: Window = Window(anchor="period_start", offset=WorkingDays(days=5))
    track: Window = Window(anchor="period_end", offset=WorkingDays(days=10))
    retrospect: Window = Window(anchor="period_end", offset=WorkingDays(days=20))

    def reckon(self, opening: datetime, period: Period, calendar: Calendars, site: UUID | None) -> Reckoned:
        """When the phases close, by the calendar of a site (R2.2)."""
        anchors = {"opening": opening, "period_start": period.starts, "period_end": period.ends}
        deadlines: dict[Phase, datetime] = {}
        provisional: list[Phase] = []
        for phase in Phase:
            window: Window = getattr(self, phase.value)
            anchor = anchors[window.anchor]
            deadlines[phase] = calendar.after(anchor, window.offset, site)
            if window.offset.unit == "working_days" and calendar.provisional(anchor, deadlines[phase], site):
                provisional.append(phase)
        return Reckoned(deadlines, tuple(provisional), calendar.holidays_version(site))

    def resolve(self, opening: datetime, period: Period, calendar: Calendars, site: UUID | None) -> Reckoned:
        """When the phases of a cycle that opens now close.

        Raises `cycle.windows_out_of_order`, `deadline.too_far`.
        """
        reckoned = self.reckon(opening, period, calendar, site)
        require_order(reckoned.deadlines, opening, "/windows")
        require_near(reckoned.deadlines, opening, "/period/ends")
        return reckoned


def require_order(deadlines: Mapping[Phase, datetime], now: datetime, pointer: str) -> None:
    """Refuse phases that would close before an earlier one or `now`. Raises `cycle.windows_out_of_order`."""
    before = now
    for phase in filter(deadlines.__contains__, Phase):
        closes_at = deadlines[phase]
        if closes_at <= before:
            at_fault = f"{pointer}/{phase}" if pointer else ""
            raise WINDOWS_ORDER(at_fault, phase=phase.value, closes_at=str(closes_at), before=str(before))
        before = closes_at


def require_near(deadlines: Mapping[Phase, datetime], now: datetime, pointer: str) -> None:
    """Refuse deadlines beyond what can be reckoned with. Raises `deadline.too_far`."""
    last = max(deadlines.values())
    if last > now + MOST_AHEAD:
        raise TOO_FAR(pointer, until=str(last))
