"""Asking again, as of each event, whether it was allowed (R8)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.access.first_events import FIRST_OF
from domain.access.verdict import RULES
from domain.decider import Ref
from domain.judging import was_allowed
from domain.registry import COMMANDS, DECIDERS, EVENTS
from domain.values import SYSTEM
from tests.golden.writing import story
from tests.support.given import HEAD, LEAD, OTHER, STAFF, World


def misjudged(world: World, actors: dict[int, UUID] | None = None, rules: dict[int, str] | None = None) -> list[str]:
    """The events that their rules did not allow; with other actors or rules at some places."""
    states: dict[Ref, Any] = {}
    found = []
    for place, (ref, actor, at, event) in enumerate(world.events):
        told = event.model_copy(update={"allowed_by": rules[place]}) if rules and place in rules else event
        sender = (actors or {}).get(place, actor)
        if told.allowed_by is not None and not was_allowed(told, sender, at, ref, states):
            found.append(type(event).__name__)
        decider = DECIDERS[ref.kind]
        states[ref] = decider.evolve(states.get(ref, decider.initial), event)
    return found


def places(world: World, *types: str) -> dict[str, int]:
    return {name: world.types().index(name) for name in types}


def test_r8_every_event_of_a_quarter_was_allowed_by_the_rule_it_names() -> None:
    world = story()
    assert misjudged(world) == []
    assert sum(event.allowed_by is not None for _, _, _, event in world.events) > 50


def test_r8_what_a_duty_may_do_too_is_judged_of_a_person_by_the_rule_of_theirs() -> None:
    """Mediation is opened by silence or asked for by a side."""
    world = World().founded().opened().drafted().proposed().mediated()
    assert world.events[-1][-1].allowed_by == "plan.owner"
    assert misjudged(world) == []


@pytest.mark.parametrize(
    ("name", "actor"),
    [
        ("OrganizationFounded", HEAD),
        ("PersonAdded", STAFF),
        ("CycleOpened", STAFF),
        ("PhaseClosing", STAFF),
        ("GoalAssigned", STAFF),
        ("RevisionProposed", OTHER),
        ("PlanSubmitted", HEAD),
        ("PlanSigned", STAFF),
        ("CheckedIn", LEAD),
        ("PhaseClosed", LEAD),
        ("CheckedIn", SYSTEM),
    ],
)
def test_r8_an_event_of_somebody_else_was_not_allowed(name: str, actor: UUID) -> None:
    world = story()
    assert name in misjudged(world, actors={places(world, name)[name]: actor})


def test_r8_an_event_that_names_another_rule_was_not_allowed_by_it() -> None:
    world = World().in_commit().submitted().signed()
    signed = places(world, "PlanSigned")["PlanSigned"]
    for rule in {*RULES.values()} - {"plan.chain"}:
        assert misjudged(world, rules={signed: rule}) == ["PlanSigned"]
    assert misjudged(world, rules={signed: "plan.chain"}) == []


def test_every_event_that_may_come_first_names_commands_that_there_are() -> None:
    assert set(FIRST_OF) <= set(EVENTS)
    for name, actions in FIRST_OF.items():
        assert actions, name
        assert set(actions) <= set(COMMANDS), name
