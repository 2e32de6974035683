"""The rows of bypasses."""

from __future__ import annotations

from domain.cycle.bypass import ConfirmBypass, RequestBypass
from domain.cycle.windows import Phase
from tests.domain.rows import Row
from tests.support.given import BOARD, LEAD, World

ASK = RequestBypass(subject="gate", reason="The audit begins")


def _open() -> World:
    return World().founded().opened()


def _asked() -> World:
    world = _open()
    world.when(LEAD, world.cycle_ref, ASK)
    return world


ROWS: dict[str, Row] = {
    "RequestBypass": Row(lambda _: ASK, _open, frozenset({LEAD}), tuple(Phase)),
    "ConfirmBypass": Row(lambda _: ConfirmBypass(bypass=1, reason="It does"), _asked, frozenset(BOARD), tuple(Phase)),
}
