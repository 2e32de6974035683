"""The rows with their floors, on the terminal and in bench/results.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.rounds import Figure, Row


@dataclass(frozen=True)
class Floor:
    """What a row must reach."""

    bound: float
    at_most: bool = False

    def holds(self, figure: Figure) -> bool:
        """Whether the ratio, or where nothing stands against it the figure itself, is on the right side."""
        value = figure.ours if figure.ratio is None else figure.ratio
        return value <= self.bound if self.at_most else value >= self.bound

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.bound:g}"


FLOORS: dict[str, Floor] = {
    "append_fn_vs_insert": Floor(1.6),
    "handler_vs_insert": Floor(1.0),
    "http_vs_noop": Floor(0.45),
    "vs_entity_workflow": Floor(25),
    "vs_entity_workflow.p50": Floor(25),
    "bulk_vs_unnest": Floor(0.45),
    "replay_vs_eventsourcing": Floor(3),
    "temporal_events_per_check_in": Floor(0, at_most=True),
    "temporal_events_per_plan_quarter": Floor(80, at_most=True),
    "growth": Floor(1.2, at_most=True),
    "growth.stream": Floor(1.2, at_most=True),
    "relay_vs_raw": Floor(0.9),
}
"""By row, or by row and further figure. What is not here is reported."""

WIDTHS = (34, 8, 9, 12, 12, 6, 18)


def document(machine: str, run: dict[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    """What bench/results.json holds. `run` says how it was measured, and what else the machine did."""
    return {"machine": machine, "run": run, "rows": {row.name: _described(row) for row in rows}}


def _described(row: Row) -> dict[str, Any]:
    described = _figure(row.name, row.figure)
    for name, figure in row.more.items():
        described.setdefault("more", {})[name] = _figure(f"{row.name}.{name}", figure)
    return described


def _figure(name: str, figure: Figure) -> dict[str, Any]:
    floor = FLOORS.get(name)
    described = {key: value for key, value in asdict(figure).items() if value is not None}
    if figure.spread is not None:
        described["spread"] = list(figure.spread)
    return described | ({"floor": str(floor), "passes": floor.holds(figure)} if floor else {})


def lines(rows: Sequence[Row]) -> list[str]:
    """The rows as lines of the table under HEAD."""
    table = []
    for row in rows:
        table.append(_line_of(row.name, row.name, row.figure))
        for name, figure in row.more.items():
            table.append(_line_of(f"{row.name}.{name}", f"  {name}", figure))
    return table


def _line_of(key: str, shown: str, figure: Figure) -> str:
    floor = FLOORS.get(key)
    spread = "" if figure.spread is None else f"{number(figure.spread[0])} to {number(figure.spread[1])}"
    cells = (
        shown,
        str(floor) if floor else "report",
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        number(figure.ours),
        "" if figure.theirs is None else number(figure.theirs),
        figure.unit,
        spread,
    )
    return _line(cells, "" if floor is None else "pass" if floor.holds(figure) else "short")


def _line(cells: Sequence[str], verdict: str) -> str:
    first, *others = cells
    numbers = "".join(f"{cell:>{width}}" for cell, width in zip(others, WIDTHS[1:], strict=True))
    return f"{first:<{WIDTHS[0]}}{numbers}  {verdict}".rstrip()


def number(value: float) -> str:
    """A figure with the digits that can be believed."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


HEAD = _line(("row", "floor", "ratio", "ours", "theirs", "", "spread"), "")
