"""The row of choosing who sees a goal."""

from __future__ import annotations

from domain.cycle.windows import Phase
from domain.plan.visibility import SetVisibility
from tests.domain.rows import Row
from tests.support.given import STAFF, World, who

ROWS: dict[str, Row] = {
    "SetVisibility": Row(
        lambda _: SetVisibility(goal=who("okr"), audience="private"),
        lambda: World().founded().opened().agreed(),
        frozenset({STAFF}),
        tuple(Phase),
        excused_too=True,
    ),
}
