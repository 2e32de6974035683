"""`python -m bench.markdown`: the table of docs/performance.md from bench/results.json."""

from __future__ import annotations

import json
from typing import Any

from bench.__main__ import RESULTS
from bench.table import number


def markdown(document: dict[str, Any]) -> str:
    """The figures of a run as a Markdown table."""
    generator = document["load_generator"]
    lines = [
        f"{document['machine']}. Load generator's ceiling: {generator['ceiling']:,.0f} requests/s.",
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
    print(markdown(json.loads(RESULTS.read_text(encoding="utf-8"))))
