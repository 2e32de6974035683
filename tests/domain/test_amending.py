"""Amending a signed plan: easing, raising, reverting; what was signed goes on meanwhile (R5.7)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from domain.cycle.policy import Policy
from domain.cycle.windows import Phase
from domain.goals import Ambition, Kpi, Okr
from domain.key_results import Maintained
from domain.plan.amending import REVERTED, AmendmentRequested, RequestAmendment, RevertToSigned
from domain.plan.drafting import AcknowledgeAssignment, AssignGoal, DraftGoal
from domain.plan.dropping import AbandonGoal
from domain.plan.duties import Reminded
from domain.plan.easing import eased, raised
from domain.plan.goal import Goal, Reading
from domain.plan.negotiation import ProposeRevision
from domain.plan.seeing import Sight
from domain.plan.signing import SignPlan, SubmitPlan, approvers
from domain.plan.tracking import CheckIn
from domain.waiting import plan_waits
from tests.support.given import HEAD, LEAD, OTHER, STAFF, World, final_values, increase, kpi, milestones, okr, who

TARGET = f"key_results.{who('berths')}.target"


def amended(world: World | None = None) -> World:
    """A signed plan in track that is being amended."""
    world = world or World().in_track()
    world.when(STAFF, world.plan_ref(), RequestAmendment(reason="A new quay"))
    return world


def with_kpi(acknowledged: bool = True) -> World:
    """In track, a signed plan of an OKR and a KPI."""
    world = World().founded().opened().agreed().assigned().acknowledged()
    world.advanced(Phase.COMMIT).submitted().signed().advanced(Phase.TRACK)
    return amended(world)


def revised(world: World, target: str, *reasoned: str, actor: Any = STAFF) -> ProposeRevision:
    reasons: dict[str, Any] = dict.fromkeys(reasoned, "The quay")
    definition = okr(key_results=(increase(target=target), milestones()))
    return ProposeRevision(goal=who("okr"), definition=definition, reasons=reasons)


def test_r5_7_after_commit_goals_are_locked_until_an_amendment_is_requested() -> None:
    world = World().in_track()
    world.refused("phase.wrong", STAFF, world.plan_ref(), revised(world, "18", TARGET))
    world.when(STAFF, amended(world).plan_ref(), revised(world, "18", TARGET))
    world.refused("amendment.open", HEAD, world.plan_ref(), RequestAmendment(reason="Again"))
    world.accepted().submitted().signed()
    assert world.plan().signed
    assert world.plan().amendment is None
    world.refused("phase.wrong", STAFF, world.plan_ref(), revised(world, "17", TARGET))
    world.refused("amendment.none", STAFF, world.plan_ref(), RevertToSigned(reason="Back"))


def test_r5_7_an_amendment_goes_through_the_whole_chain() -> None:
    world = amended()
    world.when(STAFF, world.plan_ref(), revised(world, "18", TARGET))
    world.refused("plan.not_agreed", STAFF, world.plan_ref(), SubmitPlan(hash=world.hash()))
    world.accepted().submitted()
    world.refused("signing.own_plan", STAFF, world.plan_ref(), SignPlan(hash=world.hash()))
    world.refused("signing.not_approver", LEAD, world.plan_ref(), SignPlan(hash=world.hash()))
    signing = world.plan().signing
    assert signing is not None
    assert approvers(world.ground(STAFF), signing) == {HEAD}
    world.now = signing.remind_at
    assert "Remind" in world.perform(world.plan_ref())
    assert world.last(Reminded).people == (HEAD,)
    world.signed(HEAD, LEAD)
    assert world.plan().signed


def test_r5_7_an_open_amendment_blocks_the_end_of_track_and_is_asked_of_people() -> None:
    world = final_values(amended())
    assert world.failing_checks() == ["amendment"]
    asked = {wait.what.value for wait in plan_waits(world.plan(), world.ground(STAFF), STAFF, world.plan_ref().stream)}
    assert asked == {"submit"}
    world.submitted().signed()
    assert world.failing_checks() == []
    world.advanced(Phase.RETROSPECT)


def test_r5_7_only_a_signed_plan_is_amended() -> None:
    world = World().in_track()
    world.refused("plan.not_allowed", OTHER, world.plan_ref(), RequestAmendment(reason="r"))
    state = world.plan()
    world.states[world.plan_ref()] = state.model_copy(update={"signing": None})
    world.refused("amendment.nothing_signed", STAFF, world.plan_ref(), RequestAmendment(reason="r"))


def test_r5_7_what_was_signed_is_tracked_while_it_is_amended() -> None:
    world = amended()
    added = increase("cranes", "0", "4")
    revision = okr(key_results=(increase(), milestones(), added))
    reasons: dict[str, Any] = {f"key_results.{added.id}": "Cranes"}
    world.when(STAFF, world.plan_ref(), ProposeRevision(goal=who("okr"), definition=revision, reasons=reasons))
    new = CheckIn(
        goal=who("okr"), readings=(Reading(measure=added.id, value="1"),), confidence="0.5", status="on_track"
    )
    world.refused("check_in.measure_unknown", STAFF, world.plan_ref(), new)
    final_values(world)
    assert world.failing_checks() == ["amendment"], "the final values of what is in force are in"
    world.accepted().submitted().signed()
    assert world.failing_checks() == ["final_values"], "the amended plan owes its own"
    assert world.goal().readings[who("berths")].value == Decimal(15)


def test_r5_7_easing_a_target_needs_a_reason_whatever_the_policy_says_and_keeps_the_original() -> None:
    world = World().founded().opened(policy=Policy(reasons_required=False)).agreed().advanced(Phase.COMMIT)
    amended(world.submitted().signed().advanced(Phase.TRACK))
    refusal = world.refused("amendment.easing_unreasoned", STAFF, world.plan_ref(), revised(world, "15"))
    assert refusal.params == {"path": TARGET}
    world.when(STAFF, world.plan_ref(), revised(world, "25"))  # raising needs none by this policy
    world.withdrawn().when(STAFF, world.plan_ref(), revised(world, "15", TARGET))
    world.accepted().submitted().signed()
    original = world.goal().original
    assert original == okr_signed(world)
    again = amended(world)
    again.when(STAFF, again.plan_ref(), revised(again, "12", TARGET))
    assert again.goal().original == original, "the first signed target stays"


def okr_signed(world: World) -> Okr:
    """The definition that was signed first."""
    first = next(event for *_, event in world.events if type(event).__name__ == "GoalDrafted")
    definition: Okr = first.definition  # type: ignore[attr-defined]
    return definition


def test_r5_7_raising_a_kpi_needs_the_owners_acknowledgement_not_their_silence() -> None:
    world = with_kpi()
    raised_kpi = kpi(target="110")
    revision = ProposeRevision(goal=who("kpi"), definition=raised_kpi, reasons={"target": "More ships"})
    world.when(HEAD, world.plan_ref(), revision)
    due = world.agenda(world.plan_ref()).next_due
    assert due is not None
    world.now = due
    assert world.perform(world.plan_ref()) == ["MarkServed"]
    refusal = world.refused("amendment.raise_unaccepted", STAFF, world.plan_ref(), SubmitPlan(hash=world.hash()))
    assert refusal.params == {"goal": str(who("kpi"))}
    world.when(STAFF, world.plan_ref(), AcknowledgeAssignment(goal=who("kpi"), hash=world.goal("kpi").hash))
    world.submitted().signed()
    assert world.plan().signed


def test_r5_7_an_eased_kpi_may_be_served() -> None:
    world = with_kpi()
    revision = ProposeRevision(goal=who("kpi"), definition=kpi(target="90"), reasons={"target": "Fewer ships"})
    world.when(HEAD, world.plan_ref(), revision)
    world.now = world.agenda(world.plan_ref()).next_due or world.now
    world.perform(world.plan_ref())
    world.submitted().signed()


def test_r5_7_revert_returns_to_what_was_signed_with_its_signatures() -> None:
    world = World().in_track()
    signed = world.plan()
    amended(world)
    world.when(STAFF, world.plan_ref(), revised(world, "18", TARGET))
    drafting = DraftGoal(cycle=world.cycle, owner=STAFF, goal=who("another"), definition=okr())
    world.when(STAFF, world.plan_ref(), drafting)
    final_values(world)
    world.when(HEAD, world.plan_ref(), RevertToSigned(reason="No quay"))
    after = world.plan()
    assert after.signed
    assert after.signing == signed.signing
    assert world.hash() == signed.signing.hash  # type: ignore[union-attr]
    assert set(after.goals) == {who("okr")}
    assert world.goal().final, "what was reported meanwhile stays"
    assert world.goal().agreed
    assert world.failing_checks() == []


def test_r5_7_a_revert_brings_an_abandoned_goal_back() -> None:
    world = World().in_track()
    signed = world.plan()
    amended(world)
    world.when(STAFF, world.plan_ref(), AbandonGoal(goal=who("okr"), hash=world.goal().hash, reason="No ships"))
    final = CheckIn(goal=who("okr"), confidence="0.5", status="on_track")
    world.when(STAFF, world.plan_ref(), final)
    world.when(STAFF, world.plan_ref(), RevertToSigned(reason="Ships again"))
    assert (world.plan().signing, world.plan().departed) == (signed.signing, {})
    assert world.goal().status == "on_track"


def test_r5_7_a_revert_knows_what_it_takes_back_of_a_goal() -> None:
    stays = {"id", "numbered", "round", "first_author", "comments", "readings", "tallies", "found_baseline"}
    stays |= {"confidence", "status", "checked_in_at", "reflection", "audience", "viewers", "orphan"}
    stays |= {"contributors", "escalation", "pay_linked", "late_entries"}
    assert set(Goal.model_fields) == REVERTED | stays, "say of a new field whether a revert takes it back (REVERTED)"


def test_r5_7_a_revert_is_refused_where_the_signed_hash_would_be_another() -> None:
    world = amended()
    policy = world.the_cycle().policy
    other = policy.model_copy(update={"scoring": policy.scoring.model_copy(update={"weight_most": Decimal(90)})})
    world.states[world.cycle_ref] = world.the_cycle().model_copy(update={"policy": other})
    world.refused("amendment.rules_changed", STAFF, world.plan_ref(), RevertToSigned(reason="r"))


def test_r5_7_goals_are_added_by_amendment_too() -> None:
    world = amended()
    assigning = AssignGoal(cycle=world.cycle, owner=STAFF, goal=who("kpi"), definition=kpi())
    world.when(HEAD, world.plan_ref(), assigning)
    world.acknowledged().submitted().signed()
    assert world.plan().signed
    assert world.failing_checks() == ["final_values", "final_values"]
    assert world.last(AmendmentRequested).by == STAFF


def test_r8_what_one_may_not_see_is_not_shown_as_what_was_signed_either() -> None:
    world = with_kpi()
    seen = Sight(OTHER, world.ground(STAFF), world.plan()).plan(world.plan())
    assert seen is not None
    assert seen.amendment is not None
    assert (set(seen.goals), set(seen.amendment.goals)) == ({who("okr")}, {who("okr")})


HIGHER, LOWER = kpi(), kpi(direction="lower", threshold="120", stretch="80")
BAND = Maintained(kind="maintain", id=who("band"), title="Band", unit="%", low="10", high="20")


def banded(**changes: Any) -> Okr:
    return okr(key_results=(BAND.model_copy(update=changes),))


@pytest.mark.parametrize(
    ("before", "after", "way"),
    [
        (okr(), okr(key_results=(increase(target="18"), milestones())), "eased"),
        (okr(), okr(key_results=(increase(target="22"), milestones())), "raised"),
        (
            okr(key_results=(increase(baseline="20", target="10"),)),
            okr(key_results=(increase(baseline="20", target="12"),)),
            "eased",
        ),
        (okr(), okr(key_results=(increase(),)), "eased"),
        (okr(key_results=(increase(),)), okr(), "raised"),
        (okr(), okr(key_results=(increase(), milestones("steps", "1", "1"))), "eased"),
        (okr(ambition=Ambition.COMMITTED), okr(), "eased"),
        (okr(), okr(ambition=Ambition.COMMITTED), "raised"),
        (okr(), okr(due="2027-06-01"), "raised"),
        (okr(due="2027-06-01"), okr(due="2027-06-10"), "eased"),
        (okr(due="2027-06-01"), okr(), "eased"),
        (HIGHER, kpi(target="90"), "eased"),
        (HIGHER, kpi(threshold="90"), "raised"),
        (LOWER, kpi(direction="lower", threshold="120", stretch="80", target="110"), "eased"),
        (LOWER, kpi(direction="lower", threshold="120", stretch="80", target="90"), "raised"),
        (HIGHER, kpi(stretch_pays="150"), "both"),
        (kpi(stretch_pays="140"), kpi(stretch_pays="150"), "eased"),
        (HIGHER, kpi(red_line=True), "raised"),
        (kpi(red_line=True), HIGHER, "eased"),
        (HIGHER, kpi(unit="t"), "both"),
        (banded(), banded(low=Decimal(12)), "raised"),
        (banded(), banded(high=Decimal(22)), "eased"),
        (banded(), banded(low=None), "eased"),
        (banded(low=None), banded(), "raised"),
        (okr(), okr(weight="50", title="Another", approach="by sea"), "neither"),
        (okr(), okr(key_results=(increase(baseline="12"), milestones())), "both"),
    ],
)
def test_r5_7_which_way_a_change_goes(before: Okr | Kpi, after: Okr | Kpi, way: str) -> None:
    assert bool(eased(before, after)) == (way in ("eased", "both"))
    assert bool(raised(before, after)) == (way in ("raised", "both"))
