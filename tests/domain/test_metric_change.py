"""A changed metric asks the plans that use it for a look and changes nothing that they signed (R3.10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.cycle.holding import HoldCycle, ResumeCycle
from domain.cycle.participation import ExcuseParticipant
from domain.cycle.windows import Phase
from domain.plan.amending import RequestAmendment, RevertToSigned
from domain.plan.dropping import AbandonGoal
from domain.plan.metric_change import DefinitionChanged, DefinitionKept, KeepDefinition
from domain.plan.negotiation import ProposeRevision
from domain.plan.transferring import TransferGoal
from domain.values import SYSTEM
from domain.waiting import Group, Wait, What, plan_waits
from tests.support.given import HEAD, LEAD, OTHER, QUARTER, STAFF, World, kpi, okr, who
from tests.support.metrics import at_version, berths, change, counted, define, keep, retire

LATER = QUARTER.ends


def measured(*others: UUID) -> World:
    """An agreed goal that is counted by a metric."""
    world = define(World().founded().opened(STAFF, *others))
    return world.drafted(definition=berths(1)).proposed().accepted()


def signed() -> World:
    return measured().advanced(Phase.COMMIT).submitted().signed()


def told(world: World, owner: UUID = STAFF) -> list[str]:
    return world.perform(world.plan_ref(owner))


def looks(world: World, owner: UUID = STAFF) -> list[Wait]:
    """Who is asked for a look at a metric."""
    waits = plan_waits(world.plan(owner), world.ground(owner), owner, world.plan_ref(owner).stream)
    return [wait for wait in waits if wait.what is What.LOOK_AT_METRIC]


def test_r3_10_a_changed_definition_is_told_once_and_changes_nothing_signed() -> None:
    world = signed()
    before, signing = world.hash(), world.plan().signing
    assert told(world) == []
    change(world)
    assert told(world) == ["Remind"]
    event = world.last(DefinitionChanged)
    assert (event.now, event.retired, event.goals) == (at_version(2), None, (who("okr"),))
    assert event.notice
    assert told(world) == []
    assert (world.hash(), world.plan().signing) == (before, signing)
    assert world.plan().signed


def test_r3_10_its_owner_is_asked_for_a_look() -> None:
    world = measured()
    assert looks(world) == []
    change(world)
    told(world)
    (wait,) = looks(world)
    assert (wait.person, wait.goal, wait.metric, wait.due) == (STAFF, who("okr"), at_version(2), None)
    assert wait.group is Group.NEEDS_ME
    assert not wait.blocks_gate, "what stands is agreed and may be signed"
    assert wait.key == f"look_at_metric:{who('okr')}:{who('metric')}"


def test_r3_10_a_revision_to_the_new_version_settles_it() -> None:
    world = measured()
    change(world)
    told(world)
    world.proposed(title=okr(title="Fill the harbour").title)
    assert looks(world), "another title says nothing of what is counted"
    world.proposed(HEAD, key_results=berths(2).key_results)
    assert looks(world) == []
    world.withdrawn(HEAD)
    assert looks(world), "what is on the table names the old one again"
    assert told(world) == []


def test_r3_10_a_goal_that_is_revised_before_it_is_told_is_not_told() -> None:
    world = measured()
    change(world)
    world.proposed(key_results=berths(2).key_results)
    assert told(world) == []


def test_r3_10_the_owner_may_keep_what_was_signed_knowingly() -> None:
    world = signed()
    before = world.hash()
    change(world)
    told(world)
    (kept,) = keep(world, 2)
    assert isinstance(kept, DefinitionKept)
    assert (kept.seen, kept.retired, kept.allowed_by) == (at_version(2), None, "plan.owner")
    assert looks(world) == []
    assert keep(world, 2) == []
    assert world.hash() == before
    assert world.plan().signed


def test_r3_10_whoever_is_faster_than_the_duty_is_not_told() -> None:
    world = measured()
    change(world)
    keep(world, 2)
    assert told(world) == []
    assert looks(world) == []


def test_r3_10_each_further_definition_is_told_and_looked_at_anew() -> None:
    world = measured()
    change(world)
    change(world)
    assert told(world) == ["Remind"], "the last one says all that the one before it did"
    keep(world, 3)
    change(world)
    assert told(world) == ["Remind"]
    assert [wait.metric for wait in looks(world)] == [at_version(4)]


def test_r3_10_one_keeps_what_one_has_seen() -> None:
    world = measured()
    change(world)
    change(world)
    seen = KeepDefinition(goal=who("okr"), seen=at_version(2))
    assert world.refused("metric.stale_definition", STAFF, world.plan_ref(), seen).pointer == "/seen/version"
    other = KeepDefinition(goal=who("okr"), seen=at_version(3, "another"))
    assert world.refused("goal.metric_not_named", STAFF, world.plan_ref(), other).pointer == "/seen/metric"
    nothing = KeepDefinition(goal=who("nothing"), seen=at_version(3))
    world.refused("goal.unknown", STAFF, world.plan_ref(), nothing)


def test_r3_10_there_is_nothing_to_keep_where_the_goal_says_the_same() -> None:
    assert keep(measured(), 1) == []


def test_r3_10_a_definition_that_begins_behind_the_period_is_the_next_cycles_concern() -> None:
    world = measured()
    change(world, valid_from=LATER)
    assert told(world) == []
    world.refused(
        "metric.stale_definition", STAFF, world.plan_ref(), KeepDefinition(goal=who("okr"), seen=at_version(2))
    )


def test_r3_10_one_that_begins_within_the_period_is_told_when_it_is_decided() -> None:
    world = measured()
    change(world, valid_from=LATER - timedelta(seconds=1))
    assert told(world) == ["Remind"], "so that there is time to negotiate"


def test_r3_10_another_name_or_data_owner_is_not_told() -> None:
    world = measured()
    change(world, name="Quays used")
    change(world, data_owner=HEAD)
    assert told(world) == []


def test_r3_10_a_retired_metric_is_told_whatever_version_is_named() -> None:
    world = measured()
    change(world)
    (first,) = world.agenda(world.plan_ref()).due
    told(world)
    world.proposed(key_results=berths(2).key_results).accepted()
    assert looks(world) == []
    retire(world)
    (again,) = world.agenda(world.plan_ref()).due
    assert again.key != first.key, "the log would never do it"
    assert told(world) == ["Remind"]
    assert (world.last(DefinitionChanged).now, world.last(DefinitionChanged).retired) == (at_version(2), True)
    assert told(world) == []
    assert [wait.goal for wait in looks(world)] == [who("okr")]
    (kept,) = keep(world, 2)
    assert isinstance(kept, DefinitionKept)
    assert kept.retired
    assert looks(world) == []


def test_r3_10_it_is_told_of_every_goal_that_says_otherwise_and_of_no_other() -> None:
    world = measured().drafted("b", definition=berths(1, result="b")).drafted("c")
    change(world)
    world.drafted("d", definition=berths(2, result="d"))
    told(world)
    assert world.last(DefinitionChanged).goals == tuple(sorted((who("okr"), who("b"))))
    keep(world, 2)
    assert [wait.goal for wait in looks(world)] == [who("b")]
    world.drafted("e", definition=berths(1, result="e"))
    assert told(world) == [], "its plan knows"
    assert [wait.goal for wait in looks(world)] == [who("b"), who("e")]


def test_r3_10_a_kpi_is_looked_at_by_its_owner_and_revised_by_its_assigner() -> None:
    world = define(World().founded().opened(), definition=counted(unit="%"))
    world.assigned(definition=kpi(metric=at_version(1))).acknowledged()
    change(world, definition=counted(unit="%", source="The harbour office"))
    told(world)
    assert [wait.person for wait in looks(world)] == [STAFF]
    revised = ProposeRevision(goal=who("kpi"), definition=kpi(metric=at_version(2)))
    world.when(HEAD, world.plan_ref(), revised)
    assert looks(world) == []


def test_r3_10_plans_that_do_not_use_it_are_not_told() -> None:
    world = measured(OTHER).drafted(owner=OTHER)
    change(world)
    assert told(world, OTHER) == []
    assert told(world) == ["Remind"]


def test_r3_10_a_goal_that_left_asks_nothing_and_one_that_came_does() -> None:
    world = measured(OTHER)
    change(world)
    moved = {"goal": who("okr"), "hash": world.goal().hash, "cycle": world.cycle, "to_owner": OTHER, "reason": "Theirs"}
    world.when(HEAD, world.plan_ref(), TransferGoal.model_validate(moved))
    assert told(world) == []
    assert told(world, OTHER) == ["Remind"]
    assert [wait.person for wait in looks(world, OTHER)] == [OTHER]
    dropped = AbandonGoal(goal=who("okr"), hash=world.goal(owner=OTHER).hash, reason="No ships")
    world.when(OTHER, world.plan_ref(OTHER), dropped)
    assert looks(world, OTHER) == []


def test_r3_10_it_is_owed_while_goals_count_and_their_owner_takes_part() -> None:
    world = measured()
    change(world)
    world.when(LEAD, world.cycle_ref, HoldCycle(reason="A flood"))
    assert world.agenda(world.plan_ref()).due == ()
    world.when(LEAD, world.cycle_ref, ResumeCycle(reason="It is dry"))
    assert len(world.agenda(world.plan_ref()).due) == 1
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=STAFF, reason="On leave"))
    assert world.agenda(world.plan_ref()).due == ()


@pytest.mark.parametrize(("phase", "owed"), [(Phase.TRACK, 1), (Phase.RETROSPECT, 0)])
def test_r3_10_it_is_owed_until_track_closes(phase: Phase, owed: int) -> None:
    world = signed()
    world.states[world.cycle_ref] = world.the_cycle().model_copy(update={"phase": phase})
    change(world)
    about = [duty for duty in world.agenda(world.plan_ref()).due if duty.key.startswith("Remind:metric:")]
    assert len(about) == owed


def test_r3_10_an_amendment_may_take_the_new_definition_with_a_reason() -> None:
    world = signed().advanced(Phase.TRACK)
    change(world)
    told(world)
    world.when(STAFF, world.plan_ref(), RequestAmendment(reason="It is counted otherwise"))
    path = f"key_results.{who('berths')}.metric"
    revision: dict[str, Any] = {"goal": who("okr"), "definition": berths(2)}
    world.refused("amendment.easing_unreasoned", STAFF, world.plan_ref(), ProposeRevision(**revision))
    world.when(STAFF, world.plan_ref(), ProposeRevision(**revision, reasons={path: "As all of us count now"}))
    assert looks(world) == []
    world.when(STAFF, world.plan_ref(), RevertToSigned(reason="It stays"))
    assert looks(world), "what is in force names the old one"
    keep(world, 2)
    assert looks(world) == []
    assert told(world) == []


def test_r3_10_a_duty_that_is_no_longer_owed_does_nothing() -> None:
    world = measured()
    change(world)
    (duty,) = world.agenda(world.plan_ref()).due
    world.when(LEAD, world.cycle_ref, HoldCycle(reason="A flood"))
    assert world.when(SYSTEM, world.plan_ref(), duty.command) == []
    world.when(LEAD, world.cycle_ref, ResumeCycle(reason="It is dry"))
    keep(world, 2)
    assert world.when(SYSTEM, world.plan_ref(), duty.command) == []
