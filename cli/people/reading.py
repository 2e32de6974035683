"""Tables from files: CSV in UTF-8 (with or without a byte order mark), or XLSX."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from cli.outline import OutlineProblem, decode_outline
from cli.people.table import COLUMNS, MOST_ROWS, PEOPLE, TEAMS, Row, Table, TableError, problem

XLSX = b"PK\x03\x04"
"""How every XLSX begins: it is a ZIP archive."""
ESCAPED = re.compile(r"'+[=+\-@\t\r]")
"""A cell of a CSV that a spreadsheet would reckon with, were it not for the quote in front."""
DELIMITERS = ",;\t"

Line = tuple[int, list[str]]


def is_xlsx(data: bytes) -> bool:
    """Whether a file is an XLSX rather than a CSV."""
    return data.startswith(XLSX)


def read_tables(data: bytes) -> dict[str, Table]:
    """The tables of an XLSX with the sheets `people` and `teams`, or of a CSV of people. Raises TableError."""
    if not is_xlsx(data):
        return {PEOPLE: read_csv(data, PEOPLE)}
    sheets = _sheets(data)
    found = {name: _table(name, lines) for name, lines in sheets.items()}
    if not found:
        raise TableError(PEOPLE, [problem(1, "no_sheet", "No sheet is called people or teams.")])
    return found


def read_csv(data: bytes, name: str) -> Table:
    """One table of a CSV. Raises TableError, OutlineError `import.not_utf8`."""
    text = decode_outline(data)
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[Line] = []
    try:
        before = 0
        for cells in reader:
            lines.append((before + 1, [_unescaped(cell) for cell in cells]))
            before = reader.line_num
    except csv.Error as error:
        raise TableError(name, [problem(reader.line_num or 1, "not_csv", f"This is no CSV: {error}.")]) from None
    return _table(name, lines)


def _unescaped(cell: str) -> str:
    return cell[1:] if ESCAPED.match(cell) else cell


def _sheets(data: bytes) -> dict[str, list[Line]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = {name.strip().casefold(): name for name in book.sheet_names}
        found = {
            name: book.get_sheet_by_name(names[name]).to_python(skip_empty_area=False)
            for name in (PEOPLE, TEAMS)
            if name in names
        }
    except CalamineError as error:
        raise TableError(PEOPLE, [problem(1, "not_xlsx", f"This is no XLSX that can be read: {error}.")]) from None
    return {
        name: [(line, [_text(cell) for cell in cells]) for line, cells in enumerate(rows, start=1)]
        for name, rows in found.items()
    }


def _text(cell: Any) -> str:
    """What somebody typed: a spreadsheet makes numbers, dates and truths of it."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _table(name: str, lines: Sequence[Line]) -> Table:
    filled = [(line, cells) for line, cells in lines if any(cell.strip() for cell in cells)]
    if not filled:
        raise TableError(name, [problem(1, "empty", f"The table {name} has no line with the names of its columns.")])
    (first, header), *rest = filled
    columns = tuple(cell.strip().casefold() for cell in header)
    problems = [*_wrong_columns(name, first, columns), *_too_many(name, rest), *_too_wide(rest, len(columns))]
    if problems:
        raise TableError(name, problems)
    rows = (
        Row(line, {column: cell.strip() for column, cell in zip(columns, cells, strict=False) if column})
        for line, cells in rest
    )
    return Table(name, tuple(filter(None, columns)), tuple(rows))


def _wrong_columns(name: str, line: int, columns: Sequence[str]) -> Iterator[OutlineProblem]:
    known = COLUMNS[name]
    for place, column in enumerate(columns):
        if column and column not in known:
            message = f"There is no column {column}; there are {', '.join(known)}."
            yield problem(line, "column_unknown", message)
        elif column and column in columns[:place]:
            yield problem(line, "column_twice", f"The column {column} is there twice.")
    if not {"key", "id", "name"} & set(columns):
        yield problem(line, "column_missing", "One of the columns key, id and name is needed.")


def _too_many(name: str, rows: Sequence[Line]) -> Iterator[OutlineProblem]:
    if len(rows) > MOST_ROWS:
        yield problem(rows[MOST_ROWS][0], "too_many", f"The table {name} has more than {MOST_ROWS} rows.")


def _too_wide(rows: Iterable[Line], width: int) -> Iterator[OutlineProblem]:
    for line, cells in rows:
        if any(cell.strip() for cell in cells[width:]):
            yield problem(line, "cell_extra", "This line has more cells than there are columns.")
