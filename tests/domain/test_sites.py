"""Sites and their calendars: who keeps them, and what a calendar may be (R2.2)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain.cycle.opening import OpenCycle
from domain.cycle.recomputing import RecomputeDeadlines
from domain.directory.calendar import Calendar, Day
from domain.directory.founding import FirstPerson, FoundOrganization
from domain.directory.sites import AddSite, CalendarChanged, ChangeCalendar
from domain.directory.state import DIRECTORY
from domain.messages import Command
from tests.support.given import HEAD, LEAD, QUARTER, STAFF, World, who

SITE = who("site")
SHANGHAI = Calendar(zone="Asia/Shanghai", country="CN")


def changed(calendar: Calendar, site: Any = SITE) -> ChangeCalendar:
    return ChangeCalendar(site=site, calendar=calendar, reason="A new agreement")


def with_site() -> World:
    world = World().founded()
    world.when(LEAD, DIRECTORY, AddSite(site=SITE, name="Shanghai", calendar=SHANGHAI))
    return world


@pytest.mark.parametrize("command", [AddSite(site=who("other"), name="A", calendar=SHANGHAI), changed(SHANGHAI)])
def test_only_an_administrator_keeps_sites(command: Command) -> None:
    with_site().refused("directory.not_admin", HEAD, DIRECTORY, command)
    World().refused("organization.unknown", LEAD, DIRECTORY, command)


def test_r2_2_an_organization_is_founded_with_the_holidays_of_its_country() -> None:
    first = FirstPerson(id=LEAD, name="Lin")
    founding = FoundOrganization(name="O", zone="Europe/Berlin", country="DE", subdivision="BY", first_person=first)
    world = World()
    for changes, code, pointer in (
        ({"country": "XX"}, "calendar.country_unknown", "/country"),
        ({"zone": "Mars/Olympus"}, "organization.zone_unknown", "/zone"),
    ):
        assert world.refused(code, LEAD, DIRECTORY, founding.model_copy(update=changes)).pointer == pointer
    with pytest.raises(ValidationError, match="subdivision needs its country"):
        FoundOrganization(name="O", subdivision="BY", first_person=first)
    world.when(LEAD, DIRECTORY, founding)
    assert world.directory.calendar == Calendar(zone="Europe/Berlin", country="DE", subdivision="BY")


def test_r2_2_every_site_has_a_calendar_of_its_own() -> None:
    world = with_site()
    assert world.directory.calendar_of(SITE) == SHANGHAI
    assert world.directory.calendar_of(None) == world.directory.calendar_of(who("nowhere")) == Calendar(zone="UTC")
    twice = AddSite(site=SITE, name="Twice", calendar=Calendar())
    assert world.refused("site.exists", LEAD, DIRECTORY, twice).problem.status == 409


def test_r2_2_a_calendar_is_changed_with_a_reason() -> None:
    world = with_site()
    six = SHANGHAI.model_copy(update={"week": (0, 1, 2, 3, 4, 5)})
    world.when(LEAD, DIRECTORY, changed(six))
    assert world.directory.calendar_of(SITE) == six
    assert world.directory.calendar_of(None) == Calendar(zone="UTC")
    assert world.last(CalendarChanged).reason is not None
    assert not CalendarChanged.wakes, "deadlines that are set stay until somebody recomputes them"
    assert world.when(LEAD, DIRECTORY, changed(six)) == [], "nothing is changed by the same calendar"
    world.refused("site.unknown", LEAD, DIRECTORY, changed(six, who("nowhere")))


def test_r2_2_the_organization_has_a_calendar_for_who_has_no_site() -> None:
    world = with_site()
    world.when(LEAD, DIRECTORY, changed(Calendar(zone="Africa/Cairo", country="EG"), None))
    assert world.directory.calendar_of(None).country == "EG"
    assert world.directory.zone == "Africa/Cairo"
    assert world.directory.calendar_of(SITE) == SHANGHAI


@pytest.mark.parametrize(
    ("calendar", "code", "pointer"),
    [
        (Calendar(zone="Mars/Olympus"), "organization.zone_unknown", "/calendar/zone"),
        (Calendar(country="XX"), "calendar.country_unknown", "/calendar/country"),
        (Calendar(country="XX", subdivision="BY"), "calendar.country_unknown", "/calendar/country"),
    ],
)
def test_r2_2_a_calendar_that_cannot_be_reckoned_by_is_refused(calendar: Calendar, code: str, pointer: str) -> None:
    world = with_site()
    assert world.refused(code, LEAD, DIRECTORY, changed(calendar)).pointer == pointer
    assert world.refused(code, LEAD, DIRECTORY, AddSite(site=who("x"), name="X", calendar=calendar)).pointer == pointer


def off(first: date, days: int, every: int = 1) -> tuple[Day, ...]:
    return tuple(Day(on=first + timedelta(days=n * every), works=False) for n in range(days))


def all_but(weekday: int, country: str | None = None) -> Calendar:
    """More than a year in which only one day of the week is worked."""
    days = off(date(2027, 1, 4), 400)
    return Calendar(country=country, exceptions=tuple(day for day in days if day.on.weekday() != weekday))


@pytest.mark.parametrize(
    ("calendar", "works"),
    [
        (Calendar(exceptions=off(date(2027, 1, 4), 367)), True),  # Monday to Wednesday a year later
        (Calendar(exceptions=off(date(2027, 1, 4), 368)), False),
        *((all_but(weekday), True) for weekday in range(5)),  # one day of the week stays
        *((all_but(weekday, country="EG"), True) for weekday in range(4)),  # of whatever country
        (all_but(5), False),
        (Calendar(week=(0,), exceptions=off(date(2027, 1, 4), 53, every=7)), True),  # every Monday of a year
        (Calendar(week=(0,), exceptions=off(date(2027, 1, 4), 54, every=7)), False),
        (Calendar(week=(0, 1), exceptions=off(date(2027, 1, 4), 60, every=7)), True),  # the Tuesdays stay
        (Calendar(week=(0, 6), exceptions=off(date(2027, 1, 4), 60, every=7)), True),  # the Sundays stay
        (
            Calendar(
                week=(0,),
                exceptions=tuple(Day(on=date(2027, 1, 4) + timedelta(days=7 * n), works=True) for n in range(60)),
            ),
            True,
        ),
        (Calendar(exceptions=(*off(date(2027, 1, 1), 200), *off(date(2027, 8, 1), 300))), True),  # a pause
        (Calendar(exceptions=(*off(date(2027, 1, 1), 360), *off(date(2027, 12, 28), 300))), True),
        (Calendar(exceptions=(*off(date(2027, 1, 1), 360), Day(on=date(2027, 12, 27), works=True))), True),
        (
            Calendar(
                week=(0,),
                exceptions=(
                    *off(date(2027, 1, 4), 40, every=7),
                    Day(on=date(2027, 10, 9), works=True),  # one Saturday in between
                    *off(date(2027, 10, 11), 40, every=7),
                ),
            ),
            True,
        ),
    ],
)
def test_r2_2_exceptions_never_take_a_whole_year(calendar: Calendar, works: bool) -> None:
    world = with_site()
    if works:
        world.when(LEAD, DIRECTORY, changed(calendar))
    else:
        refusal = world.refused("calendar.no_working_days", LEAD, DIRECTORY, changed(calendar))
        assert (refusal.problem.status, refusal.pointer) == (422, "/calendar/exceptions")


@pytest.mark.parametrize(
    "fields",
    [
        {"week": ()},
        {"week": (7,)},
        {"subdivision": "BY"},
        {"country": "cn"},
        {"zone": "../etc/passwd"},
        {"exceptions": [{"on": "2027-01-04", "works": True}, {"on": "2027-01-04", "works": False}]},
        {"exceptions": [{"on": "3000-01-01", "works": True}]},
        {"confirmed": [3000]},
    ],
)
def test_r2_2_what_is_no_calendar(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Calendar(**fields)


def test_r2_2_how_much_a_calendar_may_hold() -> None:
    exceptions = off(date(1900, 1, 1), 2_000)
    confirmed = tuple(range(1900, 2100))
    assert len(Calendar(exceptions=exceptions, confirmed=confirmed).exceptions) == 2_000
    for fields in (
        {"exceptions": off(date(1900, 1, 1), 2_001)},
        {"exceptions": ({"on": "1899-12-31", "works": True},)},
        {"confirmed": (*confirmed, 2100)},
        {"confirmed": (1899,)},
    ):
        with pytest.raises(ValidationError):
            Calendar(**fields)


def test_r2_2_who_changes_a_calendar_says_what_they_saw() -> None:
    """If-Match is wanted (428, 412): else one administrator would undo what another entered a moment ago."""
    assert ChangeCalendar.edits
    assert RecomputeDeadlines.edits
    assert not AddSite.edits


def test_r2_2_equal_calendars_have_equal_bytes() -> None:
    """Order and repetition of what is a set make no difference."""
    days = (Day(on=date(2027, 1, 5), works=True), Day(on=date(2027, 1, 4), works=False))
    assert Calendar(week=(5, 0, 5), exceptions=days, confirmed=(2028, 2027)) == Calendar(
        week=(0, 5), exceptions=days[::-1], confirmed=(2027, 2028)
    )


def test_r2_2_an_exception_is_found_on_its_day_only() -> None:
    days = tuple(Day(on=date(2027, 1, n), works=n % 2 == 0) for n in (4, 7, 10))
    calendar = Calendar(exceptions=days)
    assert [calendar.exception(date(2027, 1, n)) for n in range(3, 12)] == [
        None, True, None, None, False, None, None, True, None
    ]  # fmt: skip


def test_r2_2_a_cycle_keeps_its_site_and_what_its_deadlines_were_reckoned_from() -> None:
    world = with_site()
    opening = OpenCycle(name="Q2", facilitator=LEAD, period=QUARTER, site=SITE, participants=(STAFF,))
    elsewhere = opening.model_copy(update={"site": who("nowhere")})
    assert world.refused("site.unknown", LEAD, world.cycle_ref, elsewhere).pointer == "/site"
    world.when(LEAD, world.cycle_ref, opening)
    cycle = world.the_cycle()
    assert (cycle.site, cycle.opened_at, cycle.windows) == (SITE, world.now, opening.windows)
    assert cycle.provisional == ()
