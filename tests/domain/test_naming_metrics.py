"""What a goal may name of a metric, wherever a definition comes from (R3.10)."""

from __future__ import annotations

from typing import Any

import pytest

from domain.canonical import canonical_bytes
from domain.goals import Kpi, Okr, metrics_of
from domain.key_results import Maintained
from domain.messages import Command
from domain.plan.assigning import AssignGoals
from domain.plan.diff import PATH, diff
from domain.plan.drafting import AssignGoal, DraftGoal
from domain.plan.mediation import DecideMediation
from domain.plan.moving import MoveKeyResult
from domain.plan.negotiation import ProposeRevision
from domain.plan.objection import DecideObjection
from domain.registry import DECIDERS
from tests.support.given import HEAD, LEAD, OTHER, STAFF, World, increase, kpi, milestones, okr, who
from tests.support.metrics import at_version, berths, change, counted, counted_by, define, retire


def begun() -> World:
    return define(World().founded().opened(STAFF, OTHER))


def drafting(world: World, definition: Okr, goal: str = "okr") -> DraftGoal:
    return DraftGoal(cycle=world.cycle, owner=STAFF, goal=who(goal), definition=definition)


def assigning(world: World, definition: Kpi) -> AssignGoal:
    return AssignGoal(cycle=world.cycle, owner=STAFF, goal=who("kpi"), definition=definition)


def percent(**more: Any) -> Kpi:
    return kpi(**({"metric": at_version(1, "share")} | more))


def test_r3_10_a_metric_changes_a_goals_hash_and_its_absence_none() -> None:
    world = begun()
    change(world)
    hashes = set()
    for name, definition in (("1", berths(1)), ("2", berths(2)), ("none", okr(key_results=(increase(),)))):
        world.drafted(name, definition=definition)
        hashes.add(world.goal(name).hash)
    assert len(hashes) == 3
    assert b"metric" not in canonical_bytes(world.goal("none").definition), "what was signed before keeps its hash"


def test_r3_10_a_difference_names_metric_and_version() -> None:
    (changed,) = diff(berths(1), berths(2))
    assert PATH.fullmatch(changed.path)
    assert changed.path == f"key_results.{who('berths')}.metric"
    assert (changed.before, changed.after) == (f"{who('metric')}:1", f"{who('metric')}:2")


def test_r3_10_a_key_result_names_a_version_that_its_metric_has() -> None:
    world = begun()
    refusal = world.refused("goal.metric_unknown", STAFF, world.plan_ref(), drafting(world, berths(1, "nothing")))
    assert refusal.pointer == "/definition/key_results/0/metric/metric"
    refusal = world.refused("goal.metric_version_unknown", STAFF, world.plan_ref(), drafting(world, berths(2)))
    assert refusal.pointer == "/definition/key_results/0/metric/version"
    change(world)
    world.drafted(definition=berths(1)).drafted("another", definition=berths(2))


def test_r3_10_nothing_new_is_measured_by_a_retired_metric() -> None:
    world = begun().drafted(definition=berths(1))
    retire(world)
    elsewhere = DraftGoal(cycle=world.cycle, owner=OTHER, goal=who("other"), definition=berths(1))
    refusal = world.refused("goal.metric_retired", OTHER, world.plan_ref(OTHER), elsewhere)
    assert refusal.pointer == "/definition/key_results/0/metric/metric"
    world.refused("goal.metric_retired", OTHER, world.plan_ref(OTHER), elsewhere)
    renamed = ProposeRevision(goal=who("okr"), definition=berths(1, title="Fill it"))
    world.when(STAFF, world.plan_ref(), renamed)


def band(**more: Any) -> Okr:
    given = {"kind": "maintain", "id": who("band"), "title": "Full enough", "unit": "berths", "low": "10"}
    return okr(key_results=(Maintained.model_validate({**given, "metric": at_version(1), **more}),))


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        (okr(key_results=(counted_by(1).model_copy(update={"unit": "ships"}),)), "unit"),
        (okr(key_results=(increase(target="5").model_copy(update={"metric": at_version(1)}),)), "kind"),
        (band(unit="ships"), "unit"),
    ],
)
def test_r3_10_a_key_result_says_the_same_as_its_metric(definition: Okr, field: str) -> None:
    world = begun()
    refusal = world.refused("goal.metric_disagrees", STAFF, world.plan_ref(), drafting(world, definition))
    assert refusal.pointer == f"/definition/key_results/0/{field}"


@pytest.mark.parametrize("more", [{"unit": "ships"}, {"direction": "lower"}, {"aggregation": "sum"}])
def test_r3_10_a_kpi_says_the_same_as_its_metric(more: dict[str, Any]) -> None:
    world = define(begun(), "share", definition=counted(unit="%"))
    points = {"threshold": "120", "stretch": "80"} if "direction" in more else {}
    refusal = world.refused(
        "goal.metric_disagrees", HEAD, world.plan_ref(), assigning(world, percent(**points, **more))
    )
    assert refusal.pointer == f"/definition/{next(iter(more))}"
    world.when(HEAD, world.plan_ref(), assigning(world, percent(aggregation="last")))


def test_r3_10_where_neither_way_is_better_a_measure_says_which() -> None:
    world = define(begun(), "tide", definition=counted(direction=None))
    fewer = increase(target="5").model_copy(update={"metric": at_version(1, "tide")})
    world.drafted(definition=okr(key_results=(fewer, counted_by(1, "tide", "more"))))
    world.drafted("band", definition=band())


def test_r3_10_the_version_that_is_named_is_the_one_that_must_agree() -> None:
    world = begun()
    change(world, definition=counted(unit="ships"))
    world.drafted(definition=berths(1))
    world.refused("goal.metric_disagrees", STAFF, world.plan_ref(), drafting(world, berths(2), "another"))


def imposing(world: World, definition: Okr) -> Command:
    return DecideMediation(
        goal=who("okr"), hash=world.goal().hash, outcome="impose", definition=definition, reason="I heard both"
    )


def upholding(world: World, definition: Kpi) -> Command:
    return DecideObjection(
        goal=who("kpi"), hash=world.goal("kpi").hash, outcome="upheld", definition=definition, reason="I looked at it"
    )


def test_r3_10_it_is_asked_wherever_a_definition_comes_from() -> None:
    world = begun().drafted().proposed()
    unknown = berths(1, "nothing", ambition="committed")
    code = "goal.metric_unknown"
    world.refused(code, HEAD, world.plan_ref(), ProposeRevision(goal=who("okr"), definition=unknown))
    world.mediated()
    world.refused(code, LEAD, world.plan_ref(), imposing(world, unknown))
    world.assigned().objected()
    world.refused(code, LEAD, world.plan_ref(), upholding(world, percent(metric=at_version(1, "nothing"))))
    world.refused(
        code,
        HEAD,
        world.plan_ref(OTHER),
        AssignGoal(
            cycle=world.cycle, owner=OTHER, goal=who("its"), definition=percent(metric=at_version(1, "nothing"))
        ),
    )


def test_r3_10_a_key_result_takes_its_metric_along() -> None:
    world = begun().drafted(definition=okr(key_results=(counted_by(1), milestones())))
    world.drafted("to", definition=okr(key_results=(milestones("other steps"),)))
    retire(world)
    seen = {"hash": world.goal().hash, "to_hash": world.goal("to").hash}
    moving = {
        "goal": who("okr"),
        "to_goal": who("to"),
        "key_result": who("berths"),
        "reason": "It belongs there",
        **seen,
    }
    world.when(STAFF, world.plan_ref(), MoveKeyResult.model_validate(moving))
    assert metrics_of(world.goal("to").definition) == {at_version(1)}


def test_r3_10_a_plan_rests_on_the_metrics_that_its_goals_name() -> None:
    world = begun().drafted()
    decider = DECIDERS["plan"]
    assert decider.rests_on(world.plan()) == frozenset()
    world.proposed().drafted("another", definition=berths(1))
    assert decider.rests_on(world.plan()) == {who("metric")}


def test_r3_10_of_many_assignments_the_one_at_fault_is_named() -> None:
    world = define(begun(), "share", definition=counted(unit="%"))
    many = [
        {"owner": owner, "goal": who(f"kpi of {owner}"), "definition": percent(metric=at_version(version, "share"))}
        for owner, version in ((STAFF, 1), (OTHER, 2))
    ]
    assigning_all = AssignGoals.model_validate({"assignments": many})
    refusal = world.refused("goal.metric_version_unknown", HEAD, world.cycle_ref, assigning_all)
    assert refusal.pointer == "/assignments/1/definition/metric/version"
