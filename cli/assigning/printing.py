"""Assignments as a table for people."""

from __future__ import annotations

from collections.abc import Iterator

from cli.assigning.reading import AssignedRow
from cli.assigning.running import AssignReport

HEADINGS = {
    "dry_run": "This would be assigned; nothing was changed.",
    "appended": "Assigned: positions {first} to {last}.",
    "duplicate": "This file was assigned already: positions {first} to {last}. Nothing was changed.",
}


def report_lines(report: AssignReport) -> Iterator[str]:
    """Owners in the file's order, each with what is assigned to them."""
    yield HEADINGS[report.outcome].format(first=report.first_position, last=report.last_position)
    yield ""
    owners: dict[str, list[AssignedRow]] = {}
    for one in report.rows:
        owners.setdefault(one.owner, []).append(one)
    for owner, rows in owners.items():
        yield f"{owner}: {_count(len(rows), 'KPI')}"
        for one in rows:
            said = one.assignment.definition
            points = f"{said.threshold} / {said.target} / {said.stretch} {said.unit}"
            yield f"  {one.row:>5}  {said.weight:>6} %  {one.title} ({points})"
        yield ""
    yield f"{_count(len(report.rows), 'KPI')} for {_count(len(owners), 'owner')} in the cycle {report.cycle}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
