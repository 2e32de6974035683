"""What a KPI amounts to: its value from all readings, what it attains, what it pays; and the scorecard (R3.2, R3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from domain.cycle.scoring_rules import ScoringRules
from domain.goals import Kpi
from domain.plan.goal import Goal

Exact = Decimal | Fraction


def kpi_value(goal: Goal, kpi: Kpi) -> Fraction | None:
    """What the cycle's readings make together, as the KPI says; None where nothing was read (R3.2)."""
    if kpi.aggregation in (None, "last"):
        reading = goal.readings.get(goal.id)
        return Fraction(reading.value) if reading is not None and reading.value is not None else None
    tally = goal.tallies.get(goal.id)
    if tally is None:
        return None
    if kpi.aggregation == "sum":
        return Fraction(tally.total)
    parts = Fraction(tally.out_of) if kpi.aggregation == "ratio_of_sums" else Fraction(tally.readings)
    return Fraction(tally.total) / parts if parts else None


def kpi_attainment(kpi: Kpi, value: Exact, baseline: Decimal | None = None) -> Fraction:
    """Percent of the way from baseline to target (R3.3). `baseline`: as found, where the definition states none.

    Without a baseline short of the target there is no way to go: then percent of the target; where lower is better,
    as far above 100 as the value is below the target. Of a target of 0 or less there is no percentage: the way then
    begins at the threshold.
    """
    reached, target = Fraction(value), Fraction(kpi.target)
    start = kpi.baseline if kpi.baseline is not None else baseline
    if start is not None and (start >= kpi.target if kpi.direction == "higher" else start <= kpi.target):
        start = None
    if start is None and target <= 0:
        start = kpi.threshold
    if start is not None:
        return (reached - Fraction(start)) / (target - Fraction(start)) * 100
    share = reached / target
    return (share if kpi.direction == "higher" else 2 - share) * 100


def kpi_payout(kpi: Kpi, value: Exact, rules: ScoringRules) -> Fraction:
    """0 below threshold, linear between the curve's points, capped at stretch (R3.3)."""
    points = _curve(kpi, rules)
    reached = _sign(kpi) * Fraction(value)
    if reached < points[0][0]:
        return Fraction(0)
    for (x0, y0), (x1, y1) in pairwise(points):
        if reached <= x1:
            return y0 + (reached - x0) / (x1 - x0) * (y1 - y0) if x1 > x0 else y1
    return points[-1][1]


def _curve(kpi: Kpi, rules: ScoringRules) -> list[tuple[Fraction, Fraction]]:
    """The points of the payout curve, from worse to better values. It never falls, whatever rules it meets."""
    pays = rules.payout
    least = pays.threshold if kpi.threshold_pays is None else min(kpi.threshold_pays, pays.target)
    most = pays.stretch if kpi.stretch_pays is None else max(min(kpi.stretch_pays, pays.stretch), pays.target)
    flat_from = kpi.target if kpi.flat_from is None else kpi.flat_from
    flat_to = kpi.target if kpi.flat_to is None else kpi.flat_to
    points = ((kpi.threshold, least), (flat_from, pays.target), (flat_to, pays.target), (kpi.stretch, most))
    return [(_sign(kpi) * Fraction(value), Fraction(paid)) for value, paid in points]


def _sign(kpi: Kpi) -> int:
    return 1 if kpi.direction == "higher" else -1


def item_points(kpi: Kpi, paid: Fraction, rules: ScoringRules) -> Fraction:
    """The percentage points that a bonus item adds, or a deduction item takes (below zero), by what it would pay.

    A bonus adds its weight at the target and its share short of it; a deduction takes its weight below the threshold
    and nothing from the target on (R3.3; the way to the points is ours).
    """
    reached = min(paid / Fraction(rules.payout.target), Fraction(1))
    weight = Fraction(kpi.weight)
    return weight * reached if kpi.item == "bonus" else -weight * (1 - reached)


def crossed(kpi: Kpi, value: Exact | None) -> bool:
    """Whether a red line is crossed: its KPI lies short of the threshold, or was never read (R3.3)."""
    if not kpi.red_line:
        return False
    return value is None or _sign(kpi) * Fraction(value) < _sign(kpi) * Fraction(kpi.threshold)


class Line(NamedTuple):
    """One KPI of a scorecard."""

    kpi: Kpi
    attained: Fraction
    paid: Fraction
    crossed: bool


class Scorecard(NamedTuple):
    """What a plan's KPIs come to, in percent. None: there is no KPI within the 100."""

    attained: Fraction | None
    base: Fraction | None
    """What the KPIs within the 100 pay."""
    points: Fraction
    """What bonus items add and deduction items take."""
    paid: Fraction | None
    """Base and points, never below 0, capped where a red line is crossed."""
    crossed: bool


def scorecard(lines: Sequence[Line], rules: ScoringRules) -> Scorecard:
    """The weighted mean of the KPIs within the 100, then the items outside it, then the red line (R3.3)."""
    within = [(Fraction(line.kpi.weight), line) for line in lines if line.kpi.item is None]
    points = sum((item_points(line.kpi, line.paid, rules) for line in lines if line.kpi.item), Fraction(0))
    veto = any(line.crossed for line in lines)
    if not within:
        return Scorecard(None, None, points, None, veto)
    total = sum(weight for weight, _ in within)
    attained = sum((weight * line.attained for weight, line in within), Fraction(0)) / total
    base = sum((weight * line.paid for weight, line in within), Fraction(0)) / total
    paid = max(base + points, Fraction(0))
    return Scorecard(attained, base, points, min(paid, Fraction(rules.crossed_pays)) if veto else paid, veto)
