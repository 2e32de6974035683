"""The rows of amending, holding and resuming a running cycle."""

from __future__ import annotations

from domain.cycle.amending import AmendCycle
from domain.cycle.holding import HoldCycle, ResumeCycle
from domain.cycle.windows import Phase
from tests.domain.rows import Row
from tests.support.given import LEAD, World

FACILITATOR = frozenset({LEAD})


def _open() -> World:
    return World().founded().opened()


def _held() -> World:
    world = _open()
    world.when(LEAD, world.cycle_ref, HoldCycle(reason="A flood"))
    return world


ROWS: dict[str, Row] = {
    "AmendCycle": Row(lambda _: AmendCycle(name="Q2", reason="A typing error"), _open, FACILITATOR, tuple(Phase)),
    "HoldCycle": Row(lambda _: HoldCycle(reason="A flood"), _open, FACILITATOR, tuple(Phase)),
    "ResumeCycle": Row(lambda _: ResumeCycle(reason="It is dry"), _held, FACILITATOR, tuple(Phase)),
}
