"""Tables to files: CSV that Excel opens as UTF-8, or XLSX with both tables as sheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from cli.tables import RECKONED, Table

WIDTH = 24
"""Of a column, in characters."""


def csv_of(table: Table) -> bytes:
    """A table as CSV, with a byte order mark; a cell that a spreadsheet would run gets a quote in front."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.spelled)
    for row in table.rows:
        writer.writerow(_escaped(row.of(column)) for column in table.spelled)
    return out.getvalue().encode("utf-8-sig")


def _escaped(cell: str) -> str:
    return f"'{cell}" if RECKONED.match(cell) else cell


def xlsx_of(tables: Mapping[str, Table]) -> bytes:
    """Tables as the sheets of an XLSX by their names. Every cell is text, whatever it looks like."""
    from xlsxwriter import Workbook

    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True})
        for name, table in tables.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(table.spelled) - 1, WIDTH)
            for place, column in enumerate(table.spelled):
                sheet.write_string(0, place, column, bold)
            for line, row in enumerate(table.rows, start=1):
                for place, column in enumerate(table.spelled):
                    if cell := row.of(column):
                        sheet.write_string(line, place, cell)
    return out.getvalue()
