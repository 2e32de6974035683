"""Opening a cycle, its windows, who takes part, and exceptions of the timetable (R1.1, R2.1, R2.6, R5.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain.cycle.closing import AdvancePhase, CloseCycle
from domain.cycle.exceptions import ExtendDeadline, PhaseReopened, ReopenPhase
from domain.cycle.opening import OpenCycle
from domain.cycle.participation import EnrolParticipant, ExcuseParticipant
from domain.cycle.policy import Framework, preset
from domain.cycle.results import PublishResults
from domain.cycle.windows import Period, Phase, Window, Windows
from domain.directory.people import DeactivatePerson
from domain.directory.state import DIRECTORY
from domain.messages import Command
from domain.plan.drafting import AssignGoal, DraftGoal
from domain.plan.result import AcknowledgeResult
from domain.values import Elapsed, WorkingDays
from tests.support.given import BOARD, HEAD, LEAD, OTHER, QUARTER, STAFF, World, final_values, kpi, okr, who


def opening(**more: object) -> OpenCycle:
    given: dict[str, Any] = {"name": "Q2", "facilitator": LEAD, "period": QUARTER, "participants": (STAFF,)}
    return OpenCycle(**(given | more))


def test_r2_1_default_windows_close_around_the_period() -> None:
    """Draft 5 and negotiate 1 working days before, commit on working day 5, track 10, retrospect 20 after the end.

    1 April is a Thursday: its working day 5 is Wednesday the 7th, and a deadline is the end of its day.
    """
    deadlines = World().founded().opened().the_cycle().deadlines
    assert {phase.value: at.isoformat() for phase, at in deadlines.items()} == {
        "draft": "2027-03-26T00:00:00+00:00",
        "negotiate": "2027-04-01T00:00:00+00:00",
        "commit": "2027-04-08T00:00:00+00:00",
        "track": "2027-07-15T00:00:00+00:00",
        "retrospect": "2027-07-29T00:00:00+00:00",
    }


def test_r2_1_phases_close_in_order_and_after_the_opening() -> None:
    world = World().founded()
    late = Windows(commit=Window(anchor="period_start", offset=WorkingDays(days=-30)))
    refusal = world.refused("cycle.windows_out_of_order", LEAD, world.cycle_ref, opening(windows=late))
    assert refusal.pointer == "/windows/commit"
    world.now = datetime(2027, 3, 30, tzinfo=UTC)
    assert world.refused("cycle.windows_out_of_order", LEAD, world.cycle_ref, opening()).pointer == "/windows/draft"


def test_a_period_ends_after_it_starts() -> None:
    with pytest.raises(ValidationError, match="ends before it starts"):
        Period(starts=QUARTER.ends, ends=QUARTER.starts)


def test_only_an_administrator_opens_a_cycle_and_only_once() -> None:
    world = World().founded()
    world.refused("directory.not_admin", HEAD, world.cycle_ref, opening())
    world.refused("person.unknown", LEAD, world.cycle_ref, opening(facilitator=who("nobody")))
    world.refused("participant.unknown", LEAD, world.cycle_ref, opening(participants=(who("nobody"),)))
    world.opened().refused("cycle.exists", LEAD, world.cycle_ref, opening())


def test_r5_2_a_cycle_whose_chains_leave_somebody_without_an_approver_does_not_open() -> None:
    """The lead has nobody above: both steps are the board's, so one approver is not enough."""
    world = World().founded()
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=BOARD[1]))
    refusal = world.refused("cycle.no_approver", LEAD, world.cycle_ref, opening(participants=(STAFF, LEAD)))
    assert refusal.pointer == "/participants/1"
    world.opened(STAFF)
    world.refused("cycle.no_approver", LEAD, world.cycle_ref, EnrolParticipant(owner=LEAD))
    World().founded().opened(LEAD)


def test_presets_differ_in_steps_rhythm_and_reasons() -> None:
    light, formal = preset("light"), preset("formal")
    assert (len(light.chain), len(formal.chain)) == (1, 2)
    assert (light.check_in_every, formal.check_in_every) == (WorkingDays(days=10), WorkingDays(days=5))
    assert (light.reasons_required, formal.reasons_required) == (False, True)


@pytest.mark.parametrize(
    ("framework", "okr_fits", "kpi_fits"),
    [(Framework.KPI, False, True), (Framework.OKR, True, False), (Framework.COMPOSITE, True, True)],
)
def test_r1_1_a_cycle_runs_the_instruments_of_its_framework(
    framework: Framework, okr_fits: bool, kpi_fits: bool
) -> None:
    world = World().founded().opened(framework=framework)
    about = {"cycle": world.cycle, "owner": STAFF}
    attempts: list[tuple[Command, bool]] = [
        (DraftGoal(goal=who("okr"), definition=okr(), **about), okr_fits),
        (AssignGoal(goal=who("kpi"), definition=kpi(), **about), kpi_fits),
    ]
    for command, fits in attempts:
        if fits:
            world.when(HEAD, world.plan_ref(), command)
        else:
            world.refused("cycle.framework", HEAD, world.plan_ref(), command)


def test_r2_6_late_joiners_come_until_track_closes_and_excusing_keeps_the_reason() -> None:
    world = World().founded().opened()
    world.refused("cycle.not_facilitator", HEAD, world.cycle_ref, EnrolParticipant(owner=OTHER))
    world.when(LEAD, world.cycle_ref, EnrolParticipant(owner=OTHER))
    world.refused("participant.enrolled", LEAD, world.cycle_ref, EnrolParticipant(owner=OTHER))
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=OTHER, reason="On leave"))
    assert not world.the_cycle().takes_part(OTHER)
    assert world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=OTHER, reason="Again")) == []
    final_values(world.agreed().advanced(Phase.COMMIT).submitted().signed().advanced(Phase.TRACK))
    world.advanced(Phase.RETROSPECT)
    world.refused("phase.wrong", LEAD, world.cycle_ref, EnrolParticipant(owner=HEAD, reason="A transfer"))


def test_r2_6_an_extension_moves_what_comes_after_and_only_later() -> None:
    world = World().founded().opened()
    before = world.the_cycle().deadlines
    until = before[Phase.DRAFT] + timedelta(days=3)
    world.refused(
        "cycle.not_facilitator", HEAD, world.cycle_ref, ExtendDeadline(phase=Phase.DRAFT, until=until, reason="r")
    )
    sooner = ExtendDeadline(phase=Phase.DRAFT, until=before[Phase.DRAFT], reason="Sooner")
    world.refused("deadline.not_later", LEAD, world.cycle_ref, sooner)
    world.when(LEAD, world.cycle_ref, ExtendDeadline(phase=Phase.DRAFT, until=until, reason="Fair week"))
    after = world.the_cycle().deadlines
    assert after[Phase.DRAFT] == until
    assert all(after[phase] - before[phase] == timedelta(days=3) for phase in Phase)
    assert world.agenda(world.cycle_ref).next_due == until


def test_r2_6_a_past_phase_is_reopened_not_extended_with_a_reason() -> None:
    world = World().in_commit()
    until = world.now + timedelta(days=2)
    extend = ExtendDeadline(phase=Phase.DRAFT, until=until, reason="Too late")
    world.refused("deadline.phase_past", LEAD, world.cycle_ref, extend)
    ahead = ReopenPhase(phase=Phase.TRACK, until=until, reason="Not yet")
    world.refused("reopen.phase_not_past", LEAD, world.cycle_ref, ahead)
    past = ReopenPhase(phase=Phase.NEGOTIATE, until=world.now, reason="No time")
    world.refused("deadline.not_later", LEAD, world.cycle_ref, past)
    world.when(LEAD, world.cycle_ref, ReopenPhase(phase=Phase.NEGOTIATE, until=until, reason="A target was wrong"))
    assert world.the_cycle().phase is Phase.NEGOTIATE
    assert world.agenda(world.cycle_ref).next_due == until


def test_a_reopened_phase_owes_its_closing_anew() -> None:
    world = World().founded().opened().agreed()
    first = world.the_cycle().owed_since
    world.advanced(Phase.NEGOTIATE)
    until = world.now + timedelta(days=2)
    world.when(LEAD, world.cycle_ref, ReopenPhase(phase=Phase.DRAFT, until=until, reason="Once more"))
    assert world.the_cycle().owed_since > first
    world.wait(days=2)
    assert world.perform(world.cycle_ref) == ["BeginClosing"]
    assert world.perform(world.cycle_ref) == ["FinishClosing"]
    assert world.the_cycle().phase is Phase.NEGOTIATE


def test_r2_7_reopening_takes_published_results_back_and_receipts_with_them() -> None:
    world = final_values(World().in_track()).advanced(Phase.RETROSPECT)
    world.when(LEAD, world.cycle_ref, PublishResults())
    first = world.the_cycle().results[world.plan_ref().stream]
    world.when(STAFF, world.plan_ref(), AcknowledgeResult(result=first.hash, how="assent"))
    until = world.now + timedelta(days=100)
    world.when(LEAD, world.cycle_ref, ReopenPhase(phase=Phase.TRACK, until=until, reason="A value was wrong"))
    assert world.last(PhaseReopened).phase is Phase.TRACK
    assert not world.the_cycle().published
    final_values(world, berths="20").advanced(Phase.RETROSPECT)
    world.when(LEAD, world.cycle_ref, PublishResults())
    assert world.the_cycle().results[world.plan_ref().stream].hash != first.hash
    world.refused("gate.blocked", LEAD, world.cycle_ref, CloseCycle())


@pytest.mark.parametrize("command", [AdvancePhase(), CloseCycle(), PublishResults()], ids=lambda c: type(c).__name__)
def test_only_the_facilitator_moves_the_cycle(command: Command) -> None:
    World().founded().refused("cycle.unknown", LEAD, World().cycle_ref, command)
    world = World().founded().opened()
    world.refused("cycle.not_facilitator", HEAD, world.cycle_ref, command)


def test_durations_are_bounded() -> None:
    with pytest.raises(ValidationError):
        Elapsed(seconds=10**9)


def test_r2_7_an_equal_result_published_again_wants_a_new_acknowledgement() -> None:
    """Only a re-opening alters what was published, and it voids the acknowledgements."""
    world = final_values(World().in_track()).advanced(Phase.RETROSPECT)
    world.when(LEAD, world.cycle_ref, PublishResults())
    first = world.the_cycle().results[world.plan_ref().stream]
    world.when(STAFF, world.plan_ref(), AcknowledgeResult(result=first.hash, how="assent"))
    until = world.now + timedelta(days=100)
    world.when(LEAD, world.cycle_ref, ReopenPhase(phase=Phase.TRACK, until=until, reason="A look at the values"))
    world.advanced(Phase.RETROSPECT)
    world.when(LEAD, world.cycle_ref, PublishResults())
    second = world.the_cycle().results[world.plan_ref().stream]
    assert second.goals == first.goals
    assert world.failing_checks() == ["receipt"]
    world.refused("result.stale_hash", STAFF, world.plan_ref(), AcknowledgeResult(result=first.hash, how="assent"))
    world.when(STAFF, world.plan_ref(), AcknowledgeResult(result=second.hash, how="dissent"))
    world.closed()


def test_a_closed_cycle_can_be_reopened() -> None:
    world = final_values(World().in_track()).advanced(Phase.RETROSPECT)
    world.when(LEAD, world.cycle_ref, PublishResults())
    result = world.the_cycle().results[world.plan_ref().stream].hash
    world.when(STAFF, world.plan_ref(), AcknowledgeResult(result=result, how="assent"))
    world.closed()
    until = world.now + timedelta(days=2)
    world.when(LEAD, world.cycle_ref, ReopenPhase(phase=Phase.RETROSPECT, until=until, reason="An appeal"))
    assert world.failing_checks() == ["results"]
    assert world.agenda(world.cycle_ref).next_due is not None
    assert not world.agenda(world.plan_ref()).closed


@pytest.mark.parametrize("year", [1, 1899, 3000, 9999])
def test_an_instant_lies_within_years_that_can_be_reckoned_with(year: int) -> None:
    with pytest.raises(ValidationError, match="years 1900 to 2999"):
        Period.model_validate({"starts": f"{year:04}-01-01T00:00:00+08:00", "ends": QUARTER.ends})


def test_r2_1_a_period_that_begins_on_a_weekend_counts_from_its_first_working_day() -> None:
    """1 May 2027 is a Saturday: working day 5 is Friday the 7th."""
    world = World().founded()
    period = Period(starts=datetime(2027, 5, 1, tzinfo=UTC), ends=datetime(2027, 8, 1, tzinfo=UTC))
    world.when(LEAD, world.cycle_ref, opening(period=period))
    assert world.the_cycle().deadlines[Phase.COMMIT] == datetime(2027, 5, 8, tzinfo=UTC)


def test_r2_6_deadlines_stay_in_order_when_phases_closed_early_are_opened_again() -> None:
    """Draft was closed three weeks early. Open again after negotiate was, it does not outlast it."""
    world = World().founded().opened().agreed().advanced(Phase.COMMIT).wait(hours=1)
    for phase, days in ((Phase.NEGOTIATE, 2), (Phase.DRAFT, 9)):
        until = world.now + timedelta(days=days)
        world.when(LEAD, world.cycle_ref, ReopenPhase(phase=phase, until=until, reason="Too early"))
        deadlines = world.the_cycle().deadlines
        assert deadlines[phase] == until
        assert [deadlines[one] for one in Phase] == sorted(set(deadlines.values()))


FAR = datetime(2999, 12, 1, tzinfo=UTC)


def test_a_deadline_that_nothing_can_be_reckoned_from_is_refused_not_stumbled_over() -> None:
    """Later phases are pushed by as much, beyond what an instant may be."""
    world = World().founded()
    ages = Period(starts=FAR, ends=FAR + timedelta(days=30))
    world.refused("deadline.too_far", LEAD, world.cycle_ref, opening(period=ages))
    world.opened()
    extend = ExtendDeadline(phase=Phase.DRAFT, until=FAR, reason="Some day")
    assert world.refused("deadline.too_far", LEAD, world.cycle_ref, extend).pointer == "/until"
    world.drafted().advanced(Phase.NEGOTIATE)
    reopen = ReopenPhase(phase=Phase.DRAFT, until=FAR, reason="Some day")
    world.refused("deadline.too_far", LEAD, world.cycle_ref, reopen)


def test_an_administrator_stands_in_for_a_facilitator_who_has_left() -> None:
    world = World().founded()
    world.when(LEAD, world.cycle_ref, opening(facilitator=HEAD))
    extend = ExtendDeadline(phase=Phase.DRAFT, until=QUARTER.starts, reason="A fair")
    world.refused("cycle.not_facilitator", LEAD, world.cycle_ref, extend)
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=HEAD))
    world.refused("cycle.not_facilitator", HEAD, world.cycle_ref, extend)
    world.refused("cycle.not_facilitator", STAFF, world.cycle_ref, extend)
    world.when(LEAD, world.cycle_ref, extend)
