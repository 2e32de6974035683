"""Grades from readings, exactly (R3.1, R3.3, R7.1)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest

from domain.cycle.results import PublishResults, ResultsPublished
from domain.cycle.scoring_rules import ScoringRules
from domain.cycle.windows import Phase
from domain.payout import kpi_attainment, kpi_payout
from domain.plan.amending import RequestAmendment
from domain.plan.goal import Reading
from domain.plan.tracking import CheckIn
from domain.scoring import band, goal_result, objective_score, plan_result, progress
from tests.support.given import LEAD, STAFF, World, final_values, increase, kpi, milestones, okr, who

RULES = ScoringRules()


def reading(value: str) -> Reading:
    return Reading(measure=who("berths"), value=value)


@pytest.mark.parametrize(
    ("value", "share"),
    [("10", "0"), ("15", "1/2"), ("20", "1"), ("25", "1"), ("5", "0"), ("13.3333", "33333/100000")],
)
def test_r3_1_progress_is_the_way_from_baseline_to_target_within_bounds(value: str, share: str) -> None:
    assert progress(increase(), reading(value), RULES) == Fraction(share)


def test_r3_1_a_decrease_counts_downwards() -> None:
    down = increase(baseline="20", target="10")
    assert progress(down, reading("12.5"), RULES) == Fraction(3, 4)
    assert progress(down, reading("25"), RULES) == 0


def test_r3_1_milestones_count_by_weight() -> None:
    steps = milestones()
    done = Reading(measure=steps.id, done=(who("steps 0"), who("steps 2")))
    assert progress(steps, done, RULES) == Fraction(3, 4)
    assert progress(steps, None, RULES) == 0


def test_r7_1_an_objective_is_the_weighted_mean_of_its_key_results() -> None:
    goal = okr(key_results=(increase("a", weight="3"), increase("b", weight="1")))
    readings = {who("a"): Reading(measure=who("a"), value="20"), who("b"): Reading(measure=who("b"), value="10")}
    assert objective_score(goal, readings, RULES) == Fraction(3, 4)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (Fraction(0), "red"),
        (Fraction(39999, 100000), "red"),
        (Fraction(4, 10), "amber"),
        (Fraction(69999, 100000), "amber"),
        (Fraction(7, 10), "green"),
        (Fraction(1), "green"),
    ],
)
def test_r7_1_bands_are_of_the_unrounded_score(score: Fraction, expected: str) -> None:
    assert band(score) == expected


@pytest.mark.parametrize(
    ("value", "payout"),
    [("79.99", "0"), ("80", "60"), ("90", "80"), ("100", "100"), ("110", "110"), ("120", "120"), ("500", "120")],
)
def test_r3_3_payout_is_linear_between_threshold_target_and_stretch(value: str, payout: str) -> None:
    assert kpi_payout(kpi(), Decimal(value), RULES) == Fraction(payout)


@pytest.mark.parametrize(
    ("value", "payout"), [("10.1", "0"), ("10", "60"), ("7.5", "80"), ("5", "100"), ("4", "110"), ("0", "120")]
)
def test_r3_3_lower_can_be_better(value: str, payout: str) -> None:
    accidents = kpi(direction="lower", threshold="10", target="5", stretch="3")
    assert kpi_payout(accidents, Decimal(value), RULES) == Fraction(payout)


@pytest.mark.parametrize(
    ("points", "value", "attained"),
    [
        ({}, "90", 90),
        ({"baseline": "50"}, "75", 50),
        ({"direction": "lower", "threshold": "10", "target": "5", "stretch": "3"}, "5", 100),
        ({"direction": "lower", "threshold": "10", "target": "5", "stretch": "3"}, "10", 0),
        ({"direction": "lower", "threshold": "10", "target": "5", "stretch": "3"}, "0", 200),
        ({"direction": "lower", "threshold": "2", "target": "0", "stretch": "-1"}, "1", 50),
        ({"direction": "lower", "threshold": "2", "target": "0", "stretch": "-1", "baseline": "4"}, "1", 75),
    ],
)
def test_r3_3_attainment_is_another_number_than_payout(points: dict[str, str], value: str, attained: int) -> None:
    assert kpi_attainment(kpi(**points), Decimal(value)) == attained


def test_r1_both_scores_stand_side_by_side_and_are_never_mixed() -> None:
    world = World().founded().opened().agreed().assigned().acknowledged().advanced(Phase.COMMIT)
    world.submitted().signed().advanced(Phase.TRACK)
    final_values(world)
    kpi_report = CheckIn(
        goal=who("kpi"),
        readings=(Reading(measure=who("kpi"), value="90"),),
        confidence="0.6",
        status="on_track",
        final=True,
    )
    world.when(STAFF, world.plan_ref(), kpi_report)
    world.advanced(Phase.RETROSPECT).when(LEAD, world.cycle_ref, PublishResults())
    (result,) = world.last(ResultsPublished).results
    assert (result.okr_score, result.kpi_attainment, result.kpi_payout) == (
        Decimal("0.375"),
        Decimal(90),
        Decimal(80),
    )
    assert {goal.kind: (goal.band, goal.payout) for goal in result.goals} == {
        "okr": ("red", None),
        "kpi": (None, Decimal(80)),
    }
    assert result.plan_hash == world.hash()
    world.refused("results.published", LEAD, world.cycle_ref, PublishResults())


def test_r7_1_a_third_is_shown_with_four_places_and_graded_exactly() -> None:
    world = World().founded().opened()
    thirds = okr(key_results=(increase("berths", baseline="0", target="3"),))
    world.drafted(definition=thirds).proposed().accepted().advanced(Phase.COMMIT).submitted().signed()
    world.advanced(Phase.TRACK)
    report = CheckIn(goal=who("okr"), readings=(reading("1"),), confidence="0.3", status="at_risk", final=True)
    world.when(STAFF, world.plan_ref(), report)
    world.advanced(Phase.RETROSPECT).when(LEAD, world.cycle_ref, PublishResults())
    assert world.last(ResultsPublished).results[0].okr_score == Decimal("0.3333")


LOWER = {"direction": "lower", "threshold": "10", "target": "5", "stretch": "3"}
BELOW_ZERO = {"threshold": "-10", "target": "-5", "stretch": "0"}
COSTS = {"direction": "lower", "threshold": "0", "target": "-5", "stretch": "-8"}


@pytest.mark.parametrize("baseline", [None, "-20", "-9", "-5", "0", "1", "5", "20", "50", "100", "130"])
@pytest.mark.parametrize("points", [{}, LOWER, BELOW_ZERO, COSTS], ids=["higher", "lower", "below zero", "costs"])
def test_r3_3_better_is_never_less(points: dict[str, str], baseline: str | None) -> None:
    """Whatever the points, a better value attains more and pays no less, and the target attains and pays 100."""
    measured = kpi(**points, baseline=baseline)
    assert kpi_attainment(measured, measured.target) == 100
    assert kpi_payout(measured, measured.target, RULES) == 100
    values = [Decimal(value) for value in range(-15, 140)]
    better = values if measured.direction == "higher" else values[::-1]
    attained = [kpi_attainment(measured, value) for value in better]
    paid = [kpi_payout(measured, value, RULES) for value in better]
    assert all(one < other for one, other in pairwise(attained))
    assert all(one <= other for one, other in pairwise(paid))
    assert (paid[0], paid[-1]) == (Fraction(0), Fraction(120))


def test_r7_1_a_score_of_0_69999_is_shown_as_0_7_and_is_amber() -> None:
    world = World().founded().opened()
    berths = (increase("berths", baseline="0", target="100000"),)
    world.drafted(definition=okr(key_results=berths))
    rated = world.goal().model_copy(update={"readings": {who("berths"): reading("69999")}})
    result = goal_result(rated, RULES)
    assert (result.score, result.band) == (Decimal("0.7"), "amber")


def test_no_check_in_makes_results_unpublishable() -> None:
    """A target next to nothing and a value beyond measure: the share has more digits than a number may have."""
    world = (
        World()
        .founded()
        .opened()
        .assigned(definition=kpi(threshold="0.000000001", target="0.000000002", stretch="0.000000003"))
    )
    world.acknowledged().advanced(Phase.COMMIT).submitted().signed().advanced(Phase.TRACK)
    readings = (Reading(measure=who("kpi"), value="999999999999999.999999999"),)
    report = CheckIn(goal=who("kpi"), readings=readings, confidence="1", status="done", final=True)
    world.when(STAFF, world.plan_ref(), report)
    world.advanced(Phase.RETROSPECT).when(LEAD, world.cycle_ref, PublishResults())
    (result,) = world.last(ResultsPublished).results
    assert (result.kpi_attainment, result.kpi_payout) == (Decimal(10**9), Decimal(120))


def test_r3_3_an_unread_kpi_attains_and_pays_nothing() -> None:
    world = World().founded().opened().assigned()
    result = goal_result(world.goal("kpi"), RULES)
    assert (result.attainment, result.payout) == (Decimal(0), Decimal(0))


def test_r3_1_progress_is_bounded_by_policy() -> None:
    capped = ScoringRules(progress_floor="0.1", progress_cap="0.9")
    assert progress(increase(), reading("30"), capped) == Fraction(9, 10)
    assert progress(increase(), reading("1"), capped) == Fraction(1, 10)
    assert capped.hash != RULES.hash


def test_r5_7_an_amendment_that_nobody_signed_grades_nothing() -> None:
    world = final_values(World().in_track())
    signed = world.hash()
    world.when(STAFF, world.plan_ref(), RequestAmendment(reason="A new quay"))
    reasons = {f"key_results.{who('berths')}.target": "The quay is late"}
    world.proposed(key_results=(increase(target="15"), milestones()), reasons=reasons)
    assert world.hash() != signed
    result = plan_result(world.plan(), RULES, 1)
    assert (result.plan_hash, result.okr_score) == (signed, Decimal("0.375"))
