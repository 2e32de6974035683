"""The rows of withdrawing, commenting, mediating and objecting."""

from __future__ import annotations

from domain.plan.comments import CommentOnRevision, ResolveComment
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


ROWS: dict[str, Row] = {
    "CommentOnRevision": Row(_comment, _on_the_table, frozenset({STAFF, HEAD, LEAD}), BEFORE_TRACK),
    "ResolveComment": Row(
        lambda _: ResolveComment(goal=who("okr"), comment=who("comment")), _commented, frozenset({HEAD}), BEFORE_TRACK
    ),
    "WithdrawRevision": Row(_withdraw, _on_the_table, frozenset({STAFF}), BEFORE_TRACK),
}
