"""Holding a cycle and going on with it: while it is held nothing falls due and no plan moves (R2.6).

What the cycle itself owes moves by the length of the hold. What a plan owed within the hold falls due when people had
time to look again: `grace_until`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from domain.cycle.state import CycleCommand, CycleState, Held, cycle
from domain.cycle.windows import Phase, require_near
from domain.decider import Context
from domain.messages import Event, Wake
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Instant

NOT_HELD = problem("cycle.not_held", 409, "The cycle is not held.", "Nothing is left to resume.")


class HoldCycle(CycleCommand):
    """Stop the cycle's clock, for a reason."""

    edits: ClassVar[bool] = True

    reason: AuthorText


class ResumeCycle(CycleCommand):
    """Let the cycle's clock go on, for a reason."""

    edits: ClassVar[bool] = True

    reason: AuthorText


class CycleHeld(Event):
    """Nothing falls due, and nobody can change a plan, until the cycle is resumed."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    held_at: Instant
    reason: AuthorText


class CycleResumed(Event):
    """The clock goes on: every deadline that was not over lies later by the length of the hold."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    deadlines: dict[Phase, Instant]
    digest_due: Instant | None = None
    results_served_at: Instant | None = None
    grace_until: Instant
    """What plans owed within the hold falls due now."""
    reason: AuthorText


@cycle.decides(HoldCycle)
def hold_cycle(state: CycleState, command: HoldCycle, context: Context) -> list[Event]:
    """Holding twice is once."""
    state.require_phase(context.at, *Phase, held_too=True)
    return [] if state.held is not None else [CycleHeld(held_at=context.at, reason=command.reason)]


@cycle.decides(ResumeCycle)
def resume_cycle(state: CycleState, command: ResumeCycle, context: Context) -> list[Event]:
    """Phases that were over stay so."""
    state.require_phase(context.at, *Phase, held_too=True)
    if state.held is None:
        raise NOT_HELD()
    by = context.at - state.held.since
    deadlines = {phase: due if phase.is_before(state.phase) else due + by for phase, due in state.deadlines.items()}
    require_near(deadlines, context.at, "")
    return [
        CycleResumed(
            deadlines=deadlines,
            digest_due=_later(state.digest_due, by),
            results_served_at=_later(state.results_served_at, by),
            grace_until=context.after(context.at, state.policy.resume_grace, state.site),
            reason=command.reason,
        )
    ]


def _later(due: datetime | None, by: timedelta) -> datetime | None:
    return None if due is None else due + by


@cycle.evolves(CycleHeld)
def cycle_held(state: CycleState, event: CycleHeld) -> CycleState:
    return state.model_copy(update={"held": Held(since=event.held_at)})


@cycle.evolves(CycleResumed)
def cycle_resumed(state: CycleState, event: CycleResumed) -> CycleState:
    return state.model_copy(
        update={
            **state.moved_to(event.deadlines),
            "held": None,
            "digest_due": event.digest_due,
            "results_served_at": event.results_served_at,
            "grace_until": event.grace_until,
        }
    )
