"""The board's rows: what a gate looks like while it is open, and that nothing of it moves once it is not."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from domain.board import PlanRow, cycle_row, plan_row
from domain.cycle.exceptions import ReopenPhase
from domain.cycle.gates import GATES
from domain.cycle.participation import ExcuseParticipant
from domain.cycle.results import PublishResults
from domain.cycle.windows import Phase
from domain.directory.lines import SetManager
from domain.directory.state import DIRECTORY
from domain.plan.ground import ground_of
from domain.plan.result import AcknowledgeResult
from tests.support.given import HEAD, LEAD, OTHER, STAFF, World, final_values


def row(world: World, owner: UUID = STAFF) -> PlanRow:
    found = ground_of(owner, world.the_cycle(), world.directory)
    return plan_row(world.plan(owner), found, owner, world.plan_ref(owner).stream)


def acknowledged(world: World) -> World:
    result = world.the_cycle().results[world.plan_ref().stream]
    world.when(STAFF, world.plan_ref(), AcknowledgeResult(result=result.hash, how="dissent"))
    return world


def test_the_blocks_are_what_the_gate_says_in_every_phase() -> None:
    """A board that differs from the gate would send people after the wrong thing (R2.4)."""
    world = World().founded().opened()
    steps: list[Callable[[], World]] = [
        lambda: world,
        lambda: world.drafted(),
        lambda: world.advanced(Phase.NEGOTIATE),
        lambda: world.assigned(),
        lambda: world.proposed(),
        lambda: world.accepted(),
        lambda: world.acknowledged(),
        lambda: world.advanced(Phase.COMMIT),
        lambda: world.submitted(),
        lambda: world.signed(),
    ]
    seen: list[tuple[str, ...]] = []
    for step in steps:
        step()
        assert set(row(world).blocks) == set(world.failing_checks())
        assert set(row(world).blocks) <= set(GATES[world.the_cycle().phase])
        seen.append(row(world).blocks)
    assert seen == [
        ("goals",),
        (),
        ("agreement",),
        ("agreement", "acknowledgement"),
        ("agreement", "acknowledgement"),
        ("acknowledgement",),
        (),
        ("signature",),
        ("signature",),
        (),
    ]


def test_from_track_to_the_end() -> None:
    world = World().in_track()
    assert row(world).blocks == ("final_values",) == tuple(world.failing_checks())
    final_values(world).advanced(Phase.RETROSPECT)
    assert row(world).blocks == ("results",) == tuple(world.failing_checks())
    world.when(LEAD, world.cycle_ref, PublishResults())
    assert row(world).blocks == ("receipt",) == tuple(world.failing_checks())
    acknowledged(world)
    assert row(world).blocks == () == tuple(world.failing_checks())
    assert (row(world).okr_score, row(world).receipt, row(world).confidence) == (
        world.the_cycle().results[world.plan_ref().stream].okr_score,
        "dissent",
        world.goal().confidence,
    )
    assert row(world).okr_score is not None


def test_every_gate_has_its_list_of_checks() -> None:
    assert set(GATES) == set(Phase)


@pytest.mark.parametrize("ends", ["excused", "closed", "reopened earlier"])
def test_who_cannot_be_asked_to_sign_is_not_waited_for(ends: str) -> None:
    """Rows of what is over rest on no directory: else a rebuild, which knows a later one, would give other rows."""
    world = World().founded().opened(STAFF, OTHER).agreed().agreed(OTHER)
    world.advanced(Phase.COMMIT).submitted().submitted(OTHER)
    assert row(world).waiting_for == (HEAD,)
    if ends == "reopened earlier":
        world.when(
            LEAD,
            world.cycle_ref,
            ReopenPhase(phase=Phase.NEGOTIATE, until=world.the_cycle().deadlines[Phase.TRACK], reason="Once more"),
        )
    else:
        world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=STAFF, reason="On leave"))
    if ends == "closed":
        world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=OTHER, reason="On leave"))
        world.advanced(Phase.RETROSPECT).when(LEAD, world.cycle_ref, PublishResults())
        world.closed()
        assert world.the_cycle().closed
    before = row(world)
    assert (before.submitted, before.waiting_for) == (True, ())
    world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=LEAD))
    assert row(world) == before


def test_the_cycle_counts_who_takes_part() -> None:
    world = World().founded().opened(STAFF, OTHER)
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=OTHER, reason="On leave"))
    whole = cycle_row(world.the_cycle(), world.directory, world.cycle)
    assert (whole.participants, whole.phase, whole.facilitator) == (1, Phase.DRAFT, LEAD)
    assert whole.deadlines == world.the_cycle().deadlines
    assert row(world, OTHER).blocks == ()
