"""Moves in a negotiation: comments, mediation, objections."""

from __future__ import annotations

from typing import Any

from domain.goals import Ambition, Kpi
from domain.plan.comments import CommentOnRevision, ResolveComment
from domain.plan.mediation import DecideMediation, RequestMediation
from domain.plan.objection import DecideObjection, ObjectToAssignment
from tests.moves import OWNERS, TEXT, Scene, Sending, sends
from tests.moves.goals import altered, is_kpi, is_okr
from tests.support.given import who


@sends(CommentOnRevision)
def comment_on_revision(scene: Scene) -> Sending:
    owner, goal = scene.goal()
    how = scene.one(["says", "says", "blocks", "asks", "asks"])
    said = CommentOnRevision(
        goal=goal.id,
        hash=scene.seen(goal.hash),
        comment=who(f"comment {len(goal.comments)}"),
        text=TEXT,
        blocking=how == "blocks",
        asks=how == "asks",
    )
    return scene.world.plan_ref(owner), said


@sends(ResolveComment)
def resolve_comment(scene: Scene) -> Sending:
    open_ones = [
        (owner, goal.id, id_)
        for owner in OWNERS
        for goal in scene.world.plan(owner).goals.values()
        for id_, comment in goal.comments.items()
        if comment.resolved_by is None
    ]
    owner, goal, comment = scene.one(open_ones)
    answer = TEXT if scene.often(0.7) else None
    return scene.world.plan_ref(owner), ResolveComment.model_validate(
        {"goal": goal, "comment": comment, "answer": answer}
    )


@sends(RequestMediation)
def request_mediation(scene: Scene) -> Sending:
    owner, goal = scene.goal(lambda goal: is_okr(goal) and goal.on_the_table and not goal.agreed)
    return scene.world.plan_ref(owner), RequestMediation(goal=goal.id, hash=scene.seen(goal.hash), reason=TEXT)


@sends(DecideMediation)
def decide_mediation(scene: Scene) -> Sending:
    owner, goal = scene.goal(lambda goal: goal.mediation is not None)
    said: dict[str, Any] = {"goal": goal.id, "hash": scene.seen(goal.hash), "reason": TEXT}
    said["outcome"] = scene.one(["impose", "return"])
    if said["outcome"] == "impose":
        ambition = Ambition.COMMITTED if scene.often(0.8) else Ambition.ASPIRATIONAL
        said["definition"] = altered(goal.definition, ambition=ambition)
    return scene.world.plan_ref(owner), DecideMediation.model_validate(said)


@sends(ObjectToAssignment)
def object_to_assignment(scene: Scene) -> Sending:
    owner, goal = scene.goal(lambda goal: is_kpi(goal) and goal.receipt in (None, "served"))
    said = {"goal": goal.id, "hash": scene.seen(goal.hash), "counter": scene.chance.randint(90, 94), "reason": TEXT}
    return scene.world.plan_ref(owner), ObjectToAssignment.model_validate(said)


@sends(DecideObjection)
def decide_objection(scene: Scene) -> Sending:
    owner, goal = scene.goal(lambda goal: goal.objected)
    assert isinstance(goal.definition, Kpi)
    said: dict[str, Any] = {"goal": goal.id, "hash": scene.seen(goal.hash), "outcome": "rejected", "reason": TEXT}
    if scene.often(0.5):
        said |= {"outcome": "upheld", "definition": altered(goal.definition, target="92")}
    return scene.world.plan_ref(owner), DecideObjection.model_validate(said)
