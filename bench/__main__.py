"""`make bench`: both sides of every row on the same servers in one run; a table here, and bench/results.json.

make bench ARGS="--only http_vs_noop --seconds 2 --rounds 3" narrows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from bench.load import NAME, ceiling
from bench.machine import machine
from bench.rounds import Row
from bench.rows import ROWS
from bench.stage import open_stage
from bench.table import document, lines

RESULTS = Path(__file__).with_name("results.json")


async def measure(names: Sequence[str], count: int, seconds: float, results: Path) -> list[Row]:
    """The rows of these names, in the table's order. What is measured is kept as it comes."""
    rows: list[Row] = []
    async with open_stage() as stage:
        reached = await ceiling(await stage.load(), min(seconds, 2.0))
        generator = {"name": NAME, "ceiling": reached}
        print(f"machine: {machine()}\nload generator: {NAME}, ceiling {reached:,.0f} requests/s", flush=True)
        for name, row in ROWS.items():
            if name not in names:
                continue
            print(f"… {name}", file=sys.stderr, flush=True)
            rows.extend(await row.measure(stage, count, seconds))
            results.write_text(json.dumps(document(machine(), generator, rows), indent=1) + "\n", encoding="utf-8")
    return rows


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(ROWS), help="this row; may be given several times")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each side in each round")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the figures are kept as JSON")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    rows = asyncio.run(measure(given.only or list(ROWS), given.rounds, given.seconds, given.results))
    print("\n".join(lines(rows)))


if __name__ == "__main__":
    main()
