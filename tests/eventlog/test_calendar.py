"""Durations as instants: working days end at local midnight, whatever the clocks do."""

from datetime import UTC, datetime

import pytest

from domain.directory.calendar import Calendar
from domain.values import Elapsed, WorkingDays
from eventlog.calendars.resolve import after


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_elapsed_counts_seconds() -> None:
    assert after(at("2027-01-01T00:00:00+08:00"), Elapsed(seconds=90), Calendar()) == at("2026-12-31T16:01:30Z")
    assert after(at("2027-01-01T00:00:00Z"), Elapsed(seconds=-60), Calendar()) == at("2026-12-31T23:59:00Z")


@pytest.mark.parametrize(
    ("start", "days", "zone", "end"),
    [
        ("2027-01-04T09:00:00Z", 1, "UTC", "2027-01-06T00:00:00Z"),  # Monday: the end of Tuesday
        ("2027-01-08T09:00:00Z", 1, "UTC", "2027-01-12T00:00:00Z"),  # Friday: the end of Monday
        ("2027-01-09T09:00:00Z", 1, "UTC", "2027-01-12T00:00:00Z"),  # Saturday: the end of Monday
        ("2027-01-04T09:00:00Z", 5, "UTC", "2027-01-12T00:00:00Z"),  # a week
        ("2027-01-05T00:00:00Z", 1, "UTC", "2027-01-06T00:00:00Z"),  # Tuesday begins: the end of Tuesday
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
