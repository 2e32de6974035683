"""What falls due: reminders, escalations, service, digests (R2.4, R4.3, R5.6, R6.4, R7.4)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from domain.cycle.exceptions import ReopenPhase
from domain.cycle.participation import EnrolParticipant, ExcuseParticipant
from domain.cycle.policy import Policy
from domain.cycle.results import DigestSent, PublishResults, SendDigest
from domain.cycle.windows import Phase
from domain.directory.lines import ManagerSet, SetManager
from domain.directory.people import DeactivatePerson, PersonAdded, PersonDeactivated
from domain.directory.roles import GrantRole, RoleGranted, RoleRevoked
from domain.directory.state import DIRECTORY, Role
from domain.messages import Event, Wake
from domain.plan.duties import AssignmentServed, Escalate, Escalated, MarkServed, Remind, Reminded, ResultServed
from domain.plan.ground import ground_of
from domain.plan.negotiation import ProposeRevision
from domain.plan.result import AcknowledgeResult
from domain.plan.signing import SignPlan, approvers
from domain.plan.tracking import CheckIn
from domain.values import SYSTEM, Elapsed, WorkingDays
from domain.waiting import plan_waits
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, World, final_values, kpi, okr, who

DAY = timedelta(days=1)


def until_due(world: World, expected: list[str]) -> World:
    """Let time pass until something is due, and do it."""
    target = world.plan_ref()
    due = world.agenda(target).next_due
    assert due is not None
    world.now = due - timedelta(microseconds=1)
    assert world.perform(target) == [], "a duty was done early"
    world.now = due
    assert world.perform(target) == expected
    assert world.perform(target) == [], "a duty was done twice"
    return world


def test_r5_6_an_unanswered_signature_reminds_after_two_working_days_and_escalates_after_five() -> None:
    """Submitted on Monday 1 March: reminded at the end of Wednesday, escalated at the end of the next Monday."""
    world = World().in_commit().submitted()
    until_due(world, ["Remind"])
    assert (world.now.date().isoformat(), world.last(Reminded).people) == ("2027-03-04", (HEAD,))
    until_due(world, ["Escalate"])
    assert world.now.date().isoformat() == "2027-03-09"
    assert (world.last(Escalated).from_people, world.last(Escalated).to) == ((HEAD,), LEAD)


def test_r5_6_where_the_next_level_keeps_silent_too_it_goes_up_again_until_nobody_is_left() -> None:
    world = World().in_commit().submitted()
    to = []
    for level in range(3):
        due = until_due(world, ["Remind"]).now
        until_due(world, ["Escalate"])
        assert due < world.now
        to.append(world.last(Escalated).to)
        assert world.last(Escalated).from_people == tuple(sorted([HEAD, *to[:level]]))
    assert to == [LEAD, *sorted(BOARD)]
    until_due(world, ["Remind"])
    assert set(world.last(Reminded).people) == {HEAD, LEAD, *BOARD}
    assert world.agenda(world.plan_ref()).next_due is None, "nobody is left to ask"


def test_r5_6_it_escalates_after_two_thirds_of_the_window_where_that_is_first() -> None:
    world = World().in_commit()
    deadline = world.the_cycle().deadlines[Phase.COMMIT]
    world.now = deadline - 3 * DAY
    world.submitted()
    signing = world.plan().signing
    assert signing is not None
    assert abs(signing.escalate_at - (deadline - DAY)) < timedelta(seconds=1)
    assert signing.remind_at <= signing.escalate_at


def test_r5_6_the_next_level_may_sign_and_the_next_step_does_not_hang() -> None:
    """The lead signs for the silent head; the lead's own step then goes to the board at once."""
    world = World().in_commit().submitted()
    until_due(world, ["Remind"])
    until_due(world, ["Escalate"])
    world.signed(LEAD)
    assert world.perform(world.plan_ref()) == ["Escalate"]
    assert world.last(Escalated).to == min(BOARD)
    world.signed(min(BOARD))
    assert world.plan().signed


def test_r5_6_escalation_goes_up_never_down() -> None:
    world = World().in_commit().submitted().signed(HEAD)
    until_due(world, ["Remind"])
    until_due(world, ["Escalate"])
    assert world.last(Escalated).to in BOARD


def test_r5_4_escalation_to_nobody_leaves_the_step_pending() -> None:
    world = World().founded().opened(LEAD)
    world.drafted(owner=LEAD).proposed(LEAD, owner=LEAD).accepted(BOARD[0], owner=LEAD)
    world.advanced(Phase.COMMIT).submitted(LEAD)
    for _ in range(2):
        due = world.agenda(world.plan_ref(LEAD)).next_due
        assert due is not None
        world.now = due
        world.perform(world.plan_ref(LEAD))
    assert world.last(Escalated).to is None
    signing = world.plan(LEAD).signing
    assert signing is not None
    assert approvers(ground_of(LEAD, world.the_cycle(), world.directory), signing) == frozenset(BOARD)


def test_a_signature_given_in_time_owes_no_reminder_for_its_step() -> None:
    world = World().in_commit().submitted()
    since = world.plan().signing.since  # type: ignore[union-attr]
    world.signed(HEAD).wait(days=30)
    for stale in (Remind(about="signature", since=since), Escalate(since=since)):
        assert world.when(SYSTEM, world.plan_ref(), stale) == []


def test_a_voided_and_resubmitted_plan_owes_anew() -> None:
    world = World().in_commit().submitted()
    until_due(world, ["Remind"])
    world.proposed(title=okr(title="Another title").title).accepted().submitted()
    until_due(world, ["Remind"])


def test_r4_3_who_keeps_a_proposal_waiting_is_reminded_after_three_working_days() -> None:
    world = World().founded().opened().drafted().proposed()
    until_due(world, ["Remind"])
    assert world.now.date().isoformat() == "2027-03-05"
    assert (world.last(Reminded).people, world.last(Reminded).goal) == ((HEAD,), who("okr"))
    countered = World().founded().opened().drafted().proposed().proposed(HEAD, title=okr(title="Another title").title)
    until_due(countered, ["Remind"])
    assert countered.last(Reminded).people == (STAFF,)


def test_r2_4_an_unanswered_assignment_is_served_after_three_working_days() -> None:
    world = World().founded().opened().assigned()
    until_due(world, ["MarkServed"])
    assert world.last(AssignmentServed).goal == who("kpi")
    assert world.goal("kpi").receipt == "served"


def test_an_acknowledged_assignment_is_not_served() -> None:
    world = World().founded().opened().assigned().acknowledged()
    assert world.agenda(world.plan_ref()).next_due is None


def test_r7_4_an_unanswered_result_is_deemed_served_after_five_working_days() -> None:
    world = final_values(World().in_track()).advanced(Phase.RETROSPECT)
    world.when(LEAD, world.cycle_ref, PublishResults())
    until_due(world, ["MarkServed"])
    assert world.now.date().isoformat() == "2027-03-09"
    assert world.last(ResultServed).result == world.the_cycle().results[world.plan_ref().stream].hash
    world.closed()


def test_r7_4_an_answer_after_service_still_counts_and_one_before_it_prevents_it() -> None:
    world = final_values(World().in_track()).advanced(Phase.RETROSPECT)
    world.when(LEAD, world.cycle_ref, PublishResults())
    result = world.the_cycle().results[world.plan_ref().stream].hash
    until_due(world, ["MarkServed"])
    world.when(STAFF, world.plan_ref(), AcknowledgeResult(result=result, how="dissent"))
    receipt = world.plan().receipt
    assert receipt is not None
    assert receipt.how == "dissent"


def test_r6_4_one_digest_a_period_names_who_owes_a_check_in() -> None:
    world = World().founded().opened(STAFF, OTHER).agreed().agreed(OTHER)
    world.advanced(Phase.COMMIT)
    for owner in (STAFF, OTHER):
        world.submitted(owner).signed(owner=owner)
    world.advanced(Phase.TRACK)
    report = CheckIn(goal=who("okr"), confidence="0.5", status="on_track")
    world.wait(hours=1).when(STAFF, world.plan_ref(), report)
    due = world.agenda(world.cycle_ref).next_due
    assert due is not None
    world.now = due
    assert world.perform(world.cycle_ref) == ["SendDigest"]
    assert (world.last(DigestSent).number, world.last(DigestSent).owners) == (1, (OTHER,))
    assert world.when(SYSTEM, world.cycle_ref, SendDigest(number=1)) == []
    world.now = world.last(DigestSent).next_due
    assert world.when(SYSTEM, world.cycle_ref, SendDigest(number=1)) == [], "a doubled first digest is not the second"
    assert world.perform(world.cycle_ref) == ["SendDigest"]
    assert world.last(DigestSent).owners == (STAFF, OTHER)


def test_r2_6_who_is_excused_owes_nothing_and_a_plan_not_begun_has_no_agenda_of_its_own() -> None:
    world = World().founded().opened().assigned()
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=STAFF, reason="On leave"))
    assert world.agenda(world.plan_ref()).next_due is None
    world.when(LEAD, world.cycle_ref, EnrolParticipant(owner=OTHER, reason="A transfer"))
    world.wait(days=30)
    assert world.perform(world.cycle_ref) == ["BeginClosing"]


@pytest.mark.parametrize("kind", [Reminded, DigestSent])
def test_notices_change_no_rules_outcome_and_escalation_is_a_fact(kind: type[Event]) -> None:
    assert kind.notice
    assert not Escalated.notice


def escalated_to_the_lead() -> World:
    """The head keeps a signature waiting; the lead is asked too, signs, and the lead's own step goes to the board."""
    world = World().in_commit().submitted()
    until_due(world, ["Remind"])
    until_due(world, ["Escalate"])
    world.signed(LEAD).perform(world.plan_ref())
    assert world.last(Escalated).to == min(BOARD)
    return world


def test_r5_6_a_step_does_not_hang_when_whom_it_escalated_to_leaves() -> None:
    world = escalated_to_the_lead()
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=min(BOARD)))
    assert world.perform(world.plan_ref()) == ["Escalate"]
    assert world.last(Escalated).to == max(BOARD)
    assert world.perform(world.plan_ref()) == []
    world.refused("plan.not_allowed", min(BOARD), world.plan_ref(), SignPlan(hash=world.hash()))
    world.signed(max(BOARD))
    assert world.plan().signed


def test_r5_4_a_pending_step_goes_on_as_soon_as_there_is_somebody_to_ask() -> None:
    """Each escalation is a duty of its own: the log answers a repeated key with what it did the first time."""
    world = escalated_to_the_lead()
    first = world.last(Escalated)
    for person in BOARD:
        world.when(LEAD, DIRECTORY, DeactivatePerson(person=person))
    assert world.perform(world.plan_ref()) == [], "nobody is left: pending, and nothing is owed for ever"
    assert world.agenda(world.plan_ref()).next_due is None
    world.when(LEAD, DIRECTORY, GrantRole(person=OTHER, role=Role.BOARD_APPROVER))
    (duty,) = world.agenda(world.plan_ref()).due
    assert duty.command == Escalate(since=world.plan().signing.waits[1].escalated_since)  # type: ignore[union-attr]
    assert f":v{first.since}:" not in duty.key
    assert world.perform(world.plan_ref()) == ["Escalate"]
    world.signed(OTHER)
    assert world.plan().signed


def test_r5_6_the_first_step_passes_over_a_manager_who_leaves_while_it_waits() -> None:
    world = World().in_commit().submitted()
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=HEAD))
    assert world.perform(world.plan_ref()) == ["Reroute"]
    until_due(world, ["Remind"])
    assert world.last(Reminded).people == (LEAD,)


def test_r6_4_the_rhythm_of_digests_does_not_creep_with_late_workers() -> None:
    world = World().in_track()
    due = world.agenda(world.cycle_ref).next_due
    assert due is not None
    world.now = due + timedelta(hours=9)
    assert world.perform(world.cycle_ref) == ["SendDigest"]
    assert world.last(DigestSent).next_due - due == timedelta(days=7)
    world.now = due + timedelta(days=30)
    assert world.perform(world.cycle_ref) == ["SendDigest"], "one, not one for each week that passed"
    assert world.last(DigestSent).next_due > world.now


def test_r6_4_a_reopened_track_has_its_digest_again() -> None:
    world = final_values(World().in_track()).advanced(Phase.RETROSPECT)
    until = world.now + timedelta(days=30)
    world.when(LEAD, world.cycle_ref, ReopenPhase(phase=Phase.TRACK, until=until, reason="A value was wrong"))
    due = world.agenda(world.cycle_ref).next_due
    assert due is not None
    assert due < until
    report = CheckIn(goal=who("okr"), confidence="0.5", status="at_risk")
    world.when(STAFF, world.plan_ref(), report)  # no longer final
    world.now = due
    assert world.perform(world.cycle_ref) == ["SendDigest"]
    world.now = world.last(DigestSent).next_due
    assert world.perform(world.cycle_ref) == ["SendDigest"]
    assert world.last(DigestSent).owners == (STAFF,)


def test_r6_4_a_digest_copes_with_a_participant_whose_plan_has_not_begun() -> None:
    world = World().in_commit().submitted().signed()
    world.when(LEAD, world.cycle_ref, EnrolParticipant(owner=OTHER, reason="A transfer"))
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=OTHER, reason="Not yet"))
    world.advanced(Phase.TRACK)
    due = world.agenda(world.cycle_ref).next_due
    assert due is not None
    world.now = due
    assert world.perform(world.cycle_ref) == ["SendDigest"]
    assert world.last(DigestSent).owners == (STAFF,)


def test_duties_of_a_phase_that_is_over_are_no_longer_owed() -> None:
    """Doubled and late duties are harmless: no event, no refusal."""
    world = World().founded().opened().drafted().proposed().assigned()
    turn = Remind(about="turn", since=world.goal().turn_since, goal=who("okr"))
    served = MarkServed(about="assignment", since=world.goal("kpi").turn_since, goal=who("kpi"))
    for early in (turn, served, MarkServed(about="result"), Escalate(since=1)):
        assert world.when(SYSTEM, world.plan_ref(), early) == []
    world.accepted().acknowledged().wait(days=30)
    for late in (turn, served):
        assert world.when(SYSTEM, world.plan_ref(), late) == []
    assert world.when(SYSTEM, world.cycle_ref, SendDigest(number=1)) == []


@pytest.mark.parametrize("working_days", [-1, 0])
def test_a_rhythm_of_no_time_is_no_policy(working_days: int) -> None:
    """It would owe digest after digest, for ever."""
    with pytest.raises(ValidationError, match=r"check_in_every\n.*too short"):
        Policy(check_in_every=WorkingDays(days=working_days))
    with pytest.raises(ValidationError, match=r"closing_lapses\n.*too short"):
        Policy(closing_lapses=Elapsed(seconds=0))
    with pytest.raises(ValidationError, match=r"turn\n.*too short"):
        Policy(turn=Elapsed(seconds=-1))


def test_r5_6_each_step_is_reminded_and_escalated_for_itself() -> None:
    """What happened to the first step says nothing of the second; its patience begins when the first has signed."""
    world = World().in_commit().submitted()
    until_due(world, ["Remind"])
    until_due(world, ["Escalate"])
    world.signed(HEAD)
    signed_at = world.now
    until_due(world, ["Remind"])
    assert (world.last(Reminded).people, world.now - signed_at > DAY) == ((LEAD,), True)
    until_due(world, ["Escalate"])
    assert (world.last(Escalated).step, world.last(Escalated).from_people) == (1, (LEAD,))


def test_r5_6_who_was_asked_besides_for_one_step_is_not_for_the_next() -> None:
    world = World().in_commit().submitted()
    until_due(world, ["Remind"])
    until_due(world, ["Escalate"])
    world.signed(HEAD)
    world.when(LEAD, DIRECTORY, SetManager(person=HEAD, manager=BOARD[0]))
    world.refused("signing.not_approver", LEAD, world.plan_ref(), SignPlan(hash=world.hash()))
    world.signed(BOARD[0])


def test_r2_6_a_signature_waits_for_nobody_while_an_earlier_phase_is_open_again() -> None:
    world = World().in_commit().submitted()
    again = ReopenPhase(phase=Phase.NEGOTIATE, until=world.now + 100 * DAY, reason="A target was wrong")
    world.when(LEAD, world.cycle_ref, again)
    assert (world.agenda(world.plan_ref()).due, world.agenda(world.plan_ref()).next_due) == ((), None)


def test_r4_3_a_counter_is_waited_for_anew() -> None:
    world = World().founded().opened().drafted().proposed()
    until_due(world, ["Remind"])
    world.proposed(HEAD, title=okr(title="Another title").title)
    until_due(world, ["Remind"])
    assert world.last(Reminded).people == (STAFF,)
    world.accepted(STAFF)
    assert world.agenda(world.plan_ref()).next_due is None, "who has agreed keeps nobody waiting"


def test_r2_4_a_changed_assignment_is_served_anew_by_its_own_time() -> None:
    policy = Policy(turn=WorkingDays(days=7), assignment_served=WorkingDays(days=2))
    world = World().founded().opened(policy=policy).assigned()
    until_due(world, ["MarkServed"])
    assert world.now.date().isoformat() == "2027-03-04"
    raised = ProposeRevision(goal=who("kpi"), definition=kpi(target="110"), reasons={"target": "A new line"})
    world.when(HEAD, world.plan_ref(), raised)
    assert world.goal("kpi").receipt is None
    until_due(world, ["MarkServed"])
    assert world.now.date().isoformat() == "2027-03-06"
    world.drafted().proposed()
    due = world.agenda(world.plan_ref()).next_due
    assert due is not None
    assert due.date().isoformat() == "2027-03-17", "an OKR's turn has a time of its own"


def test_r7_4_a_received_result_owes_nothing_more() -> None:
    world = final_values(World().in_track()).advanced(Phase.RETROSPECT)
    world.when(LEAD, world.cycle_ref, PublishResults())
    result = world.the_cycle().results[world.plan_ref().stream].hash
    world.when(STAFF, world.plan_ref(), AcknowledgeResult(result=result, how="assent"))
    assert world.agenda(world.plan_ref()).next_due is None
    assert world.wait(days=30).perform(world.plan_ref()) == []


def test_r6_4_the_digest_tells_whoever_the_inbox_asks_for_a_check_in() -> None:
    """One goal reported of two is not the other: the digest and the inbox speak of the same check-ins (R6.1)."""
    world = World().founded().opened().agreed().assigned(definition=kpi(baseline="50")).acknowledged()
    world.advanced(Phase.COMMIT).submitted().signed().advanced(Phase.TRACK).wait(hours=1)
    world.when(STAFF, world.plan_ref(), CheckIn(goal=who("okr"), confidence="0.5", status="on_track"))
    found = ground_of(STAFF, world.the_cycle(), world.directory)
    asked = [wait.goal for wait in plan_waits(world.plan(), found, STAFF, world.plan_ref().stream)]
    assert asked == [who("kpi")]
    due = world.agenda(world.cycle_ref).next_due
    assert due is not None
    world.now = due
    assert world.perform(world.cycle_ref) == ["SendDigest"]
    assert world.last(DigestSent).owners == (STAFF,)


def test_r6_4_only_the_end_of_commit_begins_the_digests() -> None:
    world = World().founded().opened().agreed().advanced(Phase.NEGOTIATE)
    assert world.the_cycle().digest_due is None
    world.advanced(Phase.COMMIT).submitted().signed().advanced(Phase.TRACK)
    assert world.the_cycle().digest_due is not None


def test_a_plan_that_nobody_began_owes_nothing() -> None:
    """A participant enrolled late has no stream yet; whoever asks for its agenda is told so, not refused."""
    world = World().in_commit()
    world.when(LEAD, world.cycle_ref, EnrolParticipant(owner=OTHER, reason="A transfer"))
    agenda = world.agenda(world.plan_ref(OTHER))
    assert (agenda.due, agenda.next_due, agenda.closed) == ((), None, False)


@pytest.mark.parametrize(
    "event", [PersonAdded, PersonDeactivated, ManagerSet, RoleGranted, RoleRevoked], ids=lambda event: event.__name__
)
def test_whatever_changes_who_is_asked_wakes_the_plans(event: type[Event]) -> None:
    """A step may wait for exactly this: the log tells the sleeping workflows (R5.4)."""
    assert Wake.CHILDREN in event.wakes


def test_r6_4_final_values_owe_no_further_check_in() -> None:
    world = final_values(World().in_track())
    for _ in range(2):
        due = world.agenda(world.cycle_ref).next_due
        assert due is not None
        world.now = due
        assert world.perform(world.cycle_ref) == ["SendDigest"]
        assert world.last(DigestSent).owners == ()


@pytest.mark.parametrize("phase", [Phase.DRAFT, Phase.NEGOTIATE, Phase.COMMIT])
def test_r6_4_digests_rest_while_a_phase_before_track_is_open_again(phase: Phase) -> None:
    world = World().in_track()
    until = world.the_cycle().deadlines[Phase.TRACK]
    world.when(LEAD, world.cycle_ref, ReopenPhase(phase=phase, until=until, reason="Once more"))
    assert world.the_cycle().digest_due is None
    assert world.agenda(world.cycle_ref).next_due == until
