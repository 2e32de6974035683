"""`make mutate`: change every function of the domain in every way mutmut knows, and see whether a specification fails.

--only PATTERN   these modules (domain/plan/sign*.py); may be repeated
--tests PATH     these specifications alone (default: tests/domain); may be repeated
--seconds S      tests a mutant is shown to, by the time they take (default: all that reach it)
--children N     mutants at a time (default 2)
--keep FOLDER    work there, and leave it
--again FILE     only the mutants that a results file says survived
--tables         the values of tables and policies instead, by cosmic-ray
--one-in N       a sample that is the same every time: one in N of each function's mutants
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.mutation.copying import choose, copy_tree, plant, sample
from tests.mutation.report import Result, report
from tests.mutation.tables import mutate_tables
from tests.mutation.trying import try_all, try_at_import


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", default=[], metavar="PATTERN")
    parser.add_argument("--tests", action="append", metavar="PATH")
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--children", type=int, default=2)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--again", type=Path)
    parser.add_argument("--tables", action="store_true")
    parser.add_argument("--one-in", type=int, default=1)
    asked = parser.parse_args()
    tests = asked.tests or ["tests/domain"]
    with tempfile.TemporaryDirectory(prefix="goalcycle-mutation-") as temporary:
        folder = asked.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        copy_tree(folder)
        if asked.tables:
            return mutate_tables(folder)
        mutants = sample(plant(folder, asked.only), asked.one_in)
        if asked.again:
            left = {found.name for found in map(Result.read, asked.again.open(encoding="utf-8")) if not found.killed}
            mutants = [mutant for mutant in mutants if mutant.name in left]
        choose(folder, mutants)
        print(f"{len(mutants)} mutants in {len({mutant.path for mutant in mutants})} modules", flush=True)
        found = try_all(folder, tests, asked.children, asked.seconds)
        report(mutants, try_at_import(folder, tests, found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
