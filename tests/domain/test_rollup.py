"""R3.7: the roll-up of a goal's children, with a formula that gives exactly what it says."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.cycle.scoring_rules import ScoringRules
from domain.goals import Kpi, Okr
from domain.plan.goal import Goal, Reading
from domain.plan.links import Edge, End
from domain.rollup import Child, Rollup, rollup
from tests.support.given import MONDAY, increase, kpi, milestones, okr, who
from tests.support.sampling import sample

RULES = ScoringRules()
weights = st.decimals("0.000000001", "100", places=9)
values = st.decimals("-50", "50", places=3)


def child(name: str, definition: Okr | Kpi, *readings: Reading, key_result: str | None = None) -> Child:
    edge = Edge(
        id=who(f"edge of {name}"),
        goal=who(name),
        key_result=who(key_result) if key_result else None,
        parent=End(plan=who("above"), goal=who("parent")),
        parent_owner=who("somebody"),
        state="accepted",
        seen_hash="0" * 64,
        at=MONDAY,
        since=1,
        due=MONDAY,
    )
    somebody = who("somebody")
    found = Goal(
        id=who(name),
        definition=definition,
        hash="0" * 64,
        first_author=somebody,
        author=somebody,
        readings={reading.measure: reading for reading in readings},
    )
    return Child(edge, who(f"plan of {name}"), found, RULES)


def reached(value: Any, name: str = "berths") -> Reading:
    return Reading(measure=who(name), value=value)


def made(*children: Child) -> Rollup:
    found = rollup(children)
    assert found is not None
    return found


def one(weight: str = "100") -> Okr:
    """An OKR whose one key result runs from 10 to 20."""
    return okr(weight, key_results=(increase(),))


def computed(formula: str) -> Decimal:
    """What a person with a calculator gets: (w × s + …) / (w + …)."""
    match = re.fullmatch(r"\((.+)\) / \((.+)\) = (\S+)", formula)
    assert match is not None, formula
    earned, whole, said = match.groups()
    total = Fraction(0)
    for product in earned.split(" + "):
        weight, score = product.split(" × ")
        total += Fraction(weight) * Fraction(score)
    mean = total / sum(Fraction(weight) for weight in whole.split(" + "))
    rounded = (Decimal(mean.numerator) / Decimal(mean.denominator)).quantize(
        Decimal("0.0001"), rounding=ROUND_HALF_EVEN
    )
    assert rounded == Decimal(said)
    return rounded


def test_r3_7_a_goal_without_children_has_no_roll_up() -> None:
    assert rollup([]) is None


def test_r3_7_the_roll_up_is_the_mean_by_the_childrens_weights() -> None:
    found = made(child("a", one("60"), reached(15)), child("b", one("20"), reached(20)))
    assert found.value == Decimal("0.625")
    assert found.formula == "(60 × 0.5 + 20 × 1) / (60 + 20) = 0.625"
    assert [(term.goal, term.weight, term.score) for term in found.terms] == [
        (who("a"), Decimal(60), Decimal("0.5")),
        (who("b"), Decimal(20), Decimal(1)),
    ]


def test_r3_7_a_child_that_nobody_reported_counts_as_nothing() -> None:
    assert (
        made(child("a", one("50"), reached(20)), child("b", one("50"))).formula == "(50 × 1 + 50 × 0) / (50 + 50) = 0.5"
    )


def test_r3_7_a_key_result_counts_with_its_share_of_its_goal() -> None:
    two = okr("60", key_results=(increase(weight="1"), milestones()))
    found = made(child("a", two, reached(20), key_result="berths"))
    assert found.formula == "(30 × 1) / (30) = 1"
    assert found.terms[0].key_result == who("berths")
    whole = made(child("a", two, reached(20)))
    assert whole.formula == "(60 × 0.5) / (60) = 0.5"


def test_r3_7_a_key_result_that_is_gone_brings_in_nothing() -> None:
    gone = child("a", one(), reached(20), key_result="steps")
    assert rollup([gone]) is None
    assert made(gone, child("b", one("40"), reached(15))).formula == "(40 × 0.5) / (40) = 0.5"


def test_r3_7_a_kpi_counts_by_its_attainment_between_nothing_and_all() -> None:
    for value, score in (("100", "1"), ("130", "1"), ("50", "0.5"), ("-20", "0")):
        found = made(child("k", kpi("10"), reached(value, "k")))
        assert found.formula == f"(10 × {score}) / (10) = {score}"
    assert made(child("k", kpi("10"))).value == 0


@sample(30)
@given(st.lists(st.tuples(weights, values, st.sampled_from([None, "berths"])), min_size=1, max_size=6))
def test_r3_7_the_formula_gives_what_it_says_and_lies_between_its_terms(
    children: list[tuple[Decimal, Decimal, str | None]],
) -> None:
    found = made(
        *(
            child(f"goal {place}", one(str(weight)), reached(value), key_result=part)
            for place, (weight, value, part) in enumerate(children)
        )
    )
    assert computed(found.formula) == found.value
    scores = [term.score for term in found.terms]
    assert min(scores) <= found.value <= max(scores)
    assert Rollup.model_validate_json(found.model_dump_json()) == found
