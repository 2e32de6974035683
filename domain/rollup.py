"""The roll-up: how far the children of a goal have come, with the formula that anybody can recompute (R3.7).

It stands beside the goal's own score and never replaces it. Its terms are the scores as they are shown, so that the
formula gives exactly what it says.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from domain.cycle.scoring_rules import ScoringRules
from domain.goals import Okr
from domain.plan.goal import Goal
from domain.plan.links import Edge
from domain.scoring import PLACES, goal_result, progress
from domain.values import Frozen, Number, Share

LEAST = Decimal("0.000000001")
"""A weight's last place: a key result's share of its goal's weight is rounded to it, and is never less."""


class Child(NamedTuple):
    """An accepted child as its plan has it now."""

    edge: Edge
    plan: UUID
    goal: Goal
    rules: ScoringRules
    """Of the child's own cycle."""


class Term(Frozen):
    """What one child brings in."""

    edge: UUID
    plan: UUID
    goal: UUID
    key_result: UUID | None = None
    weight: Number
    """The goal's in its plan; of a key result, its share of that."""
    score: Share
    """OKR and key result: 0.0-1.0. KPI: its attainment, between 0 and 1."""


class Rollup(Frozen):
    """The weighted mean of the children."""

    value: Share
    formula: str
    """The same as a sum to check by hand."""
    terms: tuple[Term, ...]


def rollup(children: Iterable[Child]) -> Rollup | None:
    """The mean of the children's scores by their weights; None where there are none."""
    terms = tuple(term for child in children if (term := _term(child)) is not None)
    if not terms:
        return None
    weighed = sum((Fraction(term.weight) * Fraction(term.score) for term in terms), Fraction(0))
    value = _placed(weighed / sum(Fraction(term.weight) for term in terms))
    earned = " + ".join(f"{_written(term.weight)} × {_written(term.score)}" for term in terms)
    whole = " + ".join(_written(term.weight) for term in terms)
    return Rollup(value=value, formula=f"({earned}) / ({whole}) = {_written(value)}", terms=terms)


def _term(child: Child) -> Term | None:
    """None where the child's key result is gone: nothing is left of it to bring in."""
    edge, goal = child.edge, child.goal
    weight, score = Fraction(goal.definition.weight), _score(goal, child.rules)
    if edge.key_result is not None:
        results = goal.definition.key_results if isinstance(goal.definition, Okr) else ()
        item = next((one for one in results if one.id == edge.key_result), None)
        if item is None:
            return None
        weight *= Fraction(item.weight) / sum(Fraction(one.weight) for one in results)
        score = _placed(progress(item, goal.readings.get(item.id), child.rules, goal.tallies.get(item.id)))
    return Term(
        edge=edge.id,
        plan=child.plan,
        goal=goal.id,
        key_result=edge.key_result,
        weight=max(_placed(weight, LEAST), LEAST),
        score=score,
    )


def _score(goal: Goal, rules: ScoringRules) -> Decimal:
    result = goal_result(goal, rules)
    if result.score is not None:
        return result.score
    return _placed(min(max(Fraction(result.attainment or 0) / 100, Fraction(0)), Fraction(1)))


def _placed(value: Fraction, places: Decimal = PLACES) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(places, rounding=ROUND_HALF_EVEN)


def _written(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
