"""What the real parts expose while they work: every declared metric, from the parts that are declared, and it moves."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from api.examples import BEN
from cli.serve.exposition import StandingGauges
from eventlog import metrics
from eventlog.metrics import METRICS
from eventlog.postgres import open_pool
from tests.observability.parts import Parts, open_parts
from tests.support.poison import poison

pytestmark = pytest.mark.slow
PARTS = ("api", "worker", "relay", "projector")


@pytest.fixture
async def parts(database: str, tmp_path: Path) -> AsyncIterator[Parts]:
    async with open_parts(database, tmp_path) as opened:
        yield opened


async def test_every_metric_is_exposed_where_it_is_declared_and_moves(parts: Parts) -> None:
    await parts.serve(*PARTS)
    world = parts.world
    await world.agree()
    assert (await world.try_("AddPerson")).status_code == 409
    await world.send("AdvancePhase")
    await parts.reaches("worker", "goalcycle_duty_seconds_count", 1, duty="FinishClosing", outcome="performed")

    for part in PARTS:
        declared = {metric.name for metric in METRICS if part in metric.parts}
        assert (await parts.scrape(part)).names() == declared, part
    api = await parts.scrape("api")
    assert api.total("goalcycle_commands_total", command="OpenCycle", outcome="appended") == 1
    assert api.total("goalcycle_commands_total", command="AddPerson", outcome="refused") == 1
    assert api.total("goalcycle_refusals_total", code="person.exists") == 1
    appended = api.total("goalcycle_commands_total", outcome="appended")
    assert appended == 9
    assert api.total("goalcycle_append_seconds_count", outcome="appended") == appended
    assert api.total("goalcycle_append_call_seconds_count", outcome="answered") == appended
    assert api.total("goalcycle_append_queue_limit") > 0
    assert api.total("goalcycle_http_request_seconds_count", method="POST") == appended + 1
    assert (await parts.scrape("worker")).total("goalcycle_append_seconds_count", outcome="appended") >= 1
    await parts.reaches("relay", "goalcycle_relay_nudges_total", 3, outcome="delivered")
    await parts.reaches("projector", "goalcycle_projection_lag_events", 0, 0)
    await parts.reaches("projector", "goalcycle_projection_age_seconds", 0, 0)
    temporal = await parts.scrape("temporal")
    assert temporal.total("temporal_num_pollers", poller_type="workflow_task") > 0
    assert temporal.total("temporal_workflow_task_schedule_to_start_latency_seconds_count") > 0


async def test_lag_rises_while_a_part_is_away_and_the_other_tells_it(parts: Parts) -> None:
    """A stopped relay exposes nothing, so its lag must be told by somebody else; and the other way round."""
    await parts.serve("api", "relay", "projector")
    await parts.world.found()
    await parts.reaches("projector", "goalcycle_relay_undelivered_streams", 0, 0)

    await parts.stop("relay")
    await parts.world.send("OpenCycle")
    await parts.reaches("projector", "goalcycle_relay_undelivered_streams", 1)
    await parts.serve("relay")
    await parts.reaches("projector", "goalcycle_relay_undelivered_streams", 0, 0)

    await parts.stop("projector")
    await parts.world.send("DraftGoal", BEN)
    await parts.reaches("relay", "goalcycle_projection_lag_events", 1)
    await parts.reaches("relay", "goalcycle_projection_age_seconds", 0.001)
    await parts.serve("projector")
    await parts.reaches("relay", "goalcycle_projection_lag_events", 0, 0)


async def test_an_event_that_cannot_be_applied_shows(parts: Parts, database: str) -> None:
    await parts.serve("api", "projector")
    await parts.world.found()
    assert (await parts.scrape("projector")).total("goalcycle_projection_stopped_organizations") == 0
    await poison(database, parts.world.organization)
    await parts.reaches("projector", "goalcycle_projection_stopped_organizations", 1, 1)


async def test_what_cannot_be_asked_is_not_a_number_and_never_an_old_one(database: str) -> None:
    registry = CollectorRegistry()
    pool = await open_pool(database)
    gauges = StandingGauges(pool, registry)
    await gauges.refresh()
    assert registry.get_sample_value("goalcycle_database_up") == 1
    assert registry.get_sample_value("goalcycle_relay_undelivered_streams") == 0
    await pool.close()
    await gauges.refresh()
    assert registry.get_sample_value("goalcycle_database_up") == 0
    for metric in (metrics.UNDELIVERED, metrics.FANOUTS, metrics.OVERDUE, metrics.PROJECTION_LAG):
        assert math.isnan(registry.get_sample_value(metric.name) or 0), metric.name
