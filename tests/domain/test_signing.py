"""Signing the plan's content hash (R3.4, R5)."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from domain.cycle.opening import OpenCycle
from domain.cycle.participation import EnrolParticipant
from domain.cycle.policy import preset
from domain.cycle.windows import Phase
from domain.directory.lines import SetManager
from domain.directory.people import DeactivatePerson
from domain.directory.roles import GrantRole, RevokeRole
from domain.directory.state import DIRECTORY, Role
from domain.messages import Command
from domain.plan.diff import Change, changed
from domain.plan.ground import Ground, ground_of
from domain.plan.negotiation import ProposeRevision
from domain.plan.sending_back import RecallPlan, RejectPlan, RequestChanges
from domain.plan.signing import PlanSigned, PlanSubmitted, SignPlan, SubmitPlan, approvers
from domain.plan.talks import Side
from domain.plan.voiding import SignaturesVoided
from domain.waiting import What, plan_waits
from tests.support.given import (
    BOARD,
    HEAD,
    LEAD,
    OTHER,
    QUARTER,
    STAFF,
    TEAM,
    World,
    increase,
    kpi,
    milestones,
    okr,
    who,
)


def ground(world: World, owner: UUID = STAFF) -> Ground:
    return ground_of(owner, world.the_cycle(), world.directory)


def weighted(*weights: str) -> World:
    """A plan of OKRs with these weights, agreed, in commit."""
    world = World().founded().opened()
    for place, weight in enumerate(weights):
        world.drafted(f"okr {place}", definition=okr(weight)).proposed(name=f"okr {place}").accepted(
            name=f"okr {place}"
        )
    return world.advanced(Phase.COMMIT)


def test_r3_4_weights_of_each_instrument_total_exactly_100() -> None:
    world = weighted("33.33", "33.33", "33.33")
    refusal = world.refused("plan.weights", STAFF, world.plan_ref(), SubmitPlan(hash=world.hash()))
    assert refusal.params == {"kind": "OKR", "total": "99.99"}
    weighted("33.33", "33.33", "33.34").submitted()


def test_r3_4_kpis_and_okrs_each_total_100() -> None:
    world = World().founded().opened().agreed().assigned().acknowledged().advanced(Phase.COMMIT).submitted()
    assert world.plan().signing is not None
    world = World().founded().opened().agreed().assigned(definition=kpi("99")).acknowledged().advanced(Phase.COMMIT)
    refusal = world.refused("plan.weights", STAFF, world.plan_ref(), SubmitPlan(hash=world.hash()))
    assert refusal.params == {"kind": "KPI", "total": "99"}


def test_only_the_owner_submits_an_agreed_plan_in_commit() -> None:
    world = World().founded().opened().agreed()
    world.refused("phase.wrong", STAFF, world.plan_ref(), SubmitPlan(hash=world.hash()))
    world.advanced(Phase.COMMIT)
    world.refused("plan.not_allowed", HEAD, world.plan_ref(), SubmitPlan(hash=world.hash()))
    world.refused("signing.stale_hash", STAFF, world.plan_ref(), SubmitPlan(hash="0" * 64))
    world.submitted()
    world.refused("signing.already_submitted", STAFF, world.plan_ref(), SubmitPlan(hash=world.hash()))


def test_a_plan_with_an_open_negotiation_is_not_submitted() -> None:
    world = World().in_commit().proposed(title=okr(title="Once more").title)
    refusal = world.refused("plan.not_agreed", STAFF, world.plan_ref(), SubmitPlan(hash=world.hash()))
    assert refusal.params == {"goal": str(who("okr"))}


def test_r1_2_an_okr_states_its_approach_where_the_policy_asks() -> None:
    world = World().founded().opened()
    world.drafted(definition=okr(approach=None)).proposed().accepted().advanced(Phase.COMMIT)
    world.refused("goal.approach_missing", STAFF, world.plan_ref(), SubmitPlan(hash=world.hash()))


def test_r5_1_the_plans_hash_covers_goals_and_scoring_rules_in_any_order() -> None:
    one, two = World().founded().opened(), World().founded().opened()
    one.drafted("a", definition=okr("60")).drafted("b", definition=okr("40"))
    two.drafted("b", definition=okr("40")).drafted("a", definition=okr("60"))
    assert one.hash() == two.hash()
    assert one.plan().content_hash("other rules") != one.hash()


def test_r5_3_each_step_signs_exactly_the_present_hash() -> None:
    world = World().in_commit().submitted()
    world.refused("signing.stale_hash", HEAD, world.plan_ref(), SignPlan(hash="0" * 64))
    world.refused("signing.not_approver", LEAD, world.plan_ref(), SignPlan(hash=world.hash()))
    world.refused("signing.not_approver", OTHER, world.plan_ref(), SignPlan(hash=world.hash()))
    world.signed(HEAD)
    assert not world.last(PlanSigned).complete
    world.signed(LEAD)
    assert world.last(PlanSigned).complete
    assert world.plan().signed
    assert {item.hash for item in world.plan().signing.signatures} == {world.hash()}  # type: ignore[union-attr]
    world.refused("signing.complete", HEAD, world.plan_ref(), SignPlan(hash=world.hash()))


def test_r5_4_nobody_signs_their_own_plan_not_even_through_a_team_they_lead() -> None:
    world = World().in_commit().submitted()
    world.refused("signing.own_plan", STAFF, world.plan_ref(), SignPlan(hash=world.hash()))
    team = World().founded().opened(TEAM).agreed(TEAM).advanced(Phase.COMMIT).submitted(TEAM)
    team.refused("signing.own_plan", OTHER, team.plan_ref(TEAM), SignPlan(hash=team.hash(TEAM)))


def test_r5_4_a_person_counts_once_in_a_chain() -> None:
    """The lead has nobody above: both steps are the board's, and two different members sign."""
    world = World().founded().opened(LEAD)
    world.drafted(owner=LEAD).proposed(LEAD, owner=LEAD).accepted(BOARD[0], owner=LEAD)
    world.advanced(Phase.COMMIT).submitted(LEAD).signed(BOARD[0], owner=LEAD)
    world.refused("signing.signed_already", BOARD[0], world.plan_ref(LEAD), SignPlan(hash=world.hash(LEAD)))
    world.signed(BOARD[1], owner=LEAD)
    assert world.plan(LEAD).signed


def test_r5_1_a_change_after_a_signature_voids_it_at_once_and_keeps_the_reason() -> None:
    world = World().in_commit().submitted().signed(HEAD)
    signed = world.hash()
    world.proposed(title=okr(title="Another").title)
    voided = world.last(SignaturesVoided)
    assert (voided.hash, voided.reason, voided.goal, voided.signers, voided.by) == (
        signed,
        "goal_changed",
        who("okr"),
        (HEAD,),
        STAFF,
    )
    assert (voided.side, voided.changed) == (Side.OWNER, ("words",))
    assert world.plan().signing is None
    assert [item.reason for item in world.plan().voided] == ["goal_changed"]
    world.refused("signing.stale_hash", LEAD, world.plan_ref(), SignPlan(hash=signed))
    world.refused("signing.not_submitted", LEAD, world.plan_ref(), SignPlan(hash=world.hash()))
    world.accepted().submitted().signed()
    assert world.plan().signed


def test_r5_1_who_signed_is_told_what_was_changed_after_and_by_which_side_the_weightiest_first() -> None:
    world = World().in_commit().submitted().signed(HEAD)
    eased = okr("90", title="Another", key_results=(increase(target="12"), milestones()))
    reasons = {"weight": "Room", f"key_results.{who('berths')}.target": "The yard is shut"}
    world.when(STAFF, world.plan_ref(), ProposeRevision(goal=who("okr"), definition=eased, reasons=reasons))
    (voided,) = world.plan().voided
    assert (voided.side, voided.changed) == (Side.OWNER, ("target", "weight", "words"))
    world.proposed(HEAD, weight=Decimal(100), reasons={"weight": "All of it"}).accepted(STAFF).submitted()
    (wait,) = plan_waits(world.plan(), world.ground(), STAFF, world.plan_ref().stream)
    assert (wait.what, wait.changes, wait.by_side) == (What.SIGN_AGAIN, voided.changed, Side.OWNER)


@pytest.mark.parametrize(
    ("path", "what"),
    [
        (f"key_results.{who('berths')}", "measure"),
        (f"key_results.{who('steps')}.milestones.{who('one')}", "measure"),
        (f"key_results.{who('berths')}.baseline", "target"),
        ("stretch_pays", "target"),
        ("ambition", "kind"),
        ("weight", "weight"),
        (f"key_results.{who('berths')}.due", "date"),
        ("approach", "words"),
    ],
)
def test_r5_1_what_a_change_is_a_change_of(path: str, what: str) -> None:
    assert changed([Change(path=path)]) == (what,)


def test_r5_1_adding_a_goal_voids_signatures_too() -> None:
    world = World().in_commit().submitted().signed(HEAD).drafted("another")
    assert world.last(SignaturesVoided).reason == "goal_added"
    world = World().in_commit().submitted().signed(HEAD).assigned()
    assert world.last(SignaturesVoided).reason == "goal_added"


def test_a_proposal_that_changes_nothing_keeps_the_signatures() -> None:
    world = World().in_commit().submitted().signed(HEAD)
    from domain.plan.negotiation import ProposeRevision

    same = ProposeRevision(goal=who("okr"), definition=okr(key_results=(increase(), milestones())))
    world.refused("revision.nothing_changed", STAFF, world.plan_ref(), same)
    assert world.plan().signing is not None


def test_r5_3_rejecting_and_requesting_changes_send_the_plan_back() -> None:
    for command, reason in (
        (RejectPlan(hash="0" * 64, reason="Too easy"), "rejected"),
        (RequestChanges(hash="0" * 64, goals=(who("okr"),), reason="See the target"), "changes_requested"),
    ):
        world = World().in_commit().submitted().signed(HEAD)
        world.refused("signing.stale_hash", LEAD, world.plan_ref(), command)
        seen: Command = command.model_copy(update={"hash": world.hash()})
        world.refused("signing.own_plan", STAFF, world.plan_ref(), seen)
        world.when(LEAD, world.plan_ref(), seen)
        assert world.last(SignaturesVoided).reason == reason
        assert world.last(SignaturesVoided).signers == (HEAD,)
        world.submitted().signed()
    unknown = RequestChanges(hash=World().in_commit().hash(), goals=(who("nothing"),), reason="r")
    world = World().in_commit().submitted()
    world.refused("goal.unknown", HEAD, world.plan_ref(), unknown)


def test_r5_3_the_owner_recalls_a_plan_before_the_last_signature() -> None:
    recall = RecallPlan(reason="A typing error")
    world = World().in_commit()
    world.refused("signing.not_submitted", STAFF, world.plan_ref(), recall)
    world.submitted().signed(HEAD)
    world.refused("plan.not_allowed", HEAD, world.plan_ref(), recall)
    world.when(STAFF, world.plan_ref(), recall)
    assert world.last(SignaturesVoided).reason == "recalled"
    world.submitted().signed()
    world.refused("signing.complete", STAFF, world.plan_ref(), recall)


def test_r5_5_a_new_manager_is_asked_about_what_is_open() -> None:
    world = World().in_commit().submitted()
    world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=LEAD))
    world.refused("signing.not_approver", HEAD, world.plan_ref(), SignPlan(hash=world.hash()))
    world.signed(LEAD, BOARD[0])
    assert world.plan().signed


def test_an_approver_who_has_left_is_passed_over() -> None:
    world = World().in_commit().submitted()
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=HEAD))
    assert ground(world).steps == (frozenset({LEAD}), frozenset(BOARD))
    world.signed(LEAD, BOARD[1])


def test_r5_4_a_step_with_nobody_left_to_ask_is_pending_never_approved() -> None:
    world = World().in_commit().submitted().signed(HEAD)
    for person in BOARD:
        world.when(LEAD, DIRECTORY, DeactivatePerson(person=person))
    world.when(LEAD, DIRECTORY, SetManager(person=HEAD, manager=None))
    signing = world.plan().signing
    assert signing is not None
    assert approvers(ground(world), signing) == frozenset()
    assert not world.plan().signed


@pytest.mark.parametrize("count", [1, 6])
def test_r3_5_few_or_many_objectives_are_a_finding_of_the_submission(count: int) -> None:
    shares = {1: ["100"], 6: ["16.67", "16.67", "16.67", "16.67", "16.67", "16.65"]}[count]
    world = weighted(*shares).submitted()
    expected = "lint.few_objectives" if count == 1 else "lint.many_objectives"
    assert world.last(PlanSubmitted).findings == (expected, "lint.orphan")


def test_r5_4_whoever_signed_for_another_does_not_sign_their_own_step_too() -> None:
    """An escalated signer who is also the next step's only approver counts once: the board signs the next one."""
    world = World().in_commit().submitted()
    signing = world.plan().signing
    assert signing is not None
    world.now = signing.escalate_at
    while world.perform(world.plan_ref()):
        pass
    world.signed(LEAD)
    world.refused("signing.signed_already", LEAD, world.plan_ref(), SignPlan(hash=world.hash()))
    world.refused("signing.not_approver", HEAD, world.plan_ref(), SignPlan(hash=world.hash()))
    assert not world.plan().signed


def test_r5_1_taking_part_of_a_revision_back_does_not_bring_a_signature_back() -> None:
    world = World().in_commit().submitted().signed(HEAD)
    before, title = world.hash(), world.goal().definition.title
    world.proposed(title=okr(title="Another").title).proposed(HEAD, title=title)
    assert world.hash() == before, "unchanged content has its old hash"
    assert world.plan().signing is None
    world.refused("signing.not_submitted", HEAD, world.plan_ref(), SignPlan(hash=before))


def test_r5_1_a_signed_plan_is_voided_too_and_blocks_its_phase() -> None:
    world = World().in_commit().submitted().signed()
    world.proposed(title=okr(title="Another").title)
    assert world.last(SignaturesVoided).signers == (HEAD, LEAD)
    assert world.failing_checks() == ["signature"]
    assert [(item.signature.signer, item.reason) for item in world.plan().voided] == [
        (HEAD, "goal_changed"),
        (LEAD, "goal_changed"),
    ]


def test_a_plan_without_goals_is_not_submitted() -> None:
    world = World().in_commit()
    world.when(LEAD, world.cycle_ref, EnrolParticipant(owner=OTHER, reason="A transfer"))
    world.refused("plan.unknown", OTHER, world.plan_ref(OTHER), SubmitPlan(hash="0" * 64))


def test_r3_9_a_teams_plan_is_submitted_by_its_lead_and_signed_above_the_lead() -> None:
    world = World().founded().opened(TEAM).agreed(TEAM).advanced(Phase.COMMIT)
    world.refused("plan.not_allowed", STAFF, world.plan_ref(TEAM), SubmitPlan(hash=world.hash(TEAM)))
    world.submitted(TEAM).signed(HEAD, LEAD, owner=TEAM)
    assert world.plan(TEAM).signed


@pytest.mark.parametrize("actor", [STAFF, OTHER, LEAD, BOARD[0]])
def test_r5_3_only_who_may_sign_may_reject_or_ask_for_changes(actor: UUID) -> None:
    world = World().in_commit().submitted()
    code = "signing.own_plan" if actor == STAFF else "signing.not_approver"
    world.refused(code, actor, world.plan_ref(), RejectPlan(hash=world.hash(), reason="No"))
    asked = RequestChanges(hash=world.hash(), goals=(who("okr"),), reason="No")
    world.refused(code, actor, world.plan_ref(), asked)


def test_r1_2_a_light_cycle_signs_in_one_step_and_asks_for_no_approach() -> None:
    world = World().founded().opened(policy=preset("light")).drafted(definition=okr(approach=None)).proposed()
    world.accepted().advanced(Phase.COMMIT).submitted().signed(HEAD)
    assert world.last(PlanSigned).complete
    world.advanced(Phase.TRACK)


def test_r5_4_an_owner_who_is_a_board_approver_does_not_sign_for_the_board() -> None:
    world = World().founded()
    world.when(LEAD, DIRECTORY, GrantRole(person=LEAD, role=Role.BOARD_APPROVER))
    world.opened(LEAD)
    assert ground(world, LEAD).steps == (frozenset(BOARD), frozenset(BOARD))


def test_r5_4_a_board_approver_in_the_line_signs_there_and_not_again_for_the_board() -> None:
    """The head's line is the lead alone: who signs first as manager does not stand in for the level above too."""
    world = World().founded()
    world.when(LEAD, DIRECTORY, GrantRole(person=LEAD, role=Role.BOARD_APPROVER))
    world.opened(HEAD)
    assert ground(world, HEAD).steps == (frozenset({LEAD}), frozenset(BOARD))


def test_r5_2_a_cycle_does_not_open_where_one_person_would_have_to_sign_twice() -> None:
    world = World().founded()
    for person in BOARD:
        world.when(LEAD, DIRECTORY, RevokeRole(person=person, role=Role.BOARD_APPROVER))
    opening = {"name": "Q2", "facilitator": LEAD, "period": QUARTER}
    command = OpenCycle.model_validate(opening | {"participants": (HEAD,)})
    world.refused("cycle.no_approver", LEAD, world.cycle_ref, command)
    world.when(LEAD, world.cycle_ref, OpenCycle.model_validate(opening | {"participants": (STAFF,)}))
