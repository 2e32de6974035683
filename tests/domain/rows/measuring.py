"""The rows of choosing a framework and establishing a baseline."""

from __future__ import annotations

from domain.cycle.frameworks import ChooseFramework
from domain.cycle.windows import Phase
from domain.plan.baseline import SetBaseline
from tests.domain.rows import BEFORE_TRACK, Row
from tests.support.given import LEAD, OTHER, STAFF, World, kpi, who


def _assigned() -> World:
    return World().founded().opened().assigned(definition=kpi(data_owner=OTHER))


ROWS: dict[str, Row] = {
    "ChooseFramework": Row(
        lambda _: ChooseFramework(framework="okr", reason="It must find new ways"),
        lambda: World().founded().opened(),
        frozenset({LEAD}),
        (Phase.DRAFT,),
    ),
    "SetBaseline": Row(
        lambda _: SetBaseline(goal=who("kpi"), value="50"),
        _assigned,
        frozenset({STAFF, OTHER}),
        (*BEFORE_TRACK, Phase.TRACK),
    ),
}
