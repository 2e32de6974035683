"""What KPIs pay: curves, items outside the 100, the red line, and the scorecard they make (R3.3)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.cycle.policy import Policy
from domain.cycle.results import PublishResults, ResultsPublished
from domain.cycle.scoring_rules import Payout, ScoringRules
from domain.cycle.windows import Phase
from domain.goals import Kpi
from domain.payout import Line, Scorecard, crossed, item_points, kpi_attainment, kpi_payout, scorecard
from domain.plan.drafting import AssignGoal
from domain.plan.goal import Reading
from domain.plan.negotiation import ProposeRevision
from domain.plan.signing import SubmitPlan
from domain.plan.tracking import CheckIn
from tests.support.given import HEAD, LEAD, STAFF, World, kpi, okr, who
from tests.support.sampling import sample

RULES = ScoringRules()


def line(definition: Kpi, value: str | None) -> Line:
    if value is None:
        return Line(definition, Fraction(0), Fraction(0), crossed(definition, None))
    read = Decimal(value)
    attained, paid = kpi_attainment(definition, read), kpi_payout(definition, read, RULES)
    return Line(definition, attained, paid, crossed(definition, read))


# --- curves ---


@pytest.mark.parametrize(
    ("value", "payout"),
    [
        ("79.9", "0"),
        ("80", "60"),
        ("87.5", "80"),
        ("95", "100"),
        ("100", "100"),
        ("110", "100"),
        ("115", "110"),
        ("120", "120"),
    ],
)
def test_r3_3_a_curve_may_be_flat_round_the_target(value: str, payout: str) -> None:
    assert kpi_payout(kpi(flat_from="95", flat_to="110"), Decimal(value), RULES) == Fraction(payout)


@pytest.mark.parametrize(("value", "payout"), [("3.5", "110"), ("4", "100"), ("5", "100"), ("8", "80"), ("10", "60")])
def test_r3_3_a_flat_part_runs_downwards_where_lower_is_better(value: str, payout: str) -> None:
    accidents = kpi(direction="lower", threshold="10", target="5", stretch="3", flat_from="6", flat_to="4")
    assert kpi_payout(accidents, Decimal(value), RULES) == Fraction(payout)


def test_r3_3_a_curve_may_be_asymmetric() -> None:
    steep = kpi(threshold_pays="0", stretch_pays="105")
    assert [kpi_payout(steep, Decimal(value), RULES) for value in ("80", "90", "100", "120")] == [0, 50, 100, 105]


@pytest.mark.parametrize(
    "given",
    [
        {"flat_from": "80"},
        {"flat_from": "101"},
        {"flat_to": "99"},
        {"flat_to": "120"},
        {"threshold_pays": "-1"},
        {"red_line": True, "item": "bonus"},
    ],
)
def test_r3_3_a_curve_or_item_that_contradicts_itself_is_no_kpi(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kpi(**given)


@pytest.mark.parametrize(
    ("field", "value"), [("threshold_pays", "100.1"), ("stretch_pays", "99"), ("stretch_pays", "120.1")]
)
def test_r3_3_no_kpi_pays_more_than_its_cycle_s_curve_allows(field: str, value: str) -> None:
    world = World().founded().opened()
    steep = kpi(**{field: value})
    command = AssignGoal(cycle=world.cycle, owner=STAFF, goal=who("kpi"), definition=steep)
    refusal = world.refused("goal.payout_out_of_bounds", HEAD, world.plan_ref(), command)
    assert refusal.pointer == f"/definition/{field}"
    world.assigned()
    revised = ProposeRevision(goal=who("kpi"), definition=steep)
    world.refused("goal.payout_out_of_bounds", HEAD, world.plan_ref(), revised)


numbers = st.decimals(-1000, 1000, places=2)


@st.composite
def curves(draw: st.DrawFn) -> Kpi:
    """Any KPI: its points, its flat part, what it pays of its own, and its direction."""
    threshold, flat_from, target, flat_to, stretch = draw(
        st.lists(numbers, min_size=5, max_size=5, unique=True).map(sorted)
    )
    sign = draw(st.sampled_from([1, -1]))
    flat = draw(st.sampled_from(["none", "below", "above", "both"]))
    return kpi(
        direction="higher" if sign == 1 else "lower",
        threshold=sign * threshold,
        target=sign * target,
        stretch=sign * stretch,
        flat_from=sign * flat_from if flat in ("below", "both") else None,
        flat_to=sign * flat_to if flat in ("above", "both") else None,
        threshold_pays=draw(st.none() | st.decimals(0, 200, places=1)),
        stretch_pays=draw(st.none() | st.decimals(0, 200, places=1)),
        baseline=draw(st.none() | numbers),
    )


@st.composite
def rules_of_cycles(draw: st.DrawFn) -> ScoringRules:
    pays = draw(st.lists(st.decimals(0, 300, places=1), min_size=3, max_size=3, unique=True).map(sorted))
    return ScoringRules(payout=Payout(threshold=pays[0], target=pays[1], stretch=pays[2]))


@sample(30)
@given(curves(), st.lists(numbers, min_size=2, max_size=20), rules_of_cycles())
def test_r3_3_better_never_pays_or_attains_less_on_any_curve(
    measured: Kpi, values: list[Decimal], rules: ScoringRules
) -> None:
    better = sorted(values, reverse=measured.direction == "lower")
    paid = [kpi_payout(measured, value, rules) for value in better]
    assert all(one <= other for one, other in pairwise(paid))
    attained = [kpi_attainment(measured, value) for value in better]
    assert all(one <= other for one, other in pairwise(attained))
    assert all(0 <= one <= Fraction(rules.payout.stretch) for one in paid)


@sample(30)
@given(curves(), rules_of_cycles())
def test_r3_3_any_target_pays_its_points_and_short_of_the_threshold_nothing(measured: Kpi, rules: ScoringRules) -> None:
    worse = Decimal("-0.01") if measured.direction == "higher" else Decimal("0.01")
    assert kpi_payout(measured, measured.target, rules) == Fraction(rules.payout.target)
    assert kpi_payout(measured, measured.threshold + worse, rules) == 0
    assert kpi_payout(measured, measured.stretch, rules) == kpi_payout(measured, measured.stretch - 1000 * worse, rules)


# --- items outside the 100, and the red line ---


@pytest.mark.parametrize(
    ("item", "value", "points"),
    [
        ("bonus", "79", "0"),
        ("bonus", "80", "6"),
        ("bonus", "100", "10"),
        ("bonus", "120", "10"),
        ("deduction", "79", "-10"),
        ("deduction", "80", "-4"),
        ("deduction", "100", "0"),
        ("deduction", "120", "0"),
    ],
)
def test_r3_3_a_bonus_adds_and_a_deduction_takes_at_most_its_weight(item: str, value: str, points: str) -> None:
    measured = kpi("10", item=item)
    assert item_points(measured, kpi_payout(measured, Decimal(value), RULES), RULES) == Fraction(points)


def test_r3_3_items_stand_outside_the_100() -> None:
    bonus, deduction = line(kpi("10", item="bonus"), "120"), line(kpi("5", item="deduction"), None)
    card = scorecard([line(kpi(), "100"), bonus, deduction], RULES)
    assert card == Scorecard(Fraction(100), Fraction(100), Fraction(5), Fraction(105), crossed=False)


def test_r3_3_no_deduction_makes_a_scorecard_pay_less_than_nothing() -> None:
    assert scorecard([line(kpi(), None), line(kpi("20", item="deduction"), None)], RULES).paid == 0


@pytest.mark.parametrize(("value", "is_crossed"), [("79.9", True), (None, True), ("80", False), ("200", False)])
def test_r3_3_a_red_line_is_crossed_short_of_its_threshold_or_where_nobody_looked(
    value: str | None, is_crossed: bool
) -> None:
    card = scorecard([line(kpi("90"), "120"), line(kpi("10", red_line=True), value)], RULES)
    assert card.crossed is is_crossed
    assert card.paid is not None
    assert (card.paid == 60) is is_crossed


def test_r3_3_a_crossed_red_line_caps_and_never_lifts() -> None:
    veto = line(kpi("50", red_line=True), None)
    assert scorecard([line(kpi("50"), "80"), veto], RULES).paid == 30
    assert scorecard([line(kpi("50"), "120"), veto], ScoringRules(red_line_cap="0")).paid == 0
    assert (
        scorecard([line(kpi("100"), "120"), line(kpi("20", item="deduction", red_line=True), None)], RULES).paid == 60
    )


@sample(30)
@given(st.lists(st.tuples(curves(), numbers, st.sampled_from([None, "bonus", "deduction"]), st.booleans()), max_size=4))
def test_r3_3_one_better_value_never_lowers_a_scorecard(given: list[tuple[Kpi, Decimal, str | None, bool]]) -> None:
    lines = []
    for curve, value, item, red in given:
        definition = curve.model_copy(update={"item": item, "red_line": True if red and item != "bonus" else None})
        lines.append(line(definition, str(value)))
    before = scorecard(lines, RULES).paid
    for place, one in enumerate(lines):
        best = line(one.kpi, str(one.kpi.stretch))
        if best.paid >= one.paid:
            after = scorecard([*lines[:place], best, *lines[place + 1 :]], RULES).paid
            assert (before is None) == (after is None)
            assert before is None or after is None or after >= before
    if before is not None:
        assert before >= 0


def scored(*definitions: tuple[str, Kpi, str], policy: Policy | None = None) -> Any:
    """The published result of a plan of these KPIs at these values."""
    world = World().founded().opened(policy=policy)
    for name, definition, _ in definitions:
        world.assigned(name, definition=definition).acknowledged(name)
    world.advanced(Phase.COMMIT).submitted().signed().advanced(Phase.TRACK)
    for name, _, value in definitions:
        readings = (Reading(measure=who(name), value=value),)
        report = CheckIn(goal=who(name), readings=readings, confidence="1", status="done", final=True)
        world.when(STAFF, world.plan_ref(), report)
    world.advanced(Phase.RETROSPECT).when(LEAD, world.cycle_ref, PublishResults())
    return world.last(ResultsPublished).results[0]


def test_r3_3_a_result_shows_the_base_the_points_and_the_crossed_line() -> None:
    result = scored(
        ("kpi", kpi("60"), "120"), ("extra", kpi("10", item="bonus"), "120"), ("law", kpi("40", red_line=True), "70")
    )
    assert (result.kpi_base, result.kpi_points, result.kpi_payout) == (72, 10, 60)
    assert result.red_line_crossed is True
    assert {goal.goal: (goal.points, goal.red_line_crossed) for goal in result.goals} == {
        who("kpi"): (None, None),
        who("extra"): (10, None),
        who("law"): (None, True),
    }


def test_r3_3_a_result_without_items_says_nothing_of_them() -> None:
    result = scored(("kpi", kpi(red_line=True), "100"))
    assert (result.kpi_payout, result.kpi_base, result.kpi_points, result.red_line_crossed) == (100, None, None, None)


# --- the plan as a whole ---


def submitting(*kpis: Kpi, policy: Policy | None = None) -> tuple[World, SubmitPlan]:
    world = World().founded().opened(policy=policy)
    for place, definition in enumerate(kpis):
        world.assigned(f"k{place}", definition=definition).acknowledged(f"k{place}")
    world.advanced(Phase.COMMIT)
    return world, SubmitPlan(hash=world.hash())


def test_r3_4_the_kpis_within_the_100_total_100_whatever_stands_outside() -> None:
    world, _ = submitting(kpi("100"), kpi("20", item="bonus"), kpi("15", item="deduction"), kpi("5", item="deduction"))
    world.submitted()
    world, submit = submitting(kpi("90"), kpi("10", item="bonus"))
    assert world.refused("plan.weights", STAFF, world.plan_ref(), submit).params["total"] == "90"
    world, submit = submitting(kpi("10", item="bonus"))
    assert world.refused("plan.weights", STAFF, world.plan_ref(), submit).params["total"] == "0"


@pytest.mark.parametrize("item", ["bonus", "deduction"])
def test_r3_3_items_stay_within_the_policy(item: str) -> None:
    world, submit = submitting(kpi("100"), kpi("15", item=item), kpi("6", item=item))
    refusal = world.refused("plan.items", STAFF, world.plan_ref(), submit)
    assert refusal.params == {"item": item, "total": "21", "most": "20"}
    submitting(kpi("100"), kpi("15", item=item), kpi("6", item=item), policy=Policy(items_most="21"))[0].submitted()


@pytest.mark.parametrize(
    ("objectives", "key_results", "code"),
    [(1, 2, "plan.size"), (3, 2, None), (3, 1, "goal.size"), (6, 2, "plan.size")],
)
def test_r3_5_sizes_bind_where_the_policy_says_so(objectives: int, key_results: int, code: str | None) -> None:
    for binds in (True, False):
        world = World().founded().opened(policy=Policy(sizes_bind=binds))
        for place in range(objectives):
            weight = "40" if place == 0 and objectives == 3 else str({1: 100, 3: 30, 6: 10}[objectives])
            weight = "50" if place == 0 and objectives == 6 else weight
            results = okr().key_results[:key_results]
            world.drafted(f"o{place}", definition=okr(weight, key_results=results))
            world.proposed(name=f"o{place}").accepted(name=f"o{place}")
        world.advanced(Phase.COMMIT)
        if binds and code is not None:
            world.refused(code, STAFF, world.plan_ref(), SubmitPlan(hash=world.hash()))
        else:
            world.submitted()


def test_r3_5_a_plan_of_kpis_only_has_no_objectives_to_count() -> None:
    submitting(kpi(), policy=Policy(sizes_bind=True))[0].submitted()
