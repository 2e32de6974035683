"""`make bench`: the table on the terminal, and bench/results.json beside it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import tempfile
from pathlib import Path
from uuid import UUID, uuid4

import structlog

from bench.rounds import Row, compare
from bench.sides import AppendFunction, Handler, PlainInsert
from cli.composition import Engine, open_engine
from cli.stack import LocalStack
from domain.directory.founding import FirstPerson, FoundOrganization
from domain.directory.state import DIRECTORY
from eventlog.handler import Order, Step
from eventlog.settings import Settings

RESULTS = Path(__file__).with_name("results.json")


async def measure(rounds: int, seconds: float) -> list[Row]:
    """All rows, on a Postgres of this run's own with every promise on (fsync, full_page_writes, synchronous_commit)."""
    with tempfile.TemporaryDirectory(prefix="goalcycle-bench-") as folder:
        Path(folder).chmod(0o755)
        async with LocalStack(Settings(home=Path(folder) / "home"), parts=["postgres"]) as stack:
            url = stack.settings.require_database_url()
            async with open_engine(stack.settings) as engine:
                plain = PlainInsert(url)
                organization, person = await _organization(engine)
                append, handler = AppendFunction(engine.log, organization), Handler(engine, organization, person)
                return [
                    await compare("append_fn_vs_insert", append, plain, rounds=rounds, seconds=seconds),
                    await compare("handler_vs_insert", handler, plain, rounds=rounds, seconds=seconds),
                ]


async def _organization(engine: Engine) -> tuple[UUID, UUID]:
    organization, person = uuid4(), uuid4()
    founding = FoundOrganization(name="Bench", first_person=FirstPerson(id=person, name="Somebody"))
    order = Order(organization, person, uuid4(), (Step(DIRECTORY, founding),), body=b"bench")
    await engine.handler.execute(order)
    return organization, person


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each side in each round")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    rows = asyncio.run(measure(given.rounds, given.seconds))
    print(f"{'row':<24}{'ours /s':>12}{'theirs /s':>12}{'ratio':>8}   spread")
    for row in rows:
        print(
            f"{row.name:<24}{row.ours:>12,.0f}{row.theirs:>12,.0f}{row.ratio:>8.2f}   "
            f"{row.spread[0]:.2f} to {row.spread[1]:.2f}"
        )
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    document = {
        "machine": machine,
        "rows": {row.name: {"ratio": row.ratio, "ours": row.ours, "theirs": row.theirs} for row in rows},
    }
    RESULTS.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
