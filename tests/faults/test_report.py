"""The table tells what the campaigns came to, and keeps what stands around it."""

from __future__ import annotations

from pathlib import Path

from tests.faults.campaign import Outcome
from tests.faults.checker import Violation
from tests.faults.report import BEGIN, END, table, write_between_marks

HELD = Outcome("calm", 1, strikes=2, tries=10, acknowledged=8, refused=1, unknown=1, recoveries=[1.0, 3.0])
LOST = Outcome(
    "storm",
    1,
    strikes=1,
    tries=5,
    acknowledged=5,
    recoveries=[9.0],
    takeovers=[4.0],
    violations=[
        Violation("effects", "lost: CheckIn 5a1c2e7d-428e-50de-aa25-7eb5b7acbdca was acknowledged at 3"),
        Violation("markers", "lost: the value 7 of 5a1c2e7d-428e-50de-aa25-7eb5b7acbdca is nowhere"),
    ],
)


def test_a_line_a_campaign_and_one_for_all() -> None:
    *_, calm, storm, total = table([HELD, LOST], {}).splitlines()
    assert calm.endswith("| 2 | 10 | 8 | 1 | 1 | 0 | 0 | 2.0 s / 3.0 s | yes |")
    assert storm.endswith("| 1 | 5 | 5 | 0 | 0 | 1 | 0 | 9.0 s / 9.0 s; taken over within 4.0 s | NO |")
    assert total == "| **all** | 3 | 15 | 13 | 1 | 1 | 1 | 0 | 3.0 s / 9.0 s | NO |"


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_between_marks(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
