"""A key result moves from one goal to another, with what was measured of it."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.cycle.windows import Phase
from domain.goals import MOST_KEY_RESULTS, Okr
from domain.key_results import Maintained
from domain.plan.amending import RequestAmendment
from domain.plan.goal import Reading
from domain.plan.moving import MoveKeyResult
from domain.plan.talks import Side
from domain.plan.tracking import CheckIn
from domain.problems import DomainError
from tests.support.aligning import accept, request
from tests.support.given import HEAD, OTHER, STAFF, World, increase, okr, who

OKR, TO = who("okr"), who("to")


def other(weight: str = "50") -> Okr:
    return okr(weight, key_results=(increase("cranes"),))


def two_goals(*others: UUID) -> World:
    return World().founded().opened(STAFF, *others).drafted(definition=okr("50")).drafted("to", definition=other())


def agreed(*others: UUID) -> World:
    world = two_goals(*others)
    for name in ("okr", "to"):
        world.proposed(name=name).accepted(name=name)
    return world


def move(world: World, by: UUID = STAFF, key_result: str = "berths", **more: object) -> World:
    given: dict[str, object] = {
        "goal": OKR,
        "hash": world.goal().hash,
        "key_result": who(key_result),
        "to_goal": TO,
        "to_hash": world.goal("to").hash,
        "reason": "They run the cranes",
    }
    world.when(by, world.plan_ref(), MoveKeyResult(**(given | more)))
    return world


def refused(world: World, code: str, **more: object) -> DomainError:
    with pytest.raises(DomainError) as refusal:
        move(world, **more)  # type: ignore[arg-type]
    assert refusal.value.code == code
    return refusal.value


def measures(world: World, name: str) -> list[UUID]:
    definition = world.goal(name).definition
    assert isinstance(definition, Okr)
    return [item.id for item in definition.key_results]


def test_r3_9_a_key_result_moves_by_a_revision_of_both_goals() -> None:
    world = move(agreed())
    assert measures(world, "okr") == [who("steps")]
    assert measures(world, "to") == [who("cranes"), who("berths")]
    assert world.types()[-3:] == ["RevisionProposed", "RevisionProposed", "KeyResultMoved"]
    for name in ("okr", "to"):
        assert (world.goal(name).accepted, world.goal(name).turn) == (frozenset({Side.OWNER}), Side.COUNTERPART)
        world.accepted(name=name)
        assert world.goal(name).agreed


def test_r4_1_it_is_a_counter_proposal_by_the_other_side_and_in_turn() -> None:
    world = two_goals().proposed().proposed(name="to")
    assert refused(world, "negotiation.not_your_turn").pointer == "/goal"
    move(world, by=HEAD)
    assert world.goal().turn is Side.OWNER


def test_r5_1_it_voids_what_was_signed_once() -> None:
    world = agreed().advanced(Phase.COMMIT).submitted().signed(HEAD)
    move(world)
    assert world.types()[-2:] == ["KeyResultMoved", "SignaturesVoided"]
    assert [item.reason for item in world.plan().voided] == ["goal_changed"]


def test_r3_9_neither_revision_is_withdrawn_alone() -> None:
    world = move(agreed())
    assert world.goal().before is None
    assert world.goal("to").before is None


def test_r3_9_what_was_measured_goes_along() -> None:
    band = Maintained(kind="maintain", id=who("band"), title="The tide", unit="m", low="1", high="2")
    world = World().founded().opened().drafted(definition=okr("50", key_results=(increase(), band)))
    world.drafted("to", definition=other())
    for name in ("okr", "to"):
        world.proposed(name=name).accepted(name=name)
    world.advanced(Phase.COMMIT).submitted().signed().advanced(Phase.TRACK)
    for value in ("1.5", "3"):
        readings = (Reading(measure=who("berths"), value="15"), Reading(measure=who("band"), value=value))
        report = CheckIn(goal=OKR, readings=readings, confidence="0.6", status="on_track")
        world.when(STAFF, world.plan_ref(), report)
    refused(world, "phase.wrong", key_result="band")
    world.when(STAFF, world.plan_ref(), RequestAmendment(reason="They run the cranes"))
    move(world, key_result="band")
    moved = world.goal("to")
    assert moved.readings[who("band")].value == 3
    assert (moved.tallies[who("band")].readings, moved.tallies[who("band")].inside) == (2, 1)
    assert set(world.goal().readings) == {who("berths")}
    assert not world.goal().tallies
    assert set(world.plan().in_force[OKR].readings) == {who("berths"), who("band")}, "what is signed stays in force"


def test_r3_9_what_cannot_be_moved() -> None:
    world = two_goals()
    assert refused(world, "alignment.key_result_unknown", key_result="nothing").pointer == "/key_result"
    assert refused(world, "key_result.same_goal", to_goal=OKR).pointer == "/to_goal"
    assert refused(world, "goal.unknown", to_goal=who("nothing")).pointer == "/to_goal"
    assert refused(world, "goal.stale_hash", hash="0" * 64).pointer == "/hash"
    assert refused(world, "goal.stale_hash", to_hash="0" * 64).pointer == "/to_hash"
    back = {"goal": TO, "hash": world.goal("to").hash, "to_goal": OKR, "to_hash": world.goal().hash}
    assert refused(world, "key_result.last", key_result="cranes", **back).pointer == "/key_result"
    world.assigned()
    to_kpi = {"to_goal": who("kpi"), "to_hash": world.goal("kpi").hash}
    assert refused(world, "assignment.not_negotiated", **to_kpi).pointer == "/to_goal"


def test_r3_9_a_goal_takes_no_more_key_results_than_it_holds() -> None:
    world = World().founded().opened().drafted(definition=okr("50"))
    full = tuple(increase(f"one {place}") for place in range(MOST_KEY_RESULTS))
    world.drafted("to", definition=okr("50", key_results=full))
    assert refused(world, "key_result.full").pointer == "/to_goal"
    world = World().founded().opened().drafted(definition=okr("50"))
    world.drafted("to", definition=okr("50", key_results=(increase(),)))
    assert refused(world, "key_result.exists").pointer == "/key_result"


def test_r8_nothing_is_moved_into_a_draft_that_one_may_not_see() -> None:
    world = two_goals().proposed()
    assert refused(world, "goal.unknown", by=HEAD).pointer == "/to_goal"


def test_r3_7_an_alignment_of_the_key_result_is_asked_for_anew() -> None:
    world = agreed(OTHER).drafted("above", OTHER)
    request(world, key_result="berths", parent=("above", OTHER))
    accept(world, OTHER)
    request(world, edge="whole", parent=("above", OTHER))
    accept(world, OTHER, "whole")
    move(world)
    edges = world.plan().edges
    assert (edges[who("edge")].goal, edges[who("edge")].state) == (TO, "requested")
    assert (edges[who("whole")].goal, edges[who("whole")].state) == (OKR, "accepted")
