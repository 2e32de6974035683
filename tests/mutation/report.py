"""What a run shows: a line a module, then every survivor with what it changes."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass

from tests.mutation.copying import Mutant


@dataclass(frozen=True)
class Result:
    """How a mutant ended: `killed`, `late` (it ran for ever: killed too), `survived`, `unreached` (no test runs it)."""

    name: str
    result: str
    by: str | None = None

    @classmethod
    def read(cls, line: str) -> Result:
        return cls(**json.loads(line))

    @property
    def killed(self) -> bool:
        return self.result in {"killed", "late"}


def report(mutants: list[Mutant], results: list[Result]) -> None:
    """Print the table and the survivors."""
    by_name = {found.name: found for found in results}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for mutant in mutants:
        counts[mutant.path][by_name[mutant.name].result] += 1
    total: Counter[str] = Counter()
    print("| module | mutants | killed | survived | unreached |\n|---|---|---|---|---|")
    for path, count in sorted(counts.items()):
        print(_line(path, count))
        total += count
    print(_line("**all**", total))
    for mutant in mutants:
        if not by_name[mutant.name].killed:
            print(f"\n{mutant.name}: {by_name[mutant.name].result}\n{mutant.difference}")


def _line(name: str, count: Counter[str]) -> str:
    killed = count["killed"] + count["late"]
    share = f"{killed / count.total():.1%}"
    return f"| {name} | {count.total()} | {killed} ({share}) | {count['survived']} | {count['unreached']} |"
