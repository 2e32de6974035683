"""Passing over a gate or a frozen rule: by two people, once, and for everybody to see (R2.5)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from domain.cycle.amending import AmendCycle
from domain.cycle.blockers import Blocker
from domain.cycle.bypass import BypassConfirmed, BypassRequested, ConfirmBypass, RequestBypass
from domain.cycle.closing import AdvancePhase, ClosingReleased, FinishClosing, PhaseClosed, PhaseClosing
from domain.cycle.exceptions import ReopenPhase
from domain.cycle.policy import ApprovalStep, Policy, Relation
from domain.cycle.scoring_rules import ScoringRules
from domain.cycle.windows import Phase
from domain.directory.people import AddPerson
from domain.directory.roles import GrantRole
from domain.directory.state import DIRECTORY, Role
from domain.values import SYSTEM
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, World, who

ONE_STEP = (ApprovalStep(relation=Relation.MANAGER),)


def asked(world: World, subject: str = "gate") -> World:
    world.when(LEAD, world.cycle_ref, RequestBypass(subject=subject, reason="The audit begins"))
    return world


def confirmed(world: World, subject: str = "gate") -> World:
    number = len(asked(world, subject).the_cycle().bypasses)
    world.when(BOARD[0], world.cycle_ref, ConfirmBypass(bypass=number, reason="It does"))
    return world


def test_r2_5_a_failing_gate_is_passed_over_by_two_people_and_says_so() -> None:
    world = World().in_commit()
    world.refused("gate.blocked", LEAD, world.cycle_ref, AdvancePhase())
    asked(world).refused("gate.blocked", LEAD, world.cycle_ref, AdvancePhase())
    world.when(BOARD[0], world.cycle_ref, ConfirmBypass(bypass=1, reason="It does"))
    world.advanced(Phase.TRACK)
    assert not world.plan().signed
    assert world.last(PhaseClosing).bypass == 1
    closed = world.last(PhaseClosed)
    assert (closed.bypass, closed.unmet) == (1, (Blocker(check="signature", owner=STAFF),))
    [shown] = world.the_cycle().bypasses
    assert (shown.requested_by, shown.confirmed_by, shown.used, shown.phase) == (LEAD, BOARD[0], True, Phase.COMMIT)
    assert shown.reason != shown.confirmation
    assert world.last(BypassRequested).requested_by == LEAD
    assert world.last(BypassConfirmed).confirmed_by == BOARD[0]


def test_r2_5_a_gate_that_holds_needs_no_bypass_and_uses_none() -> None:
    world = confirmed(World().in_commit()).submitted().signed().advanced(Phase.TRACK)
    assert (world.last(PhaseClosing).bypass, world.last(PhaseClosed).bypass) == (None, None)
    assert world.last(PhaseClosed).unmet is None
    [shown] = world.the_cycle().bypasses
    assert (shown.used, shown.over) == (False, True)


def test_r2_5_one_person_alone_passes_over_nothing() -> None:
    world = asked(World().in_commit())
    world.when(LEAD, DIRECTORY, GrantRole(person=LEAD, role=Role.BOARD_APPROVER))
    world.refused("bypass.not_second", LEAD, world.cycle_ref, ConfirmBypass(bypass=1, reason="I agree with me"))
    again = AddPerson(person=who("twice"), name="Lin", roles=(Role.BOARD_APPROVER,), account_of=LEAD)
    world.when(LEAD, DIRECTORY, again)
    world.refused("bypass.not_second", again.person, world.cycle_ref, ConfirmBypass(bypass=1, reason="Me again"))
    world.refused("bypass.not_second", HEAD, world.cycle_ref, ConfirmBypass(bypass=1, reason="I may not"))
    world.refused("cycle.not_facilitator", HEAD, world.cycle_ref, RequestBypass(subject="chain", reason="I may not"))


def test_r2_5_nobody_waves_an_own_plan_through() -> None:
    world = World().founded().opened(STAFF, LEAD).agreed()
    world.refused("bypass.own_plan", LEAD, world.cycle_ref, RequestBypass(subject="gate", reason="Mine is late"))
    world = World().founded()
    world.when(LEAD, DIRECTORY, GrantRole(person=OTHER, role=Role.BOARD_APPROVER))
    asked(world.opened(STAFF, OTHER))
    world.refused("bypass.own_plan", OTHER, world.cycle_ref, ConfirmBypass(bypass=1, reason="Mine is late"))
    asked(world, "chain").when(OTHER, world.cycle_ref, ConfirmBypass(bypass=2, reason="No plan of mine in it"))


def test_r2_5_a_plan_of_one_of_the_two_that_fails_later_is_not_waved_through() -> None:
    world = World().founded()
    world.when(LEAD, DIRECTORY, GrantRole(person=OTHER, role=Role.BOARD_APPROVER))
    world.opened(STAFF, OTHER).agreed().agreed(OTHER)
    world.states[world.cycle_ref] = world.the_cycle().model_copy(update={"phase": Phase.COMMIT})
    for step in (HEAD, LEAD):
        if step is HEAD:
            world.submitted(OTHER)
        world.signed(step, owner=OTHER)
    asked(world).when(OTHER, world.cycle_ref, ConfirmBypass(bypass=1, reason="It does"))
    world.when(LEAD, world.cycle_ref, AdvancePhase())
    closing = world.the_cycle().closing
    assert closing is not None
    world.states[world.plan_ref(OTHER)] = world.plan(OTHER).model_copy(update={"signing": None})
    world.when(SYSTEM, world.cycle_ref, FinishClosing(phase=Phase.COMMIT, since=closing.version))
    assert isinstance(world.events[-1][3], ClosingReleased)
    world.refused("gate.blocked", LEAD, world.cycle_ref, AdvancePhase())


def test_r2_3_a_gate_that_failed_at_its_deadline_closes_by_a_bypass() -> None:
    world = World().in_commit()
    world.now = world.the_cycle().deadlines[Phase.COMMIT] + timedelta(hours=1)
    world.perform(world.cycle_ref)
    assert world.the_cycle().gate_failure is not None
    assert world.agenda(world.cycle_ref).due == ()
    confirmed(world)
    assert world.perform(world.cycle_ref) == ["BeginClosing"]
    assert world.perform(world.cycle_ref) == ["FinishClosing"]
    assert (world.the_cycle().phase, world.last(PhaseClosing).bypass) == (Phase.TRACK, 1)


def test_r2_5_a_bypass_serves_once_and_only_in_its_phase() -> None:
    world = confirmed(World().in_commit())
    world.refused("bypass.open_already", LEAD, world.cycle_ref, RequestBypass(subject="gate", reason="Once more"))
    world.refused("bypass.unknown", BOARD[1], world.cycle_ref, ConfirmBypass(bypass=1, reason="Me too"))
    world.refused("bypass.unknown", BOARD[1], world.cycle_ref, ConfirmBypass(bypass=7, reason="Which"))
    world.advanced(Phase.TRACK).refused("gate.blocked", LEAD, world.cycle_ref, AdvancePhase())
    until = world.now + timedelta(days=3)
    world.when(LEAD, world.cycle_ref, ReopenPhase(phase=Phase.COMMIT, until=until, reason="Signatures"))
    world.refused("gate.blocked", LEAD, world.cycle_ref, AdvancePhase())
    assert len(confirmed(world).the_cycle().bypasses) == 2


def test_r2_5_reopening_ends_a_bypass_that_nobody_used() -> None:
    world = confirmed(World().in_commit())
    until = world.now + timedelta(days=3)
    world.when(LEAD, world.cycle_ref, ReopenPhase(phase=Phase.DRAFT, until=until, reason="A new goal"))
    world.advanced(Phase.COMMIT).refused("gate.blocked", LEAD, world.cycle_ref, AdvancePhase())


@pytest.mark.parametrize(
    ("subject", "code", "changed"),
    [
        ("scoring", "cycle.scoring_frozen", {"scoring": ScoringRules(weight_least=Decimal(5))}),
        ("chain", "cycle.chain_frozen", {"chain": ONE_STEP}),
    ],
)
def test_r2_5_what_is_frozen_changes_once_by_a_bypass(subject: str, code: str, changed: dict[str, object]) -> None:
    world = World().in_track()
    amend = AmendCycle(policy=Policy(**changed), reason="The auditors ask")
    world.refused(code, LEAD, world.cycle_ref, amend)
    confirmed(world).refused(code, LEAD, world.cycle_ref, amend)  # one of the gate opens no rule
    asked(world, subject).refused(code, LEAD, world.cycle_ref, amend)
    world.when(BOARD[0], world.cycle_ref, ConfirmBypass(bypass=2, reason="They do"))
    world.when(LEAD, world.cycle_ref, amend)
    assert world.the_cycle().bypasses[1].used
    assert world.the_cycle().bypasses[0].stands
    world.refused(code, LEAD, world.cycle_ref, AmendCycle(policy=Policy(), reason="Back"))


def test_r5_1_under_submitted_plans_a_bypass_changes_no_rule() -> None:
    world = confirmed(World().in_commit(), "scoring").submitted()
    amend = AmendCycle(policy=Policy(scoring=ScoringRules(weight_least=Decimal(5))), reason="The auditors ask")
    world.refused("cycle.plans_submitted", LEAD, world.cycle_ref, amend)
