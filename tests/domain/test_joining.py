"""Who joins in track: drafted, negotiated and signed in a stage of their own, while the cycle tracks (R2.6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from domain.board import plan_row
from domain.cycle.amending import AmendCycle
from domain.cycle.bypass import ConfirmBypass, RequestBypass
from domain.cycle.closing import AdvancePhase, GateFailed
from domain.cycle.participation import (
    EnrolParticipant,
    ExcuseParticipant,
    Leave,
    ParticipantEnrolled,
    ParticipantExcused,
)
from domain.cycle.policy import Policy
from domain.cycle.results import DigestSent
from domain.cycle.scoring_rules import ScoringRules
from domain.cycle.windows import Phase
from domain.plan.amending import RequestAmendment
from domain.plan.drafting import DraftGoal
from domain.plan.duties import Escalated
from domain.plan.mediation import MediationOpened
from domain.plan.signing import SignPlan
from domain.plan.tracking import CheckIn
from domain.values import plan_id
from domain.waiting import What, plan_waits
from tests.support.calendars import weekdays
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, World, final_values, kpi, okr, who

IN_PERIOD = datetime(2027, 4, 12, 9, tzinfo=UTC)
"""A Monday: 58 working days of the quarter are left with it."""
LATE = EnrolParticipant(owner=OTHER, reason="A transfer")


def tracking(at: datetime = IN_PERIOD) -> World:
    """Everybody's plan is signed and tracked."""
    world = World().in_track()
    world.now = at
    return world


def joined(at: datetime = IN_PERIOD) -> World:
    world = tracking(at)
    world.when(LEAD, world.cycle_ref, LATE)
    return world


def submitted() -> World:
    return joined().agreed(OTHER).submitted(OTHER)


def asked(world: World) -> list[tuple[UUID, What]]:
    items = plan_waits(world.plan(OTHER), world.ground(OTHER), OTHER, world.plan_ref(OTHER).stream)
    return [(item.person, item.what) for item in items]


def until_due(world: World, *duties: str) -> datetime:
    """Let time pass until these are due, and do them."""
    due = world.agenda(world.plan_ref(OTHER)).next_due
    assert due is not None
    world.now = due
    assert world.perform(world.plan_ref(OTHER)) == list(duties)
    return due


def row(world: World) -> tuple[tuple[str, ...], bool]:
    found = plan_row(world.plan(OTHER), world.ground(OTHER), OTHER, plan_id(world.cycle, OTHER))
    return found.blocks, bool(found.blocked_by)


# --- joining ---


def test_r2_6_who_joins_in_track_says_why_and_the_event_keeps_when() -> None:
    world = tracking()
    refusal = world.refused("participant.reason_missing", LEAD, world.cycle_ref, EnrolParticipant(owner=OTHER))
    assert refusal.pointer == "/reason"
    world.when(LEAD, world.cycle_ref, LATE)
    event = world.last(ParticipantEnrolled)
    assert (event.late_in, event.joined_at, event.present_days) == (Phase.TRACK, IN_PERIOD, 58)
    assert event.reason is not None


def test_r2_6_twenty_working_days_of_the_period_must_be_left() -> None:
    """From Thursday 3 June on there are exactly twenty."""
    enough = datetime(2027, 6, 3, tzinfo=UTC)
    world = tracking(enough + timedelta(days=1))
    refusal = world.refused("participant.present_too_little", LEAD, world.cycle_ref, LATE)
    assert (refusal.pointer, refusal.params) == ("/owner", {"days": 19, "least": 20})
    assert joined(enough).last(ParticipantEnrolled).present_days == 20
    over = tracking(datetime(2027, 7, 5, tzinfo=UTC))
    assert over.refused("participant.present_too_little", LEAD, over.cycle_ref, LATE).params["days"] == 0


def test_r2_6_a_leave_of_a_late_joiner_counts_from_when_they_came() -> None:
    """58 working days less the 39 of the leave: from the beginning of the quarter it would be seven more."""
    world = joined()
    leave = Leave(starts=datetime(2027, 4, 13, tzinfo=UTC), ends=datetime(2027, 6, 5, tzinfo=UTC))
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=OTHER, reason="A leave", leave=leave))
    assert world.last(ParticipantExcused).present_days == 19


# --- the plan's own stage ---


def test_r2_6_a_late_plan_is_drafted_negotiated_and_signed_while_the_cycle_tracks() -> None:
    world = joined()
    assert asked(world) == [(OTHER, What.DRAFT_GOALS)]
    world.drafted(owner=OTHER).proposed(OTHER, owner=OTHER)
    assert asked(world) == [(HEAD, What.ANSWER)]
    world.proposed(HEAD, owner=OTHER, title=okr(title="Another").title).accepted(OTHER, owner=OTHER)
    world.assigned(owner=OTHER, definition=kpi(baseline="50")).acknowledged(owner=OTHER)
    assert asked(world) == [(OTHER, What.SUBMIT)]
    world.submitted(OTHER).signed(HEAD, owner=OTHER)
    assert asked(world) == [(LEAD, What.SIGN)]
    world.signed(LEAD, owner=OTHER)
    assert world.plan(OTHER).signed
    assert world.the_cycle().phase is Phase.TRACK


def test_r2_6_the_others_stay_locked_and_so_is_a_late_plan_once_it_is_signed() -> None:
    world = joined()
    drafting = DraftGoal(cycle=world.cycle, owner=STAFF, goal=who("more"), definition=okr())
    world.refused("phase.wrong", STAFF, world.plan_ref(), drafting)
    world.agreed(OTHER).submitted(OTHER).signed(owner=OTHER)
    drafting = drafting.model_copy(update={"owner": OTHER})
    world.refused("phase.wrong", OTHER, world.plan_ref(OTHER), drafting)
    world.when(OTHER, world.plan_ref(OTHER), RequestAmendment(reason="A new quay"))
    world.when(OTHER, world.plan_ref(OTHER), drafting)
    world.when(OTHER, world.plan_ref(OTHER), CheckIn(goal=who("okr"), confidence="0.5", status="on_track"))
    assert "late_plan" not in world.failing_checks(), "what was signed is in force while it is amended"


def test_r2_6_an_owner_who_came_in_commit_has_no_stage_of_their_own() -> None:
    """Their plan was passed over by two people, and stays as it was."""
    world = World().in_commit()
    world.when(LEAD, world.cycle_ref, LATE)
    world.submitted().signed()
    world.when(LEAD, world.cycle_ref, RequestBypass(subject="gate", reason="The fair"))
    world.when(BOARD[0], world.cycle_ref, ConfirmBypass(bypass=1, reason="It is so"))
    world.advanced(Phase.TRACK)
    drafting = DraftGoal(cycle=world.cycle, owner=OTHER, goal=who("okr"), definition=okr())
    world.refused("phase.wrong", OTHER, world.plan_ref(OTHER), drafting)


def test_r2_6_nothing_of_a_late_plan_is_tracked_before_it_is_signed() -> None:
    world = submitted()
    report = CheckIn(goal=who("okr"), confidence="0.5", status="on_track")
    assert world.refused("check_in.not_signed", OTHER, world.plan_ref(OTHER), report).pointer == "/goal"
    world.wait(days=9).perform(world.cycle_ref)
    assert world.last(DigestSent).owners == (STAFF,)
    world.signed(owner=OTHER)
    assert asked(world) == [(OTHER, What.CHECK_IN)]
    world.wait(days=9).perform(world.cycle_ref)
    assert set(world.last(DigestSent).owners) == {STAFF, OTHER}
    world.when(OTHER, world.plan_ref(OTHER), report)


# --- its deadlines ---


def test_r4_3_a_late_plan_keeps_its_own_turn_days() -> None:
    world = joined().drafted(owner=OTHER).proposed(OTHER, owner=OTHER)
    turn = world.the_cycle().policy.turn
    assert until_due(world, "Remind") == weekdays(IN_PERIOD, turn)
    assert until_due(world, "Escalate") == weekdays(weekdays(IN_PERIOD, turn), turn)
    assert world.last(MediationOpened).mediator == LEAD


def test_r2_4_an_assignment_to_a_late_joiner_is_served() -> None:
    world = joined().assigned(owner=OTHER)
    assert until_due(world, "MarkServed") == weekdays(IN_PERIOD, world.the_cycle().policy.assignment_served)


@pytest.mark.parametrize("at", [IN_PERIOD, datetime(2027, 4, 5, 9, tzinfo=UTC)])
def test_r5_6_a_late_plan_waits_for_signatures_by_days_and_by_no_share_of_a_window_that_is_over(at: datetime) -> None:
    """Also where the facilitator closed commit before its deadline."""
    world = joined(at).agreed(OTHER).submitted(OTHER)
    policy = world.the_cycle().policy
    assert (world.the_cycle().deadlines[Phase.COMMIT] > at) == (at < IN_PERIOD)
    assert until_due(world, "Remind") == weekdays(at, policy.signature_reminder)
    assert until_due(world, "Escalate") == weekdays(at, policy.signature_escalation)
    assert world.last(Escalated).to == LEAD


# --- the gate ---


def test_r2_4_track_does_not_close_over_a_late_plan_until_it_is_signed() -> None:
    world = final_values(joined())
    assert world.failing_checks() == ["late_plan"]
    steps: list[Callable[[], World]] = [
        lambda: world.agreed(OTHER),
        lambda: world.submitted(OTHER),
        lambda: world.signed(HEAD, owner=OTHER),
    ]
    for step in steps:
        assert step().failing_checks() == ["late_plan"]
        assert row(world) == (("late_plan",), True)
    world.refused("gate.blocked", LEAD, world.cycle_ref, AdvancePhase())
    world.signed(LEAD, owner=OTHER)
    assert world.failing_checks() == ["final_values"]


def test_r2_6_excusing_a_late_joiner_opens_the_gate() -> None:
    world = final_values(submitted())
    world.now = world.the_cycle().deadlines[Phase.TRACK]
    world.perform(world.cycle_ref)
    (blocker,) = world.last(GateFailed).blockers
    assert (blocker.check, blocker.owner, blocker.goal) == ("late_plan", OTHER, None)
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=OTHER, reason="A new task"))
    assert world.failing_checks() == []
    assert world.agenda(world.plan_ref(OTHER)).due == ()
    world.advanced(Phase.RETROSPECT)


# --- frozen rules ---


def test_r2_5_a_late_plan_is_signed_by_the_frozen_rules() -> None:
    world = joined()
    scoring = AmendCycle(policy=Policy(scoring=ScoringRules(weight_least=Decimal(5))), reason="A late wish")
    world.refused("cycle.scoring_frozen", LEAD, world.cycle_ref, scoring)
    chain = AmendCycle(policy=Policy(chain=Policy().chain[:1]), reason="A late wish")
    world.refused("cycle.chain_frozen", LEAD, world.cycle_ref, chain)
    before = world.the_cycle().policy.scoring.hash
    world.agreed(OTHER).submitted(OTHER)
    signing = world.plan(OTHER).signing
    assert signing is not None
    assert signing.hash == world.plan(OTHER).content_hash(before)


def test_r5_1_under_a_late_plan_that_waits_for_signatures_a_bypass_changes_no_rule() -> None:
    world = submitted()
    world.when(LEAD, world.cycle_ref, RequestBypass(subject="scoring", reason="The auditors ask"))
    world.when(BOARD[0], world.cycle_ref, ConfirmBypass(bypass=1, reason="They do"))
    scoring = AmendCycle(policy=Policy(scoring=ScoringRules(weight_least=Decimal(5))), reason="The auditors ask")
    world.refused("cycle.plans_submitted", LEAD, world.cycle_ref, scoring)
    world.signed(owner=OTHER).when(LEAD, world.cycle_ref, scoring)


def test_r5_4_nobody_signs_their_own_late_plan() -> None:
    world = submitted()
    world.refused("signing.own_plan", OTHER, world.plan_ref(OTHER), SignPlan(hash=world.hash(OTHER)))
