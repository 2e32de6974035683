"""The rows of the table, one module each. Each docstring says what stands on either side."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bench.rounds import Row
from bench.rows import (
    append_fn_vs_insert,
    bulk_vs_unnest,
    growth,
    handler_vs_insert,
    http_vs_noop,
    rebuild,
    relay_vs_raw,
    replay_vs_eventsourcing,
    temporal_events,
    vs_entity_workflow,
)
from bench.stage import Stage

Measure = Callable[[Stage, int, float], Awaitable[list[Row]]]
"""`measure(stage, rounds, seconds)`: seconds of each side in each round."""

ROWS: dict[str, Measure] = {
    row.NAME: row.measure
    for row in (
        append_fn_vs_insert,
        handler_vs_insert,
        http_vs_noop,
        vs_entity_workflow,
        bulk_vs_unnest,
        replay_vs_eventsourcing,
        temporal_events,
        growth,
        relay_vs_raw,
        rebuild,
    )
}
