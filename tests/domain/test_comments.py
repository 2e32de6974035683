"""Comments on a field, blocking or not, and questions that hand the turn over (R4.1, R4.4)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from domain.cycle.policy import preset
from domain.cycle.windows import Phase
from domain.directory.people import DeactivatePerson
from domain.directory.state import DIRECTORY
from domain.plan.comments import CommentOnRevision, CommentResolved, ResolveComment, RevisionCommented
from domain.plan.drafting import AssignGoal
from domain.plan.negotiation import AcceptRevision
from domain.plan.signing import SubmitPlan
from domain.plan.talks import Side
from tests.support.calendars import weekdays
from tests.support.given import HEAD, LEAD, OTHER, STAFF, World, kpi, okr, who

TARGET = f"key_results.{who('berths')}.target"


def on_the_table() -> World:
    return World().founded().opened().drafted().proposed()


def comment(world: World, name: str = "okr", **more: Any) -> CommentOnRevision:
    said = {"goal": who(name), "hash": world.goal(name).hash, "comment": who("another"), "text": "Why?"}
    return CommentOnRevision.model_validate(said | more)


def resolving(answer: str | None = None, name: str = "okr") -> ResolveComment:
    return ResolveComment(goal=who(name), comment=who("comment"), answer=answer)


# --- comments ---


def test_r4_4_a_comment_attaches_to_a_field_of_the_revision_seen() -> None:
    world = on_the_table().commented(path=TARGET)
    said = world.goal().comments[who("comment")]
    assert (said.path, said.hash, said.by, said.side) == (TARGET, world.goal().hash, HEAD, Side.COUNTERPART)
    stale = comment(world)
    world.proposed(HEAD, title=okr(title="Another").title)
    world.refused("goal.stale_hash", STAFF, world.plan_ref(), stale)
    assert world.goal().comments[who("comment")].hash != world.goal().hash, "it stays with the revision it speaks of"


@pytest.mark.parametrize("path", ["Lin is ill", "target.Lin", "title\n", "", f"{TARGET} "])
def test_a_comments_path_is_no_place_for_a_text(path: str) -> None:
    with pytest.raises(ValidationError, match="pattern"):
        comment(on_the_table(), path=path)


@pytest.mark.parametrize("actor", [STAFF, HEAD, LEAD])
def test_r4_4_sides_and_signers_comment(actor: UUID) -> None:
    world = on_the_table().commented(actor)
    assert world.last(RevisionCommented).side == {STAFF: Side.OWNER, HEAD: Side.COUNTERPART}.get(actor)


def test_r4_4_who_is_not_near_the_plan_does_not_comment() -> None:
    world = on_the_table()
    world.refused("plan.not_allowed", OTHER, world.plan_ref(), comment(world))


def test_r4_4_who_assigned_a_kpi_comments_on_it_and_on_no_other() -> None:
    far = preset("formal").model_copy(update={"chain": preset("light").chain})
    world = World().founded().opened(policy=far).drafted().proposed()
    world.when(LEAD, world.plan_ref(), AssignGoal(cycle=world.cycle, owner=STAFF, goal=who("kpi"), definition=kpi()))
    world.commented(LEAD, name="kpi")
    world.refused("plan.not_allowed", LEAD, world.plan_ref(), comment(world))


def test_r4_4_a_comment_is_resolved_by_its_author_and_once() -> None:
    world = on_the_table().commented()
    refusal = world.refused("comment.not_yours", STAFF, world.plan_ref(), resolving())
    assert refusal.pointer == "/comment"
    world.refused("comment.not_yours", LEAD, world.plan_ref(), resolving())
    assert world.resolved().goal().comments[who("comment")].resolved_by == HEAD
    world.refused("comment.resolved", HEAD, world.plan_ref(), resolving())


def test_a_comment_has_an_id_of_its_own_and_must_exist() -> None:
    world = on_the_table()
    world.refused("comment.unknown", HEAD, world.plan_ref(), resolving())
    world.commented()
    world.refused("comment.exists", STAFF, world.plan_ref(), comment(world, comment=who("comment")))


def test_r4_4_a_goal_holds_so_many_comments_and_no_more() -> None:
    world = World().founded().opened(policy=preset("formal").model_copy(update={"comments_most": 2}))
    world.drafted().proposed()
    world.commented(comment="one").commented(comment="two")
    refusal = world.refused("comment.too_many", HEAD, world.plan_ref(), comment(world))
    assert refusal.params == {"most": 2}
    world.drafted("other").proposed(name="other").commented(name="other")


def test_r4_4_comments_change_no_hash_and_void_no_signature() -> None:
    world = World().in_commit().submitted().signed(HEAD)
    before = world.hash()
    world.commented(LEAD, blocking=True)
    assert (world.hash(), len(world.plan().signing.signatures)) == (before, 1)  # type: ignore[union-attr]


# --- blocking ---


def test_r4_4_a_blocking_comment_keeps_a_goal_from_being_accepted_until_it_is_resolved() -> None:
    world = on_the_table().commented(blocking=True)
    accept = AcceptRevision(goal=who("okr"), hash=world.goal().hash)
    refusal = world.refused("negotiation.comment_blocks", HEAD, world.plan_ref(), accept)
    assert refusal.params == {"comment": str(who("comment")), "goal": str(who("okr"))}
    world.resolved().when(HEAD, world.plan_ref(), accept)
    assert world.goal().agreed


def test_r4_4_a_comment_that_is_not_marked_blocks_nothing() -> None:
    assert on_the_table().commented().accepted().goal().agreed


def test_r4_4_it_blocks_later_revisions_too_until_a_person_resolves_it() -> None:
    world = on_the_table().commented(blocking=True).proposed(HEAD, title=okr(title="Another").title)
    accept = AcceptRevision(goal=who("okr"), hash=world.goal().hash)
    world.refused("negotiation.comment_blocks", STAFF, world.plan_ref(), accept)


@pytest.mark.parametrize("name", ["okr", "kpi"])
def test_r4_4_a_blocking_comment_keeps_the_plan_from_being_submitted(name: str) -> None:
    world = World().founded().opened().agreed().assigned().acknowledged().advanced(Phase.COMMIT)
    world.commented(LEAD, name=name, blocking=True)
    submit = SubmitPlan(hash=world.hash())
    world.refused("negotiation.comment_blocks", STAFF, world.plan_ref(), submit)
    world.resolved(LEAD, name=name).when(STAFF, world.plan_ref(), submit)


def test_r4_4_what_somebody_left_behind_does_not_block_for_ever() -> None:
    world = on_the_table().commented(blocking=True)
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=HEAD))  # the lead is the counterpart now
    world.refused("comment.not_yours", STAFF, world.plan_ref(), resolving())
    world.resolved(LEAD).accepted(LEAD)
    assert world.goal().agreed


def test_r4_4_a_comment_of_somebody_on_no_side_is_left_to_the_counterpart() -> None:
    world = on_the_table().commented(LEAD, blocking=True)
    leave = world.directory.people[LEAD].model_copy(update={"active": False})
    world.states[DIRECTORY] = world.directory.model_copy(update={"people": {**world.directory.people, LEAD: leave}})
    world.refused("comment.not_yours", STAFF, world.plan_ref(), resolving())
    world.resolved(HEAD).accepted(HEAD)


# --- questions ---


def test_r4_1_a_question_hands_the_turn_over_without_a_round() -> None:
    world = on_the_table()
    before = world.goal()
    world.wait(days=2).commented(asks=True)
    goal, policy = world.goal(), world.the_cycle().policy
    assert (goal.turn, goal.rounds, goal.hash) == (Side.OWNER, before.rounds, before.hash)
    assert goal.turn_due == weekdays(world.now, policy.turn)
    assert goal.turn_due is not None
    assert goal.mediate_at == weekdays(goal.turn_due, policy.mediation_after)
    assert goal.turn_since == world.plan().version


def test_r4_1_an_answer_gives_the_turn_back() -> None:
    world = on_the_table().commented(asks=True).wait(days=1)
    refusal = world.refused("comment.answer_missing", STAFF, world.plan_ref(), resolving())
    assert refusal.pointer == "/answer"
    world.resolved(STAFF, answer="The quay is closed")
    goal = world.goal()
    assert (goal.turn, goal.turn_since) == (Side.COUNTERPART, world.plan().version)
    assert goal.turn_due == weekdays(world.now, world.the_cycle().policy.turn)
    assert goal.comments[who("comment")].answer is not None
    assert world.accepted(HEAD).goal().agreed


def test_r4_1_who_asked_may_take_the_question_back() -> None:
    world = on_the_table().commented(asks=True).resolved(HEAD)
    assert world.goal().turn is Side.COUNTERPART


def test_r4_1_who_is_asked_may_counter_instead_and_a_late_answer_moves_no_turn() -> None:
    world = on_the_table().commented(asks=True).proposed(STAFF, title=okr(title="Another").title)
    since = world.goal().turn_since
    world.resolved(STAFF, answer="See the new one")
    assert (world.goal().turn, world.goal().turn_since) == (Side.COUNTERPART, since)
    assert world.last(CommentResolved).answer_by is None


def test_r4_1_only_the_side_whose_turn_it_is_asks() -> None:
    world = on_the_table()
    refusal = world.refused("negotiation.not_your_turn", STAFF, world.plan_ref(), comment(world, asks=True))
    assert refusal.pointer == "/asks"
    world.refused("negotiation.not_your_turn", LEAD, world.plan_ref(), comment(world, asks=True))
    draft = World().founded().opened().drafted()
    draft.refused("negotiation.not_proposed", STAFF, draft.plan_ref(), comment(draft, asks=True))


def test_r4_1_a_side_asks_once_of_each_revision_so_that_a_turn_ends() -> None:
    world = on_the_table().commented(asks=True).resolved(STAFF, answer="Because")
    world.refused("comment.asked_already", HEAD, world.plan_ref(), comment(world, asks=True))
    world.proposed(HEAD, title=okr(title="Another").title).commented(STAFF, comment="third", asks=True)
    world.resolved(HEAD, comment="third", answer="So").proposed(STAFF, title=okr(title="Third").title)
    world.commented(HEAD, comment="fourth", asks=True)


def test_r4_2_a_kpi_is_commented_on_but_has_no_turn_to_ask_in() -> None:
    world = World().founded().opened().assigned()
    world.refused("assignment.not_negotiated", STAFF, world.plan_ref(), comment(world, "kpi", asks=True))
    world.commented(STAFF, name="kpi")


def test_r4_4_a_question_blocks_nothing_else() -> None:
    with pytest.raises(ValidationError, match="a question blocks nothing"):
        comment(on_the_table(), asks=True, blocking=True)
