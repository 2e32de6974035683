"""Reckoning a cycle's deadlines anew, when a calendar was changed or the official notice of a year is out (R2.2).

Nothing else does: a later release of the library of holidays, or another calendar, moves no deadline by itself.
"""

from __future__ import annotations

from typing import ClassVar

from domain.cycle.state import CycleCommand, CycleState, cycle
from domain.cycle.windows import Phase, require_order
from domain.decider import Context
from domain.directory.effects import directory_at
from domain.directory.state import DirectoryState
from domain.messages import Event, Wake
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Hash, Instant

WINDOWS_UNKNOWN = problem(
    "cycle.windows_unknown",
    409,
    "This cycle was opened by a release that did not keep what its deadlines were reckoned from.",
    "Extend the deadlines one by one instead.",
)


class RecomputeDeadlines(CycleCommand):
    """Reckon the deadlines that are still to come anew, by the calendar as it is now."""

    edits: ClassVar[bool] = True

    reason: AuthorText


class DeadlinesRecomputed(Event):
    """Phases close when the calendar says so now."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    deadlines: dict[Phase, Instant]
    provisional: tuple[Phase, ...]
    holidays: str | None = None
    """The version of the library of public holidays, where a country's count."""
    calendar: Hash | None = None
    """The calendar that they were reckoned by; absent before that was kept."""
    reason: AuthorText


@cycle.decides(RecomputeDeadlines)
def recompute_deadlines(state: CycleState, command: RecomputeDeadlines, context: Context) -> list[Event]:
    """Not what has passed, nor what was moved by hand; what waits within plans keeps its instants."""
    state.require_phase(context.at, *Phase)
    if state.windows is None or state.opened_at is None or state.period is None:
        raise WINDOWS_UNKNOWN()
    reckoned = state.windows.reckon(state.opened_at, state.period, context.calendar, state.site)
    coming = [phase for phase in Phase if not phase.is_before(state.phase) and state.deadlines[phase] > context.at]
    free = [phase for phase in coming if phase not in state.moved]
    deadlines = state.deadlines | {phase: reckoned.deadlines[phase] for phase in free}
    provisional = tuple(phase for phase in reckoned.provisional if phase in free)
    directory = directory_at(context)
    same = deadlines == state.deadlines and provisional == tuple(phase for phase in state.provisional if phase in free)
    if same and not recompute_owed(state, directory):
        return []
    require_order({phase: deadlines[phase] for phase in coming}, context.at, "")
    return [
        DeadlinesRecomputed(
            deadlines=deadlines,
            provisional=provisional,
            holidays=reckoned.holidays,
            calendar=directory.calendar_of(state.site).hash,
            reason=command.reason,
        )
    ]


def provisional_ahead(state: CycleState) -> tuple[Phase, ...]:
    """The phases still to close whose deadline rests on days that are a guess."""
    return tuple(phase for phase in state.provisional if not phase.is_before(state.phase))


def recompute_owed(state: CycleState, directory: DirectoryState) -> bool:
    """Whether the calendar has changed since deadlines still to come were reckoned by it: the days of an official
    notice were entered, or others. That a later library knows a notice says no event: who installs it sees to that.
    """
    if state.reckoned_by is None or state.reckoned_by == directory.calendar_of(state.site).hash:
        return False
    return any(phase not in state.moved and not phase.is_before(state.phase) for phase in Phase)


@cycle.evolves(DeadlinesRecomputed)
def deadlines_recomputed(state: CycleState, event: DeadlinesRecomputed) -> CycleState:
    reckoned = {"provisional": event.provisional, "reckoned_by": event.calendar}
    return state.model_copy(update={"deadlines": dict(event.deadlines), **reckoned})
