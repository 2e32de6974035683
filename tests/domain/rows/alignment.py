"""The rows of alignment."""

from __future__ import annotations

from domain.cycle.windows import Phase
from domain.messages import Command
from domain.plan.alignment_answers import AcceptAlignment, DeclineAlignment
from tests.domain.rows import BEFORE_TRACK, Row
from tests.support.aligning import asking, request
from tests.support.given import OTHER, STAFF, TEAM, World, who

PHASES = (*BEFORE_TRACK, Phase.TRACK)


def _two_plans() -> World:
    return World().founded().opened(STAFF, TEAM).drafted().drafted("above", TEAM)


def _requested() -> World:
    world = _two_plans()
    request(world, parent=("above", TEAM))
    return world


def _request(world: World) -> Command:
    return asking(world, parent=("above", TEAM))


def _accept(world: World) -> Command:
    return AcceptAlignment(edge=who("edge"), hash=world.goal().hash)


ROWS: dict[str, Row] = {
    "RequestAlignment": Row(_request, _two_plans, frozenset({STAFF}), PHASES),
    "AcceptAlignment": Row(_accept, _requested, frozenset({OTHER}), PHASES),
    "DeclineAlignment": Row(
        lambda _: DeclineAlignment(edge=who("edge"), reason="It does not fit"),
        _requested,
        frozenset({STAFF, OTHER}),
        PHASES,
    ),
}
