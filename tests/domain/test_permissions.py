"""Who may give which command, and when: every command of a plan and a cycle against everybody and every phase.

One row a command. A new command without a row fails `test_every_command_has_its_row`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from domain.cycle.closing import AdvancePhase, CloseCycle
from domain.cycle.exceptions import ExtendDeadline, ReopenPhase
from domain.cycle.opening import EnrolParticipant, ExcuseParticipant
from domain.cycle.results import PublishResults
from domain.cycle.state import Closing
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.directory.state import DIRECTORY
from domain.messages import Command
from domain.plan.drafting import AcknowledgeAssignment, AssignGoal, DraftGoal
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.result import AcknowledgeResult, Reflect
from domain.plan.sending_back import RecallPlan, RejectPlan, RequestChanges
from domain.plan.signing import SignPlan, SubmitPlan
from domain.plan.tracking import CheckIn
from domain.problems import DomainError
from domain.registry import COMMANDS
from tests.support.given import HEAD, LEAD, OTHER, STAFF, World, everybody, final_values, kpi, okr, who

BEFORE_TRACK = (Phase.DRAFT, Phase.NEGOTIATE, Phase.COMMIT)
LATER = timedelta(days=200)


@dataclass(frozen=True)
class Row:
    """A command, a world in which the allowed may give it, who they are, and the phases it belongs to."""

    command: Callable[[World], Command]
    given: Callable[[], World]
    allowed: frozenset[UUID]
    phases: tuple[Phase, ...]
    excused_too: bool = False
    """Also for the plan of somebody who is excused."""

    def target(self, world: World) -> Ref:
        return world.cycle_ref if COMMANDS[type(self.command(world)).__name__][0] == "cycle" else world.plan_ref()


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
        frozenset({STAFF, HEAD}),
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
        (Phase.TRACK,),
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
    "EnrolParticipant": Row(lambda _: EnrolParticipant(owner=OTHER), _open, FACILITATOR, BEFORE_TRACK),
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
NOT_YOURS = {
    "plan.not_allowed",
    "signing.own_plan",
    "signing.not_approver",
    "negotiation.not_your_turn",
    "cycle.not_facilitator",
}
NOT_NOW = {"phase.wrong", "cycle.use_close_cycle", "cycle.not_last_phase", "reopen.phase_not_past"}
every_command = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
PLAN_ROWS = {name: row for name, row in ROWS.items() if COMMANDS[name][0] == "plan"}
every_plan_command = pytest.mark.parametrize("row", PLAN_ROWS.values(), ids=PLAN_ROWS)


def code_of(world: World, actor: UUID, row: Row) -> str | None:
    """How the command is refused; None where it is taken."""
    before = len(world.events)
    try:
        world.when(actor, row.target(world), row.command(world))
    except DomainError as refusal:
        assert len(world.events) == before
        return refusal.code
    assert len(world.events) > before
    return None


def set_cycle(world: World, **fields: object) -> None:
    world.states[world.cycle_ref] = world.the_cycle().model_copy(update=fields)


def leave(world: World, person: UUID) -> None:
    """Somebody has left, whoever it is; the real command keeps the last administrator."""
    directory = world.directory
    gone = directory.people[person].model_copy(update={"active": False})
    world.states[DIRECTORY] = directory.model_copy(update={"people": {**directory.people, person: gone}})


def test_every_command_has_its_row() -> None:
    given = {name for name, (kind, command) in COMMANDS.items() if kind != "directory" and not command.system}
    assert set(ROWS) == given - {"OpenCycle"}


@every_command
def test_only_these_people_may_give_it(row: Row) -> None:
    for actor in (*everybody(), who("a stranger")):
        code = code_of(row.given(), actor, row)
        assert code is None if actor in row.allowed else code in NOT_YOURS, (actor, code)


@every_command
def test_it_belongs_to_its_phases(row: Row) -> None:
    actor = min(row.allowed)
    for phase in Phase:
        world = row.given()
        set_cycle(world, phase=phase)
        refused = code_of(world, actor, row) in NOT_NOW
        assert refused == (phase not in row.phases), phase


@every_command
def test_a_closed_cycle_takes_it_no_more(row: Row) -> None:
    world = row.given()
    set_cycle(world, closed=True)
    expected = None if isinstance(row.command(world), ReopenPhase) else "cycle.closed"
    assert code_of(world, min(row.allowed), row) == expected


@every_command
def test_r2_3_it_waits_while_a_phase_closes(row: Row) -> None:
    world = row.given()
    phase = world.the_cycle().phase
    set_cycle(world, closing=Closing(phase=phase, since=world.now, version=world.the_cycle().version))
    assert code_of(world, min(row.allowed), row) == "phase.closing"


@every_command
def test_who_has_left_gives_it_no_more(row: Row) -> None:
    for actor in row.allowed:
        world = row.given()
        leave(world, actor)
        assert code_of(world, actor, row) in NOT_YOURS


@every_plan_command
def test_r2_6_a_plan_of_somebody_excused_rests(row: Row) -> None:
    world = row.given()
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=STAFF, reason="On leave"))
    expected = None if row.excused_too else "plan.not_participant"
    assert code_of(world, min(row.allowed), row) == expected


@every_plan_command
def test_a_plan_that_nobody_began_is_unknown(row: Row) -> None:
    world = row.given()
    command = row.command(world)
    if not command.opens:
        world.refused("plan.unknown", min(row.allowed), world.plan_ref(OTHER), command)


def test_a_cycle_that_nobody_opened_is_unknown() -> None:
    world = World().founded()
    for name in ("EnrolParticipant", "ExcuseParticipant", "AdvancePhase", "CloseCycle", "PublishResults"):
        world.refused("cycle.unknown", LEAD, world.cycle_ref, ROWS[name].command(world))
