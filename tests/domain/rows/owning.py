"""The rows of assigning many goals, and of owning, sharing, moving and dropping them."""

from __future__ import annotations

from domain.cycle.windows import Phase
from domain.goals import Ambition
from domain.messages import Command
from domain.plan.assigning import AssignGoals, Assignment
from domain.plan.dropping import AbandonGoal
from domain.plan.escalating import EscalateGoal
from domain.plan.moving import MoveKeyResult
from domain.plan.pay import LinkPay, UnlinkPay
from domain.plan.sharing import AcceptShare, AddContributor, DeclineShare
from domain.plan.transferring import TransferGoal
from tests.domain.rows import BEFORE_TRACK, Row
from tests.support.given import HEAD, LEAD, OTHER, STAFF, World, increase, kpi, okr, who


def _open() -> World:
    return World().founded().opened()


def _assign(_: World) -> Command:
    return AssignGoals(assignments=(Assignment(owner=STAFF, goal=who("new"), definition=kpi()),))


def _on_the_table() -> World:
    return _open().drafted(definition=okr(ambition=Ambition.COMMITTED)).proposed()


def _asked() -> World:
    world = _on_the_table()
    world.when(STAFF, world.plan_ref(), AddContributor(goal=who("okr"), person=OTHER, share="0.3"))
    return world


def _linked() -> World:
    world = _on_the_table()
    world.when(HEAD, world.plan_ref(), LinkPay(goal=who("okr")))
    return world


def _two_plans() -> World:
    return World().founded().opened(STAFF, OTHER).drafted().proposed()


def _two_goals() -> World:
    world = _open().drafted("other", definition=okr(key_results=(increase("cranes"),))).drafted()
    return world.proposed().accepted().proposed(name="other").accepted(name="other")


def _move(world: World) -> Command:
    return MoveKeyResult(
        goal=who("okr"),
        hash=world.goal().hash,
        key_result=who("steps"),
        to_goal=who("other"),
        to_hash=world.goal("other").hash,
        reason="They build it",
    )


def _transfer(world: World) -> Command:
    return TransferGoal(
        goal=who("okr"), hash=world.goal().hash, cycle=world.cycle, to_owner=OTHER, reason="The berths are theirs now"
    )


TRACKED = (*BEFORE_TRACK, Phase.TRACK)
OKR = who("okr")
ROWS: dict[str, Row] = {
    "AssignGoals": Row(_assign, _open, frozenset({HEAD, LEAD}), BEFORE_TRACK),
    "AddContributor": Row(
        lambda _: AddContributor(goal=OKR, person=OTHER, share="0.3"), _on_the_table, frozenset({STAFF}), TRACKED
    ),
    "AcceptShare": Row(lambda _: AcceptShare(goal=OKR, share="0.3"), _asked, frozenset({OTHER}), TRACKED),
    "DeclineShare": Row(lambda _: DeclineShare(goal=OKR, reason="No time"), _asked, frozenset({OTHER}), TRACKED),
    "AbandonGoal": Row(
        lambda world: AbandonGoal(goal=OKR, hash=world.goal().hash, reason="The harbour is sold"),
        _on_the_table,
        frozenset({STAFF}),
        BEFORE_TRACK,
    ),
    "EscalateGoal": Row(
        lambda _: EscalateGoal(goal=OKR, reason="The cranes come late"), _on_the_table, frozenset({STAFF}), TRACKED
    ),
    "LinkPay": Row(lambda _: LinkPay(goal=OKR), _on_the_table, frozenset({HEAD}), tuple(Phase)),
    "MoveKeyResult": Row(_move, _two_goals, frozenset({STAFF, HEAD}), BEFORE_TRACK),
    "TransferGoal": Row(_transfer, _two_plans, frozenset({HEAD, LEAD}), BEFORE_TRACK),
    "UnlinkPay": Row(lambda _: UnlinkPay(goal=OKR), _linked, frozenset({HEAD}), tuple(Phase)),
}
