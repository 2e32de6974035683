"""Chains by person, role and relation; any, all and some of them; beside and after each other (R5.2 - R5.5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from domain.cycle.opening import OpenCycle
from domain.cycle.policy import ApprovalStep, Policy
from domain.cycle.windows import Phase
from domain.directory.delegation import Delegate, EndDelegation
from domain.directory.lines import SetManager
from domain.directory.people import AddPerson, ChangePerson, DeactivatePerson
from domain.directory.roles import GrantRole, RevokeRole
from domain.directory.state import DIRECTORY, Role
from domain.plan.approvers import approvers, step_for
from domain.plan.chain import can_be_filled, open_steps
from domain.plan.duties import Escalated, Reminded
from domain.plan.rerouting import Rerouted
from domain.plan.sending_back import RejectPlan, SignatureWithdrawn, WithdrawSignature
from domain.plan.signatures import Signing
from domain.plan.signing import PlanSigned, PlanSubmitted, SignPlan, SubmitPlan
from domain.values import SYSTEM
from domain.waiting import plan_waits
from tests.support.given import BOARD, HEAD, LEAD, OTHER, QUARTER, STAFF, TEAM, World, who

A, B, C = who("a"), who("b"), who("c")
"""Three people of finance."""
MANAGER: dict[str, Any] = {"relation": "manager"}


def chained(*steps: dict[str, Any], **policy: Any) -> World:
    """An agreed plan in commit, of a cycle with this chain; three people are of finance."""
    world = World().founded()
    for person in (A, B, C):
        world.when(LEAD, DIRECTORY, AddPerson(person=person, name="Finance", roles=(Role.FINANCE,)))
    chain = tuple(ApprovalStep.model_validate(step) for step in steps)
    world.opened(policy=Policy(chain=chain, **policy)).drafted().proposed()
    return world.accepted(min(world.ground(STAFF).counterpart)).advanced(Phase.COMMIT)


def signing(world: World) -> Signing:
    found = world.plan().signing
    assert found is not None
    return found


def asked(world: World) -> set[UUID]:
    return set(approvers(world.ground(STAFF), signing(world)))


def delegated(world: World, person: UUID, to: UUID, name: str = "leave") -> World:
    """From now on somebody signs for somebody."""
    ends = world.now + timedelta(days=60)
    world.when(person, DIRECTORY, Delegate(delegation=who(name), person=person, to=to, ends=ends))
    return world


def refused(world: World, code: str, *people: UUID) -> None:
    for person in people:
        world.refused(code, person, world.plan_ref(), SignPlan(hash=world.hash()))


# --- R5.2: whom a step names ---


def test_r5_2_a_step_names_its_approvers_by_person_role_or_relation_and_by_one_of_them() -> None:
    for wrong in ({}, {"relation": "manager", "role": "finance"}, MANAGER | {"needed": 0}, MANAGER | {"needed": True}):
        with pytest.raises(ValidationError):
            ApprovalStep.model_validate(wrong)
    world = chained({"person": OTHER}, {"role": "finance"}, MANAGER).submitted()
    assert list(world.ground(STAFF).steps) == [{OTHER}, {A, B, C}, {HEAD}]
    world.signed(OTHER, B, HEAD)
    assert [(one.signer, one.via) for one in signing(world).signatures] == [
        (OTHER, "person"),
        (B, "role"),
        (HEAD, "relation"),
    ]
    assert world.plan().signed


def test_r5_2_functional_manager_hr_and_finance_are_those_of_the_owners_unit() -> None:
    world = World().founded()
    for person, role in ((A, Role.UNIT_HR), (B, Role.FINANCE), (C, Role.FINANCE)):
        world.when(LEAD, DIRECTORY, AddPerson(person=person, name="Somebody"))
        world.when(LEAD, DIRECTORY, GrantRole(person=person, role=role, team=TEAM if person != C else None))
    world.when(LEAD, DIRECTORY, ChangePerson(person=STAFF, team=TEAM))
    world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=OTHER, line="functional"))
    chain = tuple(ApprovalStep(relation=one) for one in ("functional_manager", "unit_hr", "finance"))
    world.opened(policy=Policy(chain=chain))
    assert list(world.ground(STAFF).steps) == [{OTHER}, {A}, {B, C}]


def test_r5_2_where_nobody_is_found_the_step_is_whose_it_is_otherwise() -> None:
    world = chained({"relation": "functional_manager"}, {"person": B, "otherwise": "finance"})
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=B))
    assert list(world.ground(STAFF).steps) == [set(BOARD), {A, C}]


# --- R5.2: how many ---


def test_r5_2_all_of_a_step_sign_it() -> None:
    world = chained({"role": "finance", "needed": "all"}, MANAGER).submitted().signed(B, A)
    assert not signing(world).done
    assert asked(world) == {C}
    refused(world, "signing.signed_already", A)
    refused(world, "signing.not_approver", HEAD)
    assert world.last(PlanSigned).step_complete is False
    world.signed(C)
    assert asked(world) == {HEAD}
    world.signed(HEAD)
    assert world.plan().signed


def test_r5_2_some_of_a_step_are_enough() -> None:
    world = chained({"role": "finance", "needed": 2}).submitted().signed(C)
    assert not world.plan().signed
    world.signed(A)
    assert world.plan().signed
    refused(world, "signing.complete", B)


@pytest.mark.parametrize(
    ("steps", "opens"),
    [
        ([{"role": "finance", "needed": 3}], True),
        ([{"role": "finance", "needed": 4}], False),
        ([{"role": "finance", "needed": 2}, {"role": "finance"}], True),
        ([{"role": "finance", "needed": "all"}, {"role": "finance"}], False),
        ([{"role": "finance"}, {"person": A}, {"role": "finance", "needed": 2}], False),
        ([{"role": "finance"}, {"person": A}, {"role": "finance"}], True),
    ],
)
def test_r5_2_a_cycle_opens_only_where_each_step_finds_its_people_and_nobody_signs_twice(
    steps: list[dict[str, Any]], opens: bool
) -> None:
    if opens:
        chained(*steps)
        return
    world = World().founded()
    for person in (A, B, C):
        world.when(LEAD, DIRECTORY, AddPerson(person=person, name="Finance", roles=(Role.FINANCE,)))
    opening = {
        "name": "Q2",
        "facilitator": LEAD,
        "period": QUARTER,
        "participants": (STAFF,),
        "policy": {"chain": steps},
    }
    world.refused("cycle.no_approver", LEAD, world.cycle_ref, OpenCycle.model_validate(opening))


def test_people_are_found_for_all_steps_where_there_is_any_way() -> None:
    assert can_be_filled([({A, B}, 1), ({A}, 1)])
    assert can_be_filled([({A, B}, 1), ({B, C}, 1), ({A}, 1)])
    assert not can_be_filled([({A, B}, 2), ({B}, 1)])
    assert can_be_filled([])


# --- R5.2: beside and after each other ---


def test_r5_2_steps_beside_each_other_are_asked_together_in_any_order() -> None:
    finance = {"role": "finance", "beside": True}
    world = chained(MANAGER, finance, {"relation": "managers_manager"}).submitted()
    assert asked(world) == {HEAD, A, B, C}
    assert [one.step for one in world.last(PlanSubmitted).asks] == [0, 1]
    world.signed(B)
    assert (asked(world), set(signing(world).done)) == ({HEAD}, {1})
    refused(world, "signing.not_approver", LEAD, A)
    world.signed(HEAD)
    assert asked(world) == {LEAD}
    world.signed(LEAD)
    assert world.plan().signed


def test_which_steps_are_open() -> None:
    chain = chained(MANAGER, {"role": "finance", "beside": True}, {"role": "board_approver"}).ground(STAFF).chain
    assert [open_steps(chain, done) for done in ((), {0}, {1}, {0, 1}, {0, 1, 2})] == [(0, 1), (1,), (0,), (2,), ()]


def test_r5_4_who_is_in_two_steps_signs_the_one_that_leaves_the_other_its_people() -> None:
    world = chained({"role": "finance"}, {"person": A, "beside": True}).submitted()
    place = step_for(world.ground(STAFF), signing(world), A)
    assert place is not None
    assert place[0] == 1
    world.signed(A, C)
    assert world.plan().signed


def test_r5_6_each_open_step_has_a_patience_of_its_own() -> None:
    world = chained(MANAGER, {"role": "finance", "beside": True}).submitted()
    first = signing(world)
    world.wait(days=1).signed(HEAD)
    assert signing(world).waits[1] == first.waits[1], "another step's signature is no answer of this one"
    world.now = first.remind_at
    assert world.perform(world.plan_ref()) == ["Remind"]
    assert (world.last(Reminded).step, set(world.last(Reminded).people)) == (1, {A, B, C})
    world.now = first.escalate_at
    assert world.perform(world.plan_ref()) == ["Escalate"]
    assert (world.last(Escalated).step, world.last(Escalated).to) == (1, min(BOARD))
    world.signed(min(BOARD))
    assert signing(world).signatures[-1].via == "escalation"
    assert world.plan().signed


def test_r5_6_an_escalation_passes_over_who_has_signed() -> None:
    world = chained({"role": "board_approver"}, MANAGER).submitted().signed(min(BOARD))
    to = []
    for _ in range(2):
        world.now = signing(world).escalate_at
        while "Escalate" not in world.perform(world.plan_ref()):
            pass
        to.append(world.last(Escalated).to)
    assert to == [LEAD, max(BOARD)]


def test_r5_6_the_inbox_tells_each_approver_the_patience_of_their_own_step() -> None:
    world = chained(MANAGER, {"role": "finance", "beside": True}).submitted()
    world.now = signing(world).escalate_at
    for duty in world.agenda(world.plan_ref()).due:
        if getattr(duty.command, "step", None) is None:
            world.when(SYSTEM, world.plan_ref(), duty.command)
    waits = plan_waits(world.plan(), world.ground(STAFF), STAFF, world.plan_ref().stream)
    since = {wait.person: wait.since for wait in waits}
    assert since[HEAD] == since[LEAD] == signing(world).waits[0].since
    assert since[A] == signing(world).waits[1].since < since[HEAD]


def test_r5_6_two_steps_that_opened_together_remind_and_escalate_apart() -> None:
    world = chained(MANAGER, {"role": "finance", "beside": True}).submitted()
    world.now = signing(world).remind_at
    assert world.perform(world.plan_ref()) == ["Remind", "Remind"]
    assert world.perform(world.plan_ref()) == []
    world.now = signing(world).escalate_at
    assert world.perform(world.plan_ref()) == ["Escalate", "Escalate"]
    assert {step: wait.escalated_to for step, wait in signing(world).waits.items()} == {0: (LEAD,), 1: (min(BOARD),)}


# --- R5.3: withdraw ---


def withdrawal(world: World) -> WithdrawSignature:
    return WithdrawSignature(hash=world.hash(), reason="A second look")


def test_r5_3_a_signature_is_withdrawn_before_the_last_and_later_ones_fall_with_it() -> None:
    world = chained(MANAGER, {"relation": "managers_manager"}, {"role": "finance"}).submitted().signed(HEAD, LEAD)
    world.refused("signing.not_signed", A, world.plan_ref(), withdrawal(world))
    world.refused("signing.stale_hash", HEAD, world.plan_ref(), WithdrawSignature(hash="0" * 64, reason="r"))
    world.when(HEAD, world.plan_ref(), withdrawal(world))
    assert world.last(SignatureWithdrawn).signers == (HEAD, LEAD)
    assert [(one.signature.signer, one.reason, one.by) for one in world.plan().voided] == [
        (HEAD, "withdrawn", HEAD),
        (LEAD, "withdrawn", HEAD),
    ]
    assert asked(world) == {HEAD}
    world.signed(HEAD, LEAD, A)
    assert world.plan().signed
    world.refused("signing.complete", HEAD, world.plan_ref(), withdrawal(world))


def test_r5_3_what_was_signed_beside_a_withdrawn_signature_stays() -> None:
    world = chained(
        {"role": "finance", "needed": 2}, MANAGER | {"beside": True}, {"role": "board_approver"}
    ).submitted()
    waits = signing(world).waits
    world.signed(A, HEAD)
    world.when(A, world.plan_ref(), withdrawal(world))
    assert [one.signer for one in signing(world).signatures] == [HEAD]
    assert signing(world).waits[0] == waits[0], "the step was open all the time"
    world.signed(B, C)
    assert asked(world) == set(BOARD)
    world.when(HEAD, world.plan_ref(), withdrawal(world))
    assert asked(world) == {HEAD}
    assert set(signing(world).waits) == {1}
    world.signed(HEAD, BOARD[0])
    assert world.plan().signed


def test_r5_3_a_decision_says_what_it_means_and_by_which_way_it_came() -> None:
    world = World().in_commit().submitted().signed()
    for given in signing(world).signatures:
        assert (given.meaning, given.via, given.on_behalf_of) == ("approves_plan", "relation", None)
        assert given.version > 0


# --- R5.3: acceptance as a step ---


def test_r5_3_accepting_the_final_hash_signs_ones_step_where_the_policy_says_so() -> None:
    world = chained(MANAGER, {"relation": "managers_manager"}, acceptance_signs=True).submitted()
    signed = world.last(PlanSigned)
    assert (signed.signer, signed.step, signed.via, signed.meaning) == (
        HEAD,
        0,
        "acceptance",
        "accepted_in_negotiation",
    )
    assert asked(world) == {LEAD}
    world.signed(LEAD)
    assert world.plan().signed


def test_r5_3_an_acceptance_never_signs_the_last_step_nor_for_who_did_not_accept_everything() -> None:
    assert not signing(chained(MANAGER, acceptance_signs=True).submitted()).signatures
    assert not signing(chained(MANAGER, {"role": "finance"}).submitted()).signatures
    world = chained(MANAGER, {"relation": "managers_manager"}, acceptance_signs=True)
    world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=OTHER))
    assert not signing(world.submitted()).signatures, "the successor inherits no acceptance"


def test_r4_the_counterpart_is_the_manager_wherever_the_chain_asks_them() -> None:
    assert chained({"role": "finance"}, MANAGER).ground(STAFF).counterpart == {HEAD}
    assert chained({"role": "finance"}, {"person": OTHER}).ground(STAFF).counterpart == {A, B, C}


# --- R5.5: delegation, successors ---


def test_r5_5_a_delegate_signs_what_is_waiting_and_for_whom_stays_visible() -> None:
    world = delegated(World().in_commit().submitted(), HEAD, OTHER)
    assert asked(world) == {HEAD, OTHER}
    world.signed(OTHER)
    signed = world.last(PlanSigned)
    assert (signed.signer, signed.on_behalf_of, signed.via, signed.allowed_by) == (
        OTHER,
        HEAD,
        "delegate",
        "plan.delegate",
    )
    refused(world, "signing.not_approver", HEAD)
    world.signed(LEAD)
    assert world.plan().signed


def test_r5_5_a_delegate_rejects_on_behalf_too() -> None:
    world = delegated(World().in_commit().submitted(), HEAD, OTHER)
    (rejected, *_) = world.when(OTHER, world.plan_ref(), RejectPlan(hash=world.hash(), reason="No"))
    assert (rejected.approver, rejected.on_behalf_of) == (OTHER, HEAD)  # type: ignore[attr-defined]


def test_r5_5_a_delegation_that_ends_asks_the_delegate_no_more() -> None:
    world = delegated(World().in_commit().submitted(), HEAD, OTHER)
    world.when(HEAD, DIRECTORY, EndDelegation(delegation=who("leave")))
    assert asked(world) == {HEAD}
    refused(world, "signing.not_approver", OTHER)


def test_r5_5_delegates_of_delegates_are_not_followed() -> None:
    world = delegated(delegated(World().in_commit().submitted(), HEAD, OTHER), OTHER, BOARD[0], "second")
    assert asked(world) == {HEAD, OTHER}


def test_r5_5_a_change_re_routes_what_is_waiting_and_says_so() -> None:
    world = World().in_commit().submitted()
    before = signing(world)
    world.wait(days=1)
    delegated(world, HEAD, OTHER)
    assert world.perform(world.plan_ref()) == ["Reroute"]
    told = world.last(Rerouted)
    assert (set(told.from_people), set(told.to_people)) == ({HEAD}, {HEAD, OTHER})
    assert signing(world).remind_at == told.remind_at > before.remind_at
    assert world.perform(world.plan_ref()) == []
    world.when(HEAD, DIRECTORY, EndDelegation(delegation=who("leave")))
    assert world.perform(world.plan_ref()) == ["Reroute"]
    assert world.last(Rerouted).remind_at is None, "nobody is newly asked"
    assert signing(world).remind_at == told.remind_at


def test_r5_5_who_newly_may_sign_has_the_whole_patience_after_a_reminder_too() -> None:
    world = World().in_commit().submitted()
    world.now = signing(world).remind_at
    assert world.perform(world.plan_ref()) == ["Remind"]
    world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=OTHER))
    assert world.perform(world.plan_ref()) == ["Reroute"]
    world.now = signing(world).remind_at
    assert world.perform(world.plan_ref()) == ["Remind"]
    assert world.last(Reminded).people == (OTHER,)


def test_r5_5_a_signature_re_routes_nothing() -> None:
    world = chained({"role": "finance", "needed": "all"}, MANAGER).submitted().signed(A)
    assert world.perform(world.plan_ref()) == []


def test_r5_5_a_successor_inherits_no_signature() -> None:
    world = chained({"role": "finance", "needed": "all"}, MANAGER).submitted().signed(A)
    world.when(LEAD, DIRECTORY, RevokeRole(person=A, role=Role.FINANCE))
    world.when(LEAD, DIRECTORY, GrantRole(person=OTHER, role=Role.FINANCE))
    world.signed(B, C)
    assert not signing(world).done, "the successor has not signed"
    world.signed(OTHER)
    assert set(signing(world).done) == {0}


def test_r5_5_a_step_that_is_signed_through_stays_so_whoever_comes() -> None:
    world = World().in_commit().submitted().signed(HEAD)
    world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=OTHER))
    assert set(signing(world).done) == {0}


def test_r5_4_a_step_that_lost_its_last_signer_is_pending_and_goes_up_at_once() -> None:
    world = chained({"role": "finance", "needed": "all"}).submitted().signed(A, B)
    world.when(LEAD, DIRECTORY, RevokeRole(person=C, role=Role.FINANCE))
    assert not world.plan().signed, "silence signs nothing"
    assert world.perform(world.plan_ref()) == ["Escalate", "Reroute"]
    world.signed(world.last(Escalated).to)
    assert world.plan().signed


def test_submitting_while_signatures_wait_is_refused() -> None:
    world = chained({"role": "finance", "needed": 2}).submitted().signed(A)
    world.refused("signing.already_submitted", STAFF, world.plan_ref(), SubmitPlan(hash=world.hash()))
