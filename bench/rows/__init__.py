"""The rows of the table, one module each. Each docstring says what stands on either side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

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


class Module(Protocol):
    """What a row's module has."""

    NAME: str
    TINY: Mapping[str, Any]
    """Sizes at which both sides run, and nothing is measured."""

    @staticmethod
    async def measure(stage: Stage, count: int, seconds: float, **sizes: Any) -> list[Row]:
        """So many rounds; seconds of each side in each round."""
        ...


ROWS: dict[str, Module] = {
    row.NAME: cast("Module", row)
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

COUNTED_WITH = {temporal_events.CHECK_IN: temporal_events.NAME}
"""Rows that come out of another's run."""
