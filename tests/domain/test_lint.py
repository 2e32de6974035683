"""Findings (R3.8): dates, owner, outcome verb, number. They warn, and refuse nothing."""

from __future__ import annotations

from typing import Any

import pytest

from domain.plan.drafting import GoalAssigned, GoalDrafted
from tests.domain.test_measures import maintained, ordinal, yes_no
from tests.support.given import OTHER, World, increase, kpi, milestones, okr

GOOD: dict[str, Any] = {"due": "2027-06-30"}


def findings(**fields: Any) -> tuple[str, ...]:
    """Of an OKR that has nothing to be found, with these changes."""
    world = World().founded().opened().drafted(definition=okr(**GOOD | fields))
    found: tuple[str, ...] = world.last(GoalDrafted).findings
    return found


def test_r3_8_a_good_goal_has_no_findings() -> None:
    assert findings() == ()


@pytest.mark.parametrize("day", ["2027-03-30", "2027-07-02", "2028-06-30"])
def test_r3_8_a_date_outside_the_period_is_found(day: str) -> None:
    assert findings(due=day) == ("lint.date_outside_period",)
    late = increase().model_copy(update={"due": okr(due=day).due})
    assert findings(key_results=(late, milestones())) == ("lint.date_outside_period",)


def test_r3_8_a_goal_or_each_of_its_key_results_has_a_date() -> None:
    day = okr(due="2027-06-30").due
    dated, other = increase().model_copy(update={"due": day}), milestones().model_copy(update={"due": day})
    assert findings(due=None) == ("lint.no_date",)
    assert findings(due=None, key_results=(dated, milestones())) == ("lint.no_date",)
    assert findings(due=None, key_results=(dated, other)) == ()


@pytest.mark.parametrize("title", ["Harbour strategy", "The year of the captain", "码头战略"])
def test_r3_8_a_title_without_an_outcome_is_found(title: str) -> None:
    assert findings(title=title) == ("lint.no_outcome_verb",)


@pytest.mark.parametrize("title", ["We reached captains", "Cutting the queue", "Doubles its berths", "提升泊位利用率"])
def test_r3_8_a_title_that_names_an_outcome_is_not(title: str) -> None:
    assert findings(title=title) == ()


def test_r3_8_a_number_or_a_milestone_is_asked_for() -> None:
    assert findings(key_results=(yes_no(), ordinal())) == ("lint.no_number",)
    for measured in (increase(), milestones(), maintained()):
        assert findings(key_results=(yes_no(), measured)) == ()


def test_r3_8_a_kpi_s_number_has_an_owner() -> None:
    world = World().founded().opened().assigned(definition=kpi(**GOOD))
    assert world.last(GoalAssigned).findings == ("lint.no_data_owner",)
    world.assigned("owned", definition=kpi("50", **GOOD, data_owner=OTHER))
    assert world.last(GoalAssigned).findings == ()
