"""`make bench`: both sides of every row on the same servers in one run; a table here, and bench/results.json.

make bench ARGS="--only http_vs_noop --seconds 2 --rounds 3" narrows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

from bench.load import NAME, ceiling
from bench.machine import machine
from bench.rounds import Row
from bench.rows import COUNTED_WITH, ROWS
from bench.stage import open_stage
from bench.table import HEAD, document, lines

BUSY = 1.0
RESULTS = Path(__file__).with_name("results.json")


async def measure(names: Sequence[str], count: int, seconds: float, results: Path) -> list[str]:
    """Measure these rows in the table's order, print and keep each as it comes; returns those that failed."""
    rows: list[Row] = []
    failed = []
    run: dict[str, Any] = {"rounds": count, "seconds": seconds, "load_average": os.getloadavg()[0]}
    async with open_stage() as stage:
        reached = await ceiling(await stage.load(), min(seconds, 2.0))
        run["load_generator"] = {"name": NAME, "ceiling": reached}
        print(f"machine: {machine()}\nload generator: {NAME}, ceiling {reached:,.0f} requests/s", flush=True)
        if run["load_average"] > BUSY:
            print(f"the machine does other work (load average {run['load_average']:.1f}): figures will say so, too")
        print(HEAD, flush=True)
        for name in [name for name in ROWS if name in names]:
            try:
                found = await ROWS[name].measure(stage, count, seconds)
            except Exception:  # what the other rows say is worth having all the same
                traceback.print_exc()
                failed.append(name)
                continue
            rows.extend(found)
            print("\n".join(lines(found)), flush=True)
            results.write_text(json.dumps(document(machine(), run, rows), indent=1) + "\n", encoding="utf-8")
    return failed


def main() -> None:
    """Measure, print, and keep the figures. Exit status 1: a row could not be measured."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=[*ROWS, *COUNTED_WITH], help="this row; may be given several times"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each side in each round")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the figures are kept as JSON")
    given = parser.parse_args()
    names = [COUNTED_WITH.get(name, name) for name in given.only or ROWS]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    if failed := asyncio.run(measure(names, given.rounds, given.seconds, given.results)):
        sys.exit(f"not measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
