"""docs/access/permissions.csv, the oracle that was written by hand: what it says of a cell."""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import NamedTuple, get_args

from domain.access.verdict import RULES, Facts, Stand
from domain.cycle.windows import Phase
from domain.plan.goal import Audience

TABLE = Path(__file__).parents[2] / "docs" / "access" / "permissions.csv"
ALONE = {Stand.SYSTEM, Stand.FOUNDER}
"""Who is no member of an organization. Everybody else is one, besides what they are."""
COLUMNS = ("action", "stand", "kind", "phase", "state", "audience", "answer", "rule", "why")
VALUES = {
    "stand": {stand.value for stand in Stand},
    "kind": {"okr", "kpi"},
    "phase": {*Phase, "closed"},
    "state": {"proposed", "unproposed"},
    "audience": set(get_args(Audience)),
}
OTHERS = tuple(column for column in VALUES if column != "stand")


class Cell(NamedTuple):
    """One combination that the table answers."""

    stand: frozenset[Stand]
    """One or two: what several stands grant together must be what each of them grants."""
    kind: str
    phase: str
    state: str
    audience: str

    @property
    def facts(self) -> Facts:
        """The facts of a member who stands so, and nothing besides."""
        proposed = self.state == "proposed"
        return Facts(_and_member(self.stand), self.phase, self.kind, proposed=proposed, audience=self.audience)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Line:
    """A line of the table."""

    number: int
    action: str
    stand: frozenset[str]
    kind: frozenset[str]
    phase: frozenset[str]
    state: frozenset[str]
    audience: frozenset[str]
    answer: str
    rule: str
    why: str

    def speaks_of(self, cell: Cell) -> bool:
        """Whether the line is about the cell."""
        return (
            not self.stand.isdisjoint(cell.stand)
            and cell.phase in self.phase
            and cell.audience in self.audience
            and cell.kind in self.kind
            and cell.state in self.state
        )


def lines() -> list[Line]:
    """The table, `*` and `a|b` taken apart. `*` of the stands is every member of the organization."""
    with TABLE.open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    found = []
    for number, row in enumerate(rows, 2):
        assert tuple(row) == COLUMNS, number
        sets = {column: _values(column, row[column]) for column in VALUES}
        found.append(Line(number, row["action"], answer=row["answer"], rule=row["rule"], why=row["why"], **sets))
    return found


ANYBODY = frozenset(VALUES["stand"] - ALONE)
"""Whom `*` means."""


def _values(column: str, written: str) -> frozenset[str]:
    if written == "*":
        return frozenset(VALUES[column]) if column != "stand" else ANYBODY
    found = frozenset(written.split("|"))
    assert found <= VALUES[column], (column, written)
    return found


@cache
def _and_member(stands: frozenset[Stand]) -> frozenset[Stand]:
    return stands if stands <= ALONE else stands | {Stand.MEMBER}


def cells(told: list[Line], varied: Collection[str] = (), granted: Collection[Stand] = ()) -> tuple[Cell, ...]:
    """Every combination that can matter: a column of which neither a line nor a grant speaks has one value, and a stand
    that neither names comes alone.
    """
    varied = {
        *varied,
        *(column for column in OTHERS for line in told if len(getattr(line, column)) < len(VALUES[column])),
    }
    asked = [sorted(VALUES[column]) if column in varied else sorted(VALUES[column])[:1] for column in OTHERS]
    named = {*granted, *(Stand(stand) for line in told if line.stand != ANYBODY for stand in line.stand)} - ALONE
    stands = [frozenset({stand}) for stand in Stand] + [frozenset(pair) for pair in combinations(sorted(named), 2)]
    return tuple(Cell(stand, *others) for stand in stands for others in product(*asked))


def expected(of_action: list[Line], cell: Cell) -> str | None:
    """The rule by which the table allows the cell; None: denied, by a line or by saying nothing."""
    spoken = [line for line in of_action if line.speaks_of(cell)]
    if any(line.answer == "deny" for line in spoken):
        return None
    return spoken[0].rule if spoken else None


def rules() -> set[str]:
    """Every rule that a line may name."""
    return {*RULES.values(), "unless"}
