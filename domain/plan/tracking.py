"""Tracking: check-ins with values, confidence and a status chosen by a person (R6)."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from domain.cycle.windows import Phase
from domain.decider import Context
from domain.messages import Event, Wake
from domain.plan.goal import Reading
from domain.plan.ground import ground, require_participant
from domain.plan.joining import catching_up
from domain.plan.readings import missing, require_fitting, tallied
from domain.plan.state import PlanCommand, PlanState, plan
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Instant, Share

FINAL_MISSING = problem(
    "check_in.final_value_missing", 422, "Measure {measure} has no value yet.", "Final values cover every measure."
)
NOT_SIGNED = problem(
    "check_in.not_signed",
    409,
    "The plan of somebody who joined in track is not signed yet: nothing of it is tracked.",
    "Submit it and have it signed, then report.",
)
LATE_FINAL = problem(
    "check_in.late_not_final",
    409,
    "Track is over: a late entry cannot be a final value.",
    "Send it without `final`, or ask the facilitator to re-open track.",
)


class CheckIn(PlanCommand):
    """Say where a goal stands. `final` says that these are the quarter's last values (R2.4)."""

    goal: UUID
    readings: tuple[Reading, ...] = ()
    """Empty: no change since the last check-in, in one step (R6.1)."""
    confidence: Share
    """From 0 to 1, without a preset (R6.1)."""
    status: Literal["on_track", "at_risk", "off_track", "done"]
    narrative: AuthorText | None = None
    final: bool = False


class CheckedIn(Event):
    """A goal's values were reported. Typed by its owner they are claimed until attested (R6.2)."""

    wakes = frozenset({Wake.PARENT})

    goal: UUID
    by: UUID
    readings: tuple[Reading, ...] = ()
    claimed: bool
    confidence: Share
    status: str
    narrative: AuthorText | None = None
    final: bool
    checked_in_at: Instant
    late: bool | None = None
    """True where track was over: kept, and never part of a result (R2.7)."""


@plan.decides(CheckIn)
def check_in(state: PlanState, command: CheckIn, context: Context) -> list[Event]:
    """The plan's owner reports, in track; what comes later is kept as late (R2.7)."""
    found = ground(state, context)
    if not found.cycle.closed:
        found.cycle.require_phase(context.at, Phase.TRACK, Phase.RETROSPECT)
    late = found.cycle.closed or found.cycle.phase is Phase.RETROSPECT
    require_participant(found)
    goal = state.tracked(command.goal)
    if catching_up(found.cycle, found.plan_owner, state):
        raise NOT_SIGNED("/goal")
    require_fitting(goal, command.readings)
    if command.final and late:
        raise LATE_FINAL("/final")
    if command.final:
        for measure in missing(goal, command.readings):
            raise FINAL_MISSING("/readings", measure=str(measure))
    return [
        CheckedIn(
            goal=goal.id,
            by=context.actor,
            readings=command.readings,
            claimed=True,
            confidence=command.confidence,
            status=command.status,
            narrative=command.narrative,
            final=command.final,
            checked_in_at=context.at,
            late=late or None,
        )
    ]


@plan.evolves(CheckedIn)
def checked_in(state: PlanState, event: CheckedIn) -> PlanState:
    goal = state.tracked(event.goal)
    if event.late:
        return state.with_report(goal.id, {"late_entries": goal.late_entries + 1})
    readings = goal.readings.copy()
    for reading in event.readings:
        readings[reading.measure] = reading
    report = {
        "readings": readings,
        "tallies": tallied(goal, event.readings),
        "confidence": event.confidence,
        "status": event.status,
        "final": event.final,
        "checked_in_at": event.checked_in_at,
    }
    return state.with_report(goal.id, report, last_check_in=event.checked_in_at)
