"""When a workflow wakes by itself, read from its history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from tests.faults.reading import wakes_at

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)


def _started(timer: str, hours: int) -> HistoryEvent:
    event = HistoryEvent(event_type=EventType.EVENT_TYPE_TIMER_STARTED)
    event.event_time.FromDatetime(NINE)
    event.timer_started_event_attributes.timer_id = timer
    event.timer_started_event_attributes.start_to_fire_timeout.FromTimedelta(timedelta(hours=hours))
    return event


def _fired(timer: str) -> HistoryEvent:
    event = HistoryEvent(event_type=EventType.EVENT_TYPE_TIMER_FIRED)
    event.timer_fired_event_attributes.timer_id = timer
    return event


def _cancelled(timer: str) -> HistoryEvent:
    event = HistoryEvent(event_type=EventType.EVENT_TYPE_TIMER_CANCELED)
    event.timer_canceled_event_attributes.timer_id = timer
    return event


def _wakes_at(*events: HistoryEvent) -> datetime | None:
    return wakes_at(WorkflowHistory("plan", list(events)))


def test_the_earliest_open_timer_wakes() -> None:
    assert _wakes_at(_started("1", 3), _started("2", 2)) == NINE + timedelta(hours=2)


def test_a_timer_that_fired_or_was_cancelled_wakes_nobody() -> None:
    assert _wakes_at(_started("1", 1), _fired("1")) is None
    assert _wakes_at(_started("1", 1), _cancelled("1"), _started("2", 5)) == NINE + timedelta(hours=5)


def test_without_timers_nothing_wakes_it() -> None:
    assert _wakes_at() is None
