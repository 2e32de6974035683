"""`python -m bench.markdown`: writes bench/results.json as the last section of docs/performance.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.__main__ import RESULTS
from bench.table import number

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
HEADING = "## The latest table"


def markdown(document: dict[str, Any]) -> str:
    """The figures of a run as a Markdown table."""
    run = document["run"]
    lines = [
        f"{document['machine']}.",
        f"Rounds: {run['rounds']} of {run['seconds']:g} s a side.",
        f"Load average by other work: {run['load_average']:.1f}.",
        f"The load generator's ceiling: {run['load_generator']['ceiling']:,.0f} requests/s.",
        "",
        "| row | floor | ratio | ours | theirs | spread | |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in document["rows"].items():
        lines.append(_line(f"`{name}`", row))
        lines += [_line(f"… `{more}`", figure) for more, figure in row.get("more", {}).items()]
    return "\n".join(lines)


def _line(name: str, figure: dict[str, Any]) -> str:
    unit = figure["unit"] if figure["unit"].startswith("/") else f" {figure['unit']}"
    cells = [
        name,
        figure.get("floor", "report"),
        f"{figure['ratio']:.2f}" if "ratio" in figure else "",
        f"{number(figure['ours'])}{unit}",
        f"{number(figure['theirs'])}{unit}" if "theirs" in figure else "",
        " to ".join(map(number, figure["spread"])) if "spread" in figure else "",
        {True: "pass", False: "short", None: ""}[figure.get("passes")],
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    before = PAGE.read_text(encoding="utf-8").partition(HEADING)[0]
    PAGE.write_text(
        f"{before}{HEADING}\n{markdown(json.loads(RESULTS.read_text(encoding='utf-8')))}\n", encoding="utf-8"
    )
