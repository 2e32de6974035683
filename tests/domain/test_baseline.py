"""Establishing a KPI's baseline (R3.2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.cycle.results import PublishResults, ResultsPublished
from domain.cycle.windows import Phase
from domain.directory.people import DeactivatePerson
from domain.directory.state import DIRECTORY
from domain.plan.amending import RequestAmendment
from domain.plan.baseline import BaselineSet, SetBaseline
from domain.plan.goal import Reading
from domain.plan.ground import ground_of
from domain.plan.negotiation import ProposeRevision
from domain.plan.tracking import CheckIn
from domain.waiting import What, plan_waits
from tests.support.given import HEAD, LEAD, OTHER, STAFF, World, kpi, who


def assigned(**fields: Any) -> World:
    return World().founded().opened().assigned(definition=kpi(**fields))


def found(world: World, value: str = "50", actor: UUID = STAFF) -> World:
    world.when(actor, world.plan_ref(), SetBaseline(goal=who("kpi"), value=value))
    return world


def asked(world: World) -> list[UUID]:
    """Who is asked to establish a baseline now."""
    ground = ground_of(STAFF, world.the_cycle(), world.directory)
    waits = plan_waits(world.plan(), ground, STAFF, world.plan_ref().stream)
    return [wait.person for wait in waits if wait.what is What.SET_BASELINE]


def test_r3_2_the_first_baseline_changes_no_hash_and_voids_no_signature() -> None:
    world = assigned().acknowledged().advanced(Phase.COMMIT).submitted().signed()
    before = world.hash()
    found(world)
    assert world.hash() == before
    assert world.plan().signed
    assert world.goal("kpi").receipt == "acknowledged"


def test_r3_2_attainment_begins_at_the_baseline_that_was_found() -> None:
    world = found(assigned().acknowledged()).advanced(Phase.COMMIT).submitted().signed().advanced(Phase.TRACK)
    readings = (Reading(measure=who("kpi"), value="90"),)
    report = CheckIn(goal=who("kpi"), readings=readings, confidence="1", status="done", final=True)
    world.when(STAFF, world.plan_ref(), report)
    world.advanced(Phase.RETROSPECT).when(LEAD, world.cycle_ref, PublishResults())
    assert world.last(ResultsPublished).results[0].kpi_attainment == 80


def test_r3_2_a_second_baseline_is_a_revision() -> None:
    world = found(assigned())
    refusal = world.refused("baseline.exists", STAFF, world.plan_ref(), SetBaseline(goal=who("kpi"), value="40"))
    assert (refusal.pointer, refusal.params["value"]) == ("/value", "50")
    stated = assigned(baseline="30")
    stated.refused("baseline.exists", STAFF, stated.plan_ref(), SetBaseline(goal=who("kpi"), value="40"))
    reasons = {"baseline": "The books were wrong"}
    world.when(HEAD, world.plan_ref(), ProposeRevision(goal=who("kpi"), definition=kpi(baseline="45"), reasons=reasons))
    assert world.goal("kpi").baseline == Decimal(45)


def test_r3_2_a_baseline_in_another_unit_counts_no_more() -> None:
    world = found(assigned())
    world.when(HEAD, world.plan_ref(), ProposeRevision(goal=who("kpi"), definition=kpi(unit="ships")))
    assert world.goal("kpi").baseline is None
    assert found(world, "7").goal("kpi").baseline == Decimal(7)
    assert world.last(BaselineSet).unit == "ships"


def test_r3_2_the_number_s_owner_or_the_plan_s_may_set_it() -> None:
    for actor in (STAFF, OTHER):
        world = found(assigned(data_owner=OTHER), actor=actor)
        assert world.last(BaselineSet).by == actor
    world = assigned(data_owner=OTHER)
    for stranger in (HEAD, LEAD):
        world.refused("plan.not_allowed", stranger, world.plan_ref(), SetBaseline(goal=who("kpi"), value="1"))


def test_r3_2_a_baseline_found_during_an_amendment_counts_for_both() -> None:
    """What was signed is in force until the chain has signed anew; the amendment must not lose the baseline (R5.7)."""
    world = assigned().acknowledged().advanced(Phase.COMMIT).submitted().signed().advanced(Phase.TRACK)
    world.when(STAFF, world.plan_ref(), RequestAmendment(reason="A new quay"))
    found(world)
    assert world.goal("kpi").baseline == world.plan().in_force[who("kpi")].baseline == Decimal(50)
    world.refused("baseline.exists", STAFF, world.plan_ref(), SetBaseline(goal=who("kpi"), value="40"))


def test_r3_2_an_okr_has_no_baseline_of_its_own() -> None:
    world = World().founded().opened().drafted()
    world.refused("baseline.not_a_kpi", STAFF, world.plan_ref(), SetBaseline(goal=who("okr"), value="1"))


@pytest.mark.parametrize("phase", [Phase.NEGOTIATE, Phase.COMMIT])
def test_r3_2_to_find_the_baseline_is_the_first_duty(phase: Phase) -> None:
    world = assigned()
    assert asked(world) == []
    assert asked(world.acknowledged().advanced(phase)) == [STAFF]
    assert asked(found(world)) == []


def test_r3_2_the_number_s_owner_is_asked_unless_they_have_left() -> None:
    world = assigned(data_owner=OTHER).advanced(Phase.NEGOTIATE)
    assert asked(world) == [OTHER]
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=OTHER))
    assert asked(world) == [STAFF]


def test_r3_2_a_kpi_that_states_its_baseline_asks_for_none() -> None:
    assert asked(assigned(baseline="50").advanced(Phase.NEGOTIATE)) == []
