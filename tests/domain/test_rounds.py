"""Rounds and turns: one side proposes, the other answers, three times at most (R4.1, R4.3)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.cycle.policy import preset
from domain.cycle.windows import Phase
from domain.plan.drafting import AssignGoal, DraftGoal
from domain.plan.negotiation import ProposeRevision, RevisionProposed
from domain.plan.signing import SubmitPlan
from domain.plan.talks import Side
from domain.plan.withdrawing import RevisionWithdrawn, WithdrawRevision
from tests.support.calendars import weekdays
from tests.support.given import HEAD, LEAD, STAFF, World, increase, kpi, milestones, okr, who


def on_the_table() -> World:
    return World().founded().opened().drafted().proposed()


def retitled(title: str) -> dict[str, Any]:
    return {"title": okr(title=title).title}


def revision(title: str = "Another") -> ProposeRevision:
    return ProposeRevision(goal=who("okr"), definition=okr(title=title))


def withdrawing(world: World, name: str = "okr") -> WithdrawRevision:
    return WithdrawRevision(goal=who(name), hash=world.goal(name).hash)


# --- turns ---


def test_r4_1_one_side_does_not_propose_twice_running() -> None:
    world = on_the_table()
    refusal = world.refused("negotiation.not_your_turn", STAFF, world.plan_ref(), revision())
    assert refusal.pointer == "/goal"
    world.proposed(HEAD, **retitled("One"))
    world.refused("negotiation.not_your_turn", HEAD, world.plan_ref(), revision())
    world.proposed(STAFF, **retitled("Two"))


def test_r4_1_before_a_proposal_and_after_agreement_either_side_begins() -> None:
    mine = World().founded().opened()
    mine.when(HEAD, mine.plan_ref(), DraftGoal(cycle=mine.cycle, owner=STAFF, goal=who("okr"), definition=okr()))
    mine.proposed(HEAD)
    agreed = on_the_table().accepted()
    agreed.proposed(STAFF, **retitled("One"))
    on_the_table().accepted().proposed(HEAD, **retitled("One"))


def test_r4_1_who_assigned_a_kpi_may_revise_it_again_and_again() -> None:
    world = World().founded().opened().assigned()
    for target in ("101", "102", "103", "104"):
        revised = ProposeRevision(goal=who("kpi"), definition=kpi(target=target), reasons={"target": "More"})
        world.when(HEAD, world.plan_ref(), revised)
    assert world.last(RevisionProposed).mediate_by is None


# --- rounds ---


def test_r4_3_after_three_rounds_only_acceptance_or_mediation_is_left() -> None:
    world = on_the_table().proposed(HEAD, **retitled("One")).proposed(STAFF, **retitled("Two"))
    refusal = world.refused("negotiation.rounds_spent", HEAD, world.plan_ref(), revision("Three"))
    assert (refusal.pointer, refusal.params) == ("/definition", {"most": 3})
    world.accepted(HEAD)
    assert world.goal().agreed


def test_r4_3_how_many_rounds_is_a_policy_value() -> None:
    world = World().founded().opened(policy=preset("formal").model_copy(update={"rounds_most": 1}))
    world.drafted().proposed()
    world.refused("negotiation.rounds_spent", HEAD, world.plan_ref(), revision())


def test_r4_3_rounds_are_counted_since_the_last_agreement() -> None:
    world = on_the_table().proposed(HEAD, **retitled("One")).proposed(STAFF, **retitled("Two")).accepted(HEAD)
    world.proposed(STAFF, **retitled("Three"))
    assert (world.goal().rounds, world.goal().round) == (1, 4)
    world.proposed(HEAD, **retitled("Four")).proposed(STAFF, **retitled("Five"))
    world.refused("negotiation.rounds_spent", HEAD, world.plan_ref(), revision("Six"))


def test_r4_3_a_proposal_says_when_it_goes_to_the_mediator() -> None:
    world = on_the_table()
    proposed, policy = world.last(RevisionProposed), world.the_cycle().policy
    assert proposed.answer_by == weekdays(world.now, policy.turn)
    assert proposed.mediate_by == weekdays(proposed.answer_by, policy.mediation_after)
    assert world.goal().mediate_at == proposed.mediate_by
    assert world.accepted().goal().mediate_at is None


# --- withdrawing ---


def test_r4_1_a_withdrawn_counter_leaves_what_stood_before_it() -> None:
    world = on_the_table()
    first = world.goal()
    world.proposed(HEAD, **retitled("One")).wait(days=1).withdrawn(HEAD)
    goal = world.goal()
    assert (goal.hash, goal.number, goal.author, goal.accepted) == (first.hash, 1, STAFF, frozenset({Side.OWNER}))
    assert goal.definition == first.definition
    assert goal.turn is Side.COUNTERPART
    assert world.accepted(HEAD).goal().agreed


def test_r4_1_a_withdrawn_first_proposal_is_a_draft_again() -> None:
    world = on_the_table().withdrawn()
    assert (world.goal().turn, world.goal().accepted) == (None, frozenset())
    world.refused("negotiation.not_proposed", STAFF, world.plan_ref(), withdrawing(world))
    world.proposed()  # the very draft
    assert (world.goal().number, world.goal().round) == (1, 2)


def test_r4_1_a_draft_taken_back_is_redrafted_without_reasons() -> None:
    world = on_the_table().withdrawn()
    eased = okr(key_results=(increase(target="12"), milestones()))
    world.when(STAFF, world.plan_ref(), ProposeRevision(goal=who("okr"), definition=eased))


def test_r4_1_one_number_never_stands_for_two_revisions() -> None:
    world = on_the_table().proposed(HEAD, **retitled("One"))
    assert world.goal().number == 2
    world.withdrawn(HEAD).proposed(HEAD, **retitled("Two"))
    assert (world.goal().number, world.goal().round) == (3, 3)


def test_r4_3_a_withdrawn_round_stays_spent() -> None:
    world = on_the_table().proposed(HEAD, **retitled("One")).withdrawn(HEAD).proposed(HEAD, **retitled("Two"))
    world.refused("negotiation.rounds_spent", STAFF, world.plan_ref(), revision("Three"))


def test_r4_1_what_stands_again_waits_anew() -> None:
    world = on_the_table()
    first = world.goal()
    world.proposed(HEAD, **retitled("One")).wait(days=9).withdrawn(HEAD)
    goal, policy = world.goal(), world.the_cycle().policy
    assert goal.turn_due == weekdays(world.now, policy.turn) != first.turn_due
    assert goal.turn_due is not None
    assert goal.mediate_at == weekdays(goal.turn_due, policy.mediation_after)
    assert (goal.turn_since, goal.turn_reminded) == (world.plan().version, False)
    assert world.agenda(world.plan_ref()).due == ()


def test_r4_1_only_the_side_that_proposed_withdraws() -> None:
    world = on_the_table()
    refusal = world.refused("revision.not_yours", HEAD, world.plan_ref(), withdrawing(world))
    assert refusal.pointer == "/hash"
    world.refused("plan.not_allowed", LEAD, world.plan_ref(), withdrawing(world))


def test_r4_1_an_accepted_revision_is_not_withdrawn() -> None:
    world = on_the_table().accepted()
    for actor in (STAFF, HEAD):
        world.refused("revision.answered", actor, world.plan_ref(), withdrawing(world))


def test_r4_1_a_revision_is_withdrawn_once_and_not_the_one_before_it() -> None:
    world = on_the_table().accepted().proposed(HEAD, **retitled("One")).withdrawn(HEAD)
    assert world.goal().agreed
    world.refused("revision.answered", HEAD, world.plan_ref(), withdrawing(world))


def test_r4_1_who_withdraws_names_what_was_seen() -> None:
    world = on_the_table()
    stale = withdrawing(world)
    world.proposed(HEAD, **retitled("One"))
    world.refused("goal.stale_hash", HEAD, world.plan_ref(), stale)


def test_r4_2_an_assignment_is_not_withdrawn() -> None:
    world = World().founded().opened().assigned()
    world.refused("assignment.not_negotiated", HEAD, world.plan_ref(), withdrawing(world, "kpi"))


def test_r5_1_withdrawing_brings_no_signature_back() -> None:
    world = World().in_commit().submitted().signed(HEAD)
    before = world.hash()
    world.proposed(HEAD, **retitled("One")).withdrawn(HEAD)
    assert (world.hash(), world.plan().signing) == (before, None)
    assert world.failing_checks() == ["signature"]
    world.submitted().signed()
    assert world.plan().signed


@pytest.mark.parametrize("actor", [STAFF, HEAD])
def test_r2_3_a_withdrawal_opens_the_gate_that_its_proposal_shut(actor: UUID) -> None:
    world = on_the_table().accepted().advanced(Phase.NEGOTIATE)
    world.proposed(actor, **retitled("One"))
    assert world.failing_checks() == ["agreement"]
    world.withdrawn(actor)
    assert world.failing_checks() == []
    assert world.last(RevisionWithdrawn).wakes, "the cycle watches for it"


def test_r4_1_a_plan_is_not_submitted_with_a_round_open() -> None:
    world = World().in_commit().proposed(HEAD, **retitled("One"))
    world.refused("plan.not_agreed", STAFF, world.plan_ref(), SubmitPlan(hash=world.hash()))


def test_an_assignment_begins_no_round() -> None:
    world = World().founded().opened()
    assigning = AssignGoal(cycle=world.cycle, owner=STAFF, goal=who("kpi"), definition=kpi())
    world.when(HEAD, world.plan_ref(), assigning)
    assert (world.goal("kpi").rounds, world.goal("kpi").turn) == (0, None)
