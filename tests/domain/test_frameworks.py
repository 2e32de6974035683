"""The framework of a cycle and of a unit, chosen for a reason (R1.1)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.cycle.advice import UnitFacts
from domain.cycle.frameworks import ChooseFramework, FrameworkChosen
from domain.cycle.opening import OpenCycle
from domain.cycle.policy import Framework
from domain.cycle.series import NextCycleOpened, following_id
from domain.cycle.succession import Series
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.directory.people import ChangePerson
from domain.directory.state import DIRECTORY
from domain.directory.teams import AddTeam, ChangeTeam
from domain.plan.drafting import AssignGoal, DraftGoal
from domain.plan.transferring import TransferGoal
from domain.problems import DomainError
from tests.support.given import HEAD, LEAD, OTHER, QUARTER, STAFF, TEAM, World, kpi, okr, who

YARD, DOCKS = who("yard"), who("docks")
FACTS = {"stage": "mature", "predictability": "high", "regulation": "high", "innovation": "low", "maturity": "some"}


def housed(*participants: UUID) -> World:
    """The staff work in the docks, which belong to the yard; others in no unit."""
    world = World().founded()
    world.when(LEAD, DIRECTORY, AddTeam(team=YARD, name="Yard", lead=HEAD))
    world.when(LEAD, DIRECTORY, AddTeam(team=DOCKS, name="Docks", lead=STAFF, parent=YARD))
    world.when(LEAD, DIRECTORY, ChangePerson(person=STAFF, team=DOCKS))
    return world.opened(*(participants or (STAFF, OTHER, TEAM)))


def choose(world: World, framework: str, unit: UUID | None = None, **more: Any) -> World:
    command = ChooseFramework(framework=framework, unit=unit, reason="The law asks for it", **more)
    world.when(LEAD, world.cycle_ref, command)
    return world


def draft(world: World, owner: UUID = STAFF) -> tuple[UUID, Ref, DraftGoal]:
    command = DraftGoal(cycle=world.cycle, owner=owner, goal=who("new"), definition=okr())
    return world.directory.responsible(owner), world.plan_ref(owner), command


def assign(world: World, owner: UUID = STAFF) -> tuple[UUID, Ref, AssignGoal]:
    return HEAD, world.plan_ref(owner), AssignGoal(cycle=world.cycle, owner=owner, goal=who("k"), definition=kpi())


def test_r1_1_a_unit_s_choice_holds_for_it_and_those_under_it_and_nobody_else() -> None:
    for unit in (YARD, DOCKS):
        world = choose(housed(), "kpi", unit)
        world.refused("cycle.framework", *draft(world))
        world.when(*assign(world))
        world.when(*draft(world, OTHER))
        world.when(*draft(world, TEAM))


def test_r1_1_the_nearest_unit_s_choice_counts() -> None:
    world = choose(choose(housed(), "kpi", YARD), "okr", DOCKS)
    world.refused("cycle.framework", *assign(world))
    world.when(*draft(world))


def test_r1_1_a_team_s_own_plan_follows_the_team_s_choice() -> None:
    world = choose(housed(), "okr", TEAM)
    world.refused("cycle.framework", *assign(world, TEAM))
    world.when(*draft(world, TEAM))


def test_r1_1_who_changes_units_follows_the_new_one() -> None:
    world = choose(housed(), "kpi", YARD)
    world.when(LEAD, DIRECTORY, ChangeTeam(team=DOCKS, parent="none"))
    world.when(*draft(world))


def test_r1_1_the_cycle_s_choice_holds_wherever_no_unit_chose() -> None:
    world = choose(choose(housed(), "composite", YARD), "kpi")
    assert world.the_cycle().framework is Framework.KPI
    world.refused("cycle.framework", *draft(world, OTHER))
    world.when(*draft(world))


def test_r1_1_the_choice_keeps_its_reason_and_what_was_advised() -> None:
    world = choose(housed(), "composite", YARD, facts=FACTS)
    chosen = world.last(FrameworkChosen)
    assert (chosen.unit, chosen.facts, chosen.advised) == (YARD, UnitFacts.model_validate(FACTS), Framework.KPI)
    kept = world.the_cycle().unit_frameworks[YARD]
    assert (kept.reason, kept.framework, kept.advised) == (chosen.reason, Framework.COMPOSITE, Framework.KPI)
    assert choose(housed(), "kpi").the_cycle().framework_choice is not None
    assert choose(housed(), "kpi").last(FrameworkChosen).advised is None


def test_r1_1_choosing_the_same_again_changes_nothing() -> None:
    world = choose(choose(housed(), "kpi", YARD), "kpi", YARD)
    assert world.types().count("FrameworkChosen") == 1
    choose(world, "okr", YARD)
    assert world.types().count("FrameworkChosen") == 2


@pytest.mark.parametrize(("framework", "kind"), [("kpi", "okr"), ("okr", "kpi")])
@pytest.mark.parametrize("unit", [None, YARD, DOCKS])
def test_r1_1_no_choice_leaves_a_goal_without_a_place(framework: str, kind: str, unit: UUID | None) -> None:
    world = housed()
    world.when(*(draft(world) if kind == "okr" else assign(world)))
    command = ChooseFramework(framework=framework, unit=unit, reason="So")
    refusal = world.refused("framework.goals_exist", LEAD, world.cycle_ref, command)
    assert refusal.params == {"owner": str(STAFF), "kind": kind, "framework": framework}
    choose(world, kind, unit)
    choose(world, "composite", unit)


def test_r1_1_goals_outside_the_unit_do_not_hinder_its_choice() -> None:
    world = housed()
    world.when(*draft(world, OTHER))
    choose(world, "kpi", YARD)
    world.when(*assign(world))
    shielded = choose(housed(), "composite", DOCKS)
    shielded.when(*draft(shielded))
    choose(shielded, "kpi", YARD)


def test_r1_1_no_goal_is_transferred_into_a_plan_that_has_no_place_for_it() -> None:
    world = choose(housed(), "okr", YARD)
    world.when(*assign(world, OTHER))
    goal = world.goal("k", OTHER)
    moved = TransferGoal(goal=goal.id, hash=goal.hash, cycle=world.cycle, to_owner=STAFF, reason="It is theirs")
    with pytest.raises(DomainError) as refusal:
        world.when(HEAD, world.plan_ref(OTHER), moved)
    assert (refusal.value.code, refusal.value.pointer) == ("cycle.framework", "/to_owner")


def test_r1_1_a_unit_must_be_there() -> None:
    world = housed()
    command = ChooseFramework(framework="kpi", unit=STAFF, reason="So")
    assert world.refused("team.unknown", LEAD, world.cycle_ref, command).pointer == "/unit"


def test_r2_5_the_framework_is_chosen_in_draft() -> None:
    world = housed(STAFF).drafted().advanced(Phase.NEGOTIATE)
    world.refused("phase.wrong", LEAD, world.cycle_ref, ChooseFramework(framework="okr", reason="So"))


def test_r2_8_the_next_cycle_of_a_series_keeps_its_units_choices() -> None:
    world = housed()
    world.cycle = who("series")
    given = {"name": "2027 Q2", "facilitator": LEAD, "period": QUARTER, "participants": (STAFF,)}
    world.when(LEAD, world.cycle_ref, OpenCycle(**given, series=Series(months=3, names=("2027 Q3",))))
    choose(world, "kpi", YARD)
    upcoming = world.the_cycle().upcoming
    assert upcoming is not None
    world.now = upcoming.opens
    world.perform(world.cycle_ref)
    assert world.last(NextCycleOpened)
    following = world.state(Ref("cycle", following_id(world.cycle)))
    assert following.unit_frameworks == world.the_cycle().unit_frameworks != {}


def test_r1_1_who_follows_the_framework_already_is_not_asked_again() -> None:
    """Somebody brought an OKR into a unit of KPIs: a choice that changes nothing for them still stands."""
    world = World().founded()
    world.when(LEAD, DIRECTORY, AddTeam(team=YARD, name="Yard", lead=HEAD))
    world.opened(STAFF).when(*draft(world))
    choose(world, "kpi", YARD)
    world.when(LEAD, DIRECTORY, ChangePerson(person=STAFF, team=YARD))
    choose(world, "kpi")
    choose(world, "kpi", YARD, facts=FACTS)
