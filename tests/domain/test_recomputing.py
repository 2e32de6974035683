"""Reckoning deadlines anew: what moves when a calendar was changed, and what stays (R2.2)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from uuid import UUID

import pytest

from domain.cycle.closing import AdvancePhase
from domain.cycle.exceptions import ExtendDeadline, ReopenPhase
from domain.cycle.holding import HoldCycle, ResumeCycle
from domain.cycle.opening import CycleOpened, OpenCycle
from domain.cycle.recomputing import DeadlinesRecomputed, RecomputeDeadlines
from domain.cycle.windows import Period, Phase, Window, Windows
from domain.directory.calendar import Calendar, Day
from domain.directory.sites import AddSite, ChangeCalendar
from domain.directory.state import DIRECTORY
from domain.messages import Wake
from domain.values import Elapsed, WorkingDays
from eventlog.calendars import SiteCalendars
from tests.support.given import HEAD, LEAD, QUARTER, STAFF, World, who

SITE = who("Shanghai")
SHANGHAI = Calendar(zone="Asia/Shanghai", country="CN")
AGAIN = RecomputeDeadlines(reason="The notice is out")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def world_of(year: int, site: UUID | None = SITE, windows: Windows | None = None) -> World:
    """A cycle of the last quarter of a year at a site in Shanghai, opened on 1 August."""
    world = World(now=datetime(year, 8, 1, 9, tzinfo=UTC)).founded()
    world.calendar = SiteCalendars(lambda: world.directory)
    world.when(LEAD, DIRECTORY, AddSite(site=SITE, name="Shanghai", calendar=SHANGHAI))
    zone = at("2026-01-01T00:00:00+08:00").tzinfo
    period = Period(starts=datetime(year, 10, 1, tzinfo=zone), ends=datetime(year + 1, 1, 1, tzinfo=zone))
    opening = OpenCycle(
        name="Q4", facilitator=LEAD, period=period, site=site, participants=(STAFF,), windows=windows or Windows()
    )
    world.when(LEAD, world.cycle_ref, opening)
    return world


def changed(world: World, *exceptions: Day, confirmed: tuple[int, ...] = ()) -> None:
    now = Calendar(zone=SHANGHAI.zone, country=SHANGHAI.country, exceptions=exceptions, confirmed=confirmed)
    world.when(LEAD, DIRECTORY, ChangeCalendar(site=SITE, calendar=now, reason="The notice is out"))


def recomputed(world: World) -> DeadlinesRecomputed | None:
    found = world.when(LEAD, world.cycle_ref, AGAIN)
    assert all(isinstance(event, DeadlinesRecomputed) for event in found)
    return world.last(DeadlinesRecomputed) if found else None


def moved(world: World, phase: Phase = Phase.COMMIT) -> datetime:
    return world.the_cycle().deadlines[phase]


TRADE_FAIR = Day(on=date(2026, 10, 12), works=False)


def test_r2_2_phases_close_by_the_calendar_of_the_cycles_site() -> None:
    """Commit closes on working day 5: 8, 9, 10 (a Saturday), 12 and 13 October."""
    deadlines = world_of(2026).the_cycle().deadlines
    assert deadlines[Phase.NEGOTIATE] == at("2026-10-01T00:00:00+08:00")
    assert deadlines[Phase.DRAFT] == at("2026-09-24T00:00:00+08:00")  # over the Mid-Autumn Festival of the 25th
    assert deadlines[Phase.COMMIT] == at("2026-10-14T00:00:00+08:00")
    world = world_of(2026, site=None)
    assert world.last(CycleOpened).holidays is None, "no country's holidays count"
    elsewhere = world.the_cycle().deadlines  # Monday to Friday in UTC
    assert elsewhere[Phase.COMMIT] == at("2026-10-08T00:00:00Z")


def test_r2_2_a_changed_calendar_moves_no_deadline_until_somebody_recomputes_them() -> None:
    world = world_of(2026)
    before = moved(world)
    changed(world, TRADE_FAIR)
    assert moved(world) == before
    event = recomputed(world)
    assert event is not None
    assert moved(world) == event.deadlines[Phase.COMMIT] == before + timedelta(days=1)
    assert event.deadlines[Phase.NEGOTIATE] == at("2026-10-01T00:00:00+08:00")
    assert event.holidays == world.last(CycleOpened).holidays == version("holidays"), "what it was reckoned with"
    assert Wake.CHILDREN in DeadlinesRecomputed.wakes, "plans wait for these instants"
    assert recomputed(world) is None, "nothing is left to change"


def test_r2_2_deadlines_of_a_year_without_a_notice_are_provisional_until_it_is_entered() -> None:
    world = world_of(2060)
    opened: CycleOpened = world.last(CycleOpened)
    assert opened.provisional == world.the_cycle().provisional == tuple(Phase)
    changed(world, confirmed=(2060,))
    event = recomputed(world)
    assert event is not None
    assert event.provisional == world.the_cycle().provisional == (Phase.TRACK, Phase.RETROSPECT)  # they lie in 2061
    assert event.deadlines == opened.deadlines, "the guess was right"
    changed(world, confirmed=(2060, 2061))
    assert recomputed(world) is not None
    assert world.the_cycle().provisional == ()


def test_r2_2_deadlines_by_the_clock_are_never_provisional() -> None:
    by_clock = Windows(draft=Window(anchor="opening", offset=Elapsed(seconds=3600)))
    assert Phase.DRAFT not in world_of(2060, windows=by_clock).the_cycle().provisional


def test_r2_2_a_known_year_is_not_provisional() -> None:
    world = world_of(2025)
    assert world.last(CycleOpened).provisional is None
    assert world.the_cycle().provisional == ()


def test_r2_2_what_was_reckoned_from_the_opening_is_reckoned_from_it_again() -> None:
    week = Windows(draft=Window(anchor="opening", offset=WorkingDays(days=5)))
    world = world_of(2026, windows=week)
    assert moved(world, Phase.DRAFT) == at("2026-08-08T00:00:00+08:00")  # opened on a Saturday
    changed(world, Day(on=date(2026, 8, 5), works=False))
    world.wait(days=2)
    assert recomputed(world) is not None
    assert moved(world, Phase.DRAFT) == at("2026-08-11T00:00:00+08:00")


def test_r2_2_a_deadline_moved_by_hand_is_left_alone() -> None:
    world = world_of(2060)
    by_hand = moved(world) + timedelta(hours=5)
    world.when(LEAD, world.cycle_ref, ExtendDeadline(phase=Phase.COMMIT, until=by_hand, reason="A fair"))
    later = moved(world, Phase.TRACK)  # extensions push what comes after (R2.6)
    assert world.the_cycle().moved == (Phase.COMMIT, Phase.TRACK, Phase.RETROSPECT)
    assert world.the_cycle().provisional == (Phase.DRAFT, Phase.NEGOTIATE)
    changed(world, Day(on=date(2060, 9, 30), works=False), confirmed=(2060,))
    assert recomputed(world) is not None
    assert (moved(world), moved(world, Phase.TRACK)) == (by_hand, later)
    assert moved(world, Phase.NEGOTIATE) < at("2060-10-01T00:00:00+08:00")


def test_r2_2_deadlines_shifted_by_a_hold_are_left_alone() -> None:
    world = world_of(2026)
    world.when(LEAD, world.cycle_ref, HoldCycle(reason="A flood"))
    changed(world, TRADE_FAIR)
    world.refused("cycle.held", LEAD, world.cycle_ref, AGAIN)
    world.wait(days=1).when(LEAD, world.cycle_ref, ResumeCycle(reason="It is dry"))
    assert world.the_cycle().moved == tuple(Phase)
    assert recomputed(world) is None


def test_r2_2_a_phase_that_is_over_and_a_deadline_that_has_passed_stay() -> None:
    world = world_of(2026)
    before = dict(world.the_cycle().deadlines)
    world.now = before[Phase.DRAFT]
    world.perform(world.cycle_ref)  # nobody has a goal: the gate fails, and the phase goes on
    assert world.the_cycle().gate_failure is not None
    changed(world, Day(on=date(2026, 9, 21), works=False), Day(on=date(2026, 9, 19), works=True), TRADE_FAIR)
    event = recomputed(world)
    assert event is not None
    assert event.deadlines[Phase.DRAFT] == before[Phase.DRAFT]
    assert event.deadlines[Phase.COMMIT] > before[Phase.COMMIT]
    assert world.the_cycle().gate_failure is not None, "more time for a later phase mends no gate"
    world.agreed().when(LEAD, world.cycle_ref, AdvancePhase())
    world.perform(world.cycle_ref)
    assert world.the_cycle().phase is Phase.NEGOTIATE
    changed(world)
    assert recomputed(world) is not None
    assert moved(world, Phase.DRAFT) == before[Phase.DRAFT]


def test_r2_2_a_reopened_phase_keeps_the_deadline_it_was_given() -> None:
    world = world_of(2026).agreed()
    world.advanced(Phase.NEGOTIATE)
    until = world.now + timedelta(days=3)
    world.when(LEAD, world.cycle_ref, ReopenPhase(phase=Phase.DRAFT, until=until, reason="Too soon"))
    changed(world, TRADE_FAIR)
    assert recomputed(world) is not None
    assert moved(world, Phase.DRAFT) == until


@pytest.mark.parametrize(
    "exceptions",
    [
        tuple(Day(on=date(2026, 9, 1) + timedelta(days=n), works=False) for n in range(30)),  # draft by August
        tuple(Day(on=date(2026, 8, 4) + timedelta(days=n), works=False) for n in range(58)),  # draft long ago
    ],
)
def test_r2_2_deadlines_that_would_have_passed_are_not_recomputed(exceptions: tuple[Day, ...]) -> None:
    world = world_of(2026)
    world.now = at("2026-09-01T09:00:00+08:00")
    before = dict(world.the_cycle().deadlines)
    changed(world, *exceptions)
    assert world.refused("cycle.windows_out_of_order", LEAD, world.cycle_ref, AGAIN).pointer == ""
    assert world.the_cycle().deadlines == before


def test_r2_2_deadlines_stay_in_order_beside_one_moved_by_hand() -> None:
    world = world_of(2026)
    until = moved(world, Phase.NEGOTIATE) + timedelta(days=7)
    world.when(LEAD, world.cycle_ref, ExtendDeadline(phase=Phase.NEGOTIATE, until=until, reason="A fair"))
    assert Phase.DRAFT not in world.the_cycle().moved
    free = {phase for phase in Phase if phase not in world.the_cycle().moved}
    assert free == {Phase.DRAFT}
    changed(world, *(Day(on=date(2026, 9, 24) - timedelta(days=n), works=False) for n in range(10)))
    assert recomputed(world) is not None
    assert moved(world, Phase.DRAFT) < moved(world, Phase.NEGOTIATE) == until


def test_r2_2_only_the_facilitator_recomputes_and_only_a_cycle_that_knows_its_windows() -> None:
    world = world_of(2026)
    changed(world, TRADE_FAIR)
    world.refused("cycle.not_facilitator", HEAD, world.cycle_ref, AGAIN)
    old = world.the_cycle().model_copy(update={"windows": None})
    world.states[world.cycle_ref] = old
    assert world.refused("cycle.windows_unknown", LEAD, world.cycle_ref, AGAIN).problem.status == 409


def test_r2_2_the_new_deadline_is_the_one_that_counts() -> None:
    """The duty to close the phase falls due at the new instant, not at the old one."""
    world = world_of(2026)
    old = moved(world, Phase.DRAFT)
    changed(world, Day(on=date(2026, 9, 26), works=True))  # a Saturday more before the period
    assert recomputed(world) is not None
    new = moved(world, Phase.DRAFT)
    assert new > old
    world.now = old
    assert world.agenda(world.cycle_ref).due == ()
    assert world.agenda(world.cycle_ref).next_due == new


def test_r2_1_phases_close_one_after_the_other_never_together() -> None:
    together = Windows(negotiate=Windows().draft)
    world = World().founded()
    opening = OpenCycle(name="Q", facilitator=LEAD, period=QUARTER, windows=together, participants=(STAFF,))
    refusal = world.refused("cycle.windows_out_of_order", LEAD, world.cycle_ref, opening)
    assert (refusal.problem.status, refusal.pointer) == (422, "/windows/negotiate")
