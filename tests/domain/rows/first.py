"""The rows of opening, drafting, proposing, signing, tracking and closing."""

from __future__ import annotations

from datetime import timedelta

from domain.cycle.closing import AdvancePhase, CloseCycle
from domain.cycle.exceptions import ExtendDeadline, ReopenPhase
from domain.cycle.participation import EnrolParticipant, ExcuseParticipant
from domain.cycle.results import PublishResults
from domain.cycle.windows import Phase
from domain.messages import Command
from domain.plan.drafting import AcknowledgeAssignment, AssignGoal, DraftGoal
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.result import AcknowledgeResult, Reflect
from domain.plan.sending_back import RecallPlan, RejectPlan, RequestChanges
from domain.plan.signing import SignPlan, SubmitPlan
from domain.plan.tracking import CheckIn
from tests.domain.rows import BEFORE_TRACK, Row
from tests.support.given import HEAD, LEAD, OTHER, STAFF, World, final_values, kpi, okr, who

LATER = timedelta(days=200)


def _open() -> World:
    return World().founded().opened()


def _assigned() -> World:
    return _open().assigned()


def _on_the_table() -> World:
    return _open().drafted().proposed()


def _submitted() -> World:
    return World().in_commit().submitted()


def _published() -> World:
    world = final_values(World().in_track()).advanced(Phase.RETROSPECT)
    world.when(LEAD, world.cycle_ref, PublishResults())
    return world


def _receivable() -> World:
    world = _published()
    result = world.the_cycle().results[world.plan_ref().stream]
    world.when(STAFF, world.plan_ref(), AcknowledgeResult(result=result.hash, how="assent"))
    return world


def _result(world: World) -> str:
    found = world.the_cycle().results.get(world.plan_ref().stream)
    return found.hash if found else "0" * 64


def _okr_of(world: World) -> str:
    goal = world.plan().goals.get(who("okr"))
    return goal.hash if goal else "0" * 64


def _draft(world: World) -> Command:
    return DraftGoal(cycle=world.cycle, owner=STAFF, goal=who("new"), definition=okr())


def _assign(world: World) -> Command:
    return AssignGoal(cycle=world.cycle, owner=STAFF, goal=who("new"), definition=kpi())


def _acknowledge(world: World) -> Command:
    return AcknowledgeAssignment(goal=who("kpi"), hash=world.goal("kpi").hash)


OWNER, FACILITATOR = frozenset({STAFF}), frozenset({LEAD})
ROWS: dict[str, Row] = {
    "DraftGoal": Row(_draft, _open, frozenset({STAFF, HEAD, LEAD}), BEFORE_TRACK),
    "AssignGoal": Row(_assign, _open, frozenset({HEAD, LEAD}), BEFORE_TRACK),
    "AcknowledgeAssignment": Row(_acknowledge, _assigned, OWNER, BEFORE_TRACK),
    "ProposeRevision": Row(
        lambda _: ProposeRevision(goal=who("okr"), definition=okr(title="Another")),
        _on_the_table,
        frozenset({HEAD}),
        BEFORE_TRACK,
    ),
    "AcceptRevision": Row(
        lambda world: AcceptRevision(goal=who("okr"), hash=_okr_of(world)),
        _on_the_table,
        frozenset({HEAD}),
        BEFORE_TRACK,
    ),
    "SubmitPlan": Row(lambda world: SubmitPlan(hash=world.hash()), lambda: World().in_commit(), OWNER, (Phase.COMMIT,)),
    "SignPlan": Row(lambda world: SignPlan(hash=world.hash()), _submitted, frozenset({HEAD}), (Phase.COMMIT,)),
    "RejectPlan": Row(
        lambda world: RejectPlan(hash=world.hash(), reason="No"), _submitted, frozenset({HEAD}), (Phase.COMMIT,)
    ),
    "RequestChanges": Row(
        lambda world: RequestChanges(hash=world.hash(), goals=(who("okr"),), reason="See"),
        _submitted,
        frozenset({HEAD}),
        (Phase.COMMIT,),
    ),
    "RecallPlan": Row(lambda _: RecallPlan(reason="A typing error"), _submitted, OWNER, (Phase.COMMIT,)),
    "CheckIn": Row(
        lambda _: CheckIn(goal=who("okr"), confidence="0.5", status="on_track"),
        lambda: World().in_track(),
        OWNER,
        (Phase.TRACK, Phase.RETROSPECT),
    ),
    "Reflect": Row(
        lambda _: Reflect(goal=who("okr"), what_happened="a", why="b", learned="c", next_step="keep"),
        lambda: World().in_track(),
        OWNER,
        (Phase.TRACK, Phase.RETROSPECT),
        excused_too=True,
    ),
    "AcknowledgeResult": Row(
        lambda world: AcknowledgeResult(result=_result(world), how="dissent"),
        _published,
        OWNER,
        (Phase.RETROSPECT,),
        excused_too=True,
    ),
    "EnrolParticipant": Row(
        lambda _: EnrolParticipant(owner=OTHER, reason="A transfer"), _open, FACILITATOR, (*BEFORE_TRACK, Phase.TRACK)
    ),
    "ExcuseParticipant": Row(
        lambda _: ExcuseParticipant(owner=STAFF, reason="On leave"), _open, FACILITATOR, tuple(Phase)
    ),
    "AdvancePhase": Row(
        lambda _: AdvancePhase(),
        lambda: _open().agreed(),
        FACILITATOR,
        (Phase.DRAFT, Phase.NEGOTIATE, Phase.COMMIT, Phase.TRACK),
    ),
    "CloseCycle": Row(lambda _: CloseCycle(), _receivable, FACILITATOR, (Phase.RETROSPECT,)),
    "ExtendDeadline": Row(
        lambda world: ExtendDeadline(phase=Phase.RETROSPECT, until=world.now + LATER, reason="A fair"),
        _open,
        FACILITATOR,
        tuple(Phase),
    ),
    "ReopenPhase": Row(
        lambda world: ReopenPhase(phase=Phase.DRAFT, until=world.now + LATER, reason="Again"),
        lambda: World().in_commit(),
        FACILITATOR,
        (Phase.NEGOTIATE, Phase.COMMIT, Phase.TRACK, Phase.RETROSPECT),
    ),
    "PublishResults": Row(
        lambda _: PublishResults(),
        lambda: final_values(World().in_track()).advanced(Phase.RETROSPECT),
        FACILITATOR,
        (Phase.RETROSPECT,),
    ),
}
