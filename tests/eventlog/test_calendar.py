"""Durations as instants: working days end at local midnight, whatever the clocks and the holidays do (R2.2)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.directory.calendar import Calendar, Day
from domain.problems import DomainError
from domain.values import Elapsed, WorkingDays
from eventlog.calendars.days import first_instant, zone_exists, zone_of
from eventlog.calendars.holidays_of import country_exists, year_of
from eventlog.calendars.resolve import after, months_after, provisional, working_days, works

CHINA = Calendar(zone="Asia/Shanghai", country="CN")
SIX_DAYS = CHINA.model_copy(update={"week": (0, 1, 2, 3, 4, 5)})
EGYPT = Calendar(zone="Africa/Cairo", country="EG")
ALWAYS = (0, 1, 2, 3, 4, 5, 6)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def the_day(number: int, of: str, calendar: Calendar) -> str:
    """The day at whose end the n-th working day from the noon of a day is over."""
    noon = datetime.combine(date.fromisoformat(of), datetime.min.time(), tzinfo=zone_of(calendar.zone)).replace(hour=12)
    end = after(noon, WorkingDays(days=number), calendar)
    there = (end - timedelta(microseconds=1)).astimezone(zone_of(calendar.zone)).date()
    assert end == first_instant(there + timedelta(days=1), zone_of(calendar.zone)), "not the end of a day"
    return there.isoformat()


def test_elapsed_counts_seconds() -> None:
    assert after(at("2027-01-01T00:00:00+08:00"), Elapsed(seconds=90), CHINA) == at("2026-12-31T16:01:30Z")
    assert after(at("2027-01-01T00:00:00Z"), Elapsed(seconds=-60), Calendar()) == at("2026-12-31T23:59:00Z")


@pytest.mark.parametrize(
    ("start", "days", "zone", "end"),
    [
        ("2027-01-04T09:00:00Z", 1, "UTC", "2027-01-06T00:00:00Z"),  # Monday: the end of Tuesday
        ("2027-01-08T09:00:00Z", 1, "UTC", "2027-01-12T00:00:00Z"),  # Friday: the end of Monday
        ("2027-01-09T09:00:00Z", 1, "UTC", "2027-01-12T00:00:00Z"),  # Saturday: the end of Monday
        ("2027-01-04T09:00:00Z", 5, "UTC", "2027-01-12T00:00:00Z"),  # a week
        ("2027-01-05T00:00:00Z", 1, "UTC", "2027-01-06T00:00:00Z"),  # Tuesday begins: the end of Tuesday
        ("2027-01-05T03:00:00Z", 1, "UTC", "2027-01-07T00:00:00Z"),  # Tuesday, and early
        ("2027-01-04T16:00:00Z", 1, "Asia/Shanghai", "2027-01-05T16:00:00Z"),  # the same there
        ("2027-04-01T00:00:00Z", 5, "UTC", "2027-04-08T00:00:00Z"),  # a period's working day 5 (R2.1)
        ("2027-05-01T00:00:00Z", 5, "UTC", "2027-05-08T00:00:00Z"),  # of one that begins on a Saturday
        ("2027-04-01T00:00:00Z", -1, "UTC", "2027-04-01T00:00:00Z"),  # the last one before a period
        ("2027-01-05T00:00:00Z", 0, "UTC", "2027-01-06T00:00:00Z"),
        ("2027-01-04T09:00:00Z", 0, "UTC", "2027-01-05T00:00:00Z"),  # the end of the day itself
        ("2027-01-04T09:00:00Z", -1, "UTC", "2027-01-02T00:00:00Z"),  # back over a weekend: the end of Friday
        ("2027-01-06T09:00:00Z", -2, "UTC", "2027-01-05T00:00:00Z"),
        ("2027-01-04T17:00:00Z", 1, "Asia/Shanghai", "2027-01-06T16:00:00Z"),  # already Tuesday there
        ("2027-03-26T12:00:00Z", 1, "Europe/Berlin", "2027-03-29T22:00:00Z"),  # clocks go forward in between
        ("2027-03-25T12:00:00Z", 1, "Europe/Berlin", "2027-03-26T23:00:00Z"),
        ("2027-03-30T12:00:00Z", -1, "Europe/Berlin", "2027-03-29T22:00:00Z"),  # and in the other direction
        ("2027-03-29T12:00:00Z", -1, "Europe/Berlin", "2027-03-26T23:00:00Z"),
        ("2027-10-29T12:00:00Z", 1, "Europe/Berlin", "2027-11-01T23:00:00Z"),  # and back
        ("2027-03-12T12:00:00Z", 1, "America/New_York", "2027-03-16T04:00:00Z"),
    ],
)
def test_working_days_end_at_local_midnight(start: str, days: int, zone: str, end: str) -> None:
    found = after(at(start), WorkingDays(days=days), Calendar(zone=zone))
    assert found == at(end)
    assert found.tzinfo is UTC


def test_an_unknown_zone_is_an_error() -> None:
    with pytest.raises(KeyError):
        after(at("2027-01-04T09:00:00Z"), WorkingDays(days=1), Calendar(zone="Mars/Olympus"))


def test_a_zone_is_named_as_in_the_database_of_zones() -> None:
    assert zone_exists("Asia/Shanghai")
    for name in ("Mars/Olympus", "../etc/passwd", ""):
        assert not zone_exists(name)


# --- holidays and make-up days: the notice of the State Council (国办) for 2026 ---


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-09-30", 3, "2026-10-10"),  # 8 and 9 October, then a Saturday that makes up for the 7th
        ("2026-10-10", -3, "2026-09-30"),
        ("2026-10-10", 1, "2026-10-12"),
        ("2026-09-21", -1, "2026-09-20"),  # back from Monday to a Sunday that is worked
        ("2026-09-18", 1, "2026-09-20"),
        ("2026-02-13", 1, "2026-02-14"),  # Friday, a Saturday that is worked, then the Spring Festival
        ("2026-02-13", 2, "2026-02-24"),
        ("2026-02-24", -2, "2026-02-13"),
        ("2026-01-03", 1, "2026-01-04"),  # a Sunday that is worked
        ("2026-05-08", 1, "2026-05-09"),
        ("2025-12-31", 1, "2026-01-04"),  # over the new year
        ("2026-01-04", -1, "2025-12-31"),
        ("2026-10-03", 0, "2026-10-03"),
    ],
)
def test_r2_2_holidays_and_make_up_working_days_of_china(start: str, days: int, end: str) -> None:
    assert the_day(days, start, CHINA) == end


def test_r2_2_the_third_working_day_after_2026_09_30_in_china() -> None:
    """The end of it: 10 October is over at 16:00 in UTC."""
    found = after(at("2026-09-30T09:00:00+08:00"), WorkingDays(days=3), CHINA)
    assert found == at("2026-10-10T16:00:00Z") == at("2026-10-11T00:00:00+08:00")


def test_r2_2_a_year_is_known_whole_also_what_the_notice_of_the_next_one_moved() -> None:
    """31 December 2006 was worked for a day off in January 2007: it stands in the notice for 2007."""
    assert works(CHINA, date(2006, 12, 31))
    assert the_day(1, "2006-12-29", CHINA) == "2006-12-30"
    assert the_day(2, "2006-12-29", CHINA) == "2006-12-31"


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-03-06", 1, "2026-03-07"),  # Saturday
        ("2026-03-07", 1, "2026-03-09"),  # never Sunday
        ("2026-03-09", -1, "2026-03-07"),
        ("2026-09-18", 2, "2026-09-20"),  # but a Sunday that makes up
        ("2026-10-02", 1, "2026-10-08"),  # and no Saturday that is a holiday
    ],
)
def test_r2_2_six_day_weeks(start: str, days: int, end: str) -> None:
    assert the_day(days, start, SIX_DAYS) == end


def test_r2_2_the_week_is_the_countrys_own() -> None:
    """Friday and Saturday in Egypt, and Monday to Friday where no country is named."""
    assert the_day(1, "2026-03-05", EGYPT) == "2026-03-08"  # Thursday, Sunday
    assert the_day(1, "2026-03-05", Calendar(zone="Africa/Cairo")) == "2026-03-06"
    assert the_day(-1, "2026-03-08", EGYPT) == "2026-03-05"
    assert the_day(1, "2026-03-05", EGYPT.model_copy(update={"week": (4,)})) == "2026-03-06"


def test_r2_2_weekends_are_known_to_both_ends_of_a_year() -> None:
    assert not works(Calendar(country="DE"), date(2028, 12, 31))  # a Sunday, the 366th day
    assert not works(Calendar(country="DE"), date(2027, 1, 2))  # a Saturday
    assert not works(Calendar(country="IR"), date(2027, 1, 1))  # a Friday, and no holiday
    assert not works(SIX_DAYS, date(2028, 12, 31))


def test_r2_2_parts_of_a_country_have_holidays_of_their_own() -> None:
    berlin, bavaria = (Calendar(zone="Europe/Berlin", country="DE", subdivision=land) for land in ("BE", "BY"))
    assert the_day(1, "2026-01-05", berlin) == "2026-01-06"
    assert the_day(1, "2026-01-05", bavaria) == "2026-01-07"  # Epiphany
    assert the_day(1, "2026-03-06", berlin) == "2026-03-09"
    assert the_day(1, "2027-03-05", berlin) == "2027-03-09"  # Women's Day, in Berlin only
    assert the_day(1, "2027-03-05", bavaria) == "2027-03-08"


@pytest.mark.parametrize(
    ("on", "makes", "start", "days", "end"),
    [
        ("2026-10-01", True, "2026-09-30", 1, "2026-10-01"),  # a holiday that is worked
        ("2026-10-10", False, "2026-10-09", 1, "2026-10-12"),  # a make-up day that is not
        ("2026-03-07", True, "2026-03-06", 1, "2026-03-07"),  # a Saturday that is
        ("2026-03-09", False, "2026-03-06", 1, "2026-03-10"),  # a Monday that is not
        ("2026-03-09", False, "2026-03-10", -1, "2026-03-06"),
    ],
)
def test_r2_2_an_exception_of_ones_own_goes_before_everything(
    on: str, makes: bool, start: str, days: int, end: str
) -> None:
    own = CHINA.model_copy(update={"exceptions": (Day(on=date.fromisoformat(on), works=makes),)})
    assert the_day(days, start, own) == end != the_day(days, start, CHINA)


def test_r2_2_a_half_day_is_a_working_day() -> None:
    """Women's Day gives half a day to women in China, a category of its own in the library."""
    assert works(CHINA, date(2027, 3, 8))


def test_r2_2_a_calendar_without_working_days_is_an_error_and_no_endless_loop() -> None:
    sundays = tuple(Day(on=date(2027, 1, 3) + timedelta(days=7 * n), works=False) for n in range(700))
    never = Calendar(week=(6,), exceptions=sundays)
    for start, days in (("2027-01-05T09:00:00Z", 1), ("2033-01-04T09:00:00Z", -300)):
        with pytest.raises(DomainError, match=r"calendar\.no_working_days"):
            after(at(start), WorkingDays(days=days), never)
    assert after(at("2026-12-30T09:00:00Z"), WorkingDays(days=-400), Calendar(week=(6,))).year == 2019


# --- clocks ---


@pytest.mark.parametrize(
    ("zone", "skipped"),
    [
        ("Africa/Cairo", "2026-04-24"),  # 00:00 to 01:00 on a Friday
        ("Asia/Beirut", "2026-03-29"),
        ("America/Havana", "2026-03-08"),
        ("America/Santiago", "2026-09-06"),
        ("Pacific/Apia", "2011-12-31"),  # a whole day, over the date line
        ("Antarctica/Vostok", "1994-11-01"),  # 00:00 to 07:00
    ],
)
def test_r2_2_a_day_begins_after_midnight_where_clocks_go_forward_at_midnight(zone: str, skipped: str) -> None:
    """A deadline at the end of the day before is the start of this day: reckoned on from, it skips nothing."""
    calendar, day = Calendar(zone=zone, week=ALWAYS), date.fromisoformat(skipped)
    begins = first_instant(day, zone_of(zone))
    assert (begins - timedelta(microseconds=1)).astimezone(zone_of(zone)).date() < day
    assert begins.astimezone(zone_of(zone)).date() == day
    assert after(begins, WorkingDays(days=1), calendar) == first_instant(day + timedelta(days=1), zone_of(zone))
    assert after(begins, WorkingDays(days=-1), calendar) <= begins
    assert after(begins - timedelta(hours=9), WorkingDays(days=0), calendar) == begins


@pytest.mark.parametrize(
    ("zone", "twice"),
    [
        ("America/Havana", "2026-11-01"),  # 01:00 to 00:00: midnight comes twice
        ("Africa/Cairo", "2026-10-29"),  # 24:00 to 23:00
        ("Asia/Beirut", "2026-10-25"),
    ],
)
def test_r2_2_a_day_begins_once_where_clocks_go_back_at_midnight(zone: str, twice: str) -> None:
    calendar, day = Calendar(zone=zone, week=ALWAYS), date.fromisoformat(twice)
    begins, ends = (first_instant(day + timedelta(days=n), zone_of(zone)) for n in (0, 1))
    for instant in (begins, ends - timedelta(seconds=1)):
        assert instant.astimezone(zone_of(zone)).date() == day
    assert after(begins, WorkingDays(days=1), calendar) == ends
    again = begins + timedelta(hours=1)  # where midnight comes again, the day has begun already
    assert after(again, WorkingDays(days=1), calendar) == first_instant(day + timedelta(days=2), zone_of(zone))


ZONES = st.sampled_from(
    ["UTC", "Asia/Shanghai", "Africa/Cairo", "America/Havana", "America/Santiago", "Europe/Berlin", "Asia/Kathmandu"]
)
WEEKS = st.none() | st.frozensets(st.integers(0, 6), min_size=1).map(tuple)
DATES = st.dates(date(2020, 1, 1), date(2040, 12, 31))
EXCEPTIONS = st.lists(st.builds(Day, on=DATES, works=st.booleans()), max_size=30, unique_by=lambda day: day.on)
CALENDARS = st.builds(
    Calendar,
    zone=ZONES,
    country=st.sampled_from([None, "CN", "EG", "DE", "HU", "US"]),
    week=WEEKS,
    exceptions=EXCEPTIONS.map(tuple),
)


@given(CALENDARS, DATES, st.integers(1, 60))
def test_r2_2_as_many_days_back_as_forward_end_where_they_began(calendar: Calendar, day: date, number: int) -> None:
    """From a day that works; and from one that does not, back to the last one before it that does."""
    reached = the_day(number, day.isoformat(), calendar)
    assert works(calendar, date.fromisoformat(reached))
    back = the_day(-number, reached, calendar)
    assert back == (day.isoformat() if works(calendar, day) else the_day(-1, day.isoformat(), calendar))


@given(CALENDARS, DATES, st.integers(1, 30), st.integers(1, 30))
def test_r2_2_waits_add_up(calendar: Calendar, day: date, first: int, second: int) -> None:
    """A deadline is the start of the next day, so a wait from it goes on without a gap or an overlap."""
    start = first_instant(day, zone_of(calendar.zone))
    at_once = after(start, WorkingDays(days=first + second), calendar)
    assert after(after(start, WorkingDays(days=first), calendar), WorkingDays(days=second), calendar) == at_once
    assert working_days(start, at_once, calendar) == first + second


@given(CALENDARS, DATES, st.integers(0, 40), st.floats(0, 0.999))
def test_r2_2_a_day_is_one_day_however_late_it_is(calendar: Calendar, day: date, number: int, share: float) -> None:
    begins, ends = (first_instant(day + timedelta(days=n), zone_of(calendar.zone)) for n in (0, 1))
    late = begins + timedelta(seconds=1) + (ends - begins - timedelta(seconds=1)) * share
    assert after(late, WorkingDays(days=number), calendar) == after(
        ends - timedelta(microseconds=1), WorkingDays(days=number), calendar
    )


# --- years without an official notice ---


def new_year(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=zone_of("Asia/Shanghai"))


def test_r2_2_a_year_without_an_official_notice_is_provisional() -> None:
    assert not provisional(new_year(2026), new_year(2027), CHINA), "a deadline at midnight lies in the year before"
    assert provisional(new_year(2060), new_year(2060) + timedelta(days=1), CHINA)
    assert provisional(new_year(2026), new_year(2061), CHINA)
    assert not provisional(new_year(2060), new_year(2061), Calendar(zone="Asia/Shanghai")), "no country, no notice"
    assert not provisional(new_year(2060), new_year(2061), Calendar(country="DE")), "the law fixes the days"


def test_r2_2_a_year_with_an_estimated_holiday_is_provisional() -> None:
    """The moon decides: the library marks what it computed itself."""
    assert year_of("EG", None, 2060).provisional
    assert not year_of("EG", None, 2023).provisional


def test_r2_2_a_year_of_which_the_library_knows_nothing_is_provisional() -> None:
    assert year_of("DE", None, 2150).provisional
    assert not year_of("DE", None, 2100).provisional, "the last one it covers"
    assert year_of("DE", None, 2100).holidays
    assert year_of("CN", None, 1950).holidays, "the first one"
    assert not year_of("CN", None, 1949).holidays
    assert the_day(1, "2150-01-02", Calendar(country="DE")) == "2150-01-05"


def test_r2_2_a_year_whose_notice_the_organization_entered_is_not_provisional() -> None:
    own = CHINA.model_copy(update={"confirmed": (2060, 2062)})
    assert not provisional(new_year(2060), new_year(2061), own), "counted from the first day that begins"
    assert not provisional(new_year(2060) - timedelta(hours=9), new_year(2061), own), "not from the day before it"
    assert not provisional(new_year(2061), new_year(2060) + timedelta(days=9), own), "nor back from the day after it"
    assert provisional(new_year(2061) + timedelta(days=9), new_year(2060) + timedelta(days=9), own)
    assert provisional(new_year(2061), new_year(2060), own), "back to the end of the year before"
    assert provisional(new_year(2060), new_year(2063), own)


def test_r2_2_countries_are_named_by_their_iso_code() -> None:
    assert country_exists("CN")
    assert country_exists("DE", "BY")
    for place in (("XX", None), ("DE", "XX"), ("CHN", None), ("cn", None), ("HolidayBase", None)):
        assert not country_exists(*place)


# --- months, and days within a time ---


@pytest.mark.parametrize(
    ("start", "months", "zone", "end"),
    [
        ("2027-04-01T00:00:00+08:00", 3, "Asia/Shanghai", "2027-07-01T00:00:00+08:00"),
        ("2027-10-01T00:00:00+08:00", 3, "Asia/Shanghai", "2028-01-01T00:00:00+08:00"),
        ("2027-01-31T09:30:00Z", 1, "UTC", "2027-02-28T09:30:00Z"),
        ("2027-12-15T00:00:00Z", 12, "UTC", "2028-12-15T00:00:00Z"),
        ("2027-01-01T00:00:00+01:00", 6, "Europe/Berlin", "2027-07-01T00:00:00+02:00"),  # summer time
        ("2027-07-01T18:00:00+02:00", 6, "Europe/Berlin", "2028-01-01T18:00:00+01:00"),
        ("2026-01-24T00:00:00+02:00", 3, "Africa/Cairo", "2026-04-24T01:00:00+03:00"),  # the day's first instant
        ("2026-04-24T01:00:00+03:00", 3, "Africa/Cairo", "2026-07-24T00:00:00+03:00"),
    ],
)
def test_r2_8_months_later_at_the_same_local_time(start: str, months: int, zone: str, end: str) -> None:
    found = months_after(at(start), months, Calendar(zone=zone))
    assert found == at(end)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-10-01T00:00:00+08:00", "2026-10-12T00:00:00+08:00", 3),
        ("2026-10-01T00:00:00+08:00", "2026-10-12T00:00:01+08:00", 4),
        ("2026-10-10T23:59:00+08:00", "2026-10-11T00:00:00+08:00", 1),
        ("2026-10-12T00:00:00+08:00", "2026-10-12T00:00:00+08:00", 0),
        ("2026-10-12T00:00:00+08:00", "2026-10-01T00:00:00+08:00", 0),
    ],
)
def test_r2_2_working_days_within_a_time(start: str, end: str, days: int) -> None:
    assert working_days(at(start), at(end), CHINA) == days
