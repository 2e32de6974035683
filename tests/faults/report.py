"""The table of docs/reliability.md."""

from __future__ import annotations

import statistics
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
    """One line a campaign, and one for all."""
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
    if len(outcomes) > 1:
        lines.append(_totals(outcomes))
    return "\n".join(lines)


def _totals(outcomes: Sequence[Outcome]) -> str:
    recoveries = [seconds for outcome in outcomes for seconds in outcome.recoveries] or [0.0]
    counts = [
        sum(getattr(outcome, name) for outcome in outcomes)
        for name in ("strikes", "tries", "acknowledged", "refused", "unknown")
    ]
    counts += [sum(outcome.balance.lost for outcome in outcomes), sum(outcome.balance.doubled for outcome in outcomes)]
    holds = "yes" if not any(outcome.violations for outcome in outcomes) else "NO"
    cells = ["**all**", *map(str, counts), f"{statistics.median(recoveries):.1f} s / {max(recoveries):.1f} s", holds]
    return f"| {' | '.join(cells)} |"


def write_between_marks(path: Path, text: str) -> None:
    """Replace what stands between the table's marks; without marks, the whole file."""
    if path.exists() and BEGIN in (before := path.read_text(encoding="utf-8")):
        head, _, rest = before.partition(BEGIN)
        text = f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}"
    path.write_text(text, encoding="utf-8")
