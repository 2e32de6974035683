"""What falls due for a cycle as a whole is reckoned by the cycle's site: digests, results, grace (R2.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.cycle.exceptions import ReopenPhase
from domain.cycle.holding import CycleResumed, HoldCycle, ResumeCycle
from domain.cycle.opening import OpenCycle
from domain.cycle.results import PublishResults, ResultsPublished
from domain.cycle.windows import Period, Phase
from domain.directory.calendar import Calendar
from domain.directory.sites import AddSite
from domain.directory.state import DIRECTORY
from eventlog.calendars import SiteCalendars
from tests.support.given import LEAD, STAFF, World, final_values, who

SHANGHAI = who("Shanghai")
BEFORE_THE_HOLIDAYS = datetime.fromisoformat("2026-09-30T09:00:00+08:00")
FIFTH_DAY = datetime.fromisoformat("2026-10-14T00:00:00+08:00")
"""The end of the fifth working day after it: 8, 9, 10 (a Saturday), 12 and 13 October."""


def in_track() -> World:
    """A cycle of the site, in track on the day before the holidays."""
    world = World(now=datetime(2026, 8, 1, 9, tzinfo=UTC)).founded()
    world.calendar = SiteCalendars(lambda: world.directory)
    calendar = Calendar(zone="Asia/Shanghai", country="CN")
    world.when(LEAD, DIRECTORY, AddSite(site=SHANGHAI, name="Shanghai", calendar=calendar))
    period = Period(starts=datetime(2026, 10, 1, tzinfo=UTC), ends=datetime(2027, 1, 1, tzinfo=UTC))
    opening = OpenCycle(name="Q", facilitator=LEAD, period=period, site=SHANGHAI, participants=(STAFF,))
    world.when(LEAD, world.cycle_ref, opening)
    world.agreed().advanced(Phase.COMMIT).submitted().signed()
    world.now = BEFORE_THE_HOLIDAYS
    return world.advanced(Phase.TRACK)


def test_r6_4_the_digest_comes_by_the_days_of_the_cycles_site() -> None:
    world = in_track()
    first = world.the_cycle().digest_due
    assert first == FIFTH_DAY
    world.now = first
    assert "SendDigest" in world.perform(world.cycle_ref)
    assert world.the_cycle().digest_due == datetime.fromisoformat("2026-10-21T00:00:00+08:00")


def test_r7_4_results_are_served_by_the_days_of_the_cycles_site() -> None:
    world = in_track()
    final_values(world)
    world.advanced(Phase.RETROSPECT).when(LEAD, world.cycle_ref, PublishResults())
    published: ResultsPublished = world.last(ResultsPublished)
    assert published.served_at == FIFTH_DAY


def test_r2_6_a_reopened_track_has_its_digest_by_the_days_of_the_cycles_site() -> None:
    world = in_track()
    final_values(world)
    world.advanced(Phase.RETROSPECT)
    again = ReopenPhase(phase=Phase.TRACK, until=world.now + timedelta(days=30), reason="A value was wrong")
    world.when(LEAD, world.cycle_ref, again)
    assert world.the_cycle().digest_due == FIFTH_DAY


def test_r2_6_the_grace_after_a_hold_is_a_working_day_of_the_cycles_site() -> None:
    world = in_track()
    world.when(LEAD, world.cycle_ref, HoldCycle(reason="A flood"))
    world.when(LEAD, world.cycle_ref, ResumeCycle(reason="It is dry"))
    resumed: CycleResumed = world.last(CycleResumed)
    assert resumed.grace_until == datetime.fromisoformat("2026-10-09T00:00:00+08:00")
