"""The rows of assigning many goals, and of owning, sharing, moving and dropping them."""

from __future__ import annotations

from domain.messages import Command
from domain.plan.assigning import AssignGoals, Assignment
from tests.domain.rows import BEFORE_TRACK, Row
from tests.support.given import HEAD, LEAD, STAFF, World, kpi, who


def _open() -> World:
    return World().founded().opened()


def _assign(_: World) -> Command:
    return AssignGoals(assignments=(Assignment(owner=STAFF, goal=who("new"), definition=kpi()),))


ROWS: dict[str, Row] = {
    "AssignGoals": Row(_assign, _open, frozenset({HEAD, LEAD}), BEFORE_TRACK),
}
