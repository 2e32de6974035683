"""Metrics: defined by date, changed forwards only, retired at last; kept by whom the table names (R3.10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain.directory.people import DeactivatePerson
from domain.directory.state import DIRECTORY
from domain.messages import Command
from domain.metric.defining import ChangeMetric, DefineMetric, MetricChanged, MetricDefined
from domain.metric.retiring import MetricRetired, RetireMetric
from tests.support.given import HEAD, LEAD, MONDAY, OTHER, STAFF, World, who
from tests.support.metrics import change, counted, define, metric_ref, metric_state, retire

DAY = timedelta(days=1)


def founded() -> World:
    return World().founded()


def test_r3_10_a_metric_is_the_organizations_and_needs_no_cycle() -> None:
    world = define(founded())
    state = metric_state(world)
    assert (state.data_owner, state.latest.version, state.latest.valid_from) == (OTHER, 1, MONDAY)
    assert world.types()[-1] == "MetricDefined"


def test_r3_10_definitions_are_kept_by_date_and_by_version() -> None:
    world = define(founded(), valid_from=MONDAY - 90 * DAY)
    change(world, definition=counted(unit="ships"), valid_from=MONDAY + 30 * DAY)
    state = metric_state(world)
    assert [one.version for one in state.definitions] == [1, 2]
    assert state.at(MONDAY - 200 * DAY).version == 1, "the first definition speaks for all that came before it"
    assert state.at(MONDAY + 30 * DAY - timedelta(seconds=1)).version == 1
    assert state.at(MONDAY + 30 * DAY).version == 2
    assert state.counting(MONDAY + 30 * DAY).version == 1, "what begins when a period ends counts in the next one"
    assert state.counting(MONDAY + 31 * DAY).version == 2
    assert [state.at_version(version) for version in (0, 3)] == [None, None]
    assert state.at_version(1) == state.definitions[0]


def test_r3_10_a_definition_is_never_altered_or_taken_back() -> None:
    world = define(founded())
    first = metric_state(world).definitions
    change(world)
    change(world, name="Quays used")
    retire(world)
    assert metric_state(world).definitions[:1] == first
    assert len(metric_state(world).definitions) == 2


def test_r3_10_no_change_is_dated_before_the_present_definition() -> None:
    world = define(founded())
    change(world, valid_from=MONDAY + 30 * DAY)
    early = ChangeMetric(definition=counted(unit="ships"), valid_from=MONDAY + 29 * DAY, reason="Sooner")
    assert world.refused("metric.dated_before", OTHER, metric_ref(), early).pointer == "/valid_from"
    at_once = ChangeMetric(definition=counted(unit="ships"), reason="At once")
    world.refused("metric.dated_before", OTHER, metric_ref(), at_once)
    change(world, definition=counted(unit="ships"), valid_from=MONDAY + 30 * DAY)
    assert metric_state(world).at(MONDAY + 30 * DAY).version == 3, "what was announced may be said otherwise"


@pytest.mark.parametrize("same", [{"definition": counted()}, {"name": "Berths used"}, {"data_owner": OTHER}, {}])
def test_r3_10_a_change_changes_something(same: dict[str, Any]) -> None:
    world = define(founded())
    refusal = world.refused("metric.nothing_changed", LEAD, metric_ref(), ChangeMetric(reason="Again", **same))
    assert refusal.pointer == ("/definition" if "definition" in same else "")


def test_r3_10_another_name_or_data_owner_is_no_other_definition() -> None:
    world = define(founded())
    (renamed,) = change(world, name="Quays used", definition=counted())
    (handed,) = change(world, data_owner=HEAD)
    assert isinstance(renamed, MetricChanged)
    assert isinstance(handed, MetricChanged)
    assert (renamed.definition, renamed.definition_version, renamed.valid_from) == (None, None, None)
    assert not renamed.woken()
    assert not handed.woken()
    assert len(metric_state(world).definitions) == 1


def test_only_a_definition_is_valid_from_a_date() -> None:
    with pytest.raises(ValidationError, match="only a definition"):
        ChangeMetric(name="Quays used", valid_from=MONDAY, reason="Later")


def test_r3_10_a_metric_is_defined_once() -> None:
    world = define(founded())
    again = DefineMetric(name="Ships", data_owner=HEAD, definition=counted())
    world.refused("metric.exists", LEAD, metric_ref(), again)


@pytest.mark.parametrize("person", [who("a stranger"), STAFF])
def test_r3_10_somebody_active_vouches_for_its_numbers(person: Any) -> None:
    world = founded()
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=STAFF))
    owned = DefineMetric(name="Ships", data_owner=person, definition=counted())
    assert world.refused("person.unknown", LEAD, metric_ref(), owned).pointer == "/data_owner"
    define(world)
    handed = ChangeMetric(data_owner=person, reason="Theirs now")
    assert world.refused("person.unknown", LEAD, metric_ref(), handed).pointer == "/data_owner"


def test_r3_10_what_is_retired_changes_no_more() -> None:
    world = retire(define(founded()).wait(days=1))
    assert metric_state(world).retired_at == MONDAY + DAY
    for command in (ChangeMetric(name="Ships", reason="Again"), RetireMetric(reason="Again")):
        world.refused("metric.retired", LEAD, metric_ref(), command)
    again = DefineMetric(name="Ships", data_owner=HEAD, definition=counted())
    world.refused("metric.exists", LEAD, metric_ref(), again)


COMMANDS: dict[str, tuple[Command, frozenset[Any]]] = {
    "DefineMetric": (DefineMetric(name="Ships", data_owner=HEAD, definition=counted()), frozenset({LEAD})),
    "ChangeMetric": (ChangeMetric(name="Ships", reason="Clearer"), frozenset({LEAD, OTHER})),
    "RetireMetric": (RetireMetric(reason="Gone"), frozenset({LEAD, OTHER})),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_r3_10_an_administrator_or_the_data_owner_keeps_it(name: str) -> None:
    command, allowed = COMMANDS[name]
    for person in (LEAD, HEAD, STAFF, OTHER, who("a stranger")):
        world = founded() if name == "DefineMetric" else define(founded())
        if person in allowed:
            rule = "directory.admin" if person == LEAD else "goal.data_owner"
            assert world.when(person, metric_ref(), command)[0].allowed_by == rule
        else:
            world.refused("metric.not_keeper", person, metric_ref(), command)


def test_r3_10_whoever_handed_it_on_has_given_it_away() -> None:
    world = define(founded())
    change(world, data_owner=HEAD)
    world.refused("metric.not_keeper", OTHER, metric_ref(), RetireMetric(reason="Gone"))
    retire(world, actor=HEAD)


def test_a_data_owner_who_left_keeps_it_no_more() -> None:
    world = define(founded())
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=OTHER))
    world.refused("metric.not_keeper", OTHER, metric_ref(), RetireMetric(reason="Gone"))
    change(world, actor=LEAD, data_owner=HEAD)


@pytest.mark.parametrize("name", ["ChangeMetric", "RetireMetric"])
def test_a_metric_that_nobody_defined_is_unknown(name: str) -> None:
    founded().refused("metric.unknown", LEAD, metric_ref(), COMMANDS[name][0])


def test_there_is_no_metric_without_an_organization() -> None:
    World().refused("organization.unknown", LEAD, metric_ref(), COMMANDS["DefineMetric"][0])


def test_a_metric_owes_nothing_and_is_over_once_it_is_retired() -> None:
    world = define(founded())
    agenda = world.agenda(metric_ref())
    assert (agenda.due, agenda.next_due, agenda.phase, agenda.closed) == ((), None, "open", False)
    retire(world)
    assert world.agenda(metric_ref()).closed


def test_only_what_is_counted_wakes_those_that_rest_on_it() -> None:
    assert MetricChanged.wakes
    assert MetricRetired.wakes
    assert not MetricDefined.wakes
