"""A mediator and who decides on an objection are absent: the next level is asked too, and nothing is blocked (R4.3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from domain.directory.delegation import Delegate
from domain.directory.lines import SetManager
from domain.directory.people import AddPerson, DeactivatePerson
from domain.directory.roles import GrantRole
from domain.directory.state import DIRECTORY, Role
from domain.plan.drafting import AssignGoal
from domain.plan.duties import Escalate, Reminded
from domain.plan.going_up import DecisionEscalated
from domain.plan.mediation import MediationOpened
from domain.plan.negotiation import ProposeRevision
from domain.plan.objection import AssignmentObjected
from domain.plan.record import Happened, Raised, record_of
from domain.values import SYSTEM
from domain.waiting import What
from tests.support.calendars import weekdays
from tests.support.deciding import COMMITTED, FIRST, SECOND, asked, deciding, left, mediated, objected, silent, waits
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, World, kpi, who

# --- up the line ---


def test_r4_3_a_mediator_who_keeps_silent_is_joined_by_the_next_level_until_nobody_is_left() -> None:
    world = mediated()
    policy, opened = world.the_cycle().policy, world.last(MediationOpened)
    assert opened.escalate_by == weekdays(opened.answer_by, policy.mediation_after)
    to = []
    for level in (1, 2):
        raised = silent(world)
        assert (raised.about, raised.cause) == ("mediation", "silence")
        assert len(raised.from_people) == level
        assert raised.answer_by == weekdays(world.now, policy.turn)
        assert raised.escalate_by == weekdays(raised.answer_by, policy.mediation_after)
        to.append(raised.to)
    assert to == [FIRST, SECOND]
    last = silent(world)
    assert (last.to, last.answer_by, last.from_people) == (None, None, tuple(sorted([LEAD, *BOARD])))
    assert world.agenda(world.plan_ref()).next_due is None, "nobody is left to ask"
    assert not world.goal().agreed, "pending, never decided"


def test_r4_2_who_is_to_decide_on_an_objection_and_keeps_silent_is_joined_by_the_next_level() -> None:
    world = objected()
    policy, begun = world.the_cycle().policy, world.last(AssignmentObjected)
    assert begun.escalate_by == weekdays(begun.answer_by, policy.mediation_after)
    raised = silent(world)
    assert (raised.about, raised.from_people, raised.to) == ("objection", (LEAD,), FIRST)
    assert raised.answer_by == weekdays(world.now, policy.objection_answer)
    assert silent(world).to == SECOND
    assert silent(world).to is None
    assert world.agenda(world.plan_ref()).next_due is None
    assert not world.goal("kpi").agreed, "pending, never decided"


def test_r4_3_it_goes_up_the_line_before_it_goes_to_the_board() -> None:
    world = World().founded()
    for person, above in (("deputy", LEAD), ("chief", who("deputy"))):
        world.when(LEAD, DIRECTORY, AddPerson(person=who(person), name="Somebody", manager=above))
    world.when(LEAD, DIRECTORY, SetManager(person=HEAD, manager=who("chief")))
    world.opened().drafted().proposed().mediated()
    assert [silent(world).to for _ in range(3)] == [who("deputy"), LEAD, FIRST]


def test_r4_3_everybody_who_was_asked_is_reminded_each_time() -> None:
    world = mediated()
    silent(world)
    world.now = world.agenda(world.plan_ref()).next_due or world.now
    world.perform(world.plan_ref())
    told = world.last(Reminded)
    assert (told.about, set(told.people)) == ("mediation", {LEAD, FIRST})


@pytest.mark.parametrize("decides", [LEAD, FIRST])
def test_r4_3_whoever_was_asked_before_may_still_answer_and_so_may_who_is_asked_now(decides: UUID) -> None:
    """As with a signature (R5.6): a late answer of the right person ends it sooner than the level above could."""
    world = mediated()
    world.refused("plan.not_allowed", FIRST, world.plan_ref(), deciding(world))
    silent(world)
    world.refused("plan.not_allowed", SECOND, world.plan_ref(), deciding(world))
    world.when(decides, world.plan_ref(), deciding(world))
    assert world.goal().mediation is None
    late = objected()
    late.refused("plan.unknown", FIRST, late.plan_ref(), deciding(late, "kpi"))
    silent(late)
    late.when(decides, late.plan_ref(), deciding(late, "kpi"))
    assert late.goal("kpi").receipt == "decided"


def test_r4_3_who_was_asked_by_escalation_imposes_and_their_mark_stands() -> None:
    world = mediated()
    silent(world)
    world.decided(FIRST, "impose", definition=COMMITTED)
    assert (world.goal().agreed, world.goal().author) == (True, FIRST)


def test_r4_3_what_was_decided_or_agreed_goes_up_no_more() -> None:
    world = mediated()
    since = world.goal().mediation.since  # type: ignore[union-attr]
    world.accepted(HEAD).wait(days=30)
    assert world.agenda(world.plan_ref()).due == ()
    stale = Escalate(about="mediation", since=since, goal=who("okr"))
    assert world.when(SYSTEM, world.plan_ref(), stale) == []
    again = World().founded().opened().drafted().proposed().mediated().decided(LEAD, "return").mediated(HEAD)
    assert silent(again).to == FIRST, "another mediation begins with its own first level"


# --- never a side, never the owner ---


def test_r4_3_it_never_goes_to_a_side_nor_to_the_owner_by_whatever_account() -> None:
    """Above the lead the owner has an account, the counterpart another, and a delegate of the counterpart a third."""
    world = World().founded()
    above, line = LEAD, []
    for name, human in (("delegate", OTHER), ("counterpart", HEAD), ("owner", STAFF), ("top", None)):
        adding = AddPerson(person=who(name), name="Somebody", account_of=human)
        world.when(LEAD, DIRECTORY, adding)
        world.when(LEAD, DIRECTORY, SetManager(person=above, manager=who(name)))
        above = who(name)
        line.append(above)
    ends = world.now + timedelta(days=365)
    world.when(LEAD, DIRECTORY, Delegate(delegation=who("d"), person=HEAD, to=OTHER, ends=ends))
    world.opened().drafted().proposed().mediated()
    assert world.last(MediationOpened).mediator == who("top"), "the last side of the line lies below"
    assert silent(world).to == FIRST
    for side in line[:-1]:
        world.refused("plan.not_allowed", side, world.plan_ref(), deciding(world))


def test_r4_3_who_came_to_be_a_side_after_it_went_to_them_is_asked_no_more() -> None:
    world = mediated()
    silent(world)
    ends = world.now + timedelta(days=365)
    world.when(LEAD, DIRECTORY, Delegate(delegation=who("d"), person=HEAD, to=FIRST, ends=ends))
    world.refused("plan.not_allowed", FIRST, world.plan_ref(), deciding(world))
    assert asked(world) == [(LEAD, What.MEDIATE, "requested")]
    assert silent(world).to == SECOND


def test_r4_2_it_never_goes_to_who_assigned_or_revised_it_nor_to_the_owner() -> None:
    """The facilitator assigned it, the head revised it, and both are board approvers like the owner."""
    world = World().founded()
    for person in (LEAD, HEAD, STAFF):
        world.when(LEAD, DIRECTORY, GrantRole(person=person, role=Role.BOARD_APPROVER))
    world.opened()
    world.when(LEAD, world.plan_ref(), AssignGoal(cycle=world.cycle, owner=STAFF, goal=who("kpi"), definition=kpi()))
    revision = ProposeRevision(goal=who("kpi"), definition=kpi(target="110"), reasons={"target": "A new line"})
    world.when(HEAD, world.plan_ref(), revision)
    world.objected()
    reached = [world.last(AssignmentObjected).decider, silent(world).to, silent(world).to]
    assert reached == [FIRST, SECOND, None]


# --- who is there no more, and who comes ---


def test_r4_3_who_stands_in_for_a_mediator_who_left_is_asked_at_once_and_has_the_whole_patience() -> None:
    world = mediated().wait(days=2)
    left(world, LEAD)
    assert world.perform(world.plan_ref()) == ["Escalate"]
    told = world.last(DecisionEscalated)
    assert (told.cause, told.from_people, told.to) == ("gone", (LEAD,), FIRST)
    assert told.answer_by == weekdays(world.now, world.the_cycle().policy.turn)
    assert world.agenda(world.plan_ref()).due == ()
    assert silent(world).to == SECOND
    assert world.last(DecisionEscalated).from_people == (FIRST,)


def test_r4_2_another_manager_of_the_assigner_decides_instead() -> None:
    world = objected()
    world.when(LEAD, DIRECTORY, AddPerson(person=who("new"), name="New", manager=LEAD))
    world.when(LEAD, DIRECTORY, SetManager(person=HEAD, manager=who("new")))
    assert world.perform(world.plan_ref()) == ["Escalate"]
    assert (world.last(DecisionEscalated).cause, world.last(DecisionEscalated).to) == ("gone", who("new"))
    world.refused("plan.not_allowed", LEAD, world.plan_ref(), deciding(world, "kpi"))
    world.when(who("new"), world.plan_ref(), deciding(world, "kpi"))


def test_r4_3_where_nobody_is_left_above_the_facilitator_is_told_and_whom_they_name_is_asked() -> None:
    world = World().founded()
    for person in BOARD:
        world.when(LEAD, DIRECTORY, DeactivatePerson(person=person))
    world.opened().drafted().proposed().mediated()
    assert silent(world).to is None
    assert asked(world) == [(LEAD, What.MEDIATE, "requested"), (LEAD, What.NAME_DECIDER, None)]
    world.when(LEAD, DIRECTORY, AddPerson(person=who("new"), name="New", roles=(Role.BOARD_APPROVER,)))
    assert world.perform(world.plan_ref()) == ["Escalate"]
    assert world.last(DecisionEscalated).to == who("new")
    assert asked(world) == [(LEAD, What.MEDIATE, "requested"), (who("new"), What.MEDIATE, "escalated")]


def test_r4_3_where_nobody_was_there_from_the_start_nobody_is_reminded_and_who_comes_is_asked_at_once() -> None:
    world = left(World().founded().opened(HEAD), *BOARD)
    world.drafted(owner=HEAD).proposed(HEAD, owner=HEAD).mediated(HEAD, owner=HEAD)
    assert world.last(MediationOpened).mediator is None
    world.wait(days=30)
    assert (world.agenda(world.plan_ref(HEAD)).due, world.agenda(world.plan_ref(HEAD)).next_due) == ((), None)
    world.when(LEAD, DIRECTORY, AddPerson(person=who("new"), name="New", roles=(Role.BOARD_APPROVER,)))
    assert world.perform(world.plan_ref(HEAD)) == ["Escalate"]
    told = world.last(DecisionEscalated)
    assert (told.to, told.from_people, told.answer_by > world.now) == (who("new"), (), True)


# --- what is seen of it ---


def test_r4_3_the_list_of_who_is_asked_says_why_it_came_to_them() -> None:
    world = World().founded().opened().drafted().proposed().wait(days=30)
    world.perform(world.plan_ref())
    world.perform(world.plan_ref())
    assert asked(world) == [(LEAD, What.MEDIATE, "silence")]
    silent(world)
    assert asked(world) == [(LEAD, What.MEDIATE, "silence"), (FIRST, What.MEDIATE, "escalated")]
    due, since = world.last(DecisionEscalated).answer_by, world.plan().version
    assert {(item.due, item.since) for item in waits(world)} == {(due, since)}
    other = objected()
    silent(other)
    assert asked(other) == [(LEAD, What.DECIDE_OBJECTION, None), (FIRST, What.DECIDE_OBJECTION, "escalated")]


def test_r5_6_who_signs_by_escalation_is_told_so_too() -> None:
    world = World().in_commit().submitted().wait(days=20)
    world.perform(world.plan_ref())
    assert set(asked(world)) == {(HEAD, What.SIGN, None), (LEAD, What.SIGN, "escalated")}


@pytest.mark.parametrize(("begun", "name"), [(mediated, "okr"), (objected, "kpi")])
def test_r4_1_the_record_of_a_negotiation_keeps_how_it_went_up(begun: Callable[[], World], name: str) -> None:
    world = begun()
    silent(world)
    of_plan = [event for event in world.events if event[0] == world.plan_ref()]
    told = (Happened(place, actor, at, event) for place, (_, actor, at, event) in enumerate(of_plan, 1))
    record = record_of(who(name), told)
    (waited,) = record.mediations or record.objections
    (raised,) = waited.raised
    due = world.last(DecisionEscalated).answer_by
    assert raised == Raised(to=FIRST, cause="silence", at=world.now, due=due)
    assert {turn.reminded_at for turn in record.turns} <= {None}  # reminded was who decides, not the side
