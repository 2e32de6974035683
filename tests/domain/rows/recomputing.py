"""The row of reckoning deadlines anew."""

from __future__ import annotations

from domain.cycle.recomputing import RecomputeDeadlines
from domain.cycle.windows import Phase
from tests.domain.rows import Row
from tests.support.calendars import Weekdays
from tests.support.given import LEAD, World


def _guessed() -> World:
    """Opened when the year had no official notice; by now it has."""
    world = World(calendar=Weekdays(guessed=2027)).founded().opened()
    world.calendar = Weekdays()
    return world


ROWS: dict[str, Row] = {
    "RecomputeDeadlines": Row(
        lambda _: RecomputeDeadlines(reason="The notice is out"), _guessed, frozenset({LEAD}), tuple(Phase)
    )
}
