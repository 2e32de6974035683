"""What a reading of each kind of measure must say, and what all readings of a measure make together (R3.1, R3.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from domain.goals import Kpi, Okr
from domain.key_results import KeyResult, Maintained
from domain.plan.goal import Goal, Reading
from domain.plan.tallies import Tally
from domain.problems import problem

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
    "Send `value` for a number, `done` for milestones, `zone` for an ordinal result, `value` and `of` for a ratio.",
)
MILESTONE_UNKNOWN = problem(
    "check_in.milestone_unknown",
    422,
    "The key result has no milestone {milestone}.",
    "See the goal for its milestones.",
)


class Says(NamedTuple):
    """Which fields of a reading hold what was read."""

    value: bool = False
    of: bool = False
    done: bool = False
    zone: bool = False


NUMBER = (Says(value=True), "a number")
TAKES = {
    "increase": NUMBER,
    "decrease": NUMBER,
    "maintain": NUMBER,
    "milestones": (Says(done=True), "the milestones reached"),
    "yes_no": (Says(value=True), "1 for yes or 0 for no"),
    "ordinal": (Says(zone=True), "the zone reached"),
    "kpi": NUMBER,
    "ratio": (Says(value=True, of=True), "a number and what it is out of"),
}
"""By kind of measure: the fields that a reading has, and how a refusal says it."""


def measures(goal: Goal) -> dict[UUID, Kpi | KeyResult]:
    """What is read of a goal: its key results, or the KPI itself."""
    if isinstance(goal.definition, Okr):
        return {item.id: item for item in goal.definition.key_results}
    return {goal.id: goal.definition}


def fits(measure: Kpi | KeyResult, reading: Reading) -> bool:
    """Whether a reading says what a measure of this kind asks for."""
    wanted, _ = TAKES[_kind(measure)]
    said = (reading.value is not None, reading.of is not None, reading.done is not None, reading.zone is not None)
    if said != wanted:
        return False
    if measure.kind == "yes_no":
        return reading.value in (0, 1)
    return reading.of is None or reading.of > 0


def require_fitting(goal: Goal, readings: Iterable[Reading]) -> None:
    """Refuse a reading of no measure of the goal, or of another kind than the measure's."""
    asked = measures(goal)
    for place, reading in enumerate(readings):
        measure = asked.get(reading.measure)
        if measure is None:
            raise MEASURE_UNKNOWN(f"/readings/{place}/measure", measure=str(reading.measure))
        if not fits(measure, reading):
            expected = TAKES[_kind(measure)][1]
            raise READING_KIND(f"/readings/{place}", measure=str(reading.measure), expected=expected)
        if measure.kind == "milestones":
            known = {step.id for step in measure.milestones}
            for milestone in reading.done or ():
                if milestone not in known:
                    raise MILESTONE_UNKNOWN(f"/readings/{place}/done", milestone=str(milestone))


def missing(goal: Goal, readings: Iterable[Reading]) -> list[UUID]:
    """The measures that neither these readings nor the last ones say anything fitting of: a revision may have made
    another measure of one.
    """
    last = {**goal.readings, **{reading.measure: reading for reading in readings}}
    return [id for id, measure in measures(goal).items() if id not in last or not fits(measure, last[id])]


def tallied(goal: Goal, readings: Iterable[Reading]) -> dict[UUID, Tally]:
    """The goal's tallies with these readings: of a KPI, and of each band, in which it lay at its time or did not."""
    found, definition = goal.tallies, goal.definition
    bands: dict[UUID, Maintained] = {}
    if definition.kind == "okr":
        for item in definition.key_results:
            if item.kind == "maintain":
                bands[item.id] = item
        if not bands:
            return found  # what else an OKR counts is told by the last reading
    for reading in readings:
        band = bands.get(reading.measure)
        if reading.value is not None and (band is not None or definition.kind == "kpi"):
            inside = band is not None and band.holds(reading.value)
            tally = found.get(reading.measure, Tally()).counted(reading.value, reading.of, inside=inside)
            found = {**found, reading.measure: tally}
    return found


def _kind(measure: Kpi | KeyResult) -> str:
    return "ratio" if measure.kind == "kpi" and measure.aggregation == "ratio_of_sums" else measure.kind
