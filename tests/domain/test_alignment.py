"""R3.7: goals align to parents by request and answer, in no circle; an orphan states why."""

from __future__ import annotations

from typing import Any

import pytest

from domain.cycle.holding import HoldCycle
from domain.cycle.opening import OpenCycle
from domain.cycle.participation import ExcuseParticipant
from domain.cycle.policy import Policy
from domain.cycle.windows import Phase
from domain.directory.people import DeactivatePerson
from domain.directory.state import DIRECTORY
from domain.plan.alignment import (
    MOST_EDGES,
    AlignmentAccepted,
    AlignmentConfirmed,
    AlignmentRequested,
    RequestAlignment,
)
from domain.plan.alignment_answers import AcceptAlignment, AlignmentDeclined, DeclineAlignment
from domain.plan.dropping import AbandonGoal
from domain.plan.duties import Reminded
from domain.plan.ground import ground_of
from domain.plan.links import End
from domain.plan.seeing import Sight
from domain.plan.signing import PlanSubmitted, SubmitPlan
from domain.sealed import OwnerText
from domain.waiting import What
from tests.support.aligning import (
    accept,
    align,
    aligned,
    asking,
    decline,
    end,
    explain,
    request,
    revise,
    two_plans,
    waits,
)
from tests.support.given import HEAD, LEAD, OTHER, QUARTER, STAFF, TEAM, World, who


def test_r3_7_a_goal_asks_and_the_other_owner_answers() -> None:
    world = two_plans()
    before, signed_bytes = world.hash(), world.goal().hash
    asked: Any = request(world)[0]
    assert (asked.parent, asked.parent_owner) == (end(world, "above", OTHER), OTHER)
    assert world.plan().edges[who("edge")].state == "requested"
    assert [(wait.person, wait.what) for wait in waits(world)] == [(OTHER, What.ANSWER_ALIGNMENT)]
    accept(world, OTHER)
    assert world.plan().edges[who("edge")].state == "accepted"
    assert not waits(world)
    assert (world.hash(), world.goal().hash) == (before, signed_bytes), "no hash covers an alignment"


@pytest.mark.parametrize("phase", [Phase.NEGOTIATE, Phase.COMMIT, Phase.TRACK])
def test_r3_7_an_alignment_voids_no_signature(phase: Phase) -> None:
    world = World().founded().opened(STAFF, OTHER).agreed().agreed(OTHER)
    if phase is not Phase.NEGOTIATE:
        world.advanced(Phase.COMMIT).submitted().submitted(OTHER)
    if phase is Phase.TRACK:
        world.signed().signed(owner=OTHER)
    world.advanced(phase)
    signing = world.plan().signing
    align(world, parent=("okr", OTHER))
    assert world.plan().signing == signing


def test_r3_7_only_the_goals_owner_asks_and_only_the_parents_answers() -> None:
    world = two_plans().proposed().proposed(OTHER, "above", OTHER)
    for actor in (HEAD, LEAD, OTHER):
        with pytest.raises(Exception, match="not_allowed"):
            request(world, actor=actor)
    request(world)
    for actor in (STAFF, HEAD, LEAD):
        with pytest.raises(Exception, match="not_allowed"):
            accept(world, actor)
    with pytest.raises(Exception, match="not_allowed"):
        decline(world, HEAD)
    accept(world, OTHER)


def test_r3_7_whoever_was_asked_for_one_parent_does_not_answer_for_another() -> None:
    world = World().founded().opened(STAFF, OTHER, HEAD).drafted().drafted("above", OTHER).drafted("top", HEAD)
    request(world)
    request(world, edge="to the top", parent=("top", HEAD))
    for answer in (accept, decline):
        with pytest.raises(Exception, match="not_allowed"):
            answer(world, OTHER, "to the top")
        with pytest.raises(Exception, match="not_allowed"):
            answer(world, HEAD)


def test_r3_9_a_teams_lead_answers_for_its_goals() -> None:
    world = World().founded().opened(STAFF, TEAM).drafted().drafted("above", TEAM)
    request(world, parent=("above", TEAM))
    accept(world, OTHER)
    assert world.plan().edges[who("edge")].parent_owner == TEAM


def test_r3_7_between_goals_of_one_person_nobody_is_asked() -> None:
    world = two_plans().drafted("below")
    events = request(world, "below", parent=("okr", STAFF))
    assert [type(event) for event in events] == [AlignmentRequested, AlignmentAccepted]
    lead = World().founded().opened(OTHER, TEAM).drafted("okr", OTHER).drafted("above", TEAM)
    assert len(request(lead, owner=OTHER, parent=("above", TEAM))) == 2, "the lead answers for both"


def test_r3_7_a_goal_has_several_parents_each_once() -> None:
    world = two_plans().drafted("second", OTHER)
    align(world)
    align(world, edge="edge 2", parent=("second", OTHER))
    align(world, edge="edge 3", parent=("above", OTHER, "berths"))
    assert len(world.plan().edges) == 3
    world.refused("alignment.exists", STAFF, world.plan_ref(), asking(world, edge="edge 4"))
    world.refused("alignment.id_taken", STAFF, world.plan_ref(), asking(world, key_result="berths"))


def test_r3_7_key_results_align_to_key_results() -> None:
    world = two_plans()
    align(world, key_result="berths", parent=("above", OTHER, "steps"))
    edge = world.plan().edges[who("edge")]
    assert (edge.key_result, edge.parent.key_result) == (who("berths"), who("steps"))
    error = world.refused(
        "alignment.key_result_unknown", STAFF, world.plan_ref(), asking(world, edge="other", key_result="nothing")
    )
    assert error.pointer == "/key_result"
    nothing = asking(world, edge="other", parent=("above", OTHER, "nothing"))
    world.refused("alignment.parent_unknown", STAFF, world.plan_ref(), nothing)


def test_r3_7_a_kpi_has_no_key_result_and_may_be_child_and_parent() -> None:
    world = two_plans().assigned().assigned("high", OTHER)
    align(world, "kpi", parent=("high", OTHER))
    asked = asking(world, "kpi", edge="other", key_result="berths")
    world.refused("alignment.key_result_unknown", STAFF, world.plan_ref(), asked)


def test_r3_7_the_parent_must_be_there_as_it_was_seen() -> None:
    world = two_plans()
    world.proposed(OTHER, "above", OTHER)
    stale = asking(world)
    revise(world, "Elsewhere", HEAD)
    error = world.refused("alignment.stale_parent", STAFF, world.plan_ref(), stale)
    assert error.pointer == "/parent_hash"
    for plan, goal in ((world.plan_ref(OTHER).stream, "no goal"), (who("no plan"), "okr")):
        nowhere = asking(world).model_copy(update={"parent": End(plan=plan, goal=who(goal))})
        assert world.refused("alignment.parent_unknown", STAFF, world.plan_ref(), nowhere).pointer == "/parent"


def test_r8_a_parent_that_one_may_not_see_is_not_there_unless_one_was_shown_its_hash() -> None:
    world = two_plans().assigned("hidden", OTHER)
    guessed = asking(world, parent=("hidden", OTHER), hash="1" * 64)
    assert world.refused("alignment.parent_unknown", STAFF, world.plan_ref(), guessed).pointer == "/parent"
    request(world, parent=("hidden", OTHER))


def test_r8_whoever_is_asked_sees_the_draft_that_asks() -> None:
    world = two_plans()
    found = ground_of(STAFF, world.the_cycle(), world.directory)
    assert not Sight(OTHER, found, world.plan()).sees(world.goal())
    request(world)
    assert Sight(OTHER, found, world.plan()).sees(world.goal())
    assert not Sight(who("somebody"), found, world.plan()).sees(world.goal())


def test_r3_7_a_parent_lies_in_the_same_cycle() -> None:
    world = two_plans()
    first, world.cycle = world.cycle, who("another cycle")
    world.opened(OTHER).drafted("above", OTHER)
    parent, hash = end(world, "above", OTHER), world.goal("above", OTHER).hash
    world.cycle = first
    asked = RequestAlignment(edge=who("edge"), goal=who("okr"), parent=parent, parent_hash=hash)
    assert world.refused("alignment.other_cycle", STAFF, world.plan_ref(), asked).pointer == "/parent/plan"


def test_r3_7_or_in_the_parent_cycle_but_not_below() -> None:
    world = World(cycle=who("year")).founded().opened(OTHER).drafted("above", OTHER)
    parent, hash = end(world, "above", OTHER), world.goal("above", OTHER).hash
    quarter = OpenCycle(name="Q2", facilitator=LEAD, period=QUARTER, participants=(STAFF,), parent=who("year"))
    world.cycle = who("quarter")
    world.when(LEAD, world.cycle_ref, quarter)
    world.drafted()
    world.when(
        STAFF, world.plan_ref(), RequestAlignment(edge=who("edge"), goal=who("okr"), parent=parent, parent_hash=hash)
    )
    accept(world, OTHER)
    child, hash = end(world, "okr", STAFF), world.goal().hash
    world.cycle = who("year")
    down = RequestAlignment(edge=who("edge"), goal=who("above"), parent=child, parent_hash=hash)
    world.refused("alignment.other_cycle", OTHER, world.plan_ref(OTHER), down)


def test_r3_7_the_answer_names_the_child_that_was_seen() -> None:
    world = two_plans()
    request(world)
    stale = AcceptAlignment(edge=who("edge"), hash=world.goal().hash)
    revise(world, "Something else", STAFF, "okr", STAFF)
    world.refused("goal.stale_hash", OTHER, world.plan_ref(), stale)
    accept(world, OTHER)


def test_r3_7_a_request_may_be_repeated_and_an_answer_too() -> None:
    world = two_plans()
    request(world)
    assert request(world) == []
    assert accept(world, OTHER)
    assert accept(world, OTHER) == []
    assert request(world) == []


def test_r3_7_what_was_declined_may_be_asked_again_and_what_was_withdrawn_is_gone() -> None:
    world = two_plans()
    request(world)
    declined: Any = decline(world, OTHER)[0]
    assert (declined.withdrawn, world.plan().edges[who("edge")].state) == (False, "declined")
    assert decline(world, OTHER) == []
    with pytest.raises(Exception, match=r"alignment\.declined"):
        accept(world, OTHER)
    request(world)
    accept(world, OTHER)
    decline(world, STAFF)
    assert world.last(AlignmentDeclined).withdrawn
    assert not world.plan().edges
    world.refused("alignment.unknown", STAFF, world.plan_ref(), DeclineAlignment(edge=who("edge"), reason="No"))


def test_r3_7_a_goal_has_a_bounded_number_of_alignments() -> None:
    world = two_plans()
    for place in range(MOST_EDGES):
        world.assigned(f"above {place}", OTHER)
        request(world, edge=f"edge {place}", parent=(f"above {place}", OTHER))
    decline(world, OTHER, "edge 0")
    world.refused("alignment.too_many", STAFF, world.plan_ref(), asking(world))
    decline(world, STAFF, "edge 0")
    request(world)


# --- no circles ---


def test_r3_7_a_goal_is_no_parent_of_itself_nor_of_its_key_result() -> None:
    world = two_plans()
    itself, part = asking(world, parent=("okr", STAFF)), asking(world, parent=("okr", STAFF, "berths"))
    for asked in (itself, part):
        assert world.refused("alignment.circle", STAFF, world.plan_ref(), asked).pointer == "/parent"


def test_r3_7_no_circle_by_request_nor_by_answer() -> None:
    world = two_plans()
    align(world)
    back = asking(world, "above", edge="back", parent=("okr", STAFF))
    world.refused("alignment.circle", OTHER, world.plan_ref(OTHER), back)


def test_r3_7_of_two_requests_that_would_close_a_circle_one_is_accepted() -> None:
    world = two_plans()
    request(world)
    request(world, "above", owner=OTHER, edge="back", parent=("okr", STAFF))
    accept(world, OTHER)
    answer = AcceptAlignment(edge=who("back"), hash=world.goal("above", OTHER).hash)
    world.refused("alignment.circle", STAFF, world.plan_ref(OTHER), answer)


def test_r3_7_no_circle_through_other_plans_and_key_results() -> None:
    world = World().founded().opened(STAFF, OTHER, HEAD).drafted().drafted("above", OTHER).drafted("top", HEAD)
    align(world, key_result="berths", parent=("above", OTHER, "steps"))
    align(world, "above", OTHER, edge="up", parent=("top", HEAD, "berths"))
    back = asking(world, "top", edge="back", key_result="steps", parent=("okr", STAFF, "steps"))
    world.refused("alignment.circle", HEAD, world.plan_ref(HEAD), back)
    decline(world, OTHER)
    request(world, "top", owner=HEAD, edge="back", key_result="steps", parent=("okr", STAFF, "steps"))


def test_r3_7_two_ways_up_are_no_circle() -> None:
    world = World().founded().opened(STAFF, OTHER, HEAD).drafted().drafted("above", OTHER).drafted("top", HEAD)
    align(world)
    align(world, "above", OTHER, edge="up", parent=("top", HEAD))
    align(world, edge="straight", parent=("top", HEAD))
    assert len(world.plan().edges) == 2


# --- in time ---


def test_r3_7_an_unanswered_request_is_reminded_once() -> None:
    world = two_plans()
    request(world)
    due = world.plan().edges[who("edge")].due
    world.now = due
    ours = [duty for duty in world.agenda(world.plan_ref()).due if duty.key.startswith("Remind:alignment")]
    assert len(ours) == 1
    world.perform(world.plan_ref())
    told: Reminded = world.last(Reminded)
    assert (told.about, told.people, told.edge) == ("alignment", (OTHER,), who("edge"))
    assert not world.agenda(world.plan_ref()).due
    assert waits(world)[0].due == due


def test_r3_7_requests_of_one_goal_wait_and_are_reminded_each() -> None:
    world = two_plans().drafted("second", OTHER)
    request(world)
    request(world, edge="edge 2", parent=("second", OTHER))
    assert len({wait.key for wait in waits(world)}) == 2
    world.wait(days=10)
    assert world.perform(world.plan_ref()) == ["Remind", "Remind"]
    assert not world.agenda(world.plan_ref()).due


def test_r2_6_nothing_is_owed_while_the_cycle_is_held() -> None:
    world = aligned()
    revise(world, "Elsewhere")
    world.when(LEAD, world.cycle_ref, HoldCycle(reason="A strike"))
    assert not world.agenda(world.plan_ref()).due


def test_r2_6_nothing_is_owed_on_alignments_of_somebody_excused() -> None:
    world = two_plans()
    align(world)
    revise(world, "Elsewhere")
    assert world.agenda(world.plan_ref()).due
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=STAFF, reason="On leave"))
    assert not world.agenda(world.plan_ref()).due
    assert not waits(world)


def test_who_has_left_answers_no_request() -> None:
    world = two_plans()
    request(world)
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=OTHER))
    world.refused(
        "plan.not_allowed", OTHER, world.plan_ref(), AcceptAlignment(edge=who("edge"), hash=world.goal().hash)
    )


# --- the parent's change ---


def test_r3_7_a_parents_change_asks_the_child_for_a_look_and_changes_no_hash_of_it() -> None:
    world = two_plans()
    align(world)
    before = world.hash()
    assert not world.agenda(world.plan_ref()).due
    revise(world, "Elsewhere")
    assert world.perform(world.plan_ref()) == ["Remind"]
    assert not world.agenda(world.plan_ref()).due
    wait = next(wait for wait in waits(world) if wait.what is What.LOOK_AT_PARENT)
    assert (wait.person, wait.goal, wait.hash) == (STAFF, who("okr"), world.goal("above", OTHER).hash)
    assert world.hash() == before


def test_r3_7_the_child_says_that_it_still_fits() -> None:
    world = aligned()
    revise(world, "Elsewhere")
    world.perform(world.plan_ref())
    assert isinstance(request(world)[0], AlignmentConfirmed)
    assert not waits(world)
    assert not world.agenda(world.plan_ref()).due
    assert request(world) == []


def test_r3_7_or_it_is_revised_by_its_owner() -> None:
    world = aligned().proposed()
    revise(world, "Elsewhere")
    world.perform(world.plan_ref())
    revise(world, "As the counterpart would have it", HEAD, "okr", STAFF)
    assert any(wait.what is What.LOOK_AT_PARENT for wait in waits(world)), "that was not the owner's look"
    revise(world, "As the parent has it", STAFF, "okr", STAFF)
    assert not any(wait.what is What.LOOK_AT_PARENT for wait in waits(world))
    assert not world.agenda(world.plan_ref()).due


def test_r3_7_or_it_is_withdrawn() -> None:
    world = aligned()
    revise(world, "Elsewhere")
    world.perform(world.plan_ref())
    decline(world, STAFF)
    assert not waits(world)
    assert not world.agenda(world.plan_ref()).due


def test_r3_7_each_change_of_the_parent_is_told_once_and_one_taken_back_asks_nothing() -> None:
    world = aligned()
    first = world.goal("above", OTHER).definition.title
    keys, looks = [], []
    for actor, title in ((OTHER, OwnerText("Elsewhere")), (HEAD, first), (OTHER, OwnerText("Elsewhere"))):
        world.proposed(actor, "above", OTHER, title=title)
        keys += [duty.key for duty in world.agenda(world.plan_ref()).due]
        world.perform(world.plan_ref())
        assert not world.agenda(world.plan_ref()).due
        looks.append(any(wait.what is What.LOOK_AT_PARENT for wait in waits(world)))
    assert len(set(keys)) == 3, "the same duty would never be performed twice"
    assert looks == [True, False, True]


def test_r3_7_a_change_before_the_answer_is_told_after_it() -> None:
    world = two_plans()
    request(world)
    revise(world, "Elsewhere")
    assert not world.agenda(world.plan_ref()).due
    accept(world, OTHER)
    assert world.perform(world.plan_ref()) == ["Remind"]


def test_r3_7_a_key_result_that_is_gone_leaves_its_child_without_parent() -> None:
    world = two_plans()
    align(world, parent=("above", OTHER, "berths"))
    kept = world.goal("above", OTHER).definition.key_results[1:]  # type: ignore[union-attr]
    world.proposed(OTHER, "above", OTHER, key_results=kept)
    world.perform(world.plan_ref())
    assert world.plan().edges[who("edge")].dropped
    wait = next(wait for wait in waits(world) if wait.what is What.LOOK_AT_PARENT)
    assert wait.hash is None
    gone = asking(world, hash=world.goal("above", OTHER).hash, parent=("above", OTHER, "berths"))
    world.refused("alignment.parent_unknown", STAFF, world.plan_ref(), gone)
    assert not world.agenda(world.plan_ref()).due


def test_r3_7_an_abandoned_parent_asks_for_a_look_and_an_abandoned_child_takes_its_alignments_along() -> None:
    world = aligned()
    abandon = AbandonGoal(goal=who("above"), hash=world.goal("above", OTHER).hash, reason="No longer")
    world.when(OTHER, world.plan_ref(OTHER), abandon)
    assert world.perform(world.plan_ref()) == ["Remind"]
    edge = world.plan().edges[who("edge")]
    assert (edge.dropped, edge.moved_to) == (True, None)
    assert not world.agenda(world.plan_ref()).due
    world.when(STAFF, world.plan_ref(), AbandonGoal(goal=who("okr"), hash=world.goal().hash, reason="No longer"))
    assert not world.plan().edges
    assert not waits(world)


def test_r3_9_a_parent_that_was_transferred_is_followed_under_the_same_alignment() -> None:
    """As TransferGoal leaves it: the one plan says where the goal went, the other has it."""
    world = World().founded().opened(STAFF, OTHER, HEAD).drafted().drafted("above", OTHER).drafted("above", HEAD)
    align(world)
    left = world.plan(OTHER).without_goal(who("above"), world.plan_ref(HEAD).stream)
    world.states[world.plan_ref(OTHER)] = left
    assert world.perform(world.plan_ref()) == ["Remind"]
    edge = world.plan().edges[who("edge")]
    assert (edge.dropped, edge.moved_to) == (True, world.plan_ref(HEAD).stream)
    assert not world.agenda(world.plan_ref()).due
    request(world, parent=("above", HEAD))
    accept(world, HEAD)
    (edge,) = world.plan().edges.values()
    assert (edge.parent.plan, edge.dropped, edge.moved_to) == (world.plan_ref(HEAD).stream, False, None)
    assert not world.agenda(world.plan_ref()).due


def test_r3_7_only_accepted_parents_are_watched() -> None:
    world = two_plans()
    request(world)
    decline(world, OTHER)
    revise(world, "Elsewhere")
    assert not world.agenda(world.plan_ref()).due


# --- orphans ---


def submitted(world: World) -> PlanSubmitted:
    world.when(STAFF, world.plan_ref(), SubmitPlan(hash=world.hash()))
    found: PlanSubmitted = world.last(PlanSubmitted)
    return found


def test_r3_7_an_orphan_states_why_or_carries_a_finding() -> None:
    assert "lint.orphan" in submitted(World().in_commit()).findings
    world = World().in_commit()
    explain(world)
    assert explain(world) == []
    assert "lint.orphan" not in submitted(world).findings
    assert world.goal().orphan is not None


def test_r3_7_an_orphan_without_reason_is_refused_where_the_policy_binds() -> None:
    policy = Policy(orphan_reason_required=True)
    world = World().founded().opened(policy=policy).agreed().assigned().acknowledged().advanced(Phase.COMMIT)
    world.refused("plan.orphan", STAFF, world.plan_ref(), SubmitPlan(hash=world.hash()))
    explain(world)
    submitted(world)


def test_r3_7_who_asks_for_a_parent_is_no_orphan_until_it_is_declined() -> None:
    world = World().founded().opened(STAFF, OTHER, policy=Policy(orphan_reason_required=True))
    world.agreed().agreed(OTHER).advanced(Phase.COMMIT)
    request(world, parent=("okr", OTHER))
    decline(world, OTHER)
    world.refused("plan.orphan", STAFF, world.plan_ref(), SubmitPlan(hash=world.hash()))
    request(world, parent=("okr", OTHER))
    submitted(world)


def test_r3_7_a_goal_with_a_parent_is_no_orphan() -> None:
    world = two_plans()
    explain(world)
    align(world)
    assert world.goal().orphan is None
    with pytest.raises(Exception, match="not_orphan"):
        explain(world)


@pytest.mark.parametrize(
    ("left_out", "pointer"),
    [({"edge"}, "/edge"), ({"parent_hash"}, "/parent_hash"), ({"edge", "parent", "parent_hash"}, "/reason")],
)
def test_r3_7_a_request_is_whole(left_out: set[str], pointer: str) -> None:
    world = two_plans()
    asked = asking(world).model_copy(update=dict.fromkeys(left_out))
    assert world.refused("alignment.incomplete", STAFF, world.plan_ref(), asked).pointer == pointer
