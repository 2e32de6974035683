"""A table of people and one of teams, as rows of text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cli.outline import OutlineError, OutlineProblem

PEOPLE = "people"
TEAMS = "teams"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    PEOPLE: (
        "key",
        "id",
        "name",
        "manager",
        "functional_manager",
        "team",
        "site",
        "roles",
        "account_of",
        "active",
        "valid_from",
    ),
    TEAMS: ("key", "id", "name", "lead", "parent", "legal_entity", "valid_from"),
}
"""By table, in the order in which they are written."""
MOST_ROWS = 20_000
"""Of one table: what one request can hold."""


class TableError(OutlineError):
    """The tables cannot be used; `problems` says why, with codes `people.*`. `table` says in which."""

    def __init__(self, table: str, problems: list[OutlineProblem]) -> None:
        super().__init__(problems)
        self.table = table


@dataclass(frozen=True)
class Row:
    """One line of a table; cells without surrounding space."""

    line: int
    """Counted from 1, the line of the names of the columns included."""
    cells: Mapping[str, str]

    def of(self, column: str) -> str:
        """A cell, empty where it is empty or there is no such column."""
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Table:
    """The rows of one kind, and which columns there are."""

    name: str
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()


def problem(line: int, code: str, message: str) -> OutlineProblem:
    """One thing to mend; codes are stable."""
    return OutlineProblem(line=line, code=f"people.{code}", message=message)
