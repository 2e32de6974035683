"""Tracking: check-ins with values, confidence and a status chosen by a person (R6)."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from domain.cycle.windows import Phase
from domain.decider import Context
from domain.goals import Kpi, Milestones, Okr
from domain.messages import Event, Wake
from domain.plan.ground import admitted, require_actor
from domain.plan.state import Goal, PlanCommand, PlanState, Reading, plan
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Instant, Share

MEASURE_UNKNOWN = problem(
    "check_in.measure_unknown",
    422,
    "The goal has no measure {measure}.",
    "Name a key result's id, or the goal's own id for a KPI.",
)
READING_KIND = problem(
    "check_in.reading_kind",
    422,
    "Measure {measure} takes {expected}.",
    "Send `value` for a number and `done` for milestones.",
)
MILESTONE_UNKNOWN = problem(
    "check_in.milestone_unknown",
    422,
    "The key result has no milestone {milestone}.",
    "See the goal for its milestones.",
)
FINAL_MISSING = problem(
    "check_in.final_value_missing", 422, "Measure {measure} has no value yet.", "Final values cover every measure."
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


@plan.decides(CheckIn)
def check_in(state: PlanState, command: CheckIn, context: Context) -> list[Event]:
    """The plan's owner reports, in track."""
    found = admitted(state, context, Phase.TRACK)
    require_actor(context, frozenset({found.owner}), "the plan's owner")
    goal = state.goal(command.goal)
    for place, reading in enumerate(command.readings):
        _require_fitting(goal, reading, f"/readings/{place}")
    if command.final:
        known = set(goal.readings) | {reading.measure for reading in command.readings}
        for measure in measures(goal):
            if measure not in known:
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
        )
    ]


def measures(goal: Goal) -> tuple[UUID, ...]:
    """What is read of a goal: its key results, or the KPI itself."""
    if isinstance(goal.definition, Okr):
        return tuple(item.id for item in goal.definition.key_results)
    return (goal.id,)


def _require_fitting(goal: Goal, reading: Reading, pointer: str) -> None:
    if isinstance(goal.definition, Kpi):
        if reading.measure != goal.id:
            raise MEASURE_UNKNOWN(f"{pointer}/measure", measure=str(reading.measure))
        steps: Milestones | None = None
    else:
        found = next((item for item in goal.definition.key_results if item.id == reading.measure), None)
        if found is None:
            raise MEASURE_UNKNOWN(f"{pointer}/measure", measure=str(reading.measure))
        steps = found if isinstance(found, Milestones) else None
    if steps is None:
        if reading.value is None or reading.done is not None:
            raise READING_KIND(pointer, measure=str(reading.measure), expected="a number")
        return
    if reading.done is None or reading.value is not None:
        raise READING_KIND(pointer, measure=str(reading.measure), expected="the milestones reached")
    known = {step.id for step in steps.milestones}
    for milestone in reading.done:
        if milestone not in known:
            raise MILESTONE_UNKNOWN(f"{pointer}/done", milestone=str(milestone))


@plan.evolves(CheckedIn)
def checked_in(state: PlanState, event: CheckedIn) -> PlanState:
    goal = state.goal(event.goal)
    altered = goal.model_copy(
        update={
            "readings": {**goal.readings, **{reading.measure: reading for reading in event.readings}},
            "confidence": event.confidence,
            "status": event.status,
            "final": event.final,
            "checked_in_at": event.checked_in_at,
        }
    )
    goals = {**state.goals, goal.id: altered}
    return state.model_copy(update={"goals": goals, "last_check_in": event.checked_in_at})
