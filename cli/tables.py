"""Tables that people keep in spreadsheets: CSV and XLSX as rows of text, each with its number as the program shows it.

The first row with anything in it names the columns. Numbers of an XLSX file come as the shortest decimal that is the
stored double, so 0.1 is `0.1`; what a cell's format makes of it (95 % for 0.95) is not looked at.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

XLSX = b"PK\x03\x04"
"""How a ZIP file, and so every XLSX file, begins."""
RECKONED = re.compile(r"'*[=+\-@\t\r]")
"""How a cell of a CSV begins that a spreadsheet would reckon with, or that looks as if it had been quoted for that."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a table, and where."""

    row: int
    """Counted from 1, as a spreadsheet counts."""
    column: str
    """The column's name as the file spells it; empty: the whole row."""
    code: str
    message: str


class TableError(Exception):
    """A file is no table, or one without the columns that are needed."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(faults[0].message)
        self.faults = faults


@dataclass(frozen=True)
class Row:
    """A row that is not empty."""

    number: int
    cells: Mapping[str, str]
    """By the column's canonical name; empty cells are left out."""

    def of(self, column: str) -> str:
        """A cell, empty where nothing stands in it."""
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Table:
    """What a file holds."""

    spelled: Mapping[str, str]
    """Column's canonical name to how the file spells it."""
    rows: tuple[Row, ...]


def is_xlsx(data: bytes) -> bool:
    """Whether a file is no CSV."""
    return data.startswith(XLSX)


def read_table(data: bytes, names: Mapping[str, str], needed: Sequence[str], sheet: str | None = None) -> Table:
    """A table from a file's bytes.

    Args:
        data: The file: CSV in UTF-8 (commas, semicolons or tabs), or XLSX.
        sheet: Of an XLSX the sheet of this name, in lower case; None: the first.
        names: How columns may be spelled, in lower case, to their canonical names.
        needed: The canonical names of columns that must be there.

    Raises:
        TableError: with every column that is unknown, doubled or missing.
    """
    lines = [(number, cells) for number, cells in enumerate(_lines(data, sheet), start=1) if any(cells)]
    if not lines:
        raise TableError(Fault(1, "", "table.empty", "The file is empty."))
    (heading, titles), *rest = lines
    columns: dict[int, str] = {}
    faults: list[Fault] = []
    for place, title in enumerate(titles):
        name = names.get(title.casefold().replace(" ", "_"))
        if name in columns.values():
            faults.append(Fault(heading, title, "table.column_twice", "There are two columns of this name."))
        elif name is not None:
            columns[place] = name
        elif title:
            faults.append(Fault(heading, title, "table.column_unknown", f"Columns are {', '.join(needed)} and others."))
    missing = [name for name in needed if name not in columns.values()]
    faults += (Fault(heading, name, "table.column_missing", "This column is missing.") for name in missing)
    faults += _beyond(rest, titles)
    if faults:
        raise TableError(*faults)
    spelled = {name: titles[place] for place, name in columns.items()}
    rows = (
        {columns[place]: cell for place, cell in enumerate(cells) if cell and place in columns} for _, cells in rest
    )
    return Table(spelled, tuple(Row(number, cells) for (number, _), cells in zip(rest, rows, strict=True)))


def _beyond(rows: Sequence[tuple[int, list[str]]], titles: Sequence[str]) -> Iterator[Fault]:
    """Cells under no heading: more often a separator too many than a remark."""
    for number, cells in rows:
        if any(cell for place, cell in enumerate(cells) if place >= len(titles) or not titles[place]):
            yield Fault(number, "", "table.cell_beyond", "A cell of this row stands under no column.")


def _lines(data: bytes, sheet: str | None) -> Iterator[list[str]]:
    if is_xlsx(data):
        yield from ([_text(cell).strip() for cell in cells] for cells in _sheet(data, sheet))
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TableError(Fault(line, "", "table.not_utf8", "The file is neither XLSX nor CSV in UTF-8.")) from None
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=first.count)
    try:
        for cells in csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True):
            yield [_unquoted(cell.strip()) for cell in cells]
    except csv.Error as error:
        raise TableError(Fault(1, "", "table.malformed", f"This is no CSV: {error}.")) from None


def _unquoted(cell: str) -> str:
    """Less the quote that keeps a spreadsheet from reckoning with a cell, see cli/people/writing.py."""
    return cell[1:] if RECKONED.match(cell, 1) and cell[0] == "'" else cell


def sheets_of(data: bytes) -> frozenset[str]:
    """The names of an XLSX's sheets, in lower case. Raises TableError."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        return frozenset(name.casefold() for name in CalamineWorkbook.from_filelike(BytesIO(data)).sheet_names)
    except CalamineError as error:
        raise TableError(Fault(1, "", "table.malformed", f"This is no XLSX: {error}.")) from None


def _sheet(data: bytes, name: str | None) -> list[list[Any]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        place = 0 if name is None else [one.casefold() for one in book.sheet_names].index(name)
        return book.get_sheet_by_index(place).to_python(skip_empty_area=False)
    except CalamineError as error:
        raise TableError(Fault(1, "", "table.malformed", f"This is no XLSX: {error}.")) from None


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return format(Decimal(repr(cell)).normalize(), "f")
    return cell.isoformat() if isinstance(cell, date | datetime) else str(cell)
