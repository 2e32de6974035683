"""The rows of withdrawing, commenting, mediating and objecting."""

from __future__ import annotations

from domain.plan.withdrawing import WithdrawRevision
from tests.domain.rows import BEFORE_TRACK, Row
from tests.support.given import STAFF, World, who


def _on_the_table() -> World:
    return World().founded().opened().drafted().proposed()


def _withdraw(world: World) -> WithdrawRevision:
    return WithdrawRevision(goal=who("okr"), hash=world.goal().hash)


ROWS: dict[str, Row] = {
    "WithdrawRevision": Row(_withdraw, _on_the_table, frozenset({STAFF}), BEFORE_TRACK),
}
