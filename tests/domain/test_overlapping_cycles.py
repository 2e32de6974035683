"""Cycles overlap: the next quarter is drafted while this one is tracked, each on its own (R2.1)."""

from __future__ import annotations

from datetime import UTC, datetime

from domain.cycle.opening import OpenCycle
from domain.cycle.windows import Period, Phase
from domain.plan.drafting import DraftGoal
from tests.support.given import LEAD, QUARTER, STAFF, World, okr, who

NEXT_QUARTER = Period(starts=QUARTER.ends, ends=datetime(2027, 10, 1, tzinfo=UTC))


def test_r2_1_a_person_tracks_one_cycle_and_drafts_in_the_next() -> None:
    world = World().founded().opened().agreed()
    world.advanced(Phase.COMMIT).submitted().signed().advanced(Phase.TRACK)
    first, seen = world.cycle, world.hash()
    assert world.the_cycle().phase is Phase.TRACK

    world.now = datetime(2027, 6, 1, 9, tzinfo=UTC)  # before the period of the first is over
    world.cycle = who("next cycle")
    opening = OpenCycle(name="2027 Q3", facilitator=LEAD, period=NEXT_QUARTER, participants=(STAFF,))
    world.when(LEAD, world.cycle_ref, opening)
    drafting = DraftGoal(cycle=world.cycle, owner=STAFF, goal=who("okr"), definition=okr(title="Another"))
    world.when(STAFF, world.plan_ref(), drafting)
    assert world.the_cycle().phase is Phase.DRAFT
    assert (world.plan().cycle, len(world.plan().goals)) == (world.cycle, 1)

    world.cycle, second = first, world.cycle
    assert (world.the_cycle().phase, world.hash()) == (Phase.TRACK, seen), "nothing of it has changed"
    opens_last, closes_first = world.the_cycle().deadlines[Phase.RETROSPECT], world.state(world.cycle_ref).period.ends
    world.cycle = second
    assert world.the_cycle().deadlines[Phase.DRAFT] < closes_first < opens_last, "their phases overlap"
