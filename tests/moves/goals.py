"""Moves on goals: drafted, assigned, revised, moved, given up; what is measured and what was learned."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel

from domain.goals import Ambition, Kpi, Okr
from domain.key_results import Measured
from domain.measuring import MetricVersion
from domain.plan.baseline import SetBaseline
from domain.plan.drafting import AcknowledgeAssignment, AssignGoal, DraftGoal
from domain.plan.dropping import AbandonGoal
from domain.plan.escalating import EscalateGoal
from domain.plan.goal import Goal, Reading
from domain.plan.moving import MoveKeyResult
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.readings import measures
from domain.plan.result import AcknowledgeResult, Reflect
from domain.plan.tracking import CheckIn
from domain.plan.transferring import TransferGoal
from domain.plan.withdrawing import WithdrawRevision
from domain.sealed import OwnerText
from tests.moves import KPIS, NOTHING, OWNERS, SLOTS, TEXT, Scene, Sending, goal_id, sends
from tests.moves.metrics import defined
from tests.support.given import World, increase, kpi, milestones, okr

D = TypeVar("D", bound=BaseModel)
TITLES = ("Win the harbour", "Win the river", "Win the sea")


def is_okr(goal: Goal) -> bool:
    return goal.definition.kind == "okr"


def is_kpi(goal: Goal) -> bool:
    return goal.definition.kind == "kpi"


def objective(world: World, owner: UUID, name: str, weight: str = "50") -> Okr:
    """Key results of its own, so that one can move into another goal; counted by a metric where there is one."""
    own = f"{name} of {owner}"
    ambition = Ambition.COMMITTED if name == "second" else Ambition.ASPIRATIONAL
    found = okr(weight, ambition=ambition, key_results=(increase(f"berths of {own}"), milestones(f"steps of {own}")))
    metrics = defined(world)
    return found if not metrics else with_measures(found, metric=MetricVersion(metric=metrics[0][0].stream, version=1))


def revised(scene: Scene, goal: Goal) -> Okr | Kpi:
    """Another title, weight, target, kind or order."""
    found = goal.definition
    if isinstance(found, Kpi):
        return altered(found, target=scene.one(["95", "97", "98"]), weight=scene.one(["50", "100"]))
    metrics = defined(scene.world)
    if metrics and scene.often(0.4):
        ref, state = scene.one(metrics)
        version = scene.chance.randint(1, state.latest.version)
        return with_measures(found, metric=MetricVersion(metric=ref.stream, version=version))
    match scene.chance.randrange(5):
        case 0:
            return altered(found, title=OwnerText(scene.one(TITLES)))
        case 1:
            return altered(found, weight=scene.one(["50", "100"]))
        case 2:
            return altered(found, ambition=scene.one(list(Ambition)))
        case 3:
            return altered(found, key_results=tuple(reversed(found.key_results)))
    return with_measures(found, target=str(scene.chance.randint(11, 25)))


def with_measures(found: Okr, **change: Any) -> Okr:
    """The same with these values in what is counted."""
    results = (altered(one, **change) if isinstance(one, Measured) else one for one in found.key_results)
    return altered(found, key_results=tuple(results))


def altered(found: D, **change: Any) -> D:
    """The same with these values instead."""
    return type(found).model_validate({**{name: getattr(found, name) for name in type(found).model_fields}, **change})


@sends(DraftGoal)
def draft_goal(scene: Scene) -> Sending:
    owner, name = scene.one(
        [(one, name) for one in OWNERS for name in SLOTS if goal_id(one, name) not in scene.world.plan(one).goals]
    )
    definition = objective(scene.world, owner, name, scene.one(["50", "50", "100"]))
    drafting = DraftGoal(cycle=scene.world.cycle, owner=owner, goal=goal_id(owner, name), definition=definition)
    return scene.world.plan_ref(owner), drafting


@sends(AssignGoal)
def assign_goal(scene: Scene) -> Sending:
    owner, name = scene.one(
        [(one, name) for one in OWNERS for name in KPIS if goal_id(one, name) not in scene.world.plan(one).goals]
    )
    definition = kpi(scene.one(["100", "50"]), baseline="70" if scene.often(0.3) else None)
    assigning = AssignGoal(cycle=scene.world.cycle, owner=owner, goal=goal_id(owner, name), definition=definition)
    return scene.world.plan_ref(owner), assigning


@sends(ProposeRevision)
def propose_revision(scene: Scene) -> Sending:
    owner, goal = scene.goal()
    said = goal.definition if scene.often(0.3) else revised(scene, goal)
    paths = ["target", "weight", "ambition", *(f"key_results.{one}.target" for one in measures(goal))]
    reasons = dict.fromkeys(paths, TEXT) if scene.often(0.9) else {}
    sending = {"goal": goal.id, "definition": said, "reasons": reasons}
    return scene.world.plan_ref(owner), ProposeRevision.model_validate(sending)


@sends(AcceptRevision)
def accept_revision(scene: Scene) -> Sending:
    owner, goal = scene.goal(lambda goal: is_okr(goal) and goal.on_the_table)
    return scene.world.plan_ref(owner), AcceptRevision(goal=goal.id, hash=scene.seen(goal.hash))


@sends(WithdrawRevision)
def withdraw_revision(scene: Scene) -> Sending:
    owner, goal = scene.goal(lambda goal: is_okr(goal) and goal.before is not None)
    return scene.world.plan_ref(owner), WithdrawRevision(goal=goal.id, hash=scene.seen(goal.hash))


@sends(AcknowledgeAssignment)
def acknowledge_assignment(scene: Scene) -> Sending:
    owner, goal = scene.goal(is_kpi)
    return scene.world.plan_ref(owner), AcknowledgeAssignment(goal=goal.id, hash=scene.seen(goal.hash))


@sends(AbandonGoal)
def abandon_goal(scene: Scene) -> Sending:
    owner, goal = scene.goal()
    return scene.world.plan_ref(owner), AbandonGoal(goal=goal.id, hash=scene.seen(goal.hash), reason=TEXT)


@sends(TransferGoal)
def transfer_goal(scene: Scene) -> Sending:
    owner, goal = scene.goal()
    to = scene.one([other for other in OWNERS if other != owner])
    moved = TransferGoal(goal=goal.id, hash=scene.seen(goal.hash), cycle=scene.world.cycle, to_owner=to, reason=TEXT)
    return scene.world.plan_ref(owner), moved


@sends(MoveKeyResult)
def move_key_result(scene: Scene) -> Sending:
    """Rather one that is aligned by itself; into another goal, perhaps of another plan."""
    okrs = [(owner, goal) for owner in OWNERS for goal in scene.world.plan(owner).goals.values() if is_okr(goal)]
    owner, one = scene.one(okrs)
    near = scene.often(0.5)
    into, other = scene.one([found for found in okrs if found[1].id != one.id and (found[0] == owner) == near])
    assert isinstance(one.definition, Okr)
    results = [result.id for result in one.definition.key_results]
    aligned = [edge.key_result for edge in scene.world.plan(owner).edges.values() if edge.key_result in results]
    moved = MoveKeyResult(
        goal=one.id,
        hash=scene.seen(one.hash),
        key_result=scene.one(aligned or results),
        to_goal=other.id,
        to_hash=other.hash,
        to_plan=None if near else scene.world.plan_ref(into).stream,
        reason=TEXT,
    )
    return scene.world.plan_ref(owner), moved


@sends(EscalateGoal)
def escalate_goal(scene: Scene) -> Sending:
    owner, goal = scene.goal(
        lambda goal: isinstance(goal.definition, Okr) and goal.definition.ambition is Ambition.COMMITTED
    )
    return scene.world.plan_ref(owner), EscalateGoal(goal=goal.id, reason=TEXT)


@sends(SetBaseline)
def set_baseline(scene: Scene) -> Sending:
    owner, goal = scene.goal(is_kpi)
    return scene.world.plan_ref(owner), SetBaseline(goal=goal.id, value=scene.one(["60", "70"]), reason=TEXT)


@sends(CheckIn)
def check_in(scene: Scene) -> Sending:
    owner, goal = scene.one([(owner, goal) for owner in OWNERS for goal in scene.world.plan(owner).in_force.values()])
    return scene.world.plan_ref(owner), report(goal, final=scene.often(0.5))


def report(goal: Goal, *, final: bool) -> CheckIn:
    """A value of each measure."""
    found = goal.definition
    readings = (
        (Reading(measure=goal.id, value="95"),)
        if isinstance(found, Kpi)
        else tuple(
            Reading(measure=one.id, value="12") if isinstance(one, Measured) else Reading(measure=one.id, done=())
            for one in found.key_results
        )
    )
    return CheckIn(goal=goal.id, readings=readings, confidence="0.5", status="on_track", narrative=TEXT, final=final)


@sends(Reflect)
def reflect(scene: Scene) -> Sending:
    owner, goal = scene.goal()
    looked = dict.fromkeys(("what_happened", "why", "learned"), TEXT)
    return scene.world.plan_ref(owner), Reflect.model_validate({"goal": goal.id, "next_step": "keep", **looked})


@sends(AcknowledgeResult)
def acknowledge_result(scene: Scene) -> Sending:
    owner = scene.one(OWNERS)
    found = scene.world.the_cycle().results.get(scene.world.plan_ref(owner).stream)
    seen = NOTHING if found is None else scene.seen(found.hash)
    how = scene.one(["assent", "dissent"])
    return scene.world.plan_ref(owner), AcknowledgeResult(result=seen, how=how, comment=TEXT)
