"""Who may give which command, and when: every command of a plan and a cycle against everybody and every phase.

The rows are in tests/domain/rows/.
"""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.cycle.blockers import Closing
from domain.cycle.exceptions import ReopenPhase
from domain.cycle.participation import ExcuseParticipant
from domain.cycle.windows import Phase
from domain.directory.state import DIRECTORY
from domain.plan.tracking import CheckIn
from domain.problems import DomainError
from domain.registry import CALLABLE, COMMANDS
from tests.domain.rows import Row, all_rows
from tests.support.given import LEAD, OTHER, STAFF, World, everybody, who

ROWS = all_rows()
NOT_YOURS = {
    "plan.not_allowed",
    "signing.own_plan",
    "signing.not_approver",
    "signing.not_signed",
    "negotiation.not_your_turn",
    "comment.not_yours",
    "objection.own_case",
    "revision.not_yours",
    "cycle.not_facilitator",
    "plan.unknown",  # nothing of the plan may be seen (R8)
    "bypass.not_second",
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
    given = {name for name, (kind, _) in CALLABLE.items() if kind in ("cycle", "plan")}
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
    expected = None if isinstance(row.command(world), ReopenPhase | CheckIn) else "cycle.closed"
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
