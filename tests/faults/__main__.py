"""`python -m tests.faults`: every campaign, long, with a table at the end. `make soak` runs it.

--minutes N   for all chosen faults together (default 1 each)
--seed S      chooses everything that is left to chance (default: a new one, printed)
--fault NAME  only this one; may be repeated, `a+b` lets both strike one system
--clients N   how many write at once (default 8)
--together    all chosen faults take turns on one system
--table FILE  write the table there besides, between its marks where it has some
--list        say which there are

GOALCYCLE_FAULTS_KEEP=1 leaves each system's folder, with its logs.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import sys
import traceback
from pathlib import Path

import structlog

from tests.faults.campaign import Outcome, run_campaign
from tests.faults.catalogue import all_faults
from tests.faults.checker import Violation
from tests.faults.pace import Pace
from tests.faults.report import table, write_between_marks


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--fault", action="append", metavar="NAME")
    parser.add_argument("--clients", type=int, default=Pace.clients)
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--table", type=Path)
    parser.add_argument("--list", action="store_true")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))  # the table is what is printed
    logging.disable(logging.CRITICAL)
    faults = all_faults()
    if asked.list:
        for fault in faults.values():
            print(f"{fault.name:28} {fault.sentence}")
        return 0
    chosen = [[faults[name] for name in names.split("+")] for names in asked.fault or faults]
    if asked.together:
        chosen = [[fault for faults_of_one in chosen for fault in faults_of_one]]
    seconds = 60 * (asked.minutes or len(chosen)) / len(chosen)
    print(f"seed {asked.seed}: {len(chosen)} campaigns of {seconds:.0f} s", flush=True)
    outcomes: list[Outcome] = []
    for together in chosen:
        if why := next((fault.unavailable() for fault in together if fault.unavailable()), ""):
            print(f"{' + '.join(fault.name for fault in together)}: left out, {why}", flush=True)
            continue
        try:
            outcome = asyncio.run(run_campaign(together, asked.seed, seconds=seconds, pace=Pace(clients=asked.clients)))
        except Exception as error:  # a campaign that broke off proves nothing, and the others go on
            traceback.print_exc()
            names = " + ".join(fault.name for fault in together)
            outcome = Outcome(names, asked.seed, violations=[Violation("campaign", f"broke off: {error!r}")])
        outcomes.append(outcome)
        print(outcome.line(), flush=True)
        for violation in outcome.violations:
            print(f"  {violation}", flush=True)
        if outcome.notes:
            print(outcome.notes, file=sys.stderr, flush=True)
    made = f"Seed {asked.seed}, about {seconds:.0f} s a campaign, {os.cpu_count()} processors."
    text = f"{made}\n\n{table(outcomes, faults)}"
    print(text)
    if asked.table:
        write_between_marks(asked.table, text)
    return int(any(outcome.violations for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
