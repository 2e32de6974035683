"""Exceptions of the timetable, each an event with a reason: more time, or a phase opened again (R2.6)."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from domain.cycle.state import CycleCommand, CycleState, cycle
from domain.cycle.windows import Phase, require_near
from domain.decider import Context
from domain.messages import Event, Wake
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Instant

DEADLINE_PAST = problem(
    "deadline.not_later", 422, "The new deadline {until} is not later than {than}.", "Choose a later instant."
)
PHASE_PAST = problem("deadline.phase_past", 409, "The {phase} phase is over.", "Re-open it instead, with a reason.")
PHASE_NOT_PAST = problem("reopen.phase_not_past", 409, "The {phase} phase is not over.", "Extend its deadline instead.")


class ExtendDeadline(CycleCommand):
    """Give a phase more time; later phases keep their distance."""

    edits: ClassVar[bool] = True

    phase: Phase
    until: Instant
    reason: AuthorText


class ReopenPhase(CycleCommand):
    """Go back to an earlier phase, with a new deadline and a reason."""

    edits: ClassVar[bool] = True

    phase: Phase
    until: Instant
    reason: AuthorText


class DeadlineExtended(Event):
    """A phase has more time."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    phase: Phase
    deadlines: dict[Phase, Instant]
    reason: AuthorText


class PhaseReopened(Event):
    """The cycle is in an earlier phase again. Published results no longer stand (R2.7)."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    phase: Phase
    deadlines: dict[Phase, Instant]
    reason: AuthorText
    digest_due: Instant | None = None
    """When track is open again: its next digest (R6.4)."""


def _moved(state: CycleState, phase: Phase, until: Instant) -> dict[Phase, Instant]:
    """The deadlines with one moved and those after it pushed by as much, where they must be."""
    shift = max(until - state.deadlines[phase], timedelta(0))
    return {
        other: until if other is phase else (at + shift if phase.is_before(other) else at)
        for other, at in state.deadlines.items()
    }


@cycle.decides(ExtendDeadline)
def extend_deadline(state: CycleState, command: ExtendDeadline, context: Context) -> list[Event]:
    """Only later, and not in the past."""
    state.require_phase(context.at, *Phase, held_too=True)
    if command.phase.is_before(state.phase):
        raise PHASE_PAST("/phase", phase=command.phase.value)
    than = max(state.deadlines[command.phase], context.at)
    if command.until <= than:
        raise DEADLINE_PAST("/until", until=str(command.until), than=str(than))
    deadlines = _moved(state, command.phase, command.until)
    require_near(deadlines, context.at, "/until")
    return [DeadlineExtended(phase=command.phase, deadlines=deadlines, reason=command.reason)]


@cycle.decides(ReopenPhase)
def reopen_phase(state: CycleState, command: ReopenPhase, context: Context) -> list[Event]:
    """A closed cycle can be opened again too; what was published no longer stands (R2.7)."""
    if not state.closed:
        state.require_phase(context.at, *Phase)
        if not command.phase.is_before(state.phase):
            raise PHASE_NOT_PAST("/phase", phase=command.phase.value)
    if command.until <= context.at:
        raise DEADLINE_PAST("/until", until=str(command.until), than=str(context.at))
    # A phase that was closed early is over by now: else one re-opened behind it would have to close before it.
    deadlines = {
        phase: min(due, context.at) if phase.is_before(command.phase) else due
        for phase, due in _moved(state, command.phase, command.until).items()
    }
    require_near(deadlines, context.at, "/until")
    rhythm = state.policy.check_in_every
    digest = context.after(context.at, rhythm, state.site) if command.phase is Phase.TRACK else None
    return [PhaseReopened(phase=command.phase, deadlines=deadlines, reason=command.reason, digest_due=digest)]


@cycle.evolves(DeadlineExtended)
def deadline_extended(state: CycleState, event: DeadlineExtended) -> CycleState:
    # More time for a later phase does not mend the gate that failed in this one.
    failure = None if event.phase is state.phase else state.gate_failure
    moved = state.moved_to(event.deadlines)
    return state.model_copy(update={**moved, "owed_since": state.version + 1, "gate_failure": failure})


@cycle.evolves(PhaseReopened)
def phase_reopened(state: CycleState, event: PhaseReopened) -> CycleState:
    return state.model_copy(
        update={
            **state.moved_to(event.deadlines),
            "phase": event.phase,
            "owed_since": state.version + 1,
            "closing": None,
            "gate_failure": None,
            "digest_due": event.digest_due,
            "bypasses": state.bypasses_over(),
            "results": {},
            "results_served_at": None,
            "closed": False,
        }
    )
