"""The table of docs/reliability.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.faults.campaign import Fault, Outcome

HEADER = (
    "| fault | strikes | tries | acknowledged | refused | unknown | lost | doubled "
    "| recovery, median / worst | all holds |",
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|",
)
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def table(outcomes: Sequence[Outcome], faults: Mapping[str, Fault]) -> str:
    """One line a campaign."""
    lines = list(HEADER)
    for outcome in outcomes:
        found = outcome.balance
        names = outcome.fault.split(" + ")
        sentence = "; ".join(faults[name].sentence for name in names if name in faults) or "on one system"
        lines.append(
            f"| `{outcome.fault}` {sentence} | {outcome.strikes} | {outcome.tries} | {outcome.acknowledged} "
            f"| {outcome.refused} | {outcome.unknown} | {found.lost} | {found.doubled} "
            f"| {outcome.median:.1f} s / {outcome.worst:.1f} s{outcome.taken_over} "
            f"| {'yes' if not outcome.violations else 'NO'} |"
        )
    return "\n".join(lines)


def write_between_marks(path: Path, text: str) -> None:
    """Replace what stands between the table's marks; without marks, the whole file."""
    if path.exists() and BEGIN in (before := path.read_text(encoding="utf-8")):
        head, _, rest = before.partition(BEGIN)
        text = f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}"
    path.write_text(text, encoding="utf-8")
