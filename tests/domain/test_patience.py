"""Who must act has as long as the days at their own site allow (R2.2, R4.3, R2.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.cycle.opening import OpenCycle
from domain.cycle.windows import Period
from domain.directory.calendar import Calendar
from domain.directory.people import AddPerson, ChangePerson
from domain.directory.sites import AddSite
from domain.directory.state import DIRECTORY, Role
from domain.directory.teams import ChangeTeam
from domain.plan.ground import ground_of
from domain.plan.negotiation import RevisionProposed
from domain.plan.patience import by_when
from domain.plan.talks import Side
from domain.values import Elapsed, WorkingDays
from eventlog.calendars import SiteCalendars
from tests.support.given import HEAD, LEAD, OTHER, STAFF, TEAM, World, okr, who

SHANGHAI, BERLIN = who("Shanghai"), who("Berlin")
BEFORE_THE_HOLIDAYS = datetime.fromisoformat("2026-09-30T09:00:00+08:00")
AFTER_THEM = datetime.fromisoformat("2026-10-11T00:00:00+08:00")
"""The end of the third working day in China."""
BY_THE_WEEK = datetime.fromisoformat("2026-10-06T00:00:00+00:00")
"""The end of the third day from Monday to Friday in UTC, where the organization itself is."""
IN_GERMANY = datetime.fromisoformat("2026-10-06T00:00:00+02:00")
"""The same there: the Day of German Unity is a Saturday."""


def moves(world: World, person: UUID, site: UUID) -> World:
    world.when(LEAD, DIRECTORY, ChangePerson(person=person, site=site))
    return world


def two_sites(*participants: UUID) -> World:
    """A cycle of the organization's own site on the day before the holidays; one of the staff works in Shanghai."""
    world = World(now=datetime.fromisoformat("2026-09-01T00:00:00Z")).founded()
    world.calendar = SiteCalendars(lambda: world.directory)
    for site, calendar in (
        (SHANGHAI, Calendar(zone="Asia/Shanghai", country="CN")),
        (BERLIN, Calendar(zone="Europe/Berlin", country="DE")),
    ):
        world.when(LEAD, DIRECTORY, AddSite(site=site, name="A site", calendar=calendar))
    moves(world, STAFF, SHANGHAI)
    starts, ends = (datetime.fromisoformat(day) for day in ("2026-11-01T00:00:00Z", "2027-02-01T00:00:00Z"))
    opening = OpenCycle(
        name="Q", facilitator=LEAD, period=Period(starts=starts, ends=ends), participants=participants or (STAFF,)
    )
    world.when(LEAD, world.cycle_ref, opening)
    world.now = BEFORE_THE_HOLIDAYS
    return world


def answer_by(world: World) -> datetime:
    found: RevisionProposed = world.last(RevisionProposed)
    return found.answer_by


def test_r4_3_the_turn_lasts_as_long_as_the_days_of_the_side_that_must_answer() -> None:
    world = two_sites().drafted().proposed(STAFF)
    assert answer_by(world) == BY_THE_WEEK, "the head answers, and works where the organization does"
    world.proposed(HEAD, title=okr(title="Another").title, reasons={"title": "Clearer"})
    assert answer_by(world) == AFTER_THEM, "the staff answers, from Shanghai"
    goal = world.goal()
    assert goal.turn is Side.OWNER
    assert goal.mediate_at == datetime.fromisoformat("2026-10-15T00:00:00+08:00"), "and so does what comes after it"


def test_r2_4_an_assignment_is_served_by_the_days_of_its_owner() -> None:
    assert two_sites().assigned().goal("kpi").served_at == AFTER_THEM
    world = two_sites(OTHER)
    assert world.assigned(owner=OTHER).goal("kpi", OTHER).served_at == BY_THE_WEEK


def test_r2_2_a_teams_plan_counts_by_the_site_of_its_lead() -> None:
    world = two_sites(TEAM)
    assert world.directory.site_of(TEAM) is None
    world.when(LEAD, DIRECTORY, ChangeTeam(team=TEAM, lead=STAFF))
    assert world.directory.site_of(TEAM) == SHANGHAI
    assert world.assigned(owner=TEAM).goal("kpi", TEAM).served_at == AFTER_THEM


def patience(world: World, *people: UUID, duration: WorkingDays | Elapsed = WorkingDays(days=3)) -> datetime:  # noqa: B008 - frozen
    found = ground_of(STAFF, world.the_cycle(), world.directory)
    return by_when(found, world._context(world.plan_ref(), None, LEAD), people, duration)


def test_r2_2_of_several_people_the_one_with_most_days_off_sets_the_date() -> None:
    world = moves(two_sites(), HEAD, BERLIN)
    assert patience(world, LEAD) == BY_THE_WEEK
    assert patience(world, HEAD) == IN_GERMANY
    assert patience(world, LEAD, HEAD) == BY_THE_WEEK
    assert patience(world, LEAD, STAFF, HEAD) == AFTER_THEM


def test_r2_2_where_nobody_is_left_to_ask_the_cycles_site_counts() -> None:
    world = two_sites()
    assert patience(world) == BY_THE_WEEK
    there = world.the_cycle().model_copy(update={"site": SHANGHAI})
    found = replace(ground_of(STAFF, there, world.directory))
    context = world._context(world.plan_ref(), None, LEAD)
    assert by_when(found, context, (), WorkingDays(days=3)) == AFTER_THEM


def test_r2_2_a_wait_by_the_clock_is_equal_everywhere() -> None:
    world = two_sites()
    assert patience(world, STAFF, duration=Elapsed(seconds=60)) == patience(world, LEAD, duration=Elapsed(seconds=60))


def test_r2_2_somebody_new_is_placed_at_once() -> None:
    world = two_sites()
    world.refused("site.unknown", LEAD, DIRECTORY, AddPerson(person=who("x"), name="X", site=who("nowhere")))
    world.when(LEAD, DIRECTORY, AddPerson(person=who("x"), name="X", site=SHANGHAI, roles=(Role.AUDITOR,)))
    assert patience(world, who("x")) == AFTER_THEM
