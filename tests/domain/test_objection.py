"""Objecting to an assigned KPI: once for each revision, decided above the assigner (R4.2)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from domain.cycle.opening import OpenCycle
from domain.cycle.windows import Phase
from domain.directory.people import AddPerson, DeactivatePerson
from domain.directory.state import DIRECTORY, Role
from domain.goals import Kpi
from domain.plan.drafting import AcknowledgeAssignment, AssignGoal
from domain.plan.duties import Reminded
from domain.plan.ground import ground_of
from domain.plan.negotiation import ProposeRevision, RevisionProposed
from domain.plan.objection import AssignmentObjected, DecideObjection, ObjectionDecided, ObjectToAssignment
from domain.waiting import What, plan_waits
from tests.support.calendars import weekdays
from tests.support.given import BOARD, HEAD, LEAD, OTHER, QUARTER, STAFF, World, kpi, who

EASED = kpi(threshold="70", target="90", stretch="110")


def assigned() -> World:
    return World().founded().opened().assigned()


def objecting(world: World, name: str = "kpi", **more: Any) -> ObjectToAssignment:
    said = {"goal": who(name), "hash": world.goal(name).hash, "counter": "90", "reason": "The yard is shut"}
    return ObjectToAssignment.model_validate(said | more)


def deciding(world: World, outcome: str = "rejected", **more: Any) -> DecideObjection:
    said = {"goal": who("kpi"), "hash": world.goal("kpi").hash, "outcome": outcome, "reason": "I looked at it"}
    return DecideObjection.model_validate(said | more)


def revised(world: World, target: str, by: UUID = HEAD) -> World:
    revision = ProposeRevision(goal=who("kpi"), definition=kpi(target=target), reasons={"target": "A new line"})
    world.when(by, world.plan_ref(), revision)
    return world


def waits(world: World, owner: UUID = STAFF) -> list[tuple[UUID, What]]:
    found = ground_of(owner, world.the_cycle(), world.directory)
    return [(item.person, item.what) for item in plan_waits(world.plan(owner), found, owner, world.plan_ref().stream)]


# --- objecting ---


def test_r4_2_the_owner_objects_with_a_reason_and_a_counter_value() -> None:
    world = assigned().objected("90")
    event = world.last(AssignmentObjected)
    assert (event.path, str(event.counter), event.by, event.decider) == ("target", "90", STAFF, LEAD)
    assert event.answer_by == weekdays(world.now, world.the_cycle().policy.objection_answer)
    assert not world.goal("kpi").agreed


def test_r4_2_other_points_and_the_weight_may_be_objected_to() -> None:
    for path in ("threshold", "stretch", "weight"):
        assert assigned().objected("85", path=path).last(AssignmentObjected).path == path
    with pytest.raises(ValidationError):
        objecting(assigned(), path="title")


def test_r4_2_a_counter_value_differs_from_what_was_assigned() -> None:
    world = assigned()
    refusal = world.refused("revision.nothing_changed", STAFF, world.plan_ref(), objecting(world, counter="100"))
    assert refusal.pointer == "/counter"


def test_r4_2_a_revision_is_objected_to_once() -> None:
    world = assigned().objected()
    world.refused("assignment.objected_already", STAFF, world.plan_ref(), objecting(world))
    world.judged(LEAD, "rejected")
    world.refused("assignment.objected_already", STAFF, world.plan_ref(), objecting(world))


def test_r4_2_a_new_revision_may_be_objected_to_anew_even_with_the_old_content() -> None:
    """Else who assigned it could wear an objection out by revising to and fro."""
    world = revised(revised(assigned().objected(), "110"), "100")
    assert not world.goal("kpi").objected, "the old objection spoke of another revision"
    world.objected()
    assert world.goal("kpi").objected


def test_r4_2_what_was_acknowledged_is_objected_to_no_more() -> None:
    world = assigned().acknowledged()
    world.refused("assignment.received_already", STAFF, world.plan_ref(), objecting(world))


def test_r4_2_who_objected_may_still_acknowledge() -> None:
    world = assigned().objected().acknowledged()
    assert (world.goal("kpi").agreed, world.goal("kpi").objected) == (True, False)
    world.refused("plan.not_allowed", LEAD, world.plan_ref(), deciding(world))


def test_r4_2_what_was_served_may_be_objected_to_until_the_plan_is_submitted() -> None:
    world = World().founded().opened().agreed().assigned().wait(days=10)
    world.perform(world.plan_ref())
    assert world.goal("kpi").receipt == "served"
    world.objected()
    assert not world.goal("kpi").agreed
    world.judged(LEAD, "rejected").advanced(Phase.COMMIT).submitted()
    later = World().founded().opened().agreed().assigned().wait(days=10)
    later.perform(later.plan_ref())
    later.advanced(Phase.COMMIT).submitted()
    later.refused("assignment.submitted", STAFF, later.plan_ref(), objecting(later))


def test_r4_2_only_a_kpi_and_the_revision_seen_is_objected_to() -> None:
    world = assigned().drafted().proposed()
    world.refused("goal.not_assigned", STAFF, world.plan_ref(), objecting(world, "okr"))
    stale = objecting(world)
    revised(world, "110")
    world.refused("goal.stale_hash", STAFF, world.plan_ref(), stale)


# --- while it waits ---


def test_r2_4_an_assignment_that_is_objected_to_is_not_served() -> None:
    world = assigned().objected().wait(days=30)
    assert world.perform(world.plan_ref()) == ["Remind"]
    assert world.perform(world.plan_ref()) == ["Escalate"]
    assert world.agenda(world.plan_ref()).due == ()
    assert world.goal("kpi").receipt is None


def test_r4_2_who_decides_is_reminded_once_and_has_it_in_their_list() -> None:
    world = assigned().objected()
    assert waits(world) == [(LEAD, What.DECIDE_OBJECTION)]
    objection = world.goal("kpi").objection
    assert objection is not None
    assert world.agenda(world.plan_ref()).next_due == objection.due
    world.now = objection.due
    assert world.perform(world.plan_ref()) == ["Remind"]
    assert (world.last(Reminded).about, world.last(Reminded).people) == ("objection", (LEAD,))
    assert world.agenda(world.plan_ref()).due == ()


def test_r4_2_who_assigned_it_may_concede_meanwhile() -> None:
    world = revised(assigned().objected(), "90")
    assert waits(world) == [(STAFF, What.ACKNOWLEDGE)]
    world.refused("plan.not_allowed", LEAD, world.plan_ref(), deciding(world))
    world.acknowledged()


# --- deciding ---


def test_r4_2_an_objection_goes_to_the_assigners_manager_not_to_the_assigner() -> None:
    world = assigned().objected()
    world.refused("objection.own_case", HEAD, world.plan_ref(), deciding(world))
    world.refused("plan.not_allowed", STAFF, world.plan_ref(), deciding(world))
    for actor in (OTHER, *BOARD):
        world.refused("plan.unknown", actor, world.plan_ref(), deciding(world))
    world.judged(LEAD, "rejected")


def test_r4_2_rejected_the_kpi_stands_as_decided() -> None:
    world = assigned().objected()
    before = world.hash()
    world.judged(LEAD, "rejected")
    goal = world.goal("kpi")
    assert (goal.receipt, goal.agreed, world.hash()) == ("decided", True, before)
    assert world.last(ObjectionDecided).outcome == "rejected"
    assert goal.objection is not None
    assert goal.objection.outcome == "rejected"


def test_r4_2_upheld_it_brings_another_revision_that_needs_no_acknowledgement() -> None:
    world = assigned().objected().judged(LEAD, "upheld", definition=EASED)
    goal = world.goal("kpi")
    assert isinstance(goal.definition, Kpi)
    assert (str(goal.definition.target), goal.receipt, goal.agreed, goal.author) == ("90", "decided", True, LEAD)
    proposed = world.last(RevisionProposed)
    assert set(proposed.reasons) == {"threshold", "target", "stretch"}
    assert (proposed.number, world.last(ObjectionDecided).outcome) == (2, "upheld")
    assert world.agenda(world.plan_ref()).due == ()
    stale = AcknowledgeAssignment(goal=who("kpi"), hash=world.last(ObjectionDecided).hash)
    world.refused("goal.stale_hash", STAFF, world.plan_ref(), stale)


def test_r4_2_an_objection_is_upheld_with_a_definition_and_rejected_without() -> None:
    world = assigned().objected()
    for outcome, definition in (("upheld", None), ("rejected", EASED)):
        with pytest.raises(ValidationError, match="upheld with a definition"):
            deciding(world, outcome, definition=definition)
    same = deciding(world, "upheld", definition=kpi())
    world.refused("revision.nothing_changed", LEAD, world.plan_ref(), same)


def test_r4_2_a_decision_names_the_revision_that_was_objected_to() -> None:
    world = assigned().objected()
    world.refused("goal.stale_hash", LEAD, world.plan_ref(), deciding(world, hash="0" * 64))


def test_r4_2_who_wrote_the_present_revision_does_not_decide_either() -> None:
    """A facilitator assigned it and reports to the head, who revised it: both have spoken, and the lead decides."""
    world = World().founded()
    given = {"name": "Q2", "facilitator": OTHER, "period": QUARTER, "participants": (STAFF,)}
    world.when(LEAD, world.cycle_ref, OpenCycle.model_validate(given))
    world.when(OTHER, world.plan_ref(), AssignGoal(cycle=world.cycle, owner=STAFF, goal=who("kpi"), definition=kpi()))
    assert world.objected().last(AssignmentObjected).decider == HEAD
    revised(world, "110").objected()
    assert world.last(AssignmentObjected).decider == LEAD


def test_r4_2_where_the_line_ends_a_board_approver_decides_and_where_nobody_is_left_it_waits() -> None:
    world = World().founded()
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=BOARD[0]))
    world.opened()
    world.when(LEAD, world.plan_ref(), AssignGoal(cycle=world.cycle, owner=STAFF, goal=who("kpi"), definition=kpi()))
    world.objected()
    assert world.last(AssignmentObjected).decider == BOARD[1]
    gone = world.directory.people[BOARD[1]].model_copy(update={"active": False})
    world.states[DIRECTORY] = world.directory.model_copy(update={"people": {**world.directory.people, BOARD[1]: gone}})
    assert waits(world) == [(LEAD, What.NAME_DECIDER)]
    world.when(LEAD, DIRECTORY, AddPerson(person=who("new"), name="New", roles=(Role.BOARD_APPROVER,)))
    world.judged(who("new"), "rejected")


def test_r4_2_the_owner_does_not_decide_even_above_a_facilitator_who_assigned() -> None:
    """The facilitator reports to the owner: whoever comes after the owner in that line decides."""
    world = World().founded()
    given = {"name": "Q2", "facilitator": STAFF, "period": QUARTER, "participants": (HEAD,)}
    world.when(LEAD, world.cycle_ref, OpenCycle.model_validate(given))
    assigning = AssignGoal(cycle=world.cycle, owner=HEAD, goal=who("kpi"), definition=kpi())
    world.when(STAFF, world.plan_ref(HEAD), assigning)
    world.objected(owner=HEAD)
    assert world.last(AssignmentObjected).decider == LEAD


def test_r2_3_an_objection_shuts_the_gate_and_its_decision_opens_it() -> None:
    world = World().founded().opened().agreed().assigned().wait(days=10)
    world.perform(world.plan_ref())
    world.advanced(Phase.NEGOTIATE).objected()
    assert world.failing_checks() == ["acknowledgement"]
    world.judged(LEAD, "rejected")
    assert world.failing_checks() == []
    assert world.last(ObjectionDecided).wakes
    assert world.last(AssignmentObjected).wakes
