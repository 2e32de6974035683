"""Check-ins and what closes a quarter for its owner (R6.1, R6.2, R7.4, R7.5)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from domain.cycle.exceptions import ReopenPhase
from domain.cycle.results import PublishResults
from domain.cycle.windows import Phase
from domain.plan.goal import Reading
from domain.plan.result import AcknowledgeResult, Reflect
from domain.plan.tracking import CheckedIn, CheckIn
from tests.support.given import HEAD, LEAD, STAFF, World, final_values, who


def report(*readings: Reading, **more: object) -> CheckIn:
    given: dict[str, object] = {"goal": who("okr"), "readings": readings, "confidence": "0.5", "status": "on_track"}
    return CheckIn.model_validate(given | more)


VALUE = Reading(measure=who("berths"), value="12")
STEPS = Reading(measure=who("steps"), done=(who("steps 1"),))


def test_r6_1_the_owner_reports_values_confidence_and_a_status_of_their_own_choice() -> None:
    world = World().in_track()
    world.refused("plan.not_allowed", HEAD, world.plan_ref(), report(VALUE))
    world.when(STAFF, world.plan_ref(), report(VALUE, status="at_risk", narrative="Two berths were closed"))
    assert world.goal().readings[who("berths")].value == 12
    assert world.goal().status == "at_risk"
    assert world.plan().last_check_in == world.now


def test_r6_1_no_change_is_one_step_and_keeps_the_values() -> None:
    world = World().in_track()
    world.when(STAFF, world.plan_ref(), report(VALUE, STEPS))
    world.when(STAFF, world.plan_ref(), report(confidence="0.4"))
    assert set(world.goal().readings) == {who("berths"), who("steps")}


def test_r6_2_a_reading_typed_by_the_owner_is_claimed() -> None:
    world = World().in_track()
    world.when(STAFF, world.plan_ref(), report(VALUE))
    assert world.last(CheckedIn).claimed


def test_r6_1_confidence_has_no_preset_and_lies_between_0_and_1() -> None:
    for confidence in (None, "1.01", "-0.1"):
        with pytest.raises(ValidationError):
            report(VALUE, confidence=confidence)


@pytest.mark.parametrize(
    ("reading", "code"),
    [
        (Reading(measure=who("nothing"), value="1"), "check_in.measure_unknown"),
        (Reading(measure=who("berths"), done=()), "check_in.reading_kind"),
        (Reading(measure=who("berths"), value="1", done=()), "check_in.reading_kind"),
        (Reading(measure=who("steps"), value="1"), "check_in.reading_kind"),
        (Reading(measure=who("steps"), done=(who("berths"),)), "check_in.milestone_unknown"),
    ],
)
def test_a_reading_fits_its_measure(reading: Reading, code: str) -> None:
    world = World().in_track()
    assert world.refused(code, STAFF, world.plan_ref(), report(VALUE, reading)).pointer.startswith("/readings/1")


def test_a_kpi_is_read_under_the_goals_own_id() -> None:
    world = World().founded().opened().agreed().assigned().acknowledged().advanced(Phase.COMMIT)
    world.submitted().signed().advanced(Phase.TRACK)
    wrong = report(VALUE, goal=who("kpi"))
    world.refused("check_in.measure_unknown", STAFF, world.plan_ref(), wrong)
    world.when(STAFF, world.plan_ref(), report(Reading(measure=who("kpi"), value="95"), goal=who("kpi"), final=True))
    assert world.goal("kpi").final


def test_r2_4_final_values_cover_every_measure() -> None:
    world = World().in_track()
    refusal = world.refused("check_in.final_value_missing", STAFF, world.plan_ref(), report(VALUE, final=True))
    assert refusal.params == {"measure": str(who("steps"))}
    world.when(STAFF, world.plan_ref(), report(STEPS))
    world.when(STAFF, world.plan_ref(), report(VALUE, final=True))
    assert world.goal().final


def test_check_ins_begin_with_track() -> None:
    world = World().in_commit()
    world.refused("phase.wrong", STAFF, world.plan_ref(), report(VALUE))


def test_r2_7_what_comes_after_track_is_kept_as_late_and_alters_no_result() -> None:
    world = final_values(World().in_track()).advanced(Phase.RETROSPECT)
    before = world.plan()
    world.when(STAFF, world.plan_ref(), report(VALUE))
    assert world.last(CheckedIn).late
    after = world.goal()
    assert after.late_entries == 1
    assert after.model_copy(update={"late_entries": 0}) == before.goal(who("okr"))
    assert world.plan().last_check_in == before.last_check_in
    world.when(LEAD, world.cycle_ref, PublishResults())
    result = world.the_cycle().results[world.plan_ref().stream]
    world.when(STAFF, world.plan_ref(), AcknowledgeResult(result=result.hash, how="assent"))
    world.closed().when(STAFF, world.plan_ref(), report(VALUE))
    assert world.goal().late_entries == 2
    assert world.the_cycle().results[world.plan_ref().stream] == result
    assert world.plan().received(result.hash)


def test_r2_7_a_late_entry_is_no_final_value() -> None:
    world = final_values(World().in_track()).advanced(Phase.RETROSPECT)
    assert (
        world.refused("check_in.late_not_final", STAFF, world.plan_ref(), report(VALUE, final=True)).pointer == "/final"
    )


def test_r2_7_where_track_is_open_again_an_entry_is_not_late() -> None:
    world = final_values(World().in_track()).advanced(Phase.RETROSPECT)
    again = ReopenPhase(phase=Phase.TRACK, until=world.now + timedelta(days=3), reason="A value was wrong")
    world.when(LEAD, world.cycle_ref, again)
    world.when(STAFF, world.plan_ref(), report(VALUE))
    assert not world.last(CheckedIn).late
    assert world.goal().late_entries == 0


def test_r7_5_the_owner_reflects_and_r7_4_receives_exactly_the_published_result() -> None:
    world = final_values(World().in_track()).advanced(Phase.RETROSPECT)
    reflect = Reflect(goal=who("okr"), what_happened="a", why="b", learned="c", next_step="keep")
    world.refused("plan.not_allowed", HEAD, world.plan_ref(), reflect)
    world.when(STAFF, world.plan_ref(), reflect)
    assert world.goal().reflection is not None
    receive = AcknowledgeResult(result="0" * 64, how="assent")
    world.refused("result.not_published", STAFF, world.plan_ref(), receive)
    world.when(LEAD, world.cycle_ref, PublishResults())
    world.refused("result.stale_hash", STAFF, world.plan_ref(), receive)
    seen = receive.model_copy(update={"result": world.the_cycle().results[world.plan_ref().stream].hash})
    world.refused("plan.not_allowed", HEAD, world.plan_ref(), seen)
    world.when(STAFF, world.plan_ref(), seen)
    assert world.when(STAFF, world.plan_ref(), seen) == []


@pytest.mark.parametrize(
    "reading",
    [
        Reading(measure=who("berths")),
        Reading(measure=who("steps")),
        Reading(measure=who("steps"), value="1", done=(who("steps 1"),)),
    ],
)
def test_a_reading_says_exactly_what_its_measure_takes(reading: Reading) -> None:
    world = World().in_track()
    world.refused("check_in.reading_kind", STAFF, world.plan_ref(), report(reading))


def test_r6_1_the_board_shows_the_confidence_last_told() -> None:
    world = World().in_track()
    for confidence in ("0.9", "0.3"):
        world.when(STAFF, world.plan_ref(), report(VALUE, confidence=confidence))
    assert (world.goal().confidence, world.goal().checked_in_at) == (Decimal("0.3"), world.now)


def test_r2_4_a_later_check_in_that_is_not_final_opens_the_goal_again() -> None:
    """Whoever reports again after the final values says so: the gate waits for the last word."""
    world = final_values(World().in_track())
    world.when(STAFF, world.plan_ref(), report(VALUE))
    assert world.failing_checks() == ["final_values"]
    world.when(STAFF, world.plan_ref(), report(final=True))
    assert world.failing_checks() == []
