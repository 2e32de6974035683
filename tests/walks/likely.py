"""What people do who want a phase to end: the work that its gate asks of one plan, command by command.

It asks the rules whom they would let act, for a walk by chance alone comes to no signed plan. Each command is made when
the one before it was sent, so whatever others do meanwhile is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from domain.cycle.policy import Framework
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.messages import Command
from domain.plan.above import asked_on
from domain.plan.approvers import approvers
from domain.plan.comments import ResolveComment
from domain.plan.drafting import AcknowledgeAssignment, AssignGoal, DraftGoal
from domain.plan.goal import Goal
from domain.plan.joining import stage_of
from domain.plan.mediation import DecideMediation
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.objection import DecideObjection
from domain.plan.result import AcknowledgeResult
from domain.plan.signing import SignPlan, SubmitPlan
from domain.plan.talks import Side
from tests.moves import TEXT, goal_id
from tests.moves.goals import altered, objective, report
from tests.support.given import World, kpi

Act = tuple[UUID, Ref, Command]


def likely(world: World, owner: UUID, *, careful: bool = True) -> Iterator[Act]:
    """What the present gate asks of an owner's plan; without care whatever weights there are stay."""
    stage = stage_of(world.the_cycle(), owner, world.plan(owner))
    if stage in (Phase.DRAFT, Phase.NEGOTIATE, Phase.COMMIT):
        yield from drafted(world, owner)
    if stage in (Phase.NEGOTIATE, Phase.COMMIT):
        yield from agreed(world, owner, careful)
    if stage is Phase.COMMIT:
        yield from signed(world, owner)
    if world.the_cycle().phase is Phase.TRACK:
        for goal in list(world.plan(owner).in_force.values()):
            yield world.ground(owner).owner, world.plan_ref(owner), report(goal, final=True)
    result = world.the_cycle().results.get(world.plan_ref(owner).stream)
    if result is not None:
        receipt = AcknowledgeResult(result=result.hash, how="assent")
        yield world.ground(owner).owner, world.plan_ref(owner), receipt


def drafted(world: World, owner: UUID) -> Iterator[Act]:
    """Two OKRs and a KPI, where the framework has a place for them."""
    found, ref = world.ground(owner), world.plan_ref(owner)
    about = {"cycle": world.cycle, "owner": owner}
    kinds = {goal.definition.kind for goal in world.plan(owner).goals.values()}
    if "okr" not in kinds and found.framework is not Framework.KPI:
        for name in ("first", "second"):
            drafting = DraftGoal(**about, goal=goal_id(owner, name), definition=objective(world, owner, name))
            yield found.owner, ref, drafting
    if "kpi" not in kinds and found.framework is not Framework.OKR:
        assigning = AssignGoal(**about, goal=goal_id(owner, "safety"), definition=kpi())
        yield counterpart(world, owner), ref, assigning


def counterpart(world: World, owner: UUID) -> UUID:
    found = world.ground(owner)
    return min(found.counterpart, default=found.owner)


def agreed(world: World, owner: UUID, careful: bool) -> Iterator[Act]:
    """Each goal with a weight that fits, and both sides' word."""
    for id_ in list(world.plan(owner).goals):
        for part in (settled, weighed, accepted) if careful else (settled, accepted):
            if id_ in world.plan(owner).goals:
                yield from part(world, owner, world.plan(owner).goal(id_))


def settled(world: World, owner: UUID, goal: Goal) -> Iterator[Act]:
    """Whatever blocks it is resolved, whatever went to somebody above is decided."""
    ref = world.plan_ref(owner)
    for id_, comment in goal.comments.items():
        if comment.resolved_by is None:
            yield comment.by, ref, ResolveComment(goal=goal.id, comment=id_, answer=TEXT)
    above = asked_on(goal, world.ground(owner))
    if goal.objected and above:
        yield above[0], ref, DecideObjection(goal=goal.id, hash=goal.hash, outcome="rejected", reason=TEXT)
    if goal.mediation is not None and above:
        yield above[0], ref, DecideMediation(goal=goal.id, hash=goal.hash, outcome="return", reason=TEXT)


def weighed(world: World, owner: UUID, goal: Goal) -> Iterator[Act]:
    """As much as the others of its kind leave, shared evenly."""
    same = [one for one in world.plan(owner).goals.values() if one.definition.kind == goal.definition.kind]
    if sum(one.definition.weight for one in same) == 100:
        return
    share = (Decimal(100) / len(same)).quantize(Decimal("0.01"))
    weight = 100 - share * (len(same) - 1) if goal.id == same[-1].id else share
    if weight != goal.definition.weight:
        definition = altered(goal.definition, weight=weight)
        revision = ProposeRevision(goal=goal.id, definition=definition, reasons={"weight": TEXT})
        yield speaker(world, owner, goal), world.plan_ref(owner), revision


def speaker(world: World, owner: UUID, goal: Goal) -> UUID:
    """Whose turn it is; of what is on no table the owner's, of a KPI who assigns."""
    if goal.definition.kind == "kpi" or goal.turn is Side.COUNTERPART:
        return counterpart(world, owner)
    return world.ground(owner).owner


def accepted(world: World, owner: UUID, goal: Goal) -> Iterator[Act]:
    ref, found = world.plan_ref(owner), world.ground(owner)
    if goal.agreed:
        return
    if goal.definition.kind == "kpi":
        yield found.owner, ref, AcknowledgeAssignment(goal=goal.id, hash=goal.hash)
        return
    if goal.turn is None:
        yield found.owner, ref, ProposeRevision(goal=goal.id, definition=goal.definition)
    now = world.plan(owner).goals.get(goal.id, goal)
    yield speaker(world, owner, now), ref, AcceptRevision(goal=goal.id, hash=now.hash)


def signed(world: World, owner: UUID) -> Iterator[Act]:
    """Submitted, and signed by whoever is asked."""
    ref = world.plan_ref(owner)
    if world.plan(owner).signing is None:
        yield world.ground(owner).owner, ref, SubmitPlan(hash=world.hash(owner))
    for _ in range(len(world.ground(owner).chain) + 2):
        signing = world.plan(owner).signing
        asked = approvers(world.ground(owner), signing) if signing is not None else frozenset()
        if not asked:
            return
        yield min(asked), ref, SignPlan(hash=world.hash(owner))
