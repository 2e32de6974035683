"""Thousands of KPIs in one request, all or nothing."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from domain.plan.assigning import MOST_ASSIGNMENTS, AssignGoals, Assignment
from domain.plan.drafting import AssignGoal, GoalAssigned
from tests.support.given import HEAD, OTHER, STAFF, TEAM, World, kpi, who


def assignment(name: str, owner: object = STAFF, **more: str) -> Assignment:
    return Assignment(owner=owner, goal=who(name), definition=kpi(**more))


def test_r4_2_many_kpis_come_into_many_plans_by_one_command() -> None:
    world = World().founded().opened(STAFF, OTHER, TEAM)
    many = (assignment("a", weight="60"), assignment("b", OTHER), assignment("c", weight="40"), assignment("d", TEAM))
    events = world.when(HEAD, world.cycle_ref, AssignGoals(assignments=many))
    assert [event.goal for event in events if isinstance(event, GoalAssigned)] == [one.goal for one in many]
    assert set(world.plan(STAFF).goals) == {who("a"), who("c")}
    assert set(world.plan(TEAM).goals) == {who("d")}
    assert world.goal("a").assigned_by == HEAD


def test_r4_2_they_are_as_if_each_had_been_assigned_alone() -> None:
    together, alone = World().founded().opened(), World().founded().opened()
    together.when(HEAD, together.cycle_ref, AssignGoals(assignments=(assignment("a"),)))
    command = AssignGoal(cycle=alone.cycle, owner=STAFF, goal=who("a"), definition=kpi())
    alone.when(HEAD, alone.plan_ref(), command)
    assert together.plan() == alone.plan()


def test_r4_2_one_refusal_leaves_all_unassigned_and_names_its_place() -> None:
    world = World().founded().opened()
    many = (assignment("a"), assignment("b", OTHER))
    refusal = world.refused("plan.not_participant", HEAD, world.cycle_ref, AssignGoals(assignments=many))
    assert refusal.pointer == "/assignments/1/owner"
    assert not world.plan().goals


def test_r4_2_the_same_goal_twice_is_refused_at_the_second_place() -> None:
    world = World().founded().opened()
    twice = AssignGoals(assignments=(assignment("a"), assignment("a")))
    assert world.refused("goal.exists", HEAD, world.cycle_ref, twice).pointer == "/assignments/1/goal"


def test_there_are_at_least_one_and_at_most_five_thousand() -> None:
    for count in (0, MOST_ASSIGNMENTS + 1):
        with pytest.raises(ValidationError):
            AssignGoals(assignments=(assignment("a"),) * count)
