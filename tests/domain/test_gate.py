"""What closing a phase now would come to: each failing check and whom it waits for (R2.3)."""

from __future__ import annotations

from domain.cycle.bypass import ConfirmBypass, RequestBypass
from domain.cycle.holding import HoldCycle
from domain.cycle.results import PublishResults
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.directory.people import DeactivatePerson
from domain.directory.state import DIRECTORY
from domain.gate import FailingCheck, WhatIf, what_if
from domain.values import plan_id
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, World, final_values, who


def looked(world: World) -> WhatIf:
    state = world.the_cycle()
    return what_if(state, {ref: world.state(ref) for ref in state.plans()}, world.directory)


def only(world: World) -> FailingCheck:
    [found] = looked(world).failing
    assert (found.owner, found.plan) == (STAFF, plan_id(world.cycle, STAFF))
    return found


def test_r2_3_each_failing_check_says_whom_it_waits_for() -> None:
    world = World().founded().opened()
    assert (only(world).check, only(world).waits_for) == ("goals", (STAFF,))
    world.drafted().advanced(Phase.NEGOTIATE)
    assert (only(world).check, only(world).waits_for) == ("agreement", (STAFF,))
    world.proposed()
    assert (only(world).goal, only(world).waits_for) == (who("okr"), (HEAD,))
    world.accepted().assigned()
    assert (only(world).check, only(world).waits_for) == ("acknowledgement", (STAFF,))
    world.acknowledged().advanced(Phase.COMMIT)
    assert (only(world).check, only(world).waits_for) == ("signature", (STAFF,))
    world.submitted()
    assert only(world).waits_for == (HEAD,)
    world.signed(HEAD)
    assert only(world).waits_for == (LEAD,)


def test_r2_3_a_gate_that_holds_closes_and_escalates_to_nobody() -> None:
    world = World().in_commit()
    found = looked(world)
    assert (found.closes, found.escalates_to, found.counts) == (False, LEAD, {"signature": 1})
    world.submitted().signed()
    found = looked(world)
    assert (found.closes, found.escalates_to, found.counts, found.failing) == (True, None, {}, ())
    assert (found.phase, found.deadline) == (Phase.COMMIT, world.the_cycle().deadlines[Phase.COMMIT])
    world.advanced(Phase.TRACK)


def test_r2_3_looking_changes_nothing() -> None:
    world = World().in_commit()
    before, states = len(world.events), dict(world.states)
    looked(world)
    assert (len(world.events), world.states) == (before, states)


def test_r2_4_the_last_gates_wait_for_values_results_and_receipts() -> None:
    world = World().in_track()
    assert (only(world).check, only(world).waits_for, only(world).goal) == ("final_values", (), who("okr"))
    world.now = world.the_cycle().deadlines[Phase.TRACK]
    world.perform(world.cycle_ref)
    final_values(world).advanced(Phase.RETROSPECT)
    [found] = looked(world).failing
    assert (found.check, found.owner, found.waits_for) == ("results", None, (LEAD,))
    world.when(LEAD, world.cycle_ref, PublishResults())
    assert (only(world).check, only(world).waits_for) == ("receipt", (STAFF,))


def test_r5_4_a_step_with_nobody_left_to_ask_waits_for_nobody() -> None:
    world = World().in_commit().submitted()
    for person in (HEAD, LEAD, *BOARD):
        gone = world.directory.people[person].model_copy(update={"active": False})
        people = {**world.directory.people, person: gone}
        world.states[DIRECTORY] = world.directory.model_copy(update={"people": people})
    assert only(world).waits_for == ()


def test_r2_3_whoever_left_is_waited_for_no_more() -> None:
    world = World().in_commit().submitted()
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=HEAD))
    assert only(world).waits_for == (LEAD,)


def test_r2_5_a_bypass_would_close_it_and_a_hold_would_not() -> None:
    world = World().founded().opened(STAFF, OTHER).agreed().agreed(OTHER).advanced(Phase.COMMIT)
    world.when(LEAD, world.cycle_ref, RequestBypass(subject="gate", reason="The audit begins"))
    assert (looked(world).closes, looked(world).bypass) == (False, None)
    world.when(BOARD[0], world.cycle_ref, ConfirmBypass(bypass=1, reason="It does"))
    found = looked(world)
    assert (found.closes, found.bypass, found.counts, found.escalates_to) == (True, 1, {"signature": 2}, None)
    world.when(LEAD, world.cycle_ref, HoldCycle(reason="A flood"))
    assert (looked(world).closes, looked(world).held) == (False, True)
    assert isinstance(world.plan_ref(), Ref)
