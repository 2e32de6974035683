"""Who sees what (R8): goals by kind, proposal and audience; their history; what a plan came to."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.cycle.windows import Phase
from domain.directory.people import AddPerson, ChangePerson
from domain.directory.roles import GrantRole
from domain.directory.state import DIRECTORY, Role
from domain.directory.teams import AddTeam
from domain.messages import Event
from domain.plan.drafting import AcknowledgeAssignment, AssignGoal, DraftGoal
from domain.plan.goal import Audience
from domain.plan.ground import ground_of
from domain.plan.negotiation import ProposeRevision, RevisionProposed
from domain.plan.seeing import Sight
from domain.plan.sending_back import RejectPlan
from domain.plan.state import PlanState
from domain.plan.visibility import SetVisibility, VisibilitySet
from domain.plan.withdrawing import WithdrawRevision
from domain.registry import DECIDERS
from domain.sealed import OwnerText
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, World, kpi, okr, who

AUDITOR = who("auditor")
PEOPLE = (LEAD, HEAD, STAFF, OTHER, AUDITOR)


def audited() -> World:
    world = World().founded()
    world.when(LEAD, DIRECTORY, AddPerson(person=AUDITOR, name="Auditor", roles=(Role.AUDITOR,)))
    return world.opened()


def sight(world: World, person: UUID) -> Sight:
    return Sight(person, ground_of(STAFF, world.the_cycle(), world.directory), world.plan())


def seen(world: World, name: str = "okr", state: PlanState | None = None) -> set[UUID]:
    """Who sees a goal."""
    found = set()
    for person in PEOPLE:
        shown = sight(world, person).plan(state or world.plan())
        if shown is not None and who(name) in shown.goals:
            found.add(person)
    return found


def history(world: World, person: UUID) -> list[Event]:
    """The plan's events as somebody sees them."""
    eyes, state, shown = sight(world, person), PlanState(), []
    for ref, _, _, event in world.events:
        if ref == world.plan_ref():
            after = DECIDERS["plan"].evolve(state, event)
            shown.append(eyes.event(event, state, after))
            state = after
    return [event for event in shown if event is not None]


def visible(world: World, audience: Audience, *viewers: UUID, by: UUID = STAFF, name: str = "okr") -> World:
    world.when(by, world.plan_ref(), SetVisibility(goal=who(name), audience=audience, viewers=viewers))
    return world


def test_r8_a_draft_is_its_writers_own_until_it_is_proposed() -> None:
    world = audited().drafted()
    assert seen(world) == {STAFF, AUDITOR}
    assert seen(world.proposed()) == set(PEOPLE)


def test_r8_whoever_drafted_for_another_sees_it() -> None:
    world = audited()
    world.when(HEAD, world.plan_ref(), DraftGoal(cycle=world.cycle, owner=STAFF, goal=who("okr"), definition=okr()))
    assert seen(world) == {STAFF, HEAD, AUDITOR}


def test_r8_a_revision_taken_back_to_a_draft_is_a_draft_again() -> None:
    world = audited().drafted().proposed()
    world.when(STAFF, world.plan_ref(), WithdrawRevision(goal=who("okr"), hash=world.goal().hash))
    assert seen(world) == {STAFF, AUDITOR}


def test_r8_kpis_are_seen_by_owner_chain_and_auditors() -> None:
    world = audited().assigned()
    assert seen(world, "kpi") == {STAFF, HEAD, LEAD, AUDITOR}


def test_r8_who_has_left_sees_nothing() -> None:
    world = audited().drafted().proposed()
    gone = world.directory.people[OTHER].model_copy(update={"active": False})
    world.states[DIRECTORY] = world.directory.model_copy(update={"people": {**world.directory.people, OTHER: gone}})
    assert OTHER not in seen(world)


@pytest.mark.parametrize(
    ("audience", "okr_seen", "kpi_seen"),
    [
        ("default", set(PEOPLE), {STAFF, HEAD, LEAD, AUDITOR}),
        ("organization", set(PEOPLE), set(PEOPLE)),
        ("chain", {STAFF, HEAD, LEAD, AUDITOR}, {STAFF, HEAD, LEAD, AUDITOR}),
        ("private", {STAFF, HEAD, LEAD, AUDITOR}, {STAFF, HEAD, LEAD, AUDITOR}),
    ],
)
def test_r8_set_visibility_changes_it_per_goal(audience: Audience, okr_seen: set[UUID], kpi_seen: set[UUID]) -> None:
    world = audited().drafted().proposed().assigned()
    world = visible(visible(world, audience), audience, by=HEAD, name="kpi")
    assert seen(world) == okr_seen
    assert seen(world, "kpi") == kpi_seen


def test_r8_a_private_draft_is_not_even_the_chains_but_may_be_shown_to_somebody() -> None:
    world = visible(audited().drafted(), "private")
    assert seen(world) == {STAFF, AUDITOR}
    assert seen(visible(world, "private", OTHER)) == {STAFF, OTHER, AUDITOR}
    assert (
        world.when(STAFF, world.plan_ref(), SetVisibility(goal=who("okr"), audience="private", viewers=(OTHER,))) == []
    )
    world.refused(
        "person.unknown",
        STAFF,
        world.plan_ref(),
        SetVisibility(goal=who("okr"), audience="private", viewers=(who("nobody"),)),
    )


def test_r8_an_owner_neither_hides_nor_shows_a_kpi_from_above_and_its_assigner_may() -> None:
    world = audited().assigned()
    world.refused("plan.not_allowed", STAFF, world.plan_ref(), SetVisibility(goal=who("kpi"), audience="organization"))
    world.refused("plan.not_allowed", LEAD, world.plan_ref(), SetVisibility(goal=who("kpi"), audience="organization"))
    assert visible(world, "organization", by=HEAD, name="kpi").last(VisibilitySet).allowed_by == "goal.assigner"


def test_r8_visibility_changes_no_hash_and_voids_no_signature() -> None:
    world = World().in_commit().submitted().signed()
    before = world.hash()
    visible(world, "chain")
    assert (world.hash(), world.plan().signed) == (before, True)


def test_r8_what_one_may_not_see_is_not_there() -> None:
    world = audited().drafted().assigned()
    seen_hash = world.goal("kpi").hash
    for command in (
        AcknowledgeAssignment(goal=who("kpi"), hash=seen_hash),
        ProposeRevision(goal=who("x"), definition=okr()),
    ):
        world.refused("plan.unknown", OTHER, world.plan_ref(), command)
    for goal in ("okr", "nothing of that name"):
        world.refused("goal.unknown", HEAD, world.plan_ref(), ProposeRevision(goal=who(goal), definition=okr()))
    world.refused("goal.unknown", STAFF, world.plan_ref(), SetVisibility(goal=who("none"), audience="chain"))


def test_r8_history_keeps_a_draft_a_draft_after_its_proposal() -> None:
    world = audited().drafted().proposed(title=OwnerText("Another"))
    assert [type(event).__name__ for event in history(world, OTHER)] == ["PlanOpened", "RevisionProposed"]
    (_, proposal) = history(world, OTHER)
    assert isinstance(proposal, RevisionProposed)
    assert proposal.changes == ()  # what it was before is the draft
    assert len(history(world, STAFF)) == len(history(world, AUDITOR)) == 3
    shown = sight(world, OTHER).plan(world.plan())
    assert shown is not None
    assert shown.goals[who("okr")].before is None
    world.proposed(HEAD, title=OwnerText("A third"))
    assert getattr(history(world, OTHER)[-1], "changes", ())


def test_r8_what_was_said_of_a_draft_stays_its_writers_own_through_every_round() -> None:
    """Whoever counters writes what is on the table, not what was before it."""
    world = audited().drafted().commented(STAFF).proposed()
    world.proposed(HEAD, title=OwnerText("Another")).proposed(STAFF, title=OwnerText("A third"))
    before = world.goal().before
    assert before is not None
    assert before.author == HEAD
    for person, reads in ((STAFF, True), (AUDITOR, True), (HEAD, False), (OTHER, False)):
        shown = sight(world, person).plan(world.plan())
        assert shown is not None
        assert bool(shown.goals[who("okr")].comments) is reads


def test_r8_what_was_imposed_was_on_the_table_and_is_shown_as_what_stood_before() -> None:
    world = audited().drafted().proposed().mediated().decided(LEAD, "impose", definition=okr(ambition="committed"))
    world.proposed(HEAD, title=OwnerText("Another"))
    shown = sight(world, OTHER).plan(world.plan())
    assert shown is not None
    assert world.goal().before is not None
    assert shown.goals[who("okr")].before == world.goal().before


def test_r8_todays_audience_holds_for_the_past_and_the_past_stays_a_draft() -> None:
    world = audited().drafted()
    draft = world.plan()
    public = world.proposed().plan()
    assert seen(world, state=draft) == {STAFF, AUDITOR}
    visible(world, "chain")
    assert seen(world, state=public) == {STAFF, HEAD, LEAD, AUDITOR}
    assert history(world, OTHER) == [event for event in history(world, OTHER) if type(event).__name__ == "PlanOpened"]


def test_r8_a_text_about_a_plan_needs_the_sight_of_all_of_it() -> None:
    world = audited().agreed()
    world.when(HEAD, world.plan_ref(), AssignGoal(cycle=world.cycle, owner=STAFF, goal=who("kpi"), definition=kpi()))
    world.acknowledged().advanced(Phase.COMMIT).submitted()
    world.when(HEAD, world.plan_ref(), RejectPlan(hash=world.hash(), reason="The KPI is too easy"))
    assert "PlanRejected" not in [type(event).__name__ for event in history(world, OTHER)]
    assert "PlanSubmitted" in [type(event).__name__ for event in history(world, OTHER)]
    assert "PlanRejected" in [type(event).__name__ for event in history(world, HEAD)]


def test_r8_scorecards_are_seen_by_owner_chain_and_auditors() -> None:
    world = audited().agreed()
    assert {person for person in (*PEOPLE, *BOARD) if sight(world, person).scorecard} == {STAFF, HEAD, LEAD, AUDITOR}


def test_r8_hr_and_auditors_of_another_unit_see_nothing_of_it() -> None:
    world = audited().assigned()
    for unit in ("harbour", "office"):
        world.when(LEAD, DIRECTORY, AddTeam(team=who(unit), name=unit, lead=LEAD))
        for role in (Role.UNIT_HR, Role.AUDITOR):
            person = who(f"{role} of {unit}")
            world.when(LEAD, DIRECTORY, AddPerson(person=person, name="Somebody"))
            world.when(LEAD, DIRECTORY, GrantRole(person=person, role=role, team=who(unit)))
    world.when(LEAD, DIRECTORY, ChangePerson(person=STAFF, team=who("harbour")))
    for role in (Role.UNIT_HR, Role.AUDITOR):
        near, far = sight(world, who(f"{role} of harbour")), sight(world, who(f"{role} of office"))
        assert (near.plan(world.plan()) is not None, near.scorecard) == (True, True)
        assert (far.plan(world.plan()), far.scorecard) == (None, False)
