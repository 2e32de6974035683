"""CSV and XLSX as rows of text, with the number of each row as a spreadsheet shows it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
import xlsxwriter

from cli.tables import TableError, read_table

NAMES = {"owner": "owner", "title": "title", "标题": "title", "fair_share": "share"}


def xlsx(*rows: list[Any]) -> bytes:
    file = BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return file.getvalue()


def read(data: bytes, *needed: str) -> list[tuple[int, dict[str, str]]]:
    return [(row.number, dict(row.cells)) for row in read_table(data, NAMES, needed).rows]


def faults(data: bytes, *needed: str) -> list[tuple[int, str, str]]:
    with pytest.raises(TableError) as error:
        read_table(data, NAMES, needed)
    return [(fault.row, fault.column, fault.code) for fault in error.value.faults]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_the_one_of_the_first_line(separator: str) -> None:
    text = f'Owner{separator}标题\n\nAda{separator}"Ships, and; more"\n'.encode("utf-8-sig")
    assert read(text) == [(3, {"owner": "Ada", "title": "Ships, and; more"})]


def test_a_sheet_keeps_its_row_numbers_and_exact_numbers() -> None:
    data = xlsx([], ["Owner", "Fair share"], ["Ada", 0.1], [], [True, 100.0], ["x", 1e-7])
    assert read(data) == [
        (3, {"owner": "Ada", "share": "0.1"}),
        (5, {"owner": "true", "share": "100"}),
        (6, {"owner": "x", "share": "0.0000001"}),
    ]


def test_every_column_at_fault_is_named() -> None:
    assert faults(b"Owner,owner,Colour\nAda,,\n", "owner", "title") == [
        (1, "owner", "table.column_twice"),
        (1, "Colour", "table.column_unknown"),
        (1, "title", "table.column_missing"),
    ]


def test_a_cell_under_no_column_is_a_fault_and_not_left_out() -> None:
    assert faults(b"owner,title\nAda,Ships\nBen,Cranes,60\n") == [(3, "", "table.cell_beyond")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "table.empty"),
        (b" ,\n\n", "table.empty"),
        (b"owner\n\xc1\xf5\n", "table.not_utf8"),
        (b'owner\n"Ada\n', "table.malformed"),
        (b"PK\x03\x04 and then nothing", "table.malformed"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, code: str) -> None:
    assert [found for _, _, found in faults(data)] == [code]
