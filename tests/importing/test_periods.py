"""Which quarter a cycle is about."""

from datetime import UTC, datetime

import pytest

from cli.importing.periods import PeriodError, next_quarter, period_name, read_period


@pytest.mark.parametrize(
    ("now", "name"),
    [
        (datetime(2026, 11, 24, tzinfo=UTC), "2027-Q1"),
        (datetime(2026, 12, 10, tzinfo=UTC), "2027-Q1"),
        (datetime(2026, 12, 12, tzinfo=UTC), "2027-Q2"),
        (datetime(2027, 1, 1, tzinfo=UTC), "2027-Q2"),
    ],
)
def test_the_next_quarter_is_one_that_a_cycle_can_still_be_opened_for(now: datetime, name: str) -> None:
    assert period_name(next_quarter(now, "UTC"), "UTC") == name


@pytest.mark.parametrize(
    ("text", "starts", "ends"),
    [
        ("2027-Q1", "2026-12-31T16:00:00+00:00", "2027-03-31T16:00:00+00:00"),
        ("2027q4", "2027-09-30T16:00:00+00:00", "2027-12-31T16:00:00+00:00"),
        ("2027-01-01..2027-03-31", "2026-12-31T16:00:00+00:00", "2027-03-31T16:00:00+00:00"),
        ("2027-01-01T00:00:00Z..2027-01-01T01:00:00Z", "2027-01-01T00:00:00+00:00", "2027-01-01T01:00:00+00:00"),
    ],
)
def test_a_period_is_a_quarter_or_days_of_the_zone_or_instants(text: str, starts: str, ends: str) -> None:
    period = read_period(text, "Asia/Shanghai")
    assert (period.starts.isoformat(), period.ends.isoformat()) == (starts, ends)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2027",
        "2027-Q5",
        "2027-04-01..2027-01-01",
        "2027-01-01T00:00:00..2027-02-01",
        "..",
        "9999-12-31..9999-12-31",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(PeriodError):
        read_period(text, "UTC")


def test_a_period_that_is_no_quarter_is_named_by_its_days() -> None:
    assert period_name(read_period("2027-01-04..2027-03-28", "UTC"), "UTC") == "2027-01-04..2027-03-28"
