"""One owner answers for a goal; others accept shares of it. What pays, and what is escalated."""

from __future__ import annotations

from uuid import UUID

import pytest
from pydantic import ValidationError

from domain.cycle.windows import Phase
from domain.directory.people import ChangePerson
from domain.directory.state import DIRECTORY
from domain.goals import Ambition
from domain.plan.drafting import DraftGoal
from domain.plan.dropping import AbandonGoal
from domain.plan.escalating import EscalateGoal, GoalEscalated
from domain.plan.ground import ground_of
from domain.plan.pay import LinkPay, PayLinked, UnlinkPay
from domain.plan.sharing import AcceptShare, AddContributor, DeclineShare
from domain.sealed import OwnerText
from domain.waiting import Wait, What, plan_waits
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, World, kpi, okr, who

OKR = who("okr")


def drafted() -> World:
    return World().founded().opened().drafted()


def add(world: World, person: UUID = OTHER, share: str = "0.3") -> World:
    world.when(STAFF, world.plan_ref(), AddContributor(goal=OKR, person=person, share=share))
    return world


def shares(world: World) -> dict[UUID, tuple[str, bool]]:
    return {person: (str(one.share), one.accepted) for person, one in world.goal().contributors.items()}


def waits(world: World, what: What) -> list[Wait]:
    found = ground_of(STAFF, world.the_cycle(), world.directory)
    return [wait for wait in plan_waits(world.plan(), found, STAFF, world.plan_ref().stream) if wait.what is what]


def test_r3_9_a_contributor_is_asked_and_accepts_the_share_that_was_seen() -> None:
    world = add(drafted())
    assert shares(world) == {OTHER: ("0.3", False)}
    assert [(wait.person, wait.goal) for wait in waits(world, What.ANSWER_SHARE)] == [(OTHER, OKR)]
    assert world.refused("share.stale", OTHER, world.plan_ref(), AcceptShare(goal=OKR, share="0.4")).pointer == "/share"
    world.when(OTHER, world.plan_ref(), AcceptShare(goal=OKR, share="0.3"))
    assert shares(world) == {OTHER: ("0.3", True)}
    assert not waits(world, What.ANSWER_SHARE)
    assert world.when(OTHER, world.plan_ref(), AcceptShare(goal=OKR, share="0.3")) == []


def test_r3_9_a_share_is_declined_and_given_back() -> None:
    world = add(drafted())
    world.when(OTHER, world.plan_ref(), DeclineShare(goal=OKR, reason="No time"))
    assert shares(world) == {}
    add(world).when(OTHER, world.plan_ref(), AcceptShare(goal=OKR, share="0.3"))
    world.when(OTHER, world.plan_ref(), DeclineShare(goal=OKR, reason="I move to the yard"))
    assert shares(world) == {}
    world.refused("plan.unknown", OTHER, world.plan_ref(), AcceptShare(goal=OKR, share="0.3"))


def test_r3_9_another_share_is_asked_for_anew() -> None:
    world = add(drafted())
    world.when(OTHER, world.plan_ref(), AcceptShare(goal=OKR, share="0.3"))
    assert add(world, share="0.3").types()[-1] == "ShareAccepted"
    assert shares(add(world, share="0.5")) == {OTHER: ("0.5", False)}


def test_r3_9_something_of_every_goal_stays_with_its_owner() -> None:
    world = add(add(drafted(), OTHER, "0.5"), HEAD, "0.4")
    left = AddContributor(goal=OKR, person=LEAD, share="0.1")
    refusal = world.refused("share.too_much", STAFF, world.plan_ref(), left)
    assert (refusal.pointer, refusal.params["taken"]) == ("/share", "0.9")
    add(world, LEAD, "0.09")
    assert sum(one.share for one in world.goal().contributors.values()) < 1


def test_r3_9_one_accountable_owner_takes_no_share_by_any_account() -> None:
    world = drafted()
    world.refused("share.own", STAFF, world.plan_ref(), AddContributor(goal=OKR, person=STAFF, share="0.1"))
    world.when(LEAD, DIRECTORY, ChangePerson(person=OTHER, account_of=STAFF))
    world.refused("share.own", STAFF, world.plan_ref(), AddContributor(goal=OKR, person=OTHER, share="0.1"))
    unknown = AddContributor(goal=OKR, person=who("nobody"), share="0.1")
    assert world.refused("person.unknown", STAFF, world.plan_ref(), unknown).pointer == "/person"


def test_r3_9_shares_void_no_signature() -> None:
    world = World().in_commit().submitted().signed()
    before = world.hash()
    add(world).when(OTHER, world.plan_ref(), AcceptShare(goal=OKR, share="0.3"))
    assert world.plan().signed
    assert world.hash() == before


@pytest.mark.parametrize("share", ["0", "1", "-0.1", "1.2"])
def test_a_share_lies_between_nothing_and_all(share: str) -> None:
    with pytest.raises(ValidationError):
        AddContributor(goal=OKR, person=OTHER, share=share)


def test_r8_who_is_asked_sees_the_draft_that_they_are_asked_about() -> None:
    world = drafted()
    world.refused("plan.unknown", OTHER, world.plan_ref(), AcceptShare(goal=OKR, share="0.3"))
    add(world).when(OTHER, world.plan_ref(), AcceptShare(goal=OKR, share="0.3"))


# --- abandoned ---


def abandon(world: World, name: str = "okr") -> AbandonGoal:
    return AbandonGoal(goal=who(name), hash=world.goal(name).hash, reason="The harbour is sold")


def test_r5_1_an_abandoned_goal_leaves_the_plan_and_voids_what_was_signed() -> None:
    world = World().founded().opened().agreed().drafted("other", definition=okr("50"))
    world.when(STAFF, world.plan_ref(), abandon(world, "other"))
    world.advanced(Phase.COMMIT).submitted().signed(HEAD)
    events = world.when(STAFF, world.plan_ref(), abandon(world))
    assert [type(event).__name__ for event in events] == ["GoalAbandoned", "SignaturesVoided"]
    assert [item.reason for item in world.plan().voided] == ["goal_dropped"]
    assert not world.plan().goals
    assert set(world.plan().departed) == {OKR, who("other")}
    world.refused("goal.unknown", STAFF, world.plan_ref(), AddContributor(goal=OKR, person=OTHER, share="0.1"))


def test_r5_1_only_the_revision_that_was_seen_is_abandoned() -> None:
    world = drafted()
    seen = abandon(world)
    world.proposed(title=OwnerText("Another"))
    assert world.refused("goal.stale_hash", STAFF, world.plan_ref(), seen).pointer == "/hash"


def test_an_abandoned_goal_does_not_come_back_under_its_id() -> None:
    world = drafted()
    world.when(STAFF, world.plan_ref(), abandon(world))
    again = DraftGoal(cycle=world.cycle, owner=STAFF, goal=OKR, definition=okr())
    world.refused("goal.exists", STAFF, world.plan_ref(), again)


def test_r1_a_kpi_is_not_abandoned_by_its_owner() -> None:
    world = World().founded().opened().assigned()
    world.refused("plan.not_allowed", STAFF, world.plan_ref(), abandon(world, "kpi"))
    world.when(LEAD, world.plan_ref(), abandon(world, "kpi"))
    assert not world.plan().goals


def test_r5_7_after_commit_nothing_is_abandoned_without_an_amendment() -> None:
    world = World().in_track()
    world.refused("phase.wrong", STAFF, world.plan_ref(), abandon(world))


# --- pay ---


def test_r7_6_a_link_to_pay_says_what_the_goal_promised_and_changes_no_hash() -> None:
    world = World().in_commit().submitted().signed()
    before = world.hash()
    world.when(HEAD, world.plan_ref(), LinkPay(goal=OKR))
    assert world.last(PayLinked).ambition == "aspirational"
    assert world.goal().pay_linked
    assert (world.hash(), world.plan().signed) == (before, True)
    assert world.when(HEAD, world.plan_ref(), LinkPay(goal=OKR)) == []
    world.when(HEAD, world.plan_ref(), UnlinkPay(goal=OKR))
    assert not world.goal().pay_linked
    assert world.when(HEAD, world.plan_ref(), UnlinkPay(goal=OKR)) == []


def test_r7_6_a_kpi_linked_to_pay_promised_no_ambition() -> None:
    world = World().founded().opened().assigned()
    world.when(HEAD, world.plan_ref(), LinkPay(goal=who("kpi")))
    assert world.last(PayLinked).ambition is None


# --- escalated ---


def committed() -> World:
    return World().founded().opened().drafted(definition=okr(ambition=Ambition.COMMITTED)).proposed()


def escalate(world: World) -> UUID | None:
    world.when(STAFF, world.plan_ref(), EscalateGoal(goal=OKR, reason="The cranes come late"))
    found: UUID | None = world.last(GoalEscalated).to
    return found


def test_r3_6_who_cannot_promise_a_committed_goal_escalates_level_by_level() -> None:
    world = committed()
    assert escalate(world) == HEAD
    assert [wait.person for wait in waits(world, What.ESCALATED)] == [HEAD]
    assert escalate(world) == LEAD
    assert escalate(world) in BOARD


def test_r3_6_it_waits_above_until_the_goal_is_revised() -> None:
    world = committed()
    escalate(world)
    world.accepted()
    assert waits(world, What.ESCALATED)
    world.proposed(title=OwnerText("An easier one"))
    assert not waits(world, What.ESCALATED)


@pytest.mark.parametrize("definition", [okr(), kpi()])
def test_r3_6_only_what_is_committed_is_escalated(definition: object) -> None:
    world = World().founded().opened().drafted().assigned()
    name = "okr" if definition == okr() else "kpi"
    command = EscalateGoal(goal=who(name), reason="It is hard")
    assert world.refused("escalation.not_committed", STAFF, world.plan_ref(), command).pointer == "/goal"


def test_r3_6_where_nobody_is_left_above_the_facilitator_is_asked() -> None:
    world = committed()
    asked = {escalate(world) for _ in range(4)}
    assert asked == {HEAD, LEAD, *BOARD}
    assert escalate(world) is None
    assert [wait.person for wait in waits(world, What.ESCALATED)] == [LEAD]
    assert world.when(STAFF, world.plan_ref(), EscalateGoal(goal=OKR, reason="Still")) == []
