"""Grades from readings: exact fractions inside, four places for show, bands from the unrounded value (R7.1, R3.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from uuid import UUID

from domain.canonical import canonical_bytes, content_hash
from domain.cycle.scoring_rules import ScoringRules
from domain.cycle.state import GoalResult, PlanResult
from domain.goals import Kpi, Measured, Milestones, Okr
from domain.plan.state import Goal, PlanState, Reading

PLACES = Decimal("0.0001")
MOST_SHOWN = Fraction(10**9)
"""A percentage beyond this, of a target next to nothing, is shown as this: no check-in makes a result unpublishable."""
BAND_AMBER = Fraction(4, 10)
BAND_GREEN = Fraction(7, 10)


def progress(item: Measured | Milestones, reading: Reading | None, rules: ScoringRules) -> Fraction:
    """(value - baseline) / (target - baseline), bounded by policy; milestones by weight; 0 without a reading (R3.1)."""
    if reading is None:
        return Fraction(0)
    if isinstance(item, Milestones):
        done = set(reading.done or ())
        total = sum(Fraction(step.weight) for step in item.milestones)
        share = sum((Fraction(step.weight) for step in item.milestones if step.id in done), Fraction(0)) / total
    else:
        value = Fraction(reading.value if reading.value is not None else item.baseline)
        share = (value - Fraction(item.baseline)) / (Fraction(item.target) - Fraction(item.baseline))
    return min(max(share, Fraction(rules.progress_floor)), Fraction(rules.progress_cap))


def objective_score(okr: Okr, readings: Mapping[UUID, Reading], rules: ScoringRules) -> Fraction:
    """The weighted mean of its key results (R7.1)."""
    total = sum(Fraction(item.weight) for item in okr.key_results)
    earned = sum(
        (Fraction(item.weight) * progress(item, readings.get(item.id), rules) for item in okr.key_results), Fraction(0)
    )
    return earned / total


def band(score: Fraction) -> str:
    """[0, 0.4) red, [0.4, 0.7) amber, [0.7, 1] green, from the unrounded score (R7.1)."""
    if score < BAND_AMBER:
        return "red"
    return "amber" if score < BAND_GREEN else "green"


def kpi_attainment(kpi: Kpi, value: Decimal) -> Fraction:
    """Percent of the way from baseline to target (R3.3).

    Without a baseline short of the target there is no way to go: then percent of the target; where lower is better,
    as far above 100 as the value is below the target. Of a target of 0 or less there is no percentage: the way then
    begins at the threshold.
    """
    reached, target = Fraction(value), Fraction(kpi.target)
    start = kpi.baseline
    if start is not None and (start >= kpi.target if kpi.direction == "higher" else start <= kpi.target):
        start = None
    if start is None and target <= 0:
        start = kpi.threshold
    if start is not None:
        return (reached - Fraction(start)) / (target - Fraction(start)) * 100
    share = reached / target
    return (share if kpi.direction == "higher" else 2 - share) * 100


def kpi_payout(kpi: Kpi, value: Decimal, rules: ScoringRules) -> Fraction:
    """0 below threshold, linear between the three points, capped at stretch (R3.3)."""
    sign = 1 if kpi.direction == "higher" else -1
    points = [
        (sign * Fraction(kpi.threshold), Fraction(rules.payout.threshold)),
        (sign * Fraction(kpi.target), Fraction(rules.payout.target)),
        (sign * Fraction(kpi.stretch), Fraction(rules.payout.stretch)),
    ]
    reached = sign * Fraction(value)
    if reached < points[0][0]:
        return Fraction(0)
    for (x0, y0), (x1, y1) in pairwise(points):
        if reached <= x1:
            return y0 + (reached - x0) / (x1 - x0) * (y1 - y0)
    return points[-1][1]


def _shown(value: Fraction) -> Decimal:
    bounded = min(max(value, -MOST_SHOWN), MOST_SHOWN)
    exact = Decimal(bounded.numerator) / Decimal(bounded.denominator)
    return exact.quantize(PLACES, rounding=ROUND_HALF_EVEN)


def goal_result(goal: Goal, rules: ScoringRules) -> GoalResult:
    """A goal's computed outcome from its last readings."""
    if isinstance(goal.definition, Okr):
        score = objective_score(goal.definition, goal.readings, rules)
        return GoalResult(goal=goal.id, kind="okr", score=_shown(score), band=band(score))
    reading = goal.readings.get(goal.id)
    value = reading.value if reading is not None else None
    if value is None:
        return GoalResult(goal=goal.id, kind="kpi", attainment=Decimal(0), payout=Decimal(0))
    return GoalResult(
        goal=goal.id,
        kind="kpi",
        attainment=_shown(kpi_attainment(goal.definition, value)),
        payout=_shown(kpi_payout(goal.definition, value, rules)),
    )


def plan_result(state: PlanState, rules: ScoringRules, published: int) -> PlanResult:
    """A plan's outcome: OKRs and KPIs each weighted among themselves, side by side (R1, R7.1).

    `published` is the version of the cycle that publishes it.
    """
    goals = list(state.goals.values())
    okrs = [
        (goal.definition.weight, objective_score(goal.definition, goal.readings, rules))
        for goal in goals
        if isinstance(goal.definition, Okr)
    ]
    kpis = [(goal.definition, _value(goal)) for goal in goals if isinstance(goal.definition, Kpi)]
    attained = [(kpi.weight, kpi_attainment(kpi, value) if value is not None else Fraction(0)) for kpi, value in kpis]
    paid = [(kpi.weight, kpi_payout(kpi, value, rules) if value is not None else Fraction(0)) for kpi, value in kpis]
    bare = PlanResult(
        plan=state.id,
        owner=state.owner or state.id,
        plan_hash=state.content_hash(rules.hash),
        okr_score=_mean(okrs),
        kpi_attainment=_mean(attained),
        kpi_payout=_mean(paid),
        goals=tuple(goal_result(goal, rules) for goal in goals),
        published=published,
    )
    return bare.model_copy(update={"hash": content_hash("result/1", canonical_bytes(bare))})


def _value(goal: Goal) -> Decimal | None:
    reading = goal.readings.get(goal.id)
    return reading.value if reading is not None else None


def _mean(weighted: Iterable[tuple[Decimal, Fraction]]) -> Decimal | None:
    pairs = [(Fraction(weight), value) for weight, value in weighted]
    if not pairs:
        return None
    return _shown(sum((weight * value for weight, value in pairs), Fraction(0)) / sum(weight for weight, _ in pairs))
