"""Every row of `make bench` runs both its sides; what it writes has the documented shape. Nothing is measured here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from importlib.util import find_spec

import pytest

from bench.load import NAME, ceiling
from bench.rounds import Figure, Row, compared
from bench.rows import COUNTED_WITH, ROWS
from bench.stage import Stage, open_stage
from bench.table import FLOORS, Floor, document, lines

NEEDS_THE_BENCH_LOCK = {"replay_vs_eventsourcing"}
AT_ONCE = 3
INSTALLED = find_spec("eventsourcing") is not None

pytestmark = pytest.mark.timeout(300)  # the first test waits for all rows


@pytest.fixture(scope="module")
async def stage(postgres_url: str, temporal_server: str) -> AsyncIterator[Stage]:
    async with open_stage(postgres_url, temporal_server) as found:
        yield found


@pytest.fixture(scope="module")
async def measured(stage: Stage) -> dict[str, list[Row] | BaseException]:
    """A few rows at once, since no figure matters here: while one waits for its processes another works."""
    names = [name for name in ROWS if INSTALLED or name not in NEEDS_THE_BENCH_LOCK]
    gate = asyncio.Semaphore(AT_ONCE)

    async def tiny(name: str) -> list[Row]:
        async with gate:
            return await ROWS[name].measure(stage, 1, 0.1, **ROWS[name].TINY)

    found = await asyncio.gather(*map(tiny, names), return_exceptions=True)
    return dict(zip(names, found, strict=True))


@pytest.mark.parametrize("name", ROWS)
async def test_both_sides_run(measured: dict[str, list[Row] | BaseException], name: str) -> None:
    if name not in measured:
        pytest.skip("requirements/bench.lock is not installed: `make bench` does it")
    rows = measured[name]
    if isinstance(rows, BaseException):
        raise rows
    assert name in [row.name for row in rows]
    for row in rows:
        described = document("here", {}, rows)["rows"][row.name]
        assert json.loads(json.dumps(described)) == described
        if row.name.startswith("temporal_events_per_check_in"):
            assert row.figure.ours == 0
        else:
            assert row.figure.ours > 0
        assert (row.figure.ratio is None) == (row.figure.theirs is None)


async def test_the_load_generator_has_a_ceiling(stage: Stage) -> None:
    assert await ceiling(await stage.load(), 0.1) > 1000


def test_the_document_has_the_shape_that_is_promised() -> None:
    pairs = [(90.0, 200.0), (110.0, 200.0), (100.0, 200.0)]
    made = document(
        "a machine", {"load_generator": {"name": NAME, "ceiling": 1.0}}, [Row("http_vs_noop", compared(pairs))]
    )
    assert made["machine"] == "a machine"
    row = made["rows"]["http_vs_noop"]
    assert (row["ratio"], row["ours"], row["theirs"], row["spread"]) == (0.5, 100.0, 200.0, [0.45, 0.55])
    assert row["passes"] is True


def test_a_row_below_its_floor_is_short_and_one_above_its_ceiling_too() -> None:
    assert not Floor(0.45).holds(Figure(1, 3, 0.44))
    assert Floor(0.45).holds(Figure(1, 2, 0.45))
    assert not Floor(1.2, at_most=True).holds(Figure(1, 1, 1.21))
    assert Floor(0, at_most=True).holds(Figure(0))
    table = lines([Row("http_vs_noop", Figure(44, 100, 0.44, (0.4, 0.5)))])
    assert table[-1].endswith("short")


def test_times_are_compared_the_other_way_round_only_where_a_row_says_so() -> None:
    assert compared([(10.0, 20.0)]).ratio == 0.5
    assert compared([(10.0, 20.0)], "ms", inverted=True).ratio == 2


def test_every_floor_belongs_to_a_row() -> None:
    rows = {*ROWS, *COUNTED_WITH}
    assert {name.partition(".")[0] for name in FLOORS} <= rows
