"""Moves on the cycle: its phases, exceptions, rules, bypasses; and cycles beside it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.cycle.advice import Degree, Practice, Stage, UnitFacts
from domain.cycle.amending import AmendCycle
from domain.cycle.bypass import ConfirmBypass, RequestBypass
from domain.cycle.closing import AdvancePhase, CloseCycle
from domain.cycle.exceptions import ExtendDeadline, ReopenPhase
from domain.cycle.frameworks import ChooseFramework
from domain.cycle.holding import HoldCycle, ResumeCycle
from domain.cycle.opening import OpenCycle
from domain.cycle.participation import EnrolParticipant, ExcuseParticipant, Leave
from domain.cycle.policy import ApprovalStep, Framework, Relation
from domain.cycle.recomputing import RecomputeDeadlines
from domain.cycle.results import PublishResults
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.directory.state import Role
from domain.plan.assigning import AssignGoals, Assignment
from tests.moves import KPIS, OWNERS, TEXT, NoMove, Scene, Sending, goal_id, sends
from tests.moves.goals import altered
from tests.support.given import LEAD, QUARTER, TEAM, kpi, who

CHAINS: tuple[tuple[ApprovalStep, ...], ...] = (
    (ApprovalStep(relation=Relation.MANAGER), ApprovalStep(relation=Relation.MANAGERS_MANAGER)),
    (ApprovalStep(relation=Relation.MANAGER), ApprovalStep(role=Role.FINANCE, beside=True)),
    (ApprovalStep(relation=Relation.UNIT_HR), ApprovalStep(role=Role.BOARD_APPROVER, needed="all")),
)
MOST_CYCLES = 3


@sends(OpenCycle)
def open_cycle(scene: Scene) -> Sending:
    """Another one beside the walk's own, perhaps a part of it."""
    number = sum(ref.kind == "cycle" for ref in scene.world.states)
    if number >= MOST_CYCLES:
        raise NoMove
    opening = OpenCycle(
        name="Another",
        facilitator=LEAD,
        period=QUARTER,
        parent=scene.world.cycle if scene.often(0.3) else None,
        preset=scene.one(["light", "formal"]),
        participants=(scene.one(OWNERS),),
    )
    return Ref("cycle", who(f"cycle {number}")), opening


@sends(AmendCycle)
def amend_cycle(scene: Scene) -> Sending:
    policy = scene.world.the_cycle().policy
    what = scene.chance.randrange(4)
    scoring = altered(policy.scoring, red_line_cap=scene.one(["50", "60"]))
    changes: list[dict[str, Any]] = [
        {"name": "Renamed"},
        {"policy": policy.model_copy(update={"chain": scene.one(CHAINS)})},
        {"policy": policy.model_copy(update={"scoring": scoring})},
        {"policy": policy.model_copy(update={"acceptance_signs": scene.often(0.5)})},
    ]
    return scene.world.cycle_ref, AmendCycle.model_validate({**changes[what], "reason": TEXT})


@sends(ChooseFramework)
def choose_framework(scene: Scene) -> Sending:
    facts = UnitFacts(
        stage=Stage.GROWING,
        predictability=Degree.HIGH,
        regulation=Degree.LOW,
        innovation=Degree.HIGH,
        maturity=Practice.SOME,
    )
    return scene.world.cycle_ref, ChooseFramework(
        framework=scene.one([Framework.COMPOSITE, Framework.COMPOSITE, Framework.OKR, Framework.KPI]),
        unit=scene.one([None, TEAM]),
        reason=TEXT,
        facts=facts if scene.often(0.5) else None,
    )


@sends(AdvancePhase)
def advance_phase(scene: Scene) -> Sending:
    return scene.world.cycle_ref, AdvancePhase()


@sends(CloseCycle)
def close_cycle(scene: Scene) -> Sending:
    return scene.world.cycle_ref, CloseCycle()


@sends(PublishResults)
def publish_results(scene: Scene) -> Sending:
    return scene.world.cycle_ref, PublishResults()


@sends(HoldCycle)
def hold_cycle(scene: Scene) -> Sending:
    if scene.often(0.7):
        raise NoMove  # a walk that is mostly held goes nowhere
    return scene.world.cycle_ref, HoldCycle(reason=TEXT)


@sends(ResumeCycle)
def resume_cycle(scene: Scene) -> Sending:
    if scene.world.the_cycle().held is None and scene.often(0.9):
        raise NoMove
    return scene.world.cycle_ref, ResumeCycle(reason=TEXT)


@sends(ExtendDeadline)
def extend_deadline(scene: Scene) -> Sending:
    cycle = scene.world.the_cycle()
    phase = cycle.phase if scene.often(0.7) else scene.one(list(Phase))
    before = max(cycle.deadlines[phase], scene.world.now)
    return scene.world.cycle_ref, ExtendDeadline(phase=phase, until=before + timedelta(hours=5), reason=TEXT)


@sends(ReopenPhase)
def reopen_phase(scene: Scene) -> Sending:
    until = scene.world.now + timedelta(days=4)
    return scene.world.cycle_ref, ReopenPhase(phase=scene.one(list(Phase)), until=until, reason=TEXT)


@sends(RecomputeDeadlines)
def recompute_deadlines(scene: Scene) -> Sending:
    return scene.world.cycle_ref, RecomputeDeadlines(reason=TEXT)


@sends(EnrolParticipant)
def enrol_participant(scene: Scene) -> Sending:
    absent = [owner for owner in OWNERS if not scene.world.the_cycle().takes_part(owner)]
    return scene.world.cycle_ref, EnrolParticipant(owner=scene.one(absent), reason=TEXT)


@sends(ExcuseParticipant)
def excuse_participant(scene: Scene) -> Sending:
    owner: UUID = scene.one(OWNERS)
    away = Leave(starts=QUARTER.starts, ends=QUARTER.ends - timedelta(days=7)) if scene.often(0.5) else None
    return scene.world.cycle_ref, ExcuseParticipant(owner=owner, reason=TEXT, leave=away)


@sends(RequestBypass)
def request_bypass(scene: Scene) -> Sending:
    return scene.world.cycle_ref, RequestBypass(subject=scene.one(["gate", "gate", "scoring", "chain"]), reason=TEXT)


@sends(ConfirmBypass)
def confirm_bypass(scene: Scene) -> Sending:
    waiting = [item.number for item in scene.world.the_cycle().bypasses if item.stands and item.confirmed_by is None]
    return scene.world.cycle_ref, ConfirmBypass(bypass=scene.one(waiting), reason=TEXT)


@sends(AssignGoals)
def assign_goals(scene: Scene) -> Sending:
    missing = [
        (owner, name) for owner in OWNERS for name in KPIS if goal_id(owner, name) not in scene.world.plan(owner).goals
    ]
    chosen = {scene.one(missing) for _ in range(2)}
    each = tuple(
        Assignment(owner=owner, goal=goal_id(owner, name), definition=kpi(scene.one(["100", "50"])))
        for owner, name in sorted(chosen)
    )
    return scene.world.cycle_ref, AssignGoals(assignments=each)
