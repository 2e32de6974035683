"""Late joiners and leaves: each an event with its reason (R2.6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from domain.cycle.participation import (
    EnrolParticipant,
    ExcuseParticipant,
    Leave,
    ParticipantEnrolled,
    ParticipantExcused,
)
from domain.cycle.windows import Phase
from tests.support.given import LEAD, OTHER, QUARTER, STAFF, World

DAY = timedelta(days=1)


def test_r2_6_who_joins_after_draft_says_why() -> None:
    world = World().founded().opened()
    world.when(LEAD, world.cycle_ref, EnrolParticipant(owner=OTHER))
    assert (world.last(ParticipantEnrolled).late_in, world.last(ParticipantEnrolled).reason) == (None, None)
    for phase in (Phase.NEGOTIATE, Phase.COMMIT):
        world = World().founded().opened().agreed().advanced(phase)
        refusal = world.refused("participant.reason_missing", LEAD, world.cycle_ref, EnrolParticipant(owner=OTHER))
        assert refusal.pointer == "/reason"
        world.when(LEAD, world.cycle_ref, EnrolParticipant(owner=OTHER, reason="A transfer"))
        assert world.last(ParticipantEnrolled).late_in is phase
        assert world.last(ParticipantEnrolled).reason is not None
        assert world.the_cycle().takes_part(OTHER)


def excuse(days_present: int) -> ExcuseParticipant:
    """A leave until the end of the period that leaves so many working days of it: 1 April 2027 is a Thursday."""
    starts, left = QUARTER.starts, days_present
    while left:
        left -= starts.weekday() < 5
        starts += DAY
    leave = Leave(starts=starts, ends=QUARTER.ends + 30 * DAY)
    return ExcuseParticipant(owner=STAFF, reason="A leave", leave=leave)


def test_r2_6_a_leave_excuses_who_is_present_for_fewer_than_twenty_working_days() -> None:
    world = World().founded().opened()
    refusal = world.refused("participant.present_enough", LEAD, world.cycle_ref, excuse(20))
    assert (refusal.pointer, refusal.params) == ("/leave", {"days": 20, "least": 20})
    world.when(LEAD, world.cycle_ref, excuse(19))
    assert world.last(ParticipantExcused).present_days == 19
    assert not world.the_cycle().takes_part(STAFF)


def test_r2_6_only_what_of_a_leave_lies_in_the_period_counts() -> None:
    world = World().founded().opened()
    before = Leave(starts=QUARTER.starts - 90 * DAY, ends=QUARTER.starts)
    command = ExcuseParticipant(owner=STAFF, reason="A leave", leave=before)
    refusal = world.refused("participant.present_enough", LEAD, world.cycle_ref, command)
    assert refusal.params["days"] == 65


def test_r2_6_another_reason_than_a_leave_counts_no_days() -> None:
    world = World().founded().opened()
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=STAFF, reason="A new task"))
    assert (world.last(ParticipantExcused).leave, world.last(ParticipantExcused).present_days) == (None, None)


def test_a_leave_ends_after_it_starts() -> None:
    with pytest.raises(ValidationError, match="ends before it starts"):
        Leave(starts=QUARTER.ends, ends=QUARTER.starts)
