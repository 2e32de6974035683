"""Tables of people and teams from files: an XLSX with sheets of these names, or a CSV of each."""

from __future__ import annotations

from cli.people.table import COLUMNS, MOST_ROWS, PEOPLE, TEAMS, PeopleError, fault
from cli.tables import Table, TableError, is_xlsx, read_table, sheets_of

WHO = ("key", "id", "name")
"""One of these columns says whom a row is about."""


def read_tables(data: bytes) -> dict[str, Table]:
    """The tables of an XLSX, or the people of a CSV. Raises TableError."""
    if not is_xlsx(data):
        return {PEOPLE: read_one(data, PEOPLE)}
    there = sheets_of(data)
    found = {name: read_one(data, name) for name in (PEOPLE, TEAMS) if name in there}
    if not found:
        raise PeopleError(PEOPLE, [fault(1, "", "no_sheet", "No sheet is called people or teams.")])
    return found


def read_one(data: bytes, name: str) -> Table:
    """One table. Raises TableError."""
    try:
        table = read_table(data, {column: column for column in COLUMNS[name]}, (), sheet=name)
    except TableError as error:
        raise PeopleError(name, error.faults) from None
    if not any(column in table.spelled for column in WHO):
        message = f"One of the columns {', '.join(WHO)} is needed."
        raise PeopleError(name, [fault(1, "", "column_missing", message)])
    if len(table.rows) > MOST_ROWS:
        message = f"The table {name} has more than {MOST_ROWS} rows."
        raise PeopleError(name, [fault(table.rows[MOST_ROWS].number, "", "too_many", message)])
    return table
