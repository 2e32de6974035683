"""A goal goes out of one plan and into another, in one request."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from domain.cycle.policy import Framework
from domain.cycle.windows import Phase
from domain.plan.amending import RequestAmendment, RevertToSigned
from domain.plan.dropping import AbandonGoal
from domain.plan.ground import ground_of
from domain.plan.pay import LinkPay
from domain.plan.sharing import AcceptShare, AddContributor
from domain.plan.talks import Side
from domain.plan.transferring import GoalReceived, GoalTransferred, ReceiveGoal, TransferGoal
from domain.plan.visibility import SetVisibility
from domain.problems import DomainError
from domain.registry import CALLABLE
from domain.waiting import What, plan_waits
from tests.support.aligning import accept, align, request
from tests.support.aligning import two_plans as aligning_plans
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, TEAM, World, final_values, okr, who

OKR = who("okr")


def two_plans() -> World:
    return World().founded().opened(STAFF, OTHER).agreed()


def transfer(
    world: World, name: str = "okr", owner: UUID = STAFF, to: UUID = OTHER, by: UUID = HEAD, hash: str = ""
) -> World:
    seen = hash or world.goal(name, owner).hash
    moved = TransferGoal(goal=who(name), hash=seen, cycle=world.cycle, to_owner=to, reason="The berths are theirs now")
    world.when(by, world.plan_ref(owner), moved)
    return world


def refused(world: World, code: str, **more: object) -> DomainError:
    before = len(world.events)
    with pytest.raises(DomainError) as refusal:
        transfer(world, **more)  # type: ignore[arg-type]
    assert (refusal.value.code, len(world.events)) == (code, before)
    return refusal.value


def test_r3_9_a_goal_leaves_one_plan_and_comes_into_the_other_with_its_hash() -> None:
    world = two_plans()
    before = world.goal()
    transfer(world)
    assert OKR not in world.plan().goals
    after = world.goal(owner=OTHER)
    assert (after.hash, after.number, after.definition) == (before.hash, before.number, before.definition)
    assert (after.round, after.first_author) == (before.round, STAFF)


def test_r3_9_both_plans_name_each_others_hash_and_version() -> None:
    world = transfer(two_plans())
    left, came = world.last(GoalTransferred), world.last(GoalReceived)
    assert left.hash == came.hash
    assert (left.to_plan, came.from_plan) == (world.plan_ref(OTHER).stream, world.plan_ref().stream)
    assert left.to_version == world.plan(OTHER).version == 2  # it also opened the plan
    assert came.from_version == world.plan().version
    world.drafted("more").proposed(name="more")
    transfer(world, "more")
    assert world.last(GoalTransferred).to_version == world.plan(OTHER).version == 3


def test_r3_9_the_new_owner_answers_what_their_counterpart_transfers() -> None:
    world = transfer(two_plans())
    goal = world.goal(owner=OTHER)
    assert (goal.agreed, goal.accepted, goal.turn, goal.rounds) == (False, frozenset({Side.COUNTERPART}), Side.OWNER, 1)
    assert goal.turn_due is not None
    assert world.wait(days=6).perform(world.plan_ref(OTHER)) == ["Remind"]
    world.accepted(OTHER, owner=OTHER)
    assert world.goal(owner=OTHER).agreed
    assert world.goal(owner=OTHER).accepted_by == {OTHER, HEAD}


def test_r3_9_what_others_transfer_is_the_new_owners_to_propose() -> None:
    world = transfer(two_plans(), by=LEAD)
    goal = world.goal(owner=OTHER)
    assert (goal.agreed, goal.accepted, goal.turn) == (False, frozenset(), None)
    world.proposed(OTHER, owner=OTHER).accepted(owner=OTHER)
    assert world.goal(owner=OTHER).agreed
    assert world.goal(owner=OTHER).number == goal.number, "nothing was changed"


def test_r3_9_a_kpi_is_received_anew_from_who_transferred_it() -> None:
    world = World().founded().opened(STAFF, OTHER).assigned().acknowledged()
    transfer(world, "kpi", by=LEAD)
    goal = world.goal("kpi", OTHER)
    assert (goal.receipt, goal.assigned_by) == (None, LEAD)
    assert goal.served_at is not None
    assert [duty for duty in world.wait(days=10).perform(world.plan_ref(OTHER)) if duty == "MarkServed"]
    assert world.goal("kpi", OTHER).receipt == "served"


def test_r5_1_what_was_signed_in_either_plan_is_void() -> None:
    world = World().founded().opened(STAFF, OTHER)
    for owner in (STAFF, OTHER):
        world.drafted(f"okr of {owner}", owner).proposed(owner, f"okr of {owner}", owner)
        world.accepted(name=f"okr of {owner}", owner=owner)
    world.advanced(Phase.COMMIT)
    for owner in (STAFF, OTHER):
        world.submitted(owner).signed(HEAD, owner=owner)
    transfer(world, f"okr of {STAFF}")
    assert [item.reason for item in world.plan().voided] == ["goal_transferred"]
    assert [item.reason for item in world.plan(OTHER).voided] == ["goal_added"]


@pytest.mark.parametrize("by", [STAFF, OTHER, *BOARD])
def test_r3_9_only_who_is_above_both_or_the_facilitator_moves_a_goal(by: UUID) -> None:
    refused(two_plans(), "plan.not_allowed", by=by)


def test_r3_9_nobody_moves_a_goal_into_a_plan_of_their_own() -> None:
    world = World().founded().opened(STAFF, HEAD).agreed()
    refused(world, "plan.not_allowed", to=HEAD)
    transfer(world, to=HEAD, by=LEAD)


def test_r3_9_it_goes_to_somebody_who_takes_part_in_the_same_cycle() -> None:
    world = World().founded().opened(STAFF).agreed()
    assert refused(world, "plan.not_participant").pointer == "/to_owner"
    assert refused(world, "transfer.same_plan", to=STAFF).pointer == "/to_owner"
    elsewhere = TransferGoal(goal=OKR, hash=world.goal().hash, cycle=who("another"), to_owner=OTHER, reason="Why not")
    assert world.refused("transfer.other_cycle", HEAD, world.plan_ref(), elsewhere).pointer == "/cycle"


def test_r3_9_only_the_revision_that_was_seen_is_moved() -> None:
    assert refused(two_plans(), "goal.stale_hash", hash="0" * 64).pointer == "/hash"


def tracked() -> World:
    """Two signed plans with a goal each, in track; the goal of one was reported on."""
    world = World().founded().opened(STAFF, OTHER).agreed().drafted("theirs", OTHER)
    world.proposed(OTHER, "theirs", OTHER).accepted(name="theirs", owner=OTHER).advanced(Phase.COMMIT)
    for owner in (STAFF, OTHER):
        world.submitted(owner).signed(owner=owner)
    return final_values(world.advanced(Phase.TRACK))


def amended(world: World, *owners: UUID) -> World:
    for owner in owners:
        world.when(owner, world.plan_ref(owner), RequestAmendment(reason="The berths are theirs now"))
    return world


def test_r5_7_after_commit_a_transfer_takes_an_amendment_of_both_plans() -> None:
    world = tracked()
    refused(world, "phase.wrong")
    refused(amended(world, STAFF), "phase.wrong")
    assert OKR in world.plan().goals, "all or nothing"
    transfer(amended(world, OTHER))
    goal = world.goal(owner=OTHER)
    assert {reading.value for reading in goal.readings.values() if reading.value} == {Decimal(15)}
    assert goal.original == goal.definition
    assert set(world.plan().in_force) == {OKR}, "until the amendment is signed"
    assert set(world.plan(OTHER).in_force) == {who("theirs")}


@pytest.mark.parametrize("owner", [STAFF, OTHER])
def test_r5_7_a_revert_neither_doubles_nor_loses_a_goal_that_moved(owner: UUID) -> None:
    world = transfer(amended(tracked(), STAFF, OTHER))
    revert = RevertToSigned(reason="It stays as it was")
    assert world.refused("amendment.transferred", owner, world.plan_ref(owner), revert).params["goal"] == str(OKR)
    transfer(world, owner=OTHER, to=STAFF)
    for person in (STAFF, OTHER):
        world.when(person, world.plan_ref(person), revert)
        assert world.plan(person).signed


def test_r5_7_an_abandoned_goal_comes_back_by_a_revert() -> None:
    world = amended(tracked(), STAFF)
    given_up = AbandonGoal(goal=OKR, hash=world.goal().hash, reason="The harbour is sold")
    world.when(STAFF, world.plan_ref(), given_up)
    assert not world.plan().goals
    world.when(STAFF, world.plan_ref(), RevertToSigned(reason="It is not sold"))
    assert set(world.plan().goals) == {OKR}
    assert not world.plan().departed


def test_r3_9_a_goal_may_come_back() -> None:
    world = transfer(transfer(two_plans()), owner=OTHER, to=STAFF)
    assert set(world.plan().goals) == {OKR}
    assert OKR not in world.plan().departed
    assert set(world.plan(OTHER).departed) == {OKR}


def test_r3_9_nothing_comes_under_the_id_of_what_was_given_up() -> None:
    world = World().founded().opened(STAFF, TEAM).agreed(TEAM).drafted()
    given_up = AbandonGoal(goal=OKR, hash=world.goal().hash, reason="The harbour is sold")
    world.when(STAFF, world.plan_ref(), given_up)
    assert refused(world, "goal.exists", owner=TEAM, to=STAFF).pointer == "/goal"


def test_r3_9_shares_audience_and_pay_link_go_along_and_a_share_of_the_new_owner_ends() -> None:
    world = two_plans()
    for person, share in ((OTHER, "0.3"), (BOARD[0], "0.2")):
        world.when(STAFF, world.plan_ref(), AddContributor(goal=OKR, person=person, share=share))
        world.when(person, world.plan_ref(), AcceptShare(goal=OKR, share=share))
    world.when(STAFF, world.plan_ref(), SetVisibility(goal=OKR, audience="chain", viewers=(BOARD[1],)))
    world.when(HEAD, world.plan_ref(), LinkPay(goal=OKR))
    transfer(world)
    goal = world.goal(owner=OTHER)
    assert {person: (str(one.share), one.accepted) for person, one in goal.contributors.items()} == {
        BOARD[0]: ("0.2", True)
    }
    assert (goal.audience, goal.viewers, goal.pay_linked) == ("chain", frozenset({BOARD[1]}), True)


def test_r3_7_alignments_go_along_as_requests_to_the_same_parent() -> None:
    world = align(World().founded().opened(STAFF, OTHER, TEAM).drafted().drafted("above", TEAM), parent=("above", TEAM))
    transfer(world.proposed())
    assert not world.plan().edges
    edge = world.plan(OTHER).edges[who("edge")]
    assert (edge.state, edge.goal, edge.parent.goal) == ("requested", OKR, who("above"))
    accept(world, OTHER, owner=OTHER)
    assert world.plan(OTHER).edges[who("edge")].state == "accepted"


def test_r3_7_no_circle_comes_of_a_goal_that_went_and_came_back() -> None:
    """`above` rests on `okr`; `okr` goes away, is aligned to `above` there, and comes back with that alignment."""
    world = aligning_plans().proposed()
    request(world, "above", OTHER, actor=OTHER, edge="up", parent=("okr", STAFF))
    accept(world, STAFF, "up", OTHER)
    world.proposed(OTHER, "above", OTHER)
    transfer(world, to=OTHER)
    request(world, "okr", OTHER, actor=OTHER, edge="down", parent=("above", OTHER))
    assert world.plan(OTHER).edges[who("down")].state == "accepted", "its own goals, and the old alignment hangs"
    transfer(world, owner=OTHER, to=STAFF)
    with pytest.raises(DomainError, match=r"alignment\.circle"):
        accept(world, OTHER, "down", STAFF)


def test_r3_9_the_other_half_is_no_command_of_a_callers() -> None:
    assert "TransferGoal" in CALLABLE
    assert "ReceiveGoal" not in CALLABLE


def test_r1_1_a_goal_goes_only_where_its_framework_runs() -> None:
    world = World().founded().opened(STAFF, OTHER)
    world.drafted(definition=okr())
    world.states[world.cycle_ref] = world.the_cycle().model_copy(update={"framework": Framework.KPI})
    world.proposed()
    assert refused(world, "cycle.framework").pointer == "/to_owner"


def test_r3_9_the_new_owner_is_asked_for_it() -> None:
    world = transfer(two_plans())
    found = ground_of(OTHER, world.the_cycle(), world.directory)
    waits = list(plan_waits(world.plan(OTHER), found, OTHER, world.plan_ref(OTHER).stream))
    assert [(wait.person, wait.what, wait.goal) for wait in waits] == [(OTHER, What.ANSWER, OKR)]


def test_r3_9_a_plan_takes_only_what_was_sent_to_it() -> None:
    world = transfer(World().founded().opened(STAFF, OTHER, TEAM).agreed())
    taking = ReceiveGoal(cycle=world.cycle, owner=TEAM, goal=OKR, from_plan=world.plan_ref().stream)
    world.refused("goal.unknown", HEAD, world.plan_ref(TEAM), taking)
