"""The row of keeping an older definition of a metric."""

from __future__ import annotations

from domain.cycle.windows import Phase
from domain.plan.metric_change import KeepDefinition
from tests.domain.rows import BEFORE_TRACK, Row
from tests.support.given import STAFF, World, who
from tests.support.metrics import at_version, berths, change, define


def _changed() -> World:
    world = define(World().founded().opened()).drafted(definition=berths(1)).proposed()
    change(world)
    return world


ROWS: dict[str, Row] = {
    "KeepDefinition": Row(
        lambda _: KeepDefinition(goal=who("okr"), seen=at_version(2)),
        _changed,
        frozenset({STAFF}),
        (*BEFORE_TRACK, Phase.TRACK),
    )
}
