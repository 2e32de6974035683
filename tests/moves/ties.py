"""Moves that tie a goal to others: parents, shares, pay, who may see it."""

from __future__ import annotations

from uuid import UUID

from domain.plan.alignment import RequestAlignment
from domain.plan.alignment_answers import AcceptAlignment, DeclineAlignment
from domain.plan.goal import Goal
from domain.plan.links import Edge, End
from domain.plan.pay import LinkPay, UnlinkPay
from domain.plan.readings import measures
from domain.plan.sharing import AcceptShare, AddContributor, DeclineShare
from domain.plan.state import PlanState
from domain.plan.visibility import SetVisibility
from tests.moves import OWNERS, PEOPLE, TEXT, Scene, Sending, sends
from tests.moves.goals import is_okr
from tests.support.given import who


def plans(scene: Scene) -> list[PlanState]:
    return [scene.world.plan(owner) for owner in OWNERS]


def edges(scene: Scene, *states: str) -> list[tuple[UUID, Goal, Edge]]:
    """The alignments that stand so, with the child and its plan's owner."""
    return [
        (owner, scene.world.plan(owner).goal(edge.goal), edge)
        for owner in OWNERS
        for edge in scene.world.plan(owner).edges.values()
        if edge.state in states
    ]


@sends(RequestAlignment)
def request_alignment(scene: Scene) -> Sending:
    """In any direction: circles must be refused. Asked again of a parent that has changed, it is the child's look."""
    known = edges(scene, "accepted")
    if known and scene.often(0.3):
        owner, child, edge = scene.one(known)
        above = next(
            (goal for one in OWNERS for goal in scene.world.plan(one).goals.values() if goal.id == edge.parent.goal),
            None,
        )
        seen = above.hash if above is not None else edge.seen_hash
        asked = RequestAlignment(
            edge=edge.id, goal=child.id, key_result=edge.key_result, parent=edge.parent, parent_hash=seen
        )
        return scene.world.plan_ref(owner), asked
    owner, child = scene.goal(is_okr)
    if scene.often(0.2):
        return scene.world.plan_ref(owner), RequestAlignment(goal=child.id, reason=TEXT)
    over, above = scene.goal()
    part = scene.one(list(measures(child))) if scene.often(0.3) else None
    asked = RequestAlignment(
        edge=who(f"{child.id} {part} to {above.id}"),
        goal=child.id,
        key_result=part,
        parent=End(plan=scene.world.plan_ref(over).stream, goal=above.id),
        parent_hash=scene.seen(above.hash),
    )
    return scene.world.plan_ref(owner), asked


@sends(AcceptAlignment)
def accept_alignment(scene: Scene) -> Sending:
    owner, child, edge = scene.one(edges(scene, "requested"))
    return scene.world.plan_ref(owner), AcceptAlignment(edge=edge.id, hash=scene.seen(child.hash))


@sends(DeclineAlignment)
def decline_alignment(scene: Scene) -> Sending:
    owner, _, edge = scene.one(edges(scene, "requested", "accepted"))
    return scene.world.plan_ref(owner), DeclineAlignment(edge=edge.id, reason=TEXT)


@sends(AddContributor)
def add_contributor(scene: Scene) -> Sending:
    owner, goal = scene.goal()
    asked = AddContributor(goal=goal.id, person=scene.one(PEOPLE), share=scene.one(["0.2", "0.4", "0.7"]))
    return scene.world.plan_ref(owner), asked


@sends(AcceptShare)
def accept_share(scene: Scene) -> Sending:
    owner, goal = scene.goal(lambda goal: bool(goal.contributors))
    share = scene.one(list(goal.contributors.values())).share
    return scene.world.plan_ref(owner), AcceptShare(goal=goal.id, share=share)


@sends(DeclineShare)
def decline_share(scene: Scene) -> Sending:
    owner, goal = scene.goal(lambda goal: bool(goal.contributors))
    return scene.world.plan_ref(owner), DeclineShare(goal=goal.id, reason=TEXT)


@sends(LinkPay)
def link_pay(scene: Scene) -> Sending:
    owner, goal = scene.goal(lambda goal: not goal.pay_linked)
    return scene.world.plan_ref(owner), LinkPay(goal=goal.id)


@sends(UnlinkPay)
def unlink_pay(scene: Scene) -> Sending:
    owner, goal = scene.goal(lambda goal: goal.pay_linked)
    return scene.world.plan_ref(owner), UnlinkPay(goal=goal.id)


@sends(SetVisibility)
def set_visibility(scene: Scene) -> Sending:
    owner, goal = scene.goal()
    audience = scene.one(["default", "organization", "chain", "private"])
    viewers = (scene.one(PEOPLE),) if scene.often(0.5) else ()
    return scene.world.plan_ref(owner), SetVisibility(goal=goal.id, audience=audience, viewers=viewers)
