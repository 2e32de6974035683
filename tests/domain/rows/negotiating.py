"""The rows of withdrawing, commenting, mediating and objecting."""

from __future__ import annotations

from domain.plan.comments import CommentOnRevision, ResolveComment
from domain.plan.mediation import DecideMediation, RequestMediation
from domain.plan.objection import DecideObjection, ObjectToAssignment
from domain.plan.withdrawing import WithdrawRevision
from tests.domain.rows import BEFORE_TRACK, Row
from tests.support.given import HEAD, LEAD, STAFF, World, who


def _on_the_table() -> World:
    return World().founded().opened().drafted().proposed()


def _withdraw(world: World) -> WithdrawRevision:
    return WithdrawRevision(goal=who("okr"), hash=world.goal().hash)


def _commented() -> World:
    return _on_the_table().commented(HEAD)


def _comment(world: World) -> CommentOnRevision:
    return CommentOnRevision(goal=who("okr"), hash=world.goal().hash, comment=who("new"), text="See")


def _in_mediation() -> World:
    return _on_the_table().mediated()


def _mediate(world: World) -> RequestMediation:
    return RequestMediation(goal=who("okr"), hash=world.goal().hash, reason="Stuck")


def _decide(world: World) -> DecideMediation:
    return DecideMediation(goal=who("okr"), hash=world.goal().hash, outcome="return", reason="Once more")


def _object(world: World) -> ObjectToAssignment:
    return ObjectToAssignment(goal=who("kpi"), hash=world.goal("kpi").hash, counter="90", reason="The yard is closed")


def _decide_objection(world: World) -> DecideObjection:
    return DecideObjection(goal=who("kpi"), hash=world.goal("kpi").hash, outcome="rejected", reason="It is open")


ROWS: dict[str, Row] = {
    "CommentOnRevision": Row(_comment, _on_the_table, frozenset({STAFF, HEAD, LEAD}), BEFORE_TRACK),
    "DecideMediation": Row(_decide, _in_mediation, frozenset({LEAD}), BEFORE_TRACK),
    "DecideObjection": Row(
        _decide_objection, lambda: World().founded().opened().assigned().objected(), frozenset({LEAD}), BEFORE_TRACK
    ),
    "ObjectToAssignment": Row(_object, lambda: World().founded().opened().assigned(), frozenset({STAFF}), BEFORE_TRACK),
    "RequestMediation": Row(_mediate, _on_the_table, frozenset({STAFF, HEAD}), BEFORE_TRACK),
    "ResolveComment": Row(
        lambda _: ResolveComment(goal=who("okr"), comment=who("comment")), _commented, frozenset({HEAD}), BEFORE_TRACK
    ),
    "WithdrawRevision": Row(_withdraw, _on_the_table, frozenset({STAFF}), BEFORE_TRACK),
}
