"""Grades from readings: exact fractions inside, four places for show, bands from the unrounded value (R7.1, R3.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from types import MappingProxyType
from uuid import UUID

from domain.canonical import canonical_bytes, content_hash
from domain.cycle.outcomes import GoalResult, PlanResult
from domain.cycle.scoring_rules import ScoringRules
from domain.goals import Kpi, Okr, plan_hash
from domain.key_results import KeyResult, Maintained, Measured, Milestones, Ordinal, YesNo
from domain.payout import Line, crossed, item_points, kpi_attainment, kpi_payout, kpi_value, scorecard
from domain.plan.goal import Goal, Reading
from domain.plan.state import PlanState
from domain.plan.tallies import Tally

PLACES = Decimal("0.0001")
MOST_SHOWN = Fraction(10**9)
"""A percentage beyond this, of a target next to nothing, is shown as this: no check-in makes a result unpublishable."""
BAND_AMBER = Fraction(4, 10)
BAND_GREEN = Fraction(7, 10)


def progress(item: KeyResult, reading: Reading | None, rules: ScoringRules, tally: Tally | None = None) -> Fraction:
    """How far a key result has come, bounded by policy; 0 without a reading (R3.1, R7.1)."""
    share = _share(item, reading, rules, tally)
    if share is None:
        return Fraction(0)
    return min(max(share, Fraction(rules.progress_floor)), Fraction(rules.progress_cap))


def _share(item: KeyResult, reading: Reading | None, rules: ScoringRules, tally: Tally | None) -> Fraction | None:
    """The share by the key result's kind; None where nothing was read that says it."""
    if reading is None:
        return None
    match item:
        case Maintained():
            return Fraction(tally.inside, tally.readings) if tally is not None and tally.readings else None
        case Milestones():
            done = set(reading.done or ())
            total = sum(Fraction(step.weight) for step in item.milestones)
            return sum((Fraction(step.weight) for step in item.milestones if step.id in done), Fraction(0)) / total
        case YesNo():
            return Fraction(1 if reading.value == 1 else 0)
        case Ordinal():
            return Fraction(getattr(rules.zone_scores, reading.zone or "below", 0))
        case Measured():
            if reading.value is None:
                return None
            way = Fraction(item.target) - Fraction(item.baseline)
            return (Fraction(reading.value) - Fraction(item.baseline)) / way


def objective_score(
    okr: Okr,
    readings: Mapping[UUID, Reading],
    rules: ScoringRules,
    tallies: Mapping[UUID, Tally] = MappingProxyType({}),
) -> Fraction:
    """The weighted mean of its key results (R7.1)."""
    total = sum(Fraction(item.weight) for item in okr.key_results)
    earned = sum(
        (
            Fraction(item.weight) * progress(item, readings.get(item.id), rules, tallies.get(item.id))
            for item in okr.key_results
        ),
        Fraction(0),
    )
    return earned / total


def band(score: Fraction) -> str:
    """[0, 0.4) red, [0.4, 0.7) amber, [0.7, 1] green, from the unrounded score (R7.1)."""
    if score < BAND_AMBER:
        return "red"
    return "amber" if score < BAND_GREEN else "green"


def _shown(value: Fraction) -> Decimal:
    bounded = min(max(value, -MOST_SHOWN), MOST_SHOWN)
    exact = Decimal(bounded.numerator) / Decimal(bounded.denominator)
    return exact.quantize(PLACES, rounding=ROUND_HALF_EVEN)


def goal_result(goal: Goal, rules: ScoringRules) -> GoalResult:
    """A goal's computed outcome from its readings."""
    if isinstance(goal.definition, Okr):
        score = objective_score(goal.definition, goal.readings, rules, goal.tallies)
        return GoalResult(goal=goal.id, kind="okr", score=_shown(score), band=band(score))
    line = _line(goal, goal.definition, rules)
    return GoalResult(
        goal=goal.id,
        kind="kpi",
        attainment=_shown(line.attained),
        payout=_shown(line.paid),
        points=_shown(item_points(line.kpi, line.paid, rules)) if line.kpi.item else None,
        red_line_crossed=line.crossed or None,
    )


def _line(goal: Goal, kpi: Kpi, rules: ScoringRules) -> Line:
    value = kpi_value(goal, kpi)
    if value is None:
        return Line(kpi, Fraction(0), Fraction(0), crossed(kpi, None))
    return Line(kpi, kpi_attainment(kpi, value, goal.baseline), kpi_payout(kpi, value, rules), crossed(kpi, value))


def plan_result(state: PlanState, rules: ScoringRules, published: int) -> PlanResult:
    """A plan's outcome: OKRs and KPIs each weighted among themselves, side by side (R1, R7.1).

    Of what is in force: an amendment that nobody signed grades nothing (R5.7). `published` is the version of the cycle
    that publishes it.
    """
    goals = list(state.in_force.values())
    okrs = [
        (goal.definition.weight, objective_score(goal.definition, goal.readings, rules, goal.tallies))
        for goal in goals
        if isinstance(goal.definition, Okr)
    ]
    lines = [_line(goal, goal.definition, rules) for goal in goals if isinstance(goal.definition, Kpi)]
    card = scorecard(lines, rules)
    outside = any(line.kpi.item for line in lines)
    bare = PlanResult(
        plan=state.id,
        owner=state.owner or state.id,
        plan_hash=plan_hash((goal.hash for goal in goals), rules.hash),
        okr_score=_mean(okrs),
        kpi_attainment=_shown_or_none(card.attained),
        kpi_payout=_shown_or_none(card.paid),
        kpi_base=_shown_or_none(card.base) if outside or card.crossed else None,
        kpi_points=_shown(card.points) if outside else None,
        red_line_crossed=card.crossed or None,
        goals=tuple(goal_result(goal, rules) for goal in goals),
        published=published,
    )
    return bare.model_copy(update={"hash": content_hash("result/1", canonical_bytes(bare))})


def _shown_or_none(value: Fraction | None) -> Decimal | None:
    return None if value is None else _shown(value)


def _mean(weighted: Iterable[tuple[Decimal, Fraction]]) -> Decimal | None:
    pairs = [(Fraction(weight), value) for weight, value in weighted]
    if not pairs:
        return None
    return _shown(sum((weight * value for weight, value in pairs), Fraction(0)) / sum(weight for weight, _ in pairs))
