"""The tables of people and of teams: their columns, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cli.tables import Fault, TableError

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


class PeopleError(TableError):
    """The tables ask for what cannot be; `faults` says why, with codes `people.*` or those of rules."""

    def __init__(self, table: str, faults: Iterable[Fault]) -> None:
        super().__init__(*faults)
        self.table = table


def fault(row: int, column: str, code: str, message: str) -> Fault:
    """One thing to mend; codes are stable."""
    return Fault(row, column, f"people.{code}", message)
