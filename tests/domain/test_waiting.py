"""The one list of what somebody must do, and the board's rows (R10)."""

from __future__ import annotations

from uuid import UUID

from domain.board import cycle_row, plan_row
from domain.cycle.exceptions import ReopenPhase
from domain.cycle.participation import ExcuseParticipant
from domain.cycle.results import PublishResults
from domain.cycle.windows import Phase
from domain.plan.ground import ground_of
from domain.plan.tracking import CheckIn
from domain.waiting import Group, Wait, What, cycle_waits, plan_waits
from tests.support.given import HEAD, LEAD, OTHER, STAFF, World, final_values, kpi, okr, who


def waits(world: World, owner: UUID = STAFF) -> list[Wait]:
    found = ground_of(owner, world.the_cycle(), world.directory)
    return list(plan_waits(world.plan(owner), found, owner, world.plan_ref(owner).stream))


def asked(world: World, owner: UUID = STAFF) -> list[tuple[UUID, What]]:
    return [(wait.person, wait.what) for wait in waits(world, owner)]


def test_it_follows_a_plan_through_its_quarter() -> None:
    world = World().founded().opened()
    assert asked(world) == [(STAFF, What.DRAFT_GOALS)]
    world.drafted()
    assert asked(world) == [(STAFF, What.PROPOSE)]
    world.proposed()
    assert asked(world) == [(HEAD, What.ANSWER)]
    world.proposed(HEAD, title=okr(title="Another").title)
    assert asked(world) == [(STAFF, What.ANSWER)]
    world.accepted(STAFF).assigned(definition=kpi(baseline="50"))
    assert asked(world) == [(STAFF, What.ACKNOWLEDGE)]
    world.acknowledged().advanced(Phase.COMMIT)
    assert asked(world) == [(STAFF, What.SUBMIT)]
    world.submitted()
    assert asked(world) == [(HEAD, What.SIGN)]
    assert waits(world)[0].hash == world.hash()
    world.signed(HEAD)
    assert asked(world) == [(LEAD, What.SIGN)]
    world.signed(LEAD)
    assert asked(world) == []
    world.advanced(Phase.TRACK)
    assert asked(world) == [(STAFF, What.CHECK_IN), (STAFF, What.CHECK_IN)]


def test_a_voided_signature_comes_back_as_stale_with_what_was_seen_and_why() -> None:
    world = World().in_commit().submitted().signed(HEAD)
    seen = world.hash()
    world.proposed(title=okr(title="Another").title).accepted().submitted()
    (wait,) = waits(world)
    assert (wait.person, wait.what, wait.group) == (HEAD, What.SIGN_AGAIN, Group.STALE)
    assert (wait.seen_hash, wait.hash, wait.reason) == (seen, world.hash(), "goal_changed")


def test_an_escalated_signature_is_asked_of_both() -> None:
    world = World().in_commit().submitted().wait(days=14)
    world.perform(world.plan_ref())
    assert sorted(asked(world)) == sorted([(HEAD, What.SIGN), (LEAD, What.SIGN)])


def test_a_check_in_is_asked_for_once_a_period_and_the_last_time_for_final_values() -> None:
    """R6.1: who has reported is left in peace until the next period; R2.4: the last values are asked for in time."""
    world = World().in_track()
    (wait,) = waits(world)
    assert (wait.what, wait.group, wait.due) == (What.CHECK_IN, Group.NEEDS_ME, world.the_cycle().digest_due)
    world.when(STAFF, world.plan_ref(), CheckIn(goal=who("okr"), confidence="0.6", status="on_track"))
    assert asked(world) == []
    digest_due = world.the_cycle().digest_due
    assert digest_due is not None
    world.now = digest_due
    assert world.perform(world.cycle_ref) == ["SendDigest"]
    assert asked(world) == [(STAFF, What.CHECK_IN)]
    deadline = world.the_cycle().deadlines[Phase.TRACK]
    while (digest_due := world.the_cycle().digest_due) is not None and digest_due < deadline:
        world.now = digest_due
        world.perform(world.cycle_ref)
    (wait,) = waits(world)
    assert (wait.what, wait.group, wait.due) == (What.FINAL_VALUES, Group.BLOCKS_GATE, deadline)
    final_values(world)
    assert asked(world) == []


def test_a_wait_says_since_which_version() -> None:
    world = World().founded().opened().drafted().proposed()
    assert waits(world)[0].since == world.plan().version
    world.accepted().advanced(Phase.COMMIT).submitted()
    assert waits(world)[0].since == world.plan().version


def test_a_published_result_waits_for_its_owner_and_a_failed_gate_for_the_facilitator() -> None:
    world = final_values(World().in_track()).advanced(Phase.RETROSPECT)
    assert [wait.what for wait in cycle_waits(world.the_cycle(), world.directory)] == [What.PUBLISH_RESULTS]
    world.when(LEAD, world.cycle_ref, PublishResults())
    assert asked(world) == [(STAFF, What.ACKNOWLEDGE_RESULT)]
    world.now = world.the_cycle().deadlines[Phase.RETROSPECT]
    world.perform(world.cycle_ref)
    assert [(wait.person, wait.what) for wait in cycle_waits(world.the_cycle(), world.directory)] == [
        (LEAD, What.GATE_FAILED)
    ]


def test_nothing_waits_for_who_is_excused_or_when_the_cycle_is_closed() -> None:
    world = World().founded().opened(STAFF, OTHER)
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=OTHER, reason="On leave"))
    assert asked(world, OTHER) == []
    found = ground_of(OTHER, world.the_cycle(), world.directory)
    assert plan_row(world.plan(OTHER), found, OTHER, world.plan_ref(OTHER).stream).excused


def test_a_row_says_who_blocks_the_gate_and_how_far_the_signatures_are() -> None:
    world = World().in_commit().submitted().signed(HEAD)
    found = ground_of(STAFF, world.the_cycle(), world.directory)
    row = plan_row(world.plan(), found, STAFF, world.plan_ref().stream)
    assert (row.goals, row.agreed, row.signatures, row.steps, row.signed) == (1, 1, 1, 2, False)
    assert (row.waiting_for, row.blocks) == ((LEAD,), ("signature",))
    whole = cycle_row(world.the_cycle(), world.directory, world.cycle)
    assert (whole.phase, whole.participants, whole.closed) == (Phase.COMMIT, 1, False)


def test_a_plan_is_to_be_submitted_once_everything_in_it_is_agreed() -> None:
    world = World().in_commit().assigned(definition=kpi(baseline="50"))
    assert asked(world) == [(STAFF, What.ACKNOWLEDGE)]
    world.acknowledged()
    assert asked(world) == [(STAFF, What.SUBMIT)]


def test_nobody_is_asked_to_sign_while_an_earlier_phase_is_open_again() -> None:
    world = World().in_commit().submitted()
    until = world.the_cycle().deadlines[Phase.TRACK]
    world.when(LEAD, world.cycle_ref, ReopenPhase(phase=Phase.NEGOTIATE, until=until, reason="Once more"))
    assert asked(world) == []
