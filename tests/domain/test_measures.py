"""Every kind of measure: what it says, what a check-in of it says, what its readings score (R3.1, R3.2, R7.1)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.cycle.results import PublishResults, ResultsPublished
from domain.cycle.scoring_rules import ScoringRules, Zones
from domain.cycle.windows import Phase
from domain.goals import Kpi, Okr, goal_hash
from domain.key_results import KeyResult, Maintained, Ordinal, YesNo, Zone
from domain.payout import kpi_value
from domain.plan.diff import MODELS, PATH, REASONED, diff
from domain.plan.goal import Goal, Reading
from domain.plan.tallies import Tally
from domain.plan.tracking import CheckedIn, CheckIn
from domain.problems import DomainError
from domain.registry import DECIDERS
from domain.scoring import objective_score, progress
from tests.support.given import LEAD, OTHER, STAFF, World, increase, kpi, milestones, okr, who
from tests.support.sampling import sample

RULES = ScoringRules()
NUMBERS = st.decimals(-10_000, 10_000, places=3)


def maintained(low: str | None = "90", high: str | None = "99", name: str = "band") -> Maintained:
    return Maintained(kind="maintain", id=who(name), title="Cranes ready", unit="%", low=low, high=high)


def yes_no(name: str = "permit") -> YesNo:
    return YesNo(kind="yes_no", id=who(name), title="The permit is given")


def ordinal(name: str = "zones") -> Ordinal:
    return Ordinal(
        kind="ordinal",
        id=who(name),
        title="The captains' trust",
        commit="They answer our letters",
        target="They ask us first",
        stretch="They bring others",
    )


def tracked(*results: KeyResult, **more: Any) -> World:
    """A signed plan with one OKR of these key results, in track."""
    world = World().founded().opened().drafted(definition=okr(key_results=results, **more))
    return world.proposed().accepted().advanced(Phase.COMMIT).submitted().signed().advanced(Phase.TRACK)


def tracked_kpi(**more: Any) -> World:
    world = World().founded().opened().assigned(definition=kpi(**more)).acknowledged()
    return world.advanced(Phase.COMMIT).submitted().signed().advanced(Phase.TRACK)


def report(world: World, *readings: Reading, goal: str = "okr", final: bool = False) -> None:
    command = CheckIn(goal=who(goal), readings=readings, confidence="0.5", status="on_track", final=final)
    world.when(STAFF, world.plan_ref(), command)


def score(world: World) -> Fraction:
    goal = world.goal()
    assert isinstance(goal.definition, Okr)
    return objective_score(goal.definition, goal.readings, RULES, goal.tallies)


# --- key results (R3.1) ---


@pytest.mark.parametrize(
    ("values", "share"),
    [(["95"], "1"), (["90", "99"], "1"), (["89.9"], "0"), (["95", "100"], "1/2"), (["95", "80", "95"], "2/3")],
)
def test_r3_1_a_maintained_number_scores_the_share_of_readings_inside_its_band(values: list[str], share: str) -> None:
    world = tracked(maintained())
    for value in values:
        report(world, Reading(measure=who("band"), value=value))
    assert score(world) == Fraction(share)


def test_r3_1_a_band_may_be_open_at_one_end() -> None:
    assert maintained(None, "5").holds(Decimal(-1000))
    assert not maintained(None, "5").holds(Decimal("5.1"))
    assert maintained("99.9", None).holds(Decimal(1000))
    assert maintained("0", "0").holds(Decimal(0))
    for low, high in ((None, None), ("2", "1")):
        with pytest.raises(ValidationError):
            maintained(low, high)


def test_r3_1_a_reading_is_judged_by_the_band_of_its_time() -> None:
    world = tracked(maintained())
    report(world, Reading(measure=who("band"), value="95"))
    goal = world.goal()
    narrower = goal.definition.model_copy(update={"key_results": (maintained("98", "99"),)})
    world.states[world.plan_ref()] = world.plan().with_goal(goal.model_copy(update={"definition": narrower}))
    report(world, Reading(measure=who("band"), value="95"))
    assert score(world) == Fraction(1, 2)


def test_r3_1_no_change_is_no_reading() -> None:
    world = tracked(maintained())
    report(world, Reading(measure=who("band"), value="50"))
    report(world)
    report(world, Reading(measure=who("band"), value="95"))
    assert score(world) == Fraction(1, 2)


def test_r3_1_yes_or_no_scores_1_or_0() -> None:
    world = tracked(yes_no())
    assert score(world) == 0
    report(world, Reading(measure=who("permit"), value="0"))
    assert score(world) == 0
    report(world, Reading(measure=who("permit"), value="1"))
    assert score(world) == 1


@pytest.mark.parametrize(("zone", "share"), [("below", "0"), ("commit", "0.3"), ("target", "0.7"), ("stretch", "1")])
def test_r3_1_an_ordinal_key_result_scores_by_its_zone(zone: str, share: str) -> None:
    world = tracked(ordinal())
    report(world, Reading.model_validate({"measure": who("zones"), "zone": zone}))
    assert score(world) == Fraction(share)


def test_r3_1_what_a_zone_scores_is_the_cycle_s() -> None:
    own = ScoringRules(zones=Zones(commit="0.5", target="0.6", stretch="0.9"))
    reached = [Reading(measure=who("zones"), zone=zone) for zone in get_args(Zone)]
    assert [progress(ordinal(), reading, own) for reading in reached] == [0, *map(Fraction, ("0.5", "0.6", "0.9"))]


@pytest.mark.parametrize(
    ("given", "takes"),
    [
        ({"measure": who("berths"), "zone": "target"}, "a number"),
        ({"measure": who("berths"), "value": "1", "of": "2"}, "a number"),
        ({"measure": who("band"), "done": []}, "a number"),
        ({"measure": who("steps"), "value": "1"}, "the milestones reached"),
        ({"measure": who("permit"), "value": "0.5"}, "1 for yes or 0 for no"),
        ({"measure": who("permit"), "zone": "target"}, "1 for yes or 0 for no"),
        ({"measure": who("zones"), "value": "1"}, "the zone reached"),
        ({"measure": who("zones"), "zone": "target", "value": "1"}, "the zone reached"),
        ({"measure": who("zones")}, "the zone reached"),
    ],
)
def test_r6_1_a_reading_says_what_its_measure_asks_for(given: dict[str, Any], takes: str) -> None:
    world = tracked(increase(), milestones(), maintained(), yes_no(), ordinal())
    command = CheckIn(goal=who("okr"), readings=(given,), confidence="0.5", status="on_track")
    refusal = world.refused("check_in.reading_kind", STAFF, world.plan_ref(), command)
    assert (refusal.pointer, refusal.params["expected"]) == ("/readings/0", takes)


def test_r2_4_final_values_cover_a_measure_of_every_kind() -> None:
    world = tracked(increase(), milestones(), maintained(), yes_no(), ordinal())
    readings = [
        Reading(measure=who("berths"), value="20"),
        Reading(measure=who("steps"), done=tuple(who(f"steps {place}") for place in range(3))),
        Reading(measure=who("band"), value="95"),
        Reading(measure=who("permit"), value="1"),
        Reading(measure=who("zones"), zone="stretch"),
    ]
    for place in range(len(readings)):
        short = tuple(readings[:place] + readings[place + 1 :])
        command = CheckIn(goal=who("okr"), readings=short, confidence="1", status="done", final=True)
        world.refused("check_in.final_value_missing", STAFF, world.plan_ref(), command)
    report(world, *readings, final=True)
    assert score(world) == 1
    world.advanced(Phase.RETROSPECT).when(LEAD, world.cycle_ref, PublishResults())
    assert world.last(ResultsPublished).results[0].okr_score == 1


def test_r2_4_a_reading_of_another_kind_of_measure_is_no_final_value() -> None:
    """A revision may turn a number into zones under the same id: what was read before says nothing of it."""
    world = tracked(increase())
    report(world, Reading(measure=who("berths"), value="20"))
    turned = world.goal().model_copy(update={"definition": okr(key_results=(ordinal("berths"),))})
    world.states[world.plan_ref()] = world.plan().with_goal(turned)
    command = CheckIn(goal=who("okr"), confidence="1", status="done", final=True)
    world.refused("check_in.final_value_missing", STAFF, world.plan_ref(), command)
    assert score(world) == 0


UP, DOWN = increase(), increase("queue", baseline="20", target="10")
every_kind = st.sampled_from([UP, DOWN, milestones(), maintained(), yes_no(), ordinal()])


@sample(30)
@given(
    item=every_kind,
    value=NUMBERS,
    zone=st.sampled_from(get_args(Zone)),
    steps=st.sets(st.integers(0, 2)),
    bounds=st.lists(st.decimals(0, 1, places=2), min_size=2, max_size=2, unique=True),
)
def test_r3_1_whatever_is_read_a_score_lies_within_the_policy_s_bounds(
    item: KeyResult, value: Decimal, zone: str, steps: set[int], bounds: list[Decimal]
) -> None:
    rules = ScoringRules(progress_floor=min(bounds), progress_cap=max(bounds))
    says: dict[str, dict[str, Any]] = {
        "milestones": {"done": [who(f"steps {place}") for place in steps]},
        "ordinal": {"zone": zone},
        "yes_no": {"value": int(value > 0)},
    }
    given = says.get(item.kind, {"value": value})
    read = told(unread(item), Reading.model_validate({"measure": item.id, **given}))
    found = progress(item, read.readings[item.id], rules, read.tallies.get(item.id))
    assert min(bounds) <= found <= max(bounds)


@sample(30)
@given(st.lists(NUMBERS, min_size=2, max_size=2).map(sorted), st.sampled_from([UP, DOWN]))
def test_r3_1_better_is_never_less_for_a_key_result(values: list[Decimal], item: KeyResult) -> None:
    worse, better = values if item.kind == "increase" else values[::-1]
    assert progress(item, Reading(measure=item.id, value=worse), RULES) <= progress(
        item, Reading(measure=item.id, value=better), RULES
    )


@sample(30)
@given(st.lists(NUMBERS, min_size=1, max_size=30))
def test_r3_1_a_band_s_share_does_not_depend_on_the_order_of_its_readings(values: list[Decimal]) -> None:
    shares = set()
    for order in (values, values[::-1], sorted(values)):
        world = unread(maintained())
        for value in order:
            goal = told(world, Reading(measure=who("band"), value=value))
        shares.add(progress(maintained(), goal.readings[who("band")], RULES, goal.tallies[who("band")]))
    assert shares == {Fraction(sum(90 <= value <= 99 for value in values), len(values))}


def unread(item: KeyResult) -> World:
    """A plan with one goal, which has no sealed texts and therefore no history."""
    world = World()
    goal = Goal(id=who("okr"), definition=okr(key_results=(item,)), hash="", first_author=STAFF, author=STAFF)
    world.states[world.plan_ref()] = world.plan().with_goal(goal)
    return world


def told(world: World, *readings: Reading) -> Goal:
    """The goal after an event of these readings, as it would be folded."""
    event = CheckedIn(
        goal=next(iter(world.plan().goals)),
        by=STAFF,
        readings=readings,
        claimed=True,
        confidence="1",
        status="done",
        final=False,
        checked_in_at=world.now,
    )
    world.states[world.plan_ref()] = DECIDERS["plan"].evolve(world.plan(), event)
    return next(iter(world.plan().goals.values()))


# --- KPIs (R3.2) ---


def kpi_goal(world: World) -> tuple[Goal, Kpi]:
    goal = world.goal("kpi")
    assert isinstance(goal.definition, Kpi)
    return goal, goal.definition


@pytest.mark.parametrize(("aggregation", "value"), [(None, "30"), ("last", "30"), ("sum", "60"), ("mean", "20")])
def test_r3_2_readings_are_aggregated_as_the_kpi_says(aggregation: str | None, value: str) -> None:
    world = tracked_kpi(aggregation=aggregation)
    assert kpi_value(*kpi_goal(world)) is None
    for read in ("10", "20", "30"):
        report(world, Reading(measure=who("kpi"), value=read), goal="kpi")
    assert kpi_value(*kpi_goal(world)) == Fraction(value)


def test_r3_2_a_ratio_is_of_sums_not_the_mean_of_ratios() -> None:
    world = tracked_kpi(aggregation="ratio_of_sums", threshold="0.8", target="0.9", stretch="1")
    for value, of in (("1", "1"), ("8", "19")):
        report(world, Reading(measure=who("kpi"), value=value, of=of), goal="kpi")
    assert kpi_value(*kpi_goal(world)) == Fraction(9, 20)


@pytest.mark.parametrize("given", [{"value": "1"}, {"of": "1"}, {"value": "1", "of": "0"}, {"value": "1", "of": "-2"}])
def test_r3_2_a_ratio_needs_what_it_is_out_of(given: dict[str, str]) -> None:
    world = tracked_kpi(aggregation="ratio_of_sums")
    reading = Reading.model_validate({"measure": who("kpi"), **given})
    command = CheckIn(goal=who("kpi"), readings=(reading,), confidence="1", status="done")
    refusal = world.refused("check_in.reading_kind", STAFF, world.plan_ref(), command)
    assert refusal.params["expected"] == "a number and what it is out of"


def test_r3_4_sums_are_exact_however_much_is_read() -> None:
    world = tracked_kpi(aggregation="sum")
    huge = "999999999999999.999999999"
    for _ in range(40):
        report(world, Reading(measure=who("kpi"), value=huge), goal="kpi")
    report(world, Reading(measure=who("kpi"), value="0.000000001"), goal="kpi", final=True)
    assert kpi_value(*kpi_goal(world)) == 40 * Fraction(huge) + Fraction(1, 10**9)
    world.advanced(Phase.RETROSPECT).when(LEAD, world.cycle_ref, PublishResults())


def test_r3_2_a_number_belongs_to_somebody_who_is_there() -> None:
    world = World().founded().opened()
    world.assigned("known", definition=kpi("50", data_owner=OTHER))
    with pytest.raises(DomainError, match="data_owner_unknown") as refusal:
        world.assigned("unknown", definition=kpi("50", data_owner=who("a stranger")))
    assert refusal.value.pointer == "/definition/data_owner"


def test_what_a_goal_does_not_say_leaves_its_hash_alone() -> None:
    """What was signed before a field was there must keep its hash (R5.1)."""
    okr_before = "85ba6b8d8412222547388ad67455c480c129b95026351840294e29221ef9b26c"
    kpi_before = "0cd0bd1a42c421228bf245d031e3f6314e4e8325c59037dcd00bc3a0a022f255"
    world = World().founded().opened().drafted().assigned()
    assert [goal_hash(world.goal(name).definition) for name in ("okr", "kpi")] == [okr_before, kpi_before]
    assert kpi(red_line=False) == kpi()


def test_r3_4_a_sum_of_more_digits_than_any_number_has_is_rounded_nowhere() -> None:
    long = Tally(readings=10**9, total=Decimal("9" * 35), out_of=Decimal("9" * 35))
    counted = long.counted(Decimal("0.000000001"), Decimal("0.000000001"), inside=False)
    assert Fraction(counted.total) == Fraction("9" * 35) + Fraction(1, 10**9) == Fraction(counted.out_of)


# --- reasons (R4.1) ---


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        (okr(due="2027-06-01"), okr(due="2027-06-30"), "due"),
        (okr(key_results=(maintained(),)), okr(key_results=(maintained("80"),)), "key_results.{band}.low"),
        (okr(key_results=(maintained(),)), okr(key_results=(maintained(high="100"),)), "key_results.{band}.high"),
        (kpi(), kpi(flat_from="95"), "flat_from"),
        (kpi(), kpi(stretch_pays="110"), "stretch_pays"),
        (kpi(red_line=True), kpi(), "red_line"),
        (kpi(), kpi(item="bonus"), "item"),
        (kpi(aggregation="sum"), kpi(aggregation="mean"), "aggregation"),
    ],
)
def test_r4_1_a_changed_target_date_or_kind_needs_a_reason(before: Okr | Kpi, after: Okr | Kpi, path: str) -> None:
    (change,) = diff(before, after)
    assert (change.path, change.needs_reason) == (path.format(band=who("band")), True)
    assert PATH.fullmatch(change.path)


def test_r4_1_where_a_number_comes_from_may_change_without_a_reason() -> None:
    (change,) = diff(kpi(), kpi(frequency="monthly"))
    assert not change.needs_reason


def test_every_field_that_a_difference_names_can_have_a_reason() -> None:
    """A reason stands under a path; one that no path can name would make its change impossible."""
    for name in REASONED | set().union(*(model.model_fields for model in MODELS)):
        assert PATH.fullmatch(name), name
