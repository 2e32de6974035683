"""Mediation: silence, spent rounds or a request bring somebody above both sides; they impose or return (R4.3)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from domain.cycle.policy import preset
from domain.cycle.windows import Phase
from domain.directory.lines import SetManager
from domain.directory.people import AddPerson, DeactivatePerson
from domain.directory.state import DIRECTORY
from domain.goals import Ambition
from domain.plan.comments import CommentOnRevision
from domain.plan.duties import Reminded
from domain.plan.ground import ground_of
from domain.plan.mediation import DecideMediation, MediationDecided, MediationOpened, RequestMediation, RevisionImposed
from domain.plan.negotiation import AcceptRevision, ProposeRevision, RevisionAccepted
from domain.plan.signing import SignPlan
from domain.plan.talks import Side
from domain.plan.withdrawing import WithdrawRevision
from domain.waiting import What, plan_waits
from tests.support.calendars import weekdays
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, World, increase, kpi, milestones, okr, who

COMMITTED = okr(ambition=Ambition.COMMITTED)
TARGET = f"key_results.{who('berths')}.target"


def on_the_table() -> World:
    return World().founded().opened().drafted().proposed()


def retitled(title: str) -> dict[str, Any]:
    return {"title": okr(title=title).title}


def asking(world: World, name: str = "okr") -> RequestMediation:
    return RequestMediation(goal=who(name), hash=world.goal(name).hash, reason="Stuck")


def deciding(world: World, outcome: str = "impose", **more: Any) -> DecideMediation:
    said = {"goal": who("okr"), "hash": world.goal().hash, "outcome": outcome, "reason": "I heard both"}
    return DecideMediation.model_validate(said | more)


def imposed() -> World:
    return on_the_table().mediated().decided(LEAD, "impose", definition=COMMITTED)


def waits(world: World) -> list[tuple[UUID, What]]:
    found = ground_of(STAFF, world.the_cycle(), world.directory)
    return [(item.person, item.what) for item in plan_waits(world.plan(), found, STAFF, world.plan_ref().stream)]


# --- how it begins ---


def test_r4_3_a_silent_turn_is_reminded_and_then_goes_to_the_next_manager() -> None:
    world = on_the_table()
    goal = world.goal()
    assert goal.turn_due is not None
    assert goal.mediate_at is not None
    world.now = goal.turn_due
    assert world.perform(world.plan_ref()) == ["Remind"]
    assert world.agenda(world.plan_ref()).next_due == goal.mediate_at
    world.now = goal.mediate_at
    assert world.perform(world.plan_ref()) == ["Escalate"]
    opened = world.last(MediationOpened)
    assert (opened.mediator, opened.cause, opened.since) == (LEAD, "silence", goal.turn_since)
    assert (opened.hash, opened.reason) == (goal.hash, None)
    assert world.agenda(world.plan_ref()).due == ()


def test_r4_3_a_late_worker_reminds_and_calls_the_mediator_after_all() -> None:
    world = on_the_table().wait(days=30)
    assert world.perform(world.plan_ref()) == ["Remind"]
    assert world.perform(world.plan_ref()) == ["Escalate"]


def test_r4_3_three_rounds_without_agreement_are_a_cause_of_their_own() -> None:
    world = on_the_table().proposed(HEAD, **retitled("One")).proposed(STAFF, **retitled("Two"))
    assert world.mediated(HEAD).last(MediationOpened).cause == "rounds"
    silent = on_the_table().proposed(HEAD, **retitled("One")).proposed(STAFF, **retitled("Two")).wait(days=30)
    silent.perform(silent.plan_ref())
    silent.perform(silent.plan_ref())
    assert silent.last(MediationOpened).cause == "rounds"


@pytest.mark.parametrize("side", [STAFF, HEAD])
def test_r4_3_either_side_asks_for_mediation_from_the_first_round_on(side: UUID) -> None:
    world = on_the_table().mediated(side)
    opened = world.last(MediationOpened)
    assert (opened.mediator, opened.cause) == (LEAD, "requested")
    assert opened.answer_by == weekdays(world.now, world.the_cycle().policy.turn)
    assert world.goal().mediation is not None


def test_r4_3_there_must_be_something_to_mediate() -> None:
    world = World().founded().opened().drafted().assigned()
    world.refused("negotiation.not_proposed", STAFF, world.plan_ref(), asking(world))
    world.refused("assignment.not_negotiated", STAFF, world.plan_ref(), asking(world, "kpi"))
    world.proposed()
    stale = asking(world)
    world.proposed(HEAD, **retitled("One"))
    world.refused("goal.stale_hash", STAFF, world.plan_ref(), stale)
    world.mediated()
    world.refused("negotiation.in_mediation", HEAD, world.plan_ref(), asking(world))
    world.accepted(STAFF)
    world.refused("mediation.agreed", STAFF, world.plan_ref(), asking(world))


# --- while it is open ---


def test_r4_3_while_a_mediator_is_asked_the_revision_stays_as_it_is() -> None:
    world = on_the_table().mediated(HEAD)
    revision = ProposeRevision(goal=who("okr"), definition=okr(title="Another"))
    for actor in (HEAD, LEAD):
        world.refused("negotiation.in_mediation", actor, world.plan_ref(), revision)
    withdrawing = WithdrawRevision(goal=who("okr"), hash=world.goal().hash)
    world.refused("negotiation.in_mediation", STAFF, world.plan_ref(), withdrawing)
    question = CommentOnRevision(goal=who("okr"), hash=world.goal().hash, comment=who("c"), text="Why?", asks=True)
    world.refused("negotiation.in_mediation", HEAD, world.plan_ref(), question)
    world.commented(LEAD)  # the mediator may speak, and so may they


def test_r4_3_an_answer_to_an_earlier_question_moves_no_turn_in_mediation() -> None:
    world = on_the_table().commented(asks=True).mediated(HEAD)
    world.resolved(STAFF, answer="So")
    assert world.goal().turn is Side.OWNER
    assert world.goal().mediation is not None


def test_r4_3_the_sides_may_still_agree_and_end_it() -> None:
    world = on_the_table().mediated().accepted(HEAD)
    assert (world.goal().agreed, world.goal().mediation, world.goal().imposed) == (True, None, None)
    world.refused("plan.not_allowed", LEAD, world.plan_ref(), deciding(world))


def test_r4_3_a_mediator_who_lets_it_wait_is_reminded() -> None:
    world = on_the_table().mediated()
    mediation = world.goal().mediation
    assert mediation is not None
    world.now = mediation.due
    assert world.perform(world.plan_ref()) == ["Remind"]
    told = world.last(Reminded)
    assert (told.about, told.people, told.since) == ("mediation", (LEAD,), mediation.since)
    assert world.agenda(world.plan_ref()).due == ()


def test_r4_3_the_mediator_is_asked_and_no_side_is() -> None:
    world = on_the_table()
    assert waits(world) == [(HEAD, What.ANSWER)]
    assert waits(world.mediated()) == [(LEAD, What.MEDIATE)]


# --- who mediates ---


def test_r4_3_no_side_mediates_and_neither_does_anybody_else() -> None:
    world = on_the_table().mediated()
    for actor in (STAFF, HEAD, OTHER, *BOARD):
        world.refused("plan.not_allowed", actor, world.plan_ref(), deciding(world))


def test_r4_3_where_the_line_ends_a_board_approver_mediates() -> None:
    world = World().founded().opened(HEAD).drafted(owner=HEAD).proposed(HEAD, owner=HEAD).mediated(HEAD, owner=HEAD)
    assert world.last(MediationOpened).mediator == min(BOARD)


def test_r4_3_a_mediator_who_leaves_is_passed_over() -> None:
    world = World().founded()
    world.when(LEAD, DIRECTORY, AddPerson(person=who("top"), name="Top"))
    world.when(LEAD, DIRECTORY, SetManager(person=LEAD, manager=who("top")))
    world.opened().drafted().proposed().mediated()
    gone = world.directory.people[LEAD].model_copy(update={"active": False})
    world.states[DIRECTORY] = world.directory.model_copy(update={"people": {**world.directory.people, LEAD: gone}})
    assert waits(world) == [(who("top"), What.MEDIATE)]
    world.decided(who("top"), "return")


def test_r4_3_a_mediator_who_comes_to_be_the_counterpart_is_passed_over() -> None:
    world = on_the_table().mediated()
    world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=LEAD))
    world.refused("plan.not_allowed", LEAD, world.plan_ref(), deciding(world))
    assert waits(world) == [(min(BOARD), What.MEDIATE)]


def test_r4_3_where_nobody_is_left_it_waits_and_the_facilitator_is_told() -> None:
    world = World().founded()
    for person in BOARD:
        world.when(LEAD, DIRECTORY, DeactivatePerson(person=person))
    world.opened(HEAD, policy=preset("light"))
    world.drafted(owner=HEAD).proposed(HEAD, owner=HEAD).mediated(HEAD, owner=HEAD)
    assert world.last(MediationOpened).mediator is None
    found = ground_of(HEAD, world.the_cycle(), world.directory)
    items = list(plan_waits(world.plan(HEAD), found, HEAD, world.plan_ref(HEAD).stream))
    assert [(item.person, item.what) for item in items] == [(LEAD, What.NAME_DECIDER)]
    world.when(LEAD, DIRECTORY, AddPerson(person=who("new"), name="New", roles=("board_approver",)))
    world.decided(who("new"), "return", owner=HEAD)


# --- how it ends ---


def test_r4_3_an_imposed_committed_okr_is_agreed_and_marked() -> None:
    world = imposed()
    goal = world.goal()
    assert (goal.agreed, goal.imposed, goal.author) == (True, goal.hash, LEAD)
    assert (goal.turn, goal.mediation, goal.mediate_at, goal.accepted) == (None, None, None, frozenset())
    event = world.last(RevisionImposed)
    assert [(change.path, change.after) for change in event.changes] == [("ambition", "committed")]
    assert set(event.reasons) == {"ambition"}
    assert (event.number, event.by) == (2, LEAD)
    assert world.agenda(world.plan_ref()).due == ()
    world.advanced(Phase.COMMIT).submitted().signed(HEAD)
    # Nobody else has agreed to any of it: the mediator does not sign what is all their own (R5.4).
    world.refused("signing.sole_author", LEAD, world.plan_ref(), SignPlan(hash=world.hash()))


def test_r4_3_the_mark_changes_no_hash() -> None:
    world = World().founded().opened().drafted(definition=COMMITTED).proposed()
    before = world.hash()
    world.mediated().decided(LEAD, "impose")
    assert (world.hash(), world.goal().number, world.goal().imposed) == (before, 1, world.goal().hash)


def test_r4_3_nobody_imposes_an_aspirational_okr() -> None:
    world = on_the_table().mediated()
    refusal = world.refused("mediation.aspirational", LEAD, world.plan_ref(), deciding(world))
    assert refusal.pointer == "/outcome"
    aspired = deciding(world, definition=okr(title="Mine"))
    assert world.refused("mediation.aspirational", LEAD, world.plan_ref(), aspired).pointer == "/definition/ambition"


def test_r4_3_what_is_imposed_keeps_to_the_rules_of_a_revision() -> None:
    scoring = preset("formal").scoring.model_copy(update={"weight_most": Decimal(60)})
    policy = preset("formal").model_copy(update={"scoring": scoring})
    world = World().founded().opened(policy=policy).drafted(definition=okr("60")).proposed().mediated()
    heavy = deciding(world, definition=okr("61", ambition=Ambition.COMMITTED))
    world.refused("goal.weight_out_of_bounds", LEAD, world.plan_ref(), heavy)
    world.refused("goal.kind_changed", LEAD, world.plan_ref(), deciding(world, definition=kpi("60")))


def test_r4_3_a_mediator_decides_on_the_revision_that_was_seen() -> None:
    world = on_the_table().mediated()
    world.refused("goal.stale_hash", LEAD, world.plan_ref(), deciding(world, "return", hash="0" * 64))


def test_r4_3_what_is_imposed_settles_the_comments_that_block() -> None:
    world = on_the_table().commented(HEAD, blocking=True).commented(STAFF, comment="other")
    world.mediated().decided(LEAD, "impose", definition=COMMITTED).advanced(Phase.COMMIT).submitted()
    comments = world.goal().comments
    assert (comments[who("comment")].resolved_by, comments[who("other")].resolved_by) == (LEAD, None)


def test_r4_3_an_owner_does_not_revise_what_was_imposed_and_the_others_do() -> None:
    world = imposed()
    revision = ProposeRevision(goal=who("okr"), definition=okr(title="Another", ambition=Ambition.COMMITTED))
    world.refused("negotiation.imposed", STAFF, world.plan_ref(), revision)
    world.refused("plan.not_allowed", OTHER, world.plan_ref(), revision)
    world.when(HEAD, world.plan_ref(), revision)
    assert (world.goal().imposed, world.goal().agreed, world.goal().rounds) == (None, False, 1)
    world.accepted(STAFF)
    assert world.goal().agreed
    other = imposed()
    other.when(LEAD, other.plan_ref(), revision)
    assert other.goal().turn is Side.OWNER


def test_r4_3_a_revision_of_what_was_imposed_needs_its_reasons_and_can_be_withdrawn() -> None:
    world = imposed()
    mark = world.goal().imposed
    eased = okr(ambition=Ambition.COMMITTED, key_results=(increase(target="12"), milestones()))
    bare = ProposeRevision(goal=who("okr"), definition=eased)
    world.refused("revision.reason_missing", HEAD, world.plan_ref(), bare)
    world.proposed(HEAD, **retitled("Another")).withdrawn(HEAD)
    assert (world.goal().imposed, world.goal().agreed) == (mark, True)


def test_r4_3_going_back_to_the_imposed_content_is_no_imposing() -> None:
    world = imposed()
    content = world.goal().definition
    world.proposed(HEAD, **retitled("Another"))
    world.when(STAFF, world.plan_ref(), ProposeRevision(goal=who("okr"), definition=content))
    assert not world.goal().agreed


def test_r4_3_what_was_imposed_may_be_accepted_and_keeps_its_mark() -> None:
    """A raise in an amendment needs its owner's acceptance, however it came about (R5.7)."""
    world = imposed().accepted(STAFF)
    accept = AcceptRevision(goal=who("okr"), hash=world.goal().hash)
    assert world.last(RevisionAccepted).agreed
    assert (world.goal().imposed, world.goal().accepted) == (world.goal().hash, frozenset({Side.OWNER}))
    assert world.when(STAFF, world.plan_ref(), accept) == []


def test_r4_3_what_was_imposed_is_nobody_s_to_withdraw() -> None:
    world = imposed()
    withdrawing = WithdrawRevision(goal=who("okr"), hash=world.goal().hash)
    world.refused("revision.answered", STAFF, world.plan_ref(), withdrawing)


def test_r4_3_returned_it_has_one_more_round_which_the_owner_begins() -> None:
    world = on_the_table().proposed(HEAD, **retitled("One")).proposed(STAFF, **retitled("Two")).mediated(HEAD)
    world.wait(days=1).decided(LEAD, "return")
    goal = world.goal()
    decided = world.last(MediationDecided)
    assert (goal.turn, goal.rounds, goal.mediation, goal.before) == (Side.OWNER, 2, None, None)
    assert goal.turn_due == decided.answer_by == weekdays(world.now, world.the_cycle().policy.turn)
    assert (goal.mediate_at, goal.turn_since) == (decided.mediate_by, world.plan().version)
    world.proposed(STAFF, **retitled("Three"))
    revision = ProposeRevision(goal=who("okr"), definition=okr(title="Four"))
    world.refused("negotiation.rounds_spent", HEAD, world.plan_ref(), revision)
    world.wait(days=30).perform(world.plan_ref())
    world.perform(world.plan_ref())
    assert world.last(MediationOpened).cause == "rounds"


def test_r4_3_a_goal_is_returned_as_it_is() -> None:
    with pytest.raises(ValidationError, match="returned as it is"):
        deciding(on_the_table().mediated(), "return", definition=COMMITTED)


def test_r2_3_what_is_imposed_opens_the_gate() -> None:
    world = on_the_table().advanced(Phase.NEGOTIATE).mediated()
    assert world.failing_checks() == ["agreement"]
    world.decided(LEAD, "impose", definition=COMMITTED)
    assert world.failing_checks() == []
    assert world.last(RevisionImposed).wakes, "the cycle watches for it"
