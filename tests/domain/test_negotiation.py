"""How goals come about: drafted, assigned, proposed, countered, agreed on one content hash (R1, R3, R4)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from domain.cycle.opening import OpenCycle
from domain.cycle.policy import preset
from domain.cycle.windows import Phase
from domain.directory.people import DeactivatePerson
from domain.directory.state import DIRECTORY
from domain.goals import Kpi, goal_hash
from domain.messages import Command
from domain.plan.diff import diff
from domain.plan.drafting import AcknowledgeAssignment, AssignGoal, DraftGoal, GoalDrafted
from domain.plan.negotiation import AcceptRevision, ProposeRevision, RevisionAccepted, RevisionProposed
from domain.plan.talks import Side
from domain.values import plan_id
from tests.support.given import (
    BOARD,
    HEAD,
    LEAD,
    OTHER,
    QUARTER,
    STAFF,
    TEAM,
    World,
    increase,
    kpi,
    milestones,
    okr,
    who,
)

TARGET = f"key_results.{who('berths')}.target"


def drafting(world: World, owner: UUID = STAFF, **more: object) -> DraftGoal:
    given: dict[str, object] = {"cycle": world.cycle, "owner": owner, "goal": who("okr"), "definition": okr()}
    return DraftGoal.model_validate(given | more)


def assigning(world: World, **more: object) -> AssignGoal:
    given: dict[str, object] = {"cycle": world.cycle, "owner": STAFF, "goal": who("kpi"), "definition": kpi()}
    return AssignGoal.model_validate(given | more)


# --- drafting and assigning ---


@pytest.mark.parametrize("actor", [STAFF, HEAD, LEAD])
def test_r4_2_either_side_or_the_facilitator_starts_an_okr(actor: UUID) -> None:
    world = World().founded().opened()
    world.when(actor, world.plan_ref(), drafting(world))
    assert world.types()[-2:] == ["PlanOpened", "GoalDrafted"]
    assert world.last(GoalDrafted).author == actor


@pytest.mark.parametrize("actor", [OTHER, BOARD[0]])
def test_nobody_else_starts_one(actor: UUID) -> None:
    world = World().founded().opened()
    world.refused("plan.not_allowed", actor, world.plan_ref(), drafting(world))


def test_r1_a_kpi_comes_from_above_never_from_its_owner() -> None:
    world = World().founded().opened()
    world.refused("plan.not_allowed", STAFF, world.plan_ref(), assigning(world))
    world.refused("plan.not_allowed", OTHER, world.plan_ref(), assigning(world))
    world.when(HEAD, world.plan_ref(), assigning(world))
    world.when(LEAD, world.plan_ref(), assigning(world, goal=who("another")))


def test_a_plan_is_addressed_by_its_cycle_and_owner() -> None:
    world = World().founded().opened()
    refusal = world.refused("plan.id_mismatch", STAFF, world.plan_ref(OTHER), drafting(world))
    assert refusal.params["plan"] == str(plan_id(world.cycle, STAFF))
    world.refused("plan.not_participant", OTHER, world.plan_ref(OTHER), drafting(world, OTHER))


def test_a_goal_is_drafted_once_and_only_in_an_open_cycle() -> None:
    world = World().founded()
    world.refused("cycle.unknown", STAFF, world.plan_ref(), drafting(world))
    world.opened().when(STAFF, world.plan_ref(), drafting(world))
    world.refused("goal.exists", STAFF, world.plan_ref(), drafting(world))


def test_who_has_left_decides_nothing() -> None:
    world = World().founded().opened()
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=STAFF))
    world.refused("plan.not_allowed", STAFF, world.plan_ref(), drafting(world))


def test_r3_4_a_weight_lies_within_the_policys_bounds() -> None:
    scoring = preset("formal").scoring.model_copy(update={"weight_least": Decimal(10), "weight_most": Decimal(60)})
    world = World().founded().opened(policy=preset("formal").model_copy(update={"scoring": scoring}))
    for weight in ("9.99", "60.01"):
        world.refused("goal.weight_out_of_bounds", STAFF, world.plan_ref(), drafting(world, definition=okr(weight)))
    world.when(STAFF, world.plan_ref(), drafting(world, definition=okr("60")))


def test_r3_9_a_teams_plan_is_its_leads_to_write() -> None:
    world = World().founded().opened(TEAM)
    world.refused("plan.not_allowed", STAFF, world.plan_ref(TEAM), drafting(world, TEAM))
    world.when(OTHER, world.plan_ref(TEAM), drafting(world, TEAM))


def test_r4_2_the_owner_acknowledges_exactly_the_revision_seen_and_once() -> None:
    world = World().founded().opened().assigned()
    seen = world.goal("kpi").hash
    world.refused("plan.not_allowed", HEAD, world.plan_ref(), AcknowledgeAssignment(goal=who("kpi"), hash=seen))
    world.refused("goal.stale_hash", STAFF, world.plan_ref(), AcknowledgeAssignment(goal=who("kpi"), hash="0" * 64))
    world.acknowledged()
    again = AcknowledgeAssignment(goal=who("kpi"), hash=seen)
    assert world.when(STAFF, world.plan_ref(), again) == []
    world.drafted()
    okr_seen = AcknowledgeAssignment(goal=who("okr"), hash=world.goal().hash)
    world.refused("goal.not_assigned", STAFF, world.plan_ref(), okr_seen)


def test_a_changed_kpi_wants_a_new_acknowledgement() -> None:
    world = World().founded().opened().assigned().acknowledged()
    harder = kpi(target="110")
    path = {"target": "The line has been extended."}
    own = ProposeRevision(goal=who("kpi"), definition=harder, reasons=path)
    world.refused("assignment.not_negotiated", STAFF, world.plan_ref(), own)
    world.when(HEAD, world.plan_ref(), own)
    assert world.goal("kpi").receipt is None
    assert not world.goal("kpi").agreed
    accept = AcceptRevision(goal=who("kpi"), hash=world.goal("kpi").hash)
    world.refused("assignment.not_negotiated", STAFF, world.plan_ref(), accept)
    world.acknowledged()


# --- negotiation ---


def test_r4_1_agreement_is_both_sides_on_one_content_hash() -> None:
    world = World().founded().opened().drafted()
    accept = AcceptRevision(goal=who("okr"), hash=world.goal().hash)
    world.refused("negotiation.not_proposed", STAFF, world.plan_ref(), accept)
    world.refused("plan.unknown", LEAD, world.plan_ref(), accept)  # a draft is its writers' own (R8)
    world.refused("goal.unknown", HEAD, world.plan_ref(), accept)
    world.proposed()
    assert world.goal().accepted == {Side.OWNER}
    assert world.goal().turn is Side.COUNTERPART
    world.refused("negotiation.not_your_turn", STAFF, world.plan_ref(), accept)
    world.refused("plan.not_allowed", LEAD, world.plan_ref(), accept)
    world.refused("goal.stale_hash", HEAD, world.plan_ref(), AcceptRevision(goal=who("okr"), hash="f" * 64))
    world.accepted()
    assert world.goal().agreed
    assert world.last(RevisionAccepted).agreed
    assert world.when(HEAD, world.plan_ref(), accept) == []


def test_r4_1_a_counter_is_a_full_revision_with_its_computed_difference_and_reasons() -> None:
    world = World().founded().opened().drafted().proposed()
    raised = okr(key_results=(increase(target="25"), milestones()))
    bare = ProposeRevision(goal=who("okr"), definition=raised)
    refusal = world.refused("revision.reason_missing", HEAD, world.plan_ref(), bare)
    assert refusal.params["path"] == TARGET
    world.when(HEAD, world.plan_ref(), bare.model_copy(update={"reasons": _reasons()}))
    proposed = world.last(RevisionProposed)
    assert [(change.path, change.before, change.after) for change in proposed.changes] == [(TARGET, "20", "25")]
    assert (proposed.side, proposed.round, proposed.number) == (Side.COUNTERPART, 2, 2)
    assert world.goal().accepted == {Side.COUNTERPART}
    world.accepted(STAFF)
    assert world.goal().agreed


def _reasons() -> dict[str, object]:
    return ProposeRevision(goal=who("okr"), definition=okr(), reasons={TARGET: "It was 19 last quarter"}).reasons  # type: ignore[return-value]


def test_r4_1_repeating_what_is_on_the_table_is_no_revision() -> None:
    world = World().founded().opened().drafted().proposed()
    again = ProposeRevision(goal=who("okr"), definition=okr())
    world.refused("revision.nothing_changed", HEAD, world.plan_ref(), again)


def test_an_okr_may_be_redrafted_before_its_first_proposal_without_reasons() -> None:
    world = World().founded().opened().drafted()
    world.proposed(key_results=(increase(target="30"), milestones()))
    assert (world.goal().number, world.goal().round) == (2, 1)


def test_light_cycles_ask_for_no_reasons() -> None:
    world = World().founded().opened(policy=preset("light")).drafted().proposed()
    raised = okr(key_results=(increase(target="25"), milestones()))
    world.when(HEAD, world.plan_ref(), ProposeRevision(goal=who("okr"), definition=raised))


def test_a_revision_does_not_turn_one_instrument_into_the_other() -> None:
    world = World().founded().opened().drafted()
    world.refused("goal.kind_changed", STAFF, world.plan_ref(), ProposeRevision(goal=who("okr"), definition=kpi()))
    unknown = ProposeRevision(goal=who("nothing"), definition=okr())
    world.refused("goal.unknown", STAFF, world.plan_ref(), unknown)


@pytest.mark.parametrize("phase", [Phase.TRACK, Phase.RETROSPECT])
def test_r5_7_after_commit_goals_are_locked(phase: Phase) -> None:
    from tests.support.given import final_values

    world = World().in_track()
    if phase is Phase.RETROSPECT:
        final_values(world).advanced(phase)
    commands: list[tuple[UUID, Command]] = [
        (STAFF, ProposeRevision(goal=who("okr"), definition=okr(title="Other"))),
        (HEAD, AcceptRevision(goal=who("okr"), hash=world.goal().hash)),
        (STAFF, drafting(world, goal=who("late"))),
        (HEAD, assigning(world)),
    ]
    for actor, command in commands:
        world.refused("phase.wrong", actor, world.plan_ref(), command)


# --- definitions, differences, findings ---


def test_the_difference_matches_list_items_by_id_and_tells_of_texts_only_that_they_changed() -> None:
    world = World().founded().opened().drafted()
    before = world.goal().definition
    world.proposed(title=okr(title="Another title").title, key_results=(increase(target="25"), increase("new")))
    after = world.goal().definition
    changes = {change.path: (change.before, change.after) for change in diff(before, after)}
    assert changes == {
        "title": (None, None),
        TARGET: ("20", "25"),
        f"key_results.{who('steps')}": ("present", None),
        f"key_results.{who('new')}": (None, "present"),
    }
    assert diff(after, after) == ()


def test_one_content_one_hash() -> None:
    world = World().founded().opened().drafted()
    sealed = world.goal().definition
    assert goal_hash(sealed) == world.goal().hash
    assert goal_hash(sealed.model_copy(update={"weight": Decimal("99.9")})) != world.goal().hash


@pytest.mark.parametrize(
    "points",
    [("80", "80", "120"), ("100", "80", "120"), ("80", "120", "100")],
)
def test_r3_2_the_points_of_a_kpi_run_in_its_direction(points: tuple[str, str, str]) -> None:
    threshold, target, stretch = points
    with pytest.raises(ValidationError, match="direction"):
        kpi(threshold=threshold, target=target, stretch=stretch)
    with pytest.raises(ValidationError, match="direction"):
        Kpi.model_validate({**kpi().model_dump(), "direction": "lower", "title": "Safety"})


def test_r3_1_a_target_lies_on_its_side_of_the_baseline() -> None:
    with pytest.raises(ValidationError, match="above baseline"):
        increase().model_validate({**increase().model_dump(), "title": "t", "target": "10"})
    with pytest.raises(ValidationError, match="equal"):
        okr(key_results=(increase(), increase()))


def test_r3_5_r3_8_findings_warn_and_refuse_nothing() -> None:
    world = World().founded().opened()
    vague = okr(title="Help the yard", key_results=(milestones(),))
    world.when(STAFF, world.plan_ref(), drafting(world, definition=vague))
    findings = ("lint.activity_word", "lint.few_key_results", "lint.no_outcome_verb", "lint.no_date")
    assert world.last(GoalDrafted).findings == findings
    many = okr(
        title="协助码头完成扩建", due="2027-06-30", key_results=tuple(increase(f"m{place}") for place in range(6))
    )
    world.when(STAFF, world.plan_ref(), drafting(world, goal=who("many"), definition=many))
    assert world.last(GoalDrafted).findings == ("lint.activity_word", "lint.many_key_results")


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"key_results": (increase(),)}, f"key_results.{who('steps')}"),
        ({"key_results": (increase(), milestones(), increase("new"))}, f"key_results.{who('new')}"),
        ({"weight": "99"}, "weight"),
        ({"ambition": "committed"}, "ambition"),
        ({"key_results": (increase(baseline="9"), milestones())}, f"key_results.{who('berths')}.baseline"),
        (
            {"key_results": (increase(), milestones("steps", "1", "1"))},
            f"key_results.{who('steps')}.milestones.{who('steps 2')}",
        ),
        (
            {"key_results": (increase(), milestones("steps", "1", "1", "3"))},
            f"key_results.{who('steps')}.milestones.{who('steps 2')}.weight",
        ),
    ],
)
def test_r4_1_each_changed_target_weight_or_kind_needs_its_reason(changed: dict[str, Any], path: str) -> None:
    """Dropping or adding a key result changes a target too: else a target is eased under a new id."""
    world = World().founded().opened().drafted().proposed()
    bare = ProposeRevision(goal=who("okr"), definition=okr(**changed))
    refusal = world.refused("revision.reason_missing", HEAD, world.plan_ref(), bare)
    assert refusal.params["path"] == path
    world.when(HEAD, world.plan_ref(), reasoned(bare, path))
    assert path in [change.path for change in world.last(RevisionProposed).changes]


def test_r4_1_a_text_changes_without_a_reason() -> None:
    world = World().founded().opened().drafted().proposed()
    texts = okr(title="Win the whole harbour", approach="by asking every owner")
    world.when(HEAD, world.plan_ref(), ProposeRevision(goal=who("okr"), definition=texts))
    assert [change.path for change in world.last(RevisionProposed).changes] == ["title", "approach"]


def reasoned(command: ProposeRevision, path: str) -> ProposeRevision:
    return ProposeRevision.model_validate({**dict(command), "reasons": {path: "It was 19 last quarter"}})


@pytest.mark.parametrize("path", ["Lin is ill", "target.Lin", "title ", "", f"key_results.{who('a')}.lin"])
def test_a_reasons_path_is_no_place_for_a_text(path: str) -> None:
    """Keys of a mapping are stored as they are, so they hold names of fields and ids only."""
    bare = ProposeRevision(goal=who("okr"), definition=okr())
    with pytest.raises(ValidationError, match="path of a change"):
        reasoned(bare, path)


def test_r4_1_every_path_of_a_difference_may_bear_a_reason() -> None:
    world = World().founded().opened().drafted()
    sealed = world.goal().definition
    world.proposed(
        title=okr(title="Another title").title,
        weight=Decimal(50),
        key_results=(increase(target="25"), increase("new"), milestones("steps", "2")),
    )
    changes = diff(sealed, world.goal().definition)
    assert len(changes) > 5
    for change in changes:
        reasoned(ProposeRevision(goal=who("okr"), definition=okr()), change.path)


def test_r4_1_a_measure_that_becomes_steps_is_told_field_by_field() -> None:
    world = World().founded().opened().drafted(definition=okr(key_results=(increase("one"),)))
    before = world.goal().definition
    world.proposed(key_results=(milestones("one"),))
    paths = {change.path.partition(f"{who('one')}.")[2] for change in diff(before, world.goal().definition)}
    assert {"kind", "unit", "baseline", "target"} <= paths
    assert f"milestones.{who('one 0')}" in paths


def test_r4_1_the_difference_of_a_kpi_names_its_points() -> None:
    world = World().founded().opened().assigned()
    eased = {"threshold": "60", "target": "80", "stretch": "90"}
    bare = ProposeRevision(goal=who("kpi"), definition=kpi(**eased))
    world.refused("revision.reason_missing", HEAD, world.plan_ref(), bare)
    reasons = dict.fromkeys(eased, "The yard is closed")
    world.when(HEAD, world.plan_ref(), ProposeRevision.model_validate({**dict(bare), "reasons": reasons}))
    changes = world.last(RevisionProposed).changes
    assert [(change.path, change.before, change.after) for change in changes] == [
        ("threshold", "80", "60"),
        ("target", "100", "80"),
        ("stretch", "120", "90"),
    ]


def test_r4_1_who_countered_has_accepted_their_own_and_the_older_hash_is_stale() -> None:
    world = World().founded().opened().drafted().proposed()
    old = world.goal().hash
    world.proposed(HEAD, title=okr(title="Another title").title)
    world.refused("goal.stale_hash", HEAD, world.plan_ref(), AcceptRevision(goal=who("okr"), hash=old))
    world.refused("goal.stale_hash", STAFF, world.plan_ref(), AcceptRevision(goal=who("okr"), hash=old))
    own = AcceptRevision(goal=who("okr"), hash=world.goal().hash)
    world.refused("negotiation.not_your_turn", HEAD, world.plan_ref(), own)
    world.when(STAFF, world.plan_ref(), own)
    assert world.goal().agreed
    assert world.goal().turn is None


def test_another_order_of_the_key_results_is_another_revision_number() -> None:
    """One number never stands for two contents, although the difference has nothing to say."""
    world = World().founded().opened().drafted()
    drafted = world.goal().hash
    world.proposed(key_results=(milestones(), increase()))
    assert world.goal().hash != drafted
    assert (world.goal().number, world.last(RevisionProposed).changes) == (2, ())
    world.accepted()
    assert world.goal().agreed


def test_proposing_the_very_draft_keeps_its_revision_number() -> None:
    world = World().founded().opened().drafted()
    drafted = world.goal().hash
    world.proposed()
    assert (world.goal().hash, world.goal().number, world.goal().round) == (drafted, 1, 1)


def facilitated_by(person: UUID, *participants: UUID) -> World:
    world = World().founded()
    given = {"name": "Q2", "facilitator": person, "period": QUARTER, "participants": participants or (STAFF,)}
    world.when(LEAD, world.cycle_ref, OpenCycle.model_validate(given))
    return world


def test_r4_2_a_facilitator_outside_the_line_writes_and_assigns_but_speaks_for_no_side() -> None:
    world = facilitated_by(OTHER)
    world.when(OTHER, world.plan_ref(), drafting(world))
    world.when(OTHER, world.plan_ref(), assigning(world))
    world.refused("plan.not_allowed", OTHER, world.plan_ref(), ProposeRevision(goal=who("okr"), definition=okr()))


def test_r1_not_even_as_facilitator_does_an_owner_assign_their_own_kpi() -> None:
    world = facilitated_by(STAFF)
    world.refused("plan.not_allowed", STAFF, world.plan_ref(), assigning(world))


def test_r1_where_the_line_ends_who_signs_first_assigns() -> None:
    world = World().founded().opened(LEAD)
    world.when(BOARD[0], world.plan_ref(LEAD), assigning(world, owner=LEAD))


def test_an_assignment_keeps_to_the_bounds_and_comes_once() -> None:
    scoring = preset("formal").scoring.model_copy(update={"weight_most": Decimal(60)})
    world = World().founded().opened(policy=preset("formal").model_copy(update={"scoring": scoring}))
    world.refused("goal.weight_out_of_bounds", HEAD, world.plan_ref(), assigning(world))
    world.when(HEAD, world.plan_ref(), assigning(world, definition=kpi("60")))
    world.refused("goal.exists", HEAD, world.plan_ref(), assigning(world, definition=kpi("60")))
    heavier = ProposeRevision(goal=who("kpi"), definition=kpi("61"), reasons={"weight": "More"})
    world.refused("goal.weight_out_of_bounds", HEAD, world.plan_ref(), heavier)


def test_r4_2_who_assigned_a_kpi_may_revise_it_and_nobody_else_above() -> None:
    """The manager may always; somebody higher only what they assigned themselves."""
    revised = ProposeRevision(goal=who("kpi"), definition=kpi(target="110"), reasons={"target": "A new line"})
    world = World().founded().opened()
    world.when(LEAD, world.plan_ref(), assigning(world))
    world.when(LEAD, world.plan_ref(), revised)
    assert (world.goal("kpi").author, world.last(RevisionProposed).side) == (LEAD, Side.COUNTERPART)
    world = World().founded().opened().assigned()
    world.refused("plan.not_allowed", LEAD, world.plan_ref(), revised)


def test_who_countered_is_the_author_of_the_revision() -> None:
    world = World().founded().opened().drafted().proposed().proposed(HEAD, title=okr(title="Another title").title)
    assert (world.goal().first_author, world.goal().author) == (STAFF, HEAD)
