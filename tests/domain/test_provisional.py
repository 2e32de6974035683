"""That dates are a guess, and that they are to be recomputed, is on the facilitator's list and on the board (R2.2)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from domain.board import cycle_row
from domain.cycle.exceptions import ExtendDeadline
from domain.cycle.opening import CycleOpened, OpenCycle
from domain.cycle.recomputing import DeadlinesRecomputed, RecomputeDeadlines
from domain.cycle.windows import Period, Phase
from domain.directory.calendar import Calendar, Day
from domain.directory.sites import AddSite, ChangeCalendar
from domain.directory.state import DIRECTORY
from domain.waiting import What, cycle_waits
from eventlog.calendars import SiteCalendars
from tests.support.given import LEAD, STAFF, World, final_values, who

SITE, ELSEWHERE = who("Shanghai"), who("Berlin")
CHINA = Calendar(zone="Asia/Shanghai", country="CN")
AGAIN = RecomputeDeadlines(reason="The notice is out")


def world_of(year: int) -> World:
    """A cycle of a quarter of a year, at a site in China."""
    world = World(now=datetime(year, 4, 1, 9, tzinfo=UTC)).founded()
    world.calendar = SiteCalendars(lambda: world.directory)
    for site, calendar in ((SITE, CHINA), (ELSEWHERE, Calendar(zone="Europe/Berlin", country="DE"))):
        world.when(LEAD, DIRECTORY, AddSite(site=site, name="A site", calendar=calendar))
    period = Period(starts=datetime(year, 7, 1, tzinfo=UTC), ends=datetime(year, 10, 1, tzinfo=UTC))
    opening = OpenCycle(name="Q3", facilitator=LEAD, period=period, site=SITE, participants=(STAFF,))
    world.when(LEAD, world.cycle_ref, opening)
    return world


def changed(world: World, calendar: Calendar, site: UUID = SITE) -> World:
    world.when(LEAD, DIRECTORY, ChangeCalendar(site=site, calendar=calendar, reason="The notice is out"))
    return world


def told(world: World) -> list[What]:
    """What is asked of the facilitator; the board says the same."""
    waits = list(cycle_waits(world.the_cycle(), world.directory))
    assert {wait.person for wait in waits} <= {LEAD}
    row = cycle_row(world.the_cycle(), world.directory, world.cycle)
    about = [wait.what for wait in waits if wait.what in (What.PROVISIONAL_DEADLINES, What.RECOMPUTE_DEADLINES)]
    assert about == ([] if row.about_deadlines is None else [row.about_deadlines])
    return [wait.what for wait in waits]


def provisional(world: World) -> tuple[Phase, ...]:
    return cycle_row(world.the_cycle(), world.directory, world.cycle).provisional


def test_r2_2_a_year_with_a_notice_asks_nothing() -> None:
    world = world_of(2026)
    assert (told(world), provisional(world)) == ([], ())


def test_r2_2_the_facilitator_is_told_that_dates_are_provisional_and_by_when_it_matters() -> None:
    world = world_of(2060)
    assert (told(world), provisional(world)) == ([What.PROVISIONAL_DEADLINES], tuple(Phase))
    (wait,) = cycle_waits(world.the_cycle(), world.directory)
    assert (wait.due, wait.blocks_gate) == (world.the_cycle().deadlines[Phase.DRAFT], False)


def test_r2_2_once_the_notice_is_in_recomputing_is_owed_until_it_is_done() -> None:
    world = changed(world_of(2060), CHINA.model_copy(update={"confirmed": (2060,)}))
    assert (told(world), provisional(world)) == ([What.RECOMPUTE_DEADLINES], tuple(Phase))
    assert len(world.when(LEAD, world.cycle_ref, AGAIN)) == 1
    assert (told(world), provisional(world)) == ([], ())


def test_r2_2_it_is_owed_too_where_days_change_that_move_nothing_and_a_look_settles_it() -> None:
    world = changed(world_of(2026), CHINA.model_copy(update={"exceptions": (Day(on=date(2026, 1, 2), works=False),)}))
    before = world.the_cycle().deadlines
    assert told(world) == [What.RECOMPUTE_DEADLINES]
    (event,) = world.when(LEAD, world.cycle_ref, AGAIN)
    assert isinstance(event, DeadlinesRecomputed)
    assert (world.the_cycle().deadlines, told(world)) == (before, [])
    assert world.when(LEAD, world.cycle_ref, AGAIN) == [], "nothing is left to look at"


def test_r2_2_a_calendar_of_another_site_or_one_that_is_as_it_was_owes_nothing() -> None:
    world = changed(world_of(2026), CHINA, ELSEWHERE)
    assert told(world) == []
    changed(world, Calendar(zone="UTC")).when(LEAD, world.cycle_ref, AGAIN)
    changed(changed(world, CHINA), Calendar(zone="UTC"))
    assert told(world) == []


def test_r2_2_what_is_past_or_was_moved_by_hand_is_no_guess_any_more_and_owes_nothing() -> None:
    world = world_of(2060).agreed()
    world.advanced(Phase.NEGOTIATE)
    assert provisional(world) == tuple(Phase)[1:]
    for phase in tuple(Phase)[1:]:
        until = world.the_cycle().deadlines[phase] + timedelta(days=1)
        world.when(LEAD, world.cycle_ref, ExtendDeadline(phase=phase, until=until, reason="The fair"))
    assert (told(changed(world, Calendar(zone="UTC"))), provisional(world)) == ([], ())


def test_r2_2_nothing_is_asked_of_a_closed_cycle() -> None:
    world = final_values(World().in_track()).advanced(Phase.RETROSPECT)
    world.states[world.cycle_ref] = world.the_cycle().model_copy(update={"closed": True, "provisional": tuple(Phase)})
    assert told(world) == []


def test_r2_2_a_cycle_that_was_opened_before_calendars_were_kept_asks_for_a_look_only_where_it_guessed() -> None:
    world = changed(world_of(2060), Calendar(zone="UTC"))
    opened: CycleOpened = world.last(CycleOpened)
    assert opened.calendar == CHINA.hash != Calendar(zone="UTC").hash
    world.states[world.cycle_ref] = world.the_cycle().model_copy(update={"reckoned_by": None})
    assert told(world) == [What.PROVISIONAL_DEADLINES]
