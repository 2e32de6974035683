"""Gates never pass silently, and a phase never closes over a failing one (R2.3, R2.4)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.cycle.closing import (
    AdvancePhase,
    BeginClosing,
    ClosingReleased,
    FinishClosing,
    GateFailed,
    PhaseClosed,
)
from domain.cycle.exceptions import ExtendDeadline, ReopenPhase
from domain.cycle.participation import EnrolParticipant, ExcuseParticipant
from domain.cycle.results import PublishResults
from domain.cycle.windows import Phase
from domain.directory.people import DeactivatePerson
from domain.directory.state import DIRECTORY
from domain.messages import Command
from domain.plan.drafting import AcknowledgeAssignment, DraftGoal
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.result import AcknowledgeResult
from domain.plan.sending_back import RecallPlan, RejectPlan
from domain.plan.signing import SignPlan, SubmitPlan
from domain.sealed import AuthorText
from domain.values import SYSTEM
from tests.support.given import (
    HEAD,
    LEAD,
    OTHER,
    STAFF,
    TEAM,
    World,
    final_values,
    increase,
    milestones,
    okr,
    who,
)


def blocked_by(world: World) -> list[str]:
    """The checks that fail, when the facilitator tries to close."""
    failing = world.failing_checks()
    refusal = world.refused("gate.blocked", LEAD, world.cycle_ref, AdvancePhase())
    assert refusal.params["count"] == len(failing)
    return failing


def test_r2_4_draft_closes_when_every_participant_has_goals_or_is_excused() -> None:
    world = World().founded().opened(STAFF, OTHER).drafted()
    assert blocked_by(world) == ["goals"]
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=OTHER, reason="On leave"))
    world.advanced(Phase.NEGOTIATE)


def test_r2_4_negotiate_closes_when_okrs_are_agreed_and_kpis_received() -> None:
    world = World().founded().opened().drafted().assigned().advanced(Phase.NEGOTIATE)
    assert blocked_by(world) == ["agreement", "acknowledgement"]
    world.proposed().accepted()
    assert blocked_by(world) == ["acknowledgement"]
    world.acknowledged().advanced(Phase.COMMIT)


def test_r2_4_commit_closes_when_every_plan_is_signed() -> None:
    world = World().in_commit()
    assert blocked_by(world) == ["signature"]
    world.submitted().signed(HEAD)
    assert blocked_by(world) == ["signature"]
    world.signed(LEAD).advanced(Phase.TRACK)


def test_r2_4_track_closes_when_the_final_values_are_in() -> None:
    world = World().in_track()
    assert blocked_by(world) == ["final_values"]
    final_values(world).advanced(Phase.RETROSPECT)


def test_r2_4_retrospect_closes_when_results_are_published_and_received() -> None:
    world = final_values(World().in_track()).advanced(Phase.RETROSPECT)
    world.refused("cycle.use_close_cycle", LEAD, world.cycle_ref, AdvancePhase())
    world.when(LEAD, world.cycle_ref, PublishResults())
    result = world.the_cycle().results[world.plan_ref().stream]
    world.when(STAFF, world.plan_ref(), AcknowledgeResult(result=result.hash, how="dissent"))
    world.closed()
    assert world.types()[-2:] == ["PhaseClosed", "CycleClosed"]
    assert world.the_cycle().closed
    assert world.agenda(world.cycle_ref).closed
    assert world.agenda(world.plan_ref()).closed
    world.refused("cycle.closed", STAFF, world.plan_ref(), SubmitPlan(hash=world.hash()))


def test_r2_4_a_participant_enrolled_late_without_a_plan_blocks_like_everybody() -> None:
    world = World().in_commit().submitted().signed()
    world.when(LEAD, world.cycle_ref, EnrolParticipant(owner=OTHER, reason="A transfer"))
    assert blocked_by(world) == ["goals", "signature"]


def test_r2_3_a_gate_that_fails_at_the_deadline_escalates_once_and_freezes_nothing() -> None:
    world = World().founded().opened()
    world.now = world.the_cycle().deadlines[Phase.DRAFT]
    assert world.perform(world.cycle_ref) == ["BeginClosing"]
    failed = world.last(GateFailed)
    assert (failed.blockers[0].check, failed.blockers[0].owner, failed.escalated_to) == ("goals", STAFF, LEAD)
    assert world.perform(world.cycle_ref) == []
    assert world.agenda(world.cycle_ref).watching
    world.drafted()
    assert world.perform(world.cycle_ref) == ["BeginClosing"]
    assert world.perform(world.cycle_ref) == ["FinishClosing"]
    assert world.the_cycle().phase is Phase.NEGOTIATE
    assert not world.agenda(world.cycle_ref).watching


def test_r2_3_a_phase_closes_at_its_deadline_not_before() -> None:
    world = World().founded().opened().drafted()
    deadline = world.the_cycle().deadlines[Phase.DRAFT]
    world.now = deadline - timedelta(microseconds=1)
    assert world.agenda(world.cycle_ref).due == ()
    since = world.the_cycle().owed_since
    assert world.when(SYSTEM, world.cycle_ref, BeginClosing(phase=Phase.DRAFT, since=since)) == []
    world.now = deadline
    assert world.perform(world.cycle_ref) == ["BeginClosing"]


def closing(world: World) -> World:
    """A phase that is being closed."""
    world.when(LEAD, world.cycle_ref, AdvancePhase())
    return world


@pytest.mark.parametrize("seconds", [0, 29.9])
def test_r2_3_while_a_phase_closes_plan_commands_wait(seconds: float) -> None:
    world = closing(World().in_commit().submitted().signed()).wait(seconds=seconds)
    commands: list[tuple[object, Command]] = [
        (STAFF, ProposeRevision(goal=who("okr"), definition=okr(title="Another"))),
        (STAFF, SubmitPlan(hash=world.hash())),
        (HEAD, SignPlan(hash=world.hash())),
        (STAFF, DraftGoal(cycle=world.cycle, owner=STAFF, goal=who("new"), definition=okr())),
    ]
    for actor, command in commands:
        refusal = world.refused("phase.closing", actor, world.plan_ref(), command)  # type: ignore[arg-type]
        assert refusal.problem.transient


def test_r2_3_a_closing_that_nobody_finishes_lapses_and_is_released() -> None:
    world = closing(World().in_commit().submitted().signed()).wait(seconds=30)
    world.proposed(title=okr(title="Changed while every worker was down").title)
    assert world.perform(world.cycle_ref) == ["FinishClosing"]
    released = world.last(ClosingReleased)
    assert [blocker.check for blocker in released.blockers] == ["signature"]
    assert world.the_cycle().phase is Phase.COMMIT
    assert "PhaseClosed" not in world.types()[-2:]


def test_r2_3_a_late_finish_only_releases_although_the_gate_holds() -> None:
    world = closing(World().in_commit().submitted().signed()).wait(seconds=31)
    world.perform(world.cycle_ref)
    assert world.last(ClosingReleased).blockers == ()
    assert world.the_cycle().phase is Phase.COMMIT
    assert world.the_cycle().gate_failure is None
    world.advanced(Phase.TRACK)


def test_finishing_twice_or_an_older_closing_changes_nothing() -> None:
    world = closing(World().founded().opened().drafted())
    begun = world.the_cycle().closing
    assert begun is not None
    finish = FinishClosing(phase=Phase.DRAFT, since=begun.version)
    world.when(SYSTEM, world.cycle_ref, finish)
    assert world.when(SYSTEM, world.cycle_ref, finish) == []
    begin = BeginClosing(phase=Phase.DRAFT, since=1)
    assert world.when(SYSTEM, world.cycle_ref, begin) == []
    closing(world.proposed().accepted())
    assert world.when(SYSTEM, world.cycle_ref, finish) == [], "a late finish of draft's closing closed negotiate"


def test_a_closed_phase_records_the_version_of_each_plan() -> None:
    world = World().founded().opened(STAFF, OTHER).drafted().drafted("second", OTHER)
    world.advanced(Phase.NEGOTIATE)
    assert world.last(PhaseClosed).plans == {
        world.plan_ref(owner).stream: world.plan(owner).version for owner in (STAFF, OTHER)
    }


def test_a_cycle_without_participants_can_be_closed_through() -> None:
    world = World().founded().opened(STAFF)
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=STAFF, reason="The only one, on leave"))
    world.advanced(Phase.RETROSPECT)
    world.when(LEAD, world.cycle_ref, PublishResults())
    world.closed()
    assert world.the_cycle().closed


def test_r2_3_what_finish_closing_sees_decides_not_what_begin_closing_saw() -> None:
    """However a plan could have moved while the cycle closed: the phase does not close over it."""
    world = World().in_commit().submitted()
    unsigned = world.plan()
    closing(world.signed())
    world.states[world.plan_ref()] = unsigned
    world.perform(world.cycle_ref)
    assert [blocker.check for blocker in world.last(ClosingReleased).blockers] == ["signature"]
    assert world.the_cycle().phase is Phase.COMMIT
    world.now = world.the_cycle().deadlines[Phase.COMMIT]
    assert world.perform(world.cycle_ref) == ["BeginClosing"]
    assert world.last(GateFailed).escalated_to == LEAD
    assert world.agenda(world.cycle_ref).watching


def test_r2_3_a_release_before_the_deadline_does_not_hide_a_failure_at_it() -> None:
    """The facilitator closed early, every worker was down, the plan changed: at the deadline the gate still speaks."""
    world = closing(World().in_commit().submitted().signed()).wait(seconds=30)
    world.proposed(title=okr(title="Changed while every worker was down").title)
    world.perform(world.cycle_ref)
    assert "GateFailed" not in world.types()
    world.now = world.the_cycle().deadlines[Phase.COMMIT]
    assert world.perform(world.cycle_ref) == ["BeginClosing"]
    assert [blocker.check for blocker in world.last(GateFailed).blockers] == ["signature"]
    assert world.perform(world.cycle_ref) == []


def test_r2_3_more_time_for_a_later_phase_does_not_mend_a_failed_gate() -> None:
    world = World().founded().opened()
    world.now = world.the_cycle().deadlines[Phase.DRAFT]
    world.perform(world.cycle_ref)
    until = world.the_cycle().deadlines[Phase.TRACK] + timedelta(days=1)
    world.when(LEAD, world.cycle_ref, ExtendDeadline(phase=Phase.TRACK, until=until, reason="The fair"))
    assert world.agenda(world.cycle_ref).watching
    assert world.perform(world.cycle_ref) == [], "told once is told"
    until = world.now + timedelta(days=1)
    world.when(LEAD, world.cycle_ref, ExtendDeadline(phase=Phase.DRAFT, until=until, reason="A day more"))
    assert not world.agenda(world.cycle_ref).watching
    assert world.agenda(world.cycle_ref).next_due == until


def test_r2_4_goals_changed_in_a_reopened_cycle_owe_their_final_values_anew() -> None:
    world = final_values(World().in_track())
    until = world.now + timedelta(days=100)
    world.when(LEAD, world.cycle_ref, ReopenPhase(phase=Phase.COMMIT, until=until, reason="A key result was missing"))
    more = (increase(), milestones(), increase("ships"))
    reasons = AuthorText("It was forgotten")
    world.proposed(key_results=more, reasons={f"key_results.{who('ships')}": reasons})
    world.accepted().submitted().signed().advanced(Phase.TRACK)
    assert blocked_by(world) == ["final_values"]


def test_who_has_left_does_not_take_part() -> None:
    world = World().founded().opened()
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=OTHER))
    for owner in (OTHER, TEAM):
        world.refused("participant.unknown", LEAD, world.cycle_ref, EnrolParticipant(owner=owner, reason="A transfer"))


def test_r2_6_the_plan_of_an_excused_owner_rests() -> None:
    """Nothing is asked of it, so nothing is decided on it; who is enrolled again goes on where they were."""
    world = World().in_commit().assigned().acknowledged().submitted()
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=STAFF, reason="On leave"))
    seen = world.hash()
    commands: list[tuple[UUID, Command]] = [
        (STAFF, ProposeRevision(goal=who("okr"), definition=okr(title="Another"))),
        (HEAD, AcceptRevision(goal=who("okr"), hash=world.goal().hash)),
        (STAFF, AcknowledgeAssignment(goal=who("kpi"), hash=world.goal("kpi").hash)),
        (STAFF, SubmitPlan(hash=seen)),
        (HEAD, SignPlan(hash=seen)),
        (HEAD, RejectPlan(hash=seen, reason="No")),
        (STAFF, RecallPlan(reason="No")),
    ]
    for actor, command in commands:
        world.refused("plan.not_participant", actor, world.plan_ref(), command)
    world.when(LEAD, world.cycle_ref, EnrolParticipant(owner=STAFF, reason="A transfer"))
    world.signed().advanced(Phase.TRACK)


def test_r2_3_a_failed_gate_is_told_once_whoever_asks_again() -> None:
    """A worker that saw the blockers go may be late: they are back, and everybody knows of the failure already."""
    world = World().founded().opened()
    world.now = world.the_cycle().deadlines[Phase.DRAFT]
    world.perform(world.cycle_ref)
    again = BeginClosing(phase=Phase.DRAFT, since=world.the_cycle().owed_since)
    assert world.when(SYSTEM, world.cycle_ref, again) == []
    assert world.types().count("GateFailed") == 1
