"""A key result goes out of a goal of one plan and into a goal of another, in one request (R3.9)."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from domain.cycle.windows import Phase
from domain.directory.delegation import Delegate
from domain.directory.state import DIRECTORY
from domain.goals import MOST_KEY_RESULTS, Okr
from domain.key_results import Maintained
from domain.plan.amending import RequestAmendment, RevertToSigned
from domain.plan.goal import Reading
from domain.plan.moving import MoveKeyResult
from domain.plan.receiving import KeyResultReceived, KeyResultTransferred, ReceiveKeyResult
from domain.plan.seeing import Sight
from domain.plan.talks import Side
from domain.plan.tracking import CheckIn
from domain.problems import DomainError
from domain.registry import CALLABLE
from tests.support.aligning import accept, request
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, TEAM, World, increase, okr, who

OKR, THEIRS = who("okr"), who("theirs")
BAND = Maintained(kind="maintain", id=who("band"), title="The tide", unit="m", low="1", high="2")
OWN = okr(key_results=(increase(), BAND))


def two_plans(*others: UUID) -> World:
    """A goal of STAFF and one of OTHER: their manager, the head, is on a side of both."""
    world = World().founded().opened(STAFF, OTHER, *others).drafted(definition=OWN)
    return world.drafted("theirs", OTHER, okr(key_results=(increase("cranes"),)))


def agreed(*others: UUID) -> World:
    world = two_plans(*others).proposed().accepted()
    return world.proposed(OTHER, "theirs", OTHER).accepted(name="theirs", owner=OTHER)


def tracked() -> World:
    world = agreed().advanced(Phase.COMMIT)
    for owner in (STAFF, OTHER):
        world.submitted(owner).signed(owner=owner)
    return world.advanced(Phase.TRACK)


def amended(world: World, *owners: UUID) -> World:
    for owner in owners:
        world.when(owner, world.plan_ref(owner), RequestAmendment(reason="They run the cranes"))
    return world


def moving(world: World, key_result: str = "band", **more: object) -> MoveKeyResult:
    given: dict[str, object] = {
        "goal": OKR,
        "hash": world.goal().hash,
        "key_result": who(key_result),
        "to_goal": THEIRS,
        "to_hash": world.goal("theirs", OTHER).hash,
        "to_plan": world.plan_ref(OTHER).stream,
        "reason": "They run the cranes",
    }
    return MoveKeyResult.model_validate(given | more)


def move(world: World, by: UUID = HEAD, **more: object) -> World:
    world.when(by, world.plan_ref(), moving(world, **more))  # type: ignore[arg-type]
    return world


def move_back(world: World) -> World:
    back = {"goal": THEIRS, "hash": world.goal("theirs", OTHER).hash, "to_goal": OKR, "to_hash": world.goal().hash}
    moved = moving(world, **back, to_plan=world.plan_ref().stream)  # type: ignore[arg-type]
    world.when(HEAD, world.plan_ref(OTHER), moved)
    return world


def answered(world: World) -> World:
    for name, owner in (("okr", STAFF), ("theirs", OTHER)):
        if not world.goal(name, owner).agreed:
            world.accepted(owner, name, owner)
    return world


def refused(world: World, code: str, by: UUID = HEAD, **more: object) -> DomainError:
    return world.refused(code, by, world.plan_ref(), moving(world, **more))  # type: ignore[arg-type]


def measures(world: World, name: str = "okr", owner: UUID = STAFF) -> list[UUID]:
    definition = world.goal(name, owner).definition
    assert isinstance(definition, Okr)
    return [item.id for item in definition.key_results]


def test_r3_9_a_key_result_leaves_one_plan_and_comes_into_the_other_by_a_revision_of_both_goals() -> None:
    world = agreed()
    said = world.goal().definition
    move(world)
    assert world.types()[-4:] == [
        "RevisionProposed",
        "KeyResultTransferred",
        "RevisionProposed",
        "KeyResultReceived",
    ]
    assert measures(world) == [who("berths")]
    assert measures(world, "theirs", OTHER) == [who("cranes"), who("band")]
    came = world.goal("theirs", OTHER).definition
    assert isinstance(said, Okr)
    assert isinstance(came, Okr)
    assert came.key_results[1] == said.key_results[1], "what it says stays"
    for name, owner in (("okr", STAFF), ("theirs", OTHER)):
        goal = world.goal(name, owner)
        assert (goal.accepted, goal.turn, goal.before) == (frozenset({Side.COUNTERPART}), Side.OWNER, None)
        world.accepted(owner, name, owner)
        assert world.goal(name, owner).agreed


def test_r3_9_both_plans_name_each_others_goal_hash_and_version() -> None:
    world = move(agreed())
    left, came = world.last(KeyResultTransferred), world.last(KeyResultReceived)
    assert (left.goal, left.hash) == (came.from_goal, came.from_hash) == (OKR, world.goal().hash)
    assert (left.to_goal, left.to_hash) == (came.goal, came.hash) == (THEIRS, world.goal("theirs", OTHER).hash)
    assert (left.to_plan, left.to_owner) == (world.plan_ref(OTHER).stream, OTHER)
    assert (came.from_plan, came.from_owner) == (world.plan_ref().stream, STAFF)
    assert (left.to_version, came.from_version) == (world.plan(OTHER).version, world.plan().version)


def test_r4_1_either_plan_judges_its_own_revision_by_turns() -> None:
    """The owner has proposed: in their plan it is the head's turn, and in the other one the owner's."""
    world = (
        two_plans()
        .proposed()
        .proposed(OTHER, "theirs", OTHER)
        .proposed(HEAD, "theirs", OTHER, title=okr(title="More").title)
    )
    assert refused(world, "negotiation.not_your_turn").pointer == "/to_goal"
    mine = two_plans().proposed().proposed(HEAD, title=okr(title="More").title)
    mine.proposed(OTHER, "theirs", OTHER)
    assert refused(mine, "negotiation.not_your_turn").pointer == "/goal"


def test_r4_1_the_reason_is_kept_in_both_and_a_policy_that_asks_for_none_is_met() -> None:
    world = move(agreed())
    proposed = [event for _, _, _, event in world.events if type(event).__name__ == "RevisionProposed"][-2:]
    assert [set(event.reasons) for event in proposed] == [{f"key_results.{who('band')}"}] * 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("by", [STAFF, OTHER, LEAD, *BOARD])
def test_r3_9_only_a_side_of_both_moves_a_key_result(by: UUID) -> None:
    """An owner answers for one of the two alone; who stands further above transfers whole goals."""
    world = agreed()
    refused(world, "plan.not_allowed", by=by)
    assert who("band") in measures(world), "all or nothing"


def test_r5_5_a_delegate_of_the_manager_moves_it_too() -> None:
    world = agreed(TEAM)
    ends = world.now.replace(year=world.now.year + 1)
    world.when(LEAD, DIRECTORY, Delegate(delegation=who("d"), person=HEAD, to=BOARD[0], ends=ends))
    move(world, by=BOARD[0])


def test_r5_1_what_was_signed_in_either_plan_is_void() -> None:
    world = agreed().advanced(Phase.COMMIT)
    for owner in (STAFF, OTHER):
        world.submitted(owner).signed(HEAD, owner=owner)
    move(world)
    for owner in (STAFF, OTHER):
        assert [item.reason for item in world.plan(owner).voided] == ["goal_changed"]


def test_r3_9_what_cannot_be_moved_into_another_plan() -> None:
    world = agreed()
    assert refused(world, "goal.unknown", to_goal=who("nothing")).pointer == "/to_goal"
    assert refused(world, "goal.stale_hash", to_hash="0" * 64).pointer == "/to_hash"
    assert refused(world, "goal.stale_hash", hash="0" * 64).pointer == "/hash"
    assert refused(world, "plan.unknown", to_plan=who("nothing")).pointer == "/to_plan"
    assert refused(world, "alignment.key_result_unknown", key_result="nothing").pointer == "/key_result"
    elsewhere = world.plan(OTHER).model_copy(update={"cycle": who("another")})
    world.states[world.plan_ref(OTHER)] = elsewhere
    assert refused(world, "transfer.other_cycle").pointer == "/to_plan"


def test_r3_9_a_goal_of_another_plan_takes_no_more_than_it_holds() -> None:
    full = okr(key_results=tuple(increase(f"one {place}") for place in range(MOST_KEY_RESULTS)))
    world = World().founded().opened(STAFF, OTHER).drafted(definition=OWN).proposed()
    world.drafted("theirs", OTHER, full).proposed(OTHER, "theirs", OTHER)
    assert refused(world, "key_result.full").pointer == "/to_goal"


def test_r8_nothing_is_moved_into_a_draft_of_another_plan_that_one_may_not_see() -> None:
    world = two_plans().proposed().accepted()
    assert refused(world, "goal.unknown").pointer == "/to_goal"


def test_r8_what_it_said_in_a_draft_is_not_told_by_where_it_left() -> None:
    world = move(agreed())
    gone = world.plan().gone_key_results[who("band")]
    assert (gone.goal, gone.to_plan, gone.to_goal) == (OKR, world.plan_ref(OTHER).stream, THEIRS)
    seen = Sight(BOARD[0], world.ground(), world.plan()).plan(world.plan())
    assert seen is not None
    assert not seen.gone_key_results


def test_r3_9_the_other_half_is_no_command_of_a_callers_and_takes_only_what_was_sent() -> None:
    assert "ReceiveKeyResult" not in CALLABLE
    world = move(agreed(TEAM))
    taking = ReceiveKeyResult(
        goal=THEIRS,
        hash=world.goal("theirs", OTHER).hash,
        key_result=who("berths"),
        from_plan=world.plan_ref().stream,
        reason="Mine",
    )
    world.refused("alignment.key_result_unknown", HEAD, world.plan_ref(OTHER), taking)
    world.drafted("more", OTHER).proposed(OTHER, "more", OTHER)
    elsewhere = {"goal": who("more"), "hash": world.goal("more", OTHER).hash, "key_result": who("band")}
    misled = taking.model_copy(update=elsewhere)
    world.refused("alignment.key_result_unknown", HEAD, world.plan_ref(OTHER), misled)


def test_r3_9_a_manager_proposes_to_take_one_into_a_goal_of_their_own_which_both_sides_of_both_must_accept() -> None:
    world = agreed(HEAD).drafted("mine", HEAD, okr(key_results=(increase("quays"),)))
    mine = {"to_goal": who("mine"), "to_hash": world.goal("mine", HEAD).hash, "to_plan": world.plan_ref(HEAD).stream}
    move(world, **mine)  # type: ignore[arg-type]
    assert (world.goal().turn, world.goal("mine", HEAD).turn) == (Side.OWNER, Side.COUNTERPART)
    world.accepted(STAFF).accepted(LEAD, "mine", HEAD)


def test_r3_9_a_key_result_may_come_back() -> None:
    world = move_back(answered(move(agreed())))
    assert who("band") in measures(world)
    assert not world.plan().gone_key_results
    assert set(world.plan(OTHER).gone_key_results) == {who("band")}
    assert not world.goal("theirs", OTHER).key_results_from


def test_r5_7_after_commit_it_takes_an_amendment_of_both_plans() -> None:
    world = tracked()
    refused(world, "phase.wrong")
    refused(amended(world, STAFF), "phase.wrong")
    assert who("band") in measures(world), "all or nothing"
    move(amended(world, OTHER))
    assert who("band") in measures(world, "theirs", OTHER)
    for plan, name in ((world.plan(), OKR), (world.plan(OTHER), THEIRS)):
        signed = plan.in_force[name].definition
        assert isinstance(signed, Okr)
        assert (who("band") in [item.id for item in signed.key_results]) == (name == OKR), "until it is signed"


def test_r3_9_what_was_measured_goes_along_into_the_other_plan() -> None:
    world = tracked()
    for value in ("1.5", "3"):
        readings = (Reading(measure=who("berths"), value="15"), Reading(measure=who("band"), value=value))
        report = CheckIn(goal=OKR, readings=readings, confidence="0.6", status="on_track")
        world.when(STAFF, world.plan_ref(), report)
    move(amended(world, STAFF, OTHER))
    moved = world.goal("theirs", OTHER)
    assert moved.readings[who("band")].value == 3
    assert (moved.tallies[who("band")].readings, moved.tallies[who("band")].inside) == (2, 1)
    assert (set(world.goal().readings), set(world.goal().tallies)) == ({who("berths")}, set())
    assert set(world.plan().in_force[OKR].readings) == {who("berths"), who("band")}, "what is signed stays in force"


@pytest.mark.parametrize("owner", [STAFF, OTHER])
@pytest.mark.parametrize("then", [lambda world: world, lambda world: answered(move(answered(move_back(world))))])
def test_r5_7_a_revert_neither_doubles_nor_loses_a_key_result_that_moved(
    owner: UUID, then: Callable[[World], World]
) -> None:
    world = then(answered(move(amended(tracked(), STAFF, OTHER))))
    revert = RevertToSigned(reason="It stays as it was")
    refusal = world.refused("amendment.key_result_moved", owner, world.plan_ref(owner), revert)
    assert refusal.params["key_result"] == str(who("band"))
    move_back(answered(world))
    for person in (STAFF, OTHER):
        world.when(person, world.plan_ref(person), revert)
        assert world.plan(person).signed


def test_r3_7_an_alignment_of_the_key_result_goes_along_as_a_request() -> None:
    world = agreed(TEAM).drafted("above", TEAM)
    request(world, key_result="band", parent=("above", TEAM))
    accept(world, OTHER)
    request(world, edge="whole", parent=("above", TEAM))
    accept(world, OTHER, "whole")
    move(world)
    assert set(world.plan().edges) == {who("whole")}
    edge = world.plan(OTHER).edges[who("edge")]
    assert (edge.state, edge.goal, edge.key_result, edge.since) == (
        "requested",
        THEIRS,
        who("band"),
        world.plan(OTHER).version,
    )


def test_r3_7_a_child_of_the_key_result_is_told_where_it_went() -> None:
    world = agreed(TEAM).drafted("below", TEAM)
    request(world, "below", TEAM, actor=OTHER, parent=("okr", STAFF, "band"))
    accept(world, STAFF, owner=TEAM)
    move(world)
    world.perform(world.plan_ref(TEAM))
    edge = world.plan(TEAM).edges[who("edge")]
    assert (edge.dropped, edge.moved_to) == (True, world.plan_ref(OTHER).stream)


def test_r3_9_within_one_plan_its_own_name_may_be_given() -> None:
    world = agreed().drafted("to", definition=okr(key_results=(increase("quays"),)))
    here = {"to_goal": who("to"), "to_hash": world.goal("to").hash, "to_plan": world.plan_ref().stream}
    move(world, by=STAFF, **here)
    assert world.types()[-1] == "KeyResultMoved"
