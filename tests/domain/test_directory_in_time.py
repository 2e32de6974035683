"""What is decided today and takes effect at a date: decisions see it at once, rows and nudges once it was said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.directory.calendar import Calendar
from domain.directory.delegation import Delegate, DelegationEnded, EndDelegation
from domain.directory.effects import EffectTaken, TakeEffect
from domain.directory.lines import ManagerSet, SetManager
from domain.directory.people import AddPerson, ChangePerson, DeactivatePerson, PersonChanged
from domain.directory.roles import GrantRole
from domain.directory.sites import AddSite
from domain.directory.state import DIRECTORY, Role
from domain.directory.teams import AddTeam, ChangeTeam, TeamChanged
from domain.messages import Command, Event, Wake
from domain.sealed import PersonName
from domain.values import SYSTEM
from tests.support.given import HEAD, LEAD, MONDAY, OTHER, STAFF, TEAM, World, who

MAY = datetime(2027, 5, 3, tzinfo=UTC)
JUNE = datetime(2027, 6, 1, tzinfo=UTC)


def moved_in_may() -> World:
    """From May on, one of the staff reports to the lead."""
    world = World().founded()
    world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=LEAD, valid_from=MAY))
    return world


def told(events: list[Event]) -> list[Event]:
    """The events less the rule that allowed them."""
    return [event.model_copy(update={"allowed_by": None}) for event in events]


def delegation(**more: Any) -> Delegate:
    given = {"delegation": who("delegation"), "to": OTHER, "starts": MAY, "ends": JUNE}
    return Delegate(**(given | more))


def test_a_line_from_a_date_holds_from_that_date_on() -> None:
    world = moved_in_may()
    assert list(world.directory.line_above(STAFF)) == [HEAD, LEAD]
    assert world.agenda(DIRECTORY).next_due == MAY
    world.now = MAY
    assert [duty.command for duty in world.agenda(DIRECTORY).due] == [TakeEffect(due=MAY)]
    world.perform(DIRECTORY)
    assert list(world.directory.line_above(STAFF)) == [LEAD]
    assert (world.agenda(DIRECTORY).due, world.agenda(DIRECTORY).next_due) == ((), None)


def test_a_decision_sees_the_date_although_nobody_has_said_yet_that_it_came() -> None:
    world = moved_in_may().opened()
    world.now = MAY
    found = world.ground(STAFF)
    assert found.steps[0] == {LEAD}
    assert list(world.directory.line_above(STAFF)) == [HEAD, LEAD], "the stored state has no clock"


def test_the_next_command_says_first_what_the_date_brought_so_a_newer_change_stays_the_newer() -> None:
    world = moved_in_may()
    decided = world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=OTHER), at=MAY)
    assert told(decided) == [EffectTaken(due=MAY, versions=(8,)), ManagerSet(person=STAFF, manager=OTHER)]
    assert world.perform(DIRECTORY) == []
    assert next(world.directory.line_above(STAFF)) == OTHER


def test_a_date_that_has_passed_is_at_once_and_never_dated_back() -> None:
    world = World().founded()
    decided = world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=LEAD, valid_from=MONDAY))
    assert told(decided) == [ManagerSet(person=STAFF, manager=LEAD)]
    assert list(world.directory.line_above(STAFF)) == [LEAD]


def test_changes_of_one_date_are_one_duty_and_take_effect_in_the_order_they_were_decided() -> None:
    world = moved_in_may()
    world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=OTHER, valid_from=JUNE))
    world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=HEAD, valid_from=MAY))
    world.now = MAY
    assert [duty.key for duty in world.agenda(DIRECTORY).due] == [f"TakeEffect:v8:{MAY.isoformat()}"]
    world.perform(DIRECTORY)
    assert next(world.directory.line_above(STAFF)) == HEAD
    world.now = JUNE
    world.perform(DIRECTORY)
    assert next(world.directory.line_above(STAFF)) == OTHER


def test_a_line_has_no_circle_on_any_later_day() -> None:
    world = moved_in_may()
    swap = SetManager(person=LEAD, manager=STAFF, valid_from=MAY)
    world.refused("directory.line_circle", LEAD, DIRECTORY, swap)
    world.refused("directory.line_circle", LEAD, DIRECTORY, swap.model_copy(update={"valid_from": JUNE}))
    world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=None, valid_from=JUNE))
    world.when(LEAD, DIRECTORY, swap.model_copy(update={"valid_from": JUNE + timedelta(days=1)}))
    back = SetManager(person=STAFF, manager=HEAD, valid_from=MAY)
    world.refused("directory.line_circle", LEAD, DIRECTORY, back.model_copy(update={"valid_from": JUNE}))
    # On its own day it is none: only a change that is decided already makes it one.
    world.when(LEAD, DIRECTORY, SetManager(person=OTHER, manager=None))
    world.when(LEAD, DIRECTORY, SetManager(person=OTHER, manager=STAFF, valid_from=JUNE + timedelta(days=9)))
    world.refused("directory.line_circle", LEAD, DIRECTORY, SetManager(person=STAFF, manager=OTHER, valid_from=JUNE))


def test_a_functional_line_is_a_line_of_its_own() -> None:
    world = World().founded()
    world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=OTHER, line="functional"))
    assert world.directory.functional_manager(STAFF) == OTHER
    assert list(world.directory.line_above(STAFF)) == [HEAD, LEAD]
    circle = SetManager(person=OTHER, manager=STAFF, line="functional")
    world.refused("directory.line_circle", LEAD, DIRECTORY, circle)
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=OTHER))
    assert world.directory.functional_manager(STAFF) is None


def test_a_unit_is_a_team_with_the_teams_below_it() -> None:
    world = World().founded()
    world.when(LEAD, DIRECTORY, AddTeam(team=who("port"), name="Port", lead=LEAD))
    world.when(LEAD, DIRECTORY, ChangeTeam(team=TEAM, parent=who("port"), valid_from=MAY))
    world.when(LEAD, DIRECTORY, ChangePerson(person=STAFF, team=TEAM))
    assert world.directory.unit_of(STAFF) == world.directory.unit_of(TEAM) == TEAM
    assert list(world.directory.units_above(TEAM)) == [TEAM]
    world.refused("team.circle", LEAD, DIRECTORY, ChangeTeam(team=who("port"), parent=TEAM, valid_from=JUNE))
    world.refused("team.circle", LEAD, DIRECTORY, ChangeTeam(team=TEAM, parent=TEAM))
    world.when(SYSTEM, DIRECTORY, TakeEffect(due=MAY), at=MAY)
    assert list(world.directory.units_above(TEAM)) == [TEAM, who("port")]
    world.when(LEAD, DIRECTORY, ChangeTeam(team=TEAM, parent="none", lead=STAFF))
    assert list(world.directory.units_above(TEAM)) == [TEAM]
    assert world.directory.responsible(TEAM) == STAFF


def test_r5_2_a_role_within_a_unit_reaches_the_teams_below_it_and_no_others() -> None:
    world = World().founded()
    world.when(LEAD, DIRECTORY, AddTeam(team=who("port"), name="Port", lead=LEAD))
    world.when(LEAD, DIRECTORY, AddTeam(team=who("yard"), name="Yard", lead=LEAD))
    world.when(LEAD, DIRECTORY, ChangeTeam(team=TEAM, parent=who("port")))
    world.when(LEAD, DIRECTORY, GrantRole(person=OTHER, role=Role.UNIT_HR, team=who("port")))
    world.when(LEAD, DIRECTORY, GrantRole(person=HEAD, role=Role.UNIT_HR))
    assert world.directory.holders(Role.UNIT_HR, TEAM) == {OTHER, HEAD}
    assert world.directory.holders(Role.UNIT_HR, who("yard")) == {HEAD}
    assert world.directory.holders(Role.UNIT_HR) == {HEAD}
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=OTHER))
    assert world.directory.holders(Role.UNIT_HR, TEAM) == {HEAD}
    world.refused("role.not_scoped", LEAD, DIRECTORY, GrantRole(person=HEAD, role=Role.ADMIN, team=TEAM))
    world.refused("team.unknown", LEAD, DIRECTORY, GrantRole(person=HEAD, role=Role.FINANCE, team=who("nowhere")))


def test_r5_4_behind_further_accounts_stands_one_person() -> None:
    world = World().founded()
    world.when(LEAD, DIRECTORY, ChangePerson(person=OTHER, account_of=STAFF))
    assert world.directory.human(OTHER) == STAFF == world.directory.human(STAFF)
    world.refused("person.account_circle", LEAD, DIRECTORY, ChangePerson(person=STAFF, account_of=OTHER))
    world.refused("person.account_circle", LEAD, DIRECTORY, ChangePerson(person=STAFF, account_of=STAFF))
    world.refused("delegation.to_self", STAFF, DIRECTORY, delegation(to=OTHER))
    world.when(LEAD, DIRECTORY, AddPerson(person=who("third"), name="Third", account_of=OTHER))
    assert world.directory.human(who("third")) == STAFF
    world.when(LEAD, DIRECTORY, ChangePerson(person=OTHER, account_of="none"))
    assert world.directory.human(OTHER) == OTHER


def test_r2_2_people_work_at_a_site_or_at_the_organizations_own() -> None:
    world = World().founded()
    world.when(LEAD, DIRECTORY, AddSite(site=who("pier"), name="The pier", calendar=Calendar(zone="Asia/Shanghai")))
    assert world.directory.site_of(TEAM) is None
    world.when(LEAD, DIRECTORY, ChangePerson(person=OTHER, site=who("pier"), valid_from=MAY))
    assert world.directory.site_of(OTHER) is None
    world.when(SYSTEM, DIRECTORY, TakeEffect(due=MAY), at=MAY)
    assert world.directory.site_of(OTHER) == who("pier") == world.directory.site_of(TEAM)
    world.when(LEAD, DIRECTORY, ChangePerson(person=OTHER, site="none"))
    assert world.directory.site_of(OTHER) is None


def test_who_comes_back_is_active_without_the_roles_they_had() -> None:
    world = World().founded()
    world.when(LEAD, DIRECTORY, GrantRole(person=OTHER, role=Role.ADMIN))
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=OTHER))
    world.refused("person.unknown", LEAD, DIRECTORY, ChangePerson(person=OTHER, team=TEAM))
    world.when(LEAD, DIRECTORY, ChangePerson(person=OTHER, returns=True))
    assert world.directory.is_active(OTHER)
    assert not world.directory.has_role(OTHER, Role.ADMIN)
    assert world.directory.holders(Role.ADMIN) == {LEAD}
    assert world.when(LEAD, DIRECTORY, ChangePerson(person=OTHER, returns=True)) == []


def test_who_is_back_before_their_date_keeps_what_they_were_given_since() -> None:
    world = World().founded()
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=OTHER))
    world.when(LEAD, DIRECTORY, ChangePerson(person=OTHER, returns=True, valid_from=MAY))
    world.when(LEAD, DIRECTORY, ChangePerson(person=OTHER, returns=True))
    world.when(LEAD, DIRECTORY, GrantRole(person=OTHER, role=Role.ADMIN))
    world.when(SYSTEM, DIRECTORY, TakeEffect(due=MAY), at=MAY)
    assert world.directory.holders(Role.ADMIN) == {LEAD, OTHER}


def test_r5_5_a_delegate_stands_in_from_the_first_day_to_the_last() -> None:
    world = World().founded()
    world.when(STAFF, DIRECTORY, delegation())
    assert world.directory.delegates_of(STAFF) == frozenset()
    world.now = MAY
    world.perform(DIRECTORY)
    assert world.directory.delegates_of(STAFF) == {OTHER}
    assert world.agenda(DIRECTORY).next_due == JUNE
    world.now = JUNE
    world.perform(DIRECTORY)
    assert world.directory.delegates_of(STAFF) == frozenset()


def test_r5_5_a_delegation_that_starts_now_is_in_force_now_and_wakes_what_waits() -> None:
    world = World().founded()
    (event,) = world.when(STAFF, DIRECTORY, delegation(starts=None))
    assert world.directory.delegates_of(STAFF) == {OTHER}
    assert event.woken() == {Wake.CHILDREN}
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=OTHER))
    assert world.directory.delegates_of(STAFF) == frozenset()


def test_r5_5_ending_one_of_two_delegations_leaves_the_other() -> None:
    world = World().founded()
    world.when(STAFF, DIRECTORY, delegation(starts=None))
    world.when(STAFF, DIRECTORY, delegation(delegation=who("second"), starts=None, ends=JUNE + timedelta(days=1)))
    assert told(world.when(STAFF, DIRECTORY, EndDelegation(delegation=who("second")))) == [
        DelegationEnded(delegation=who("second"))
    ]
    assert world.directory.delegates_of(STAFF) == {OTHER}
    assert world.when(STAFF, DIRECTORY, EndDelegation(delegation=who("second"))) == []
    world.when(STAFF, DIRECTORY, EndDelegation(delegation=who("delegation")))
    assert world.directory.delegates_of(STAFF) == frozenset()
    assert world.agenda(DIRECTORY).next_due is None


def test_r5_5_a_delegation_ended_before_it_starts_never_begins() -> None:
    world = World().founded()
    world.when(STAFF, DIRECTORY, delegation())
    world.when(STAFF, DIRECTORY, EndDelegation(delegation=who("delegation")))
    world.now = MAY
    assert world.agenda(DIRECTORY).due == ()
    assert told(world.when(LEAD, DIRECTORY, ChangePerson(person=OTHER, team=TEAM))) == [
        PersonChanged(person=OTHER, team=TEAM)
    ]
    assert world.directory.delegates_of(STAFF) == frozenset()


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("delegation.to_self", {"to": STAFF}),
        ("delegation.too_long", {"ends": MAY + timedelta(days=366, seconds=1)}),
        ("delegation.no_time", {"ends": MAY}),
        ("delegation.no_time", {"starts": MONDAY - timedelta(days=2), "ends": MONDAY}),
        ("person.unknown", {"to": who("nobody")}),
        ("directory.not_admin", {"person": HEAD}),
    ],
)
def test_r5_5_a_delegation_is_refused(code: str, changes: dict[str, Any]) -> None:
    World().founded().refused(code, STAFF, DIRECTORY, delegation(**changes))


def test_r5_5_an_administrator_delegates_for_another_and_nobody_else_does() -> None:
    world = World().founded()
    world.when(LEAD, DIRECTORY, delegation(person=HEAD))
    world.refused("delegation.exists", LEAD, DIRECTORY, delegation(person=STAFF))
    world.refused("delegation.unknown", LEAD, DIRECTORY, EndDelegation(delegation=who("none")))
    world.refused("directory.not_admin", OTHER, DIRECTORY, EndDelegation(delegation=who("delegation")))
    world.when(HEAD, DIRECTORY, EndDelegation(delegation=who("delegation")))
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=STAFF))
    world.refused("directory.not_admin", STAFF, DIRECTORY, delegation(delegation=who("late")))


@pytest.mark.parametrize(
    ("event", "wakes"),
    [
        (PersonChanged(person=STAFF, team=TEAM), True),
        (PersonChanged(person=STAFF, account_of="none"), True),
        (PersonChanged(person=STAFF, returns=True), True),
        (PersonChanged(person=STAFF, site=who("pier"), name=PersonName(commitment="ab", subject=STAFF)), False),
        (PersonChanged(person=STAFF, team=TEAM, valid_from=MAY), False),
        (TeamChanged(team=TEAM, lead=STAFF), True),
        (TeamChanged(team=TEAM, parent="none"), True),
        (TeamChanged(team=TEAM), False),
        (TeamChanged(team=TEAM, lead=STAFF, valid_from=MAY), False),
        (ManagerSet(person=STAFF), True),
        (ManagerSet(person=STAFF, valid_from=MAY), False),
        (EffectTaken(due=MAY, versions=(1,)), True),
        (DelegationEnded(delegation=STAFF), True),
    ],
)
def test_only_what_changes_who_is_asked_today_wakes_every_open_stream(event: Event, wakes: bool) -> None:
    assert (Wake.CHILDREN in event.woken()) is wakes


@pytest.mark.parametrize(
    ("code", "command"),
    [
        ("team.unknown", ChangePerson(person=STAFF, team=who("nowhere"))),
        ("site.unknown", ChangePerson(person=STAFF, site=who("nowhere"))),
        ("site.unknown", AddPerson(person=who("new"), name="New", site=who("nowhere"))),
        ("team.unknown", AddPerson(person=who("new"), name="New", team=who("nowhere"))),
        ("person.unknown", AddPerson(person=who("new"), name="New", functional_manager=who("nobody"))),
        ("person.unknown", AddPerson(person=who("new"), name="New", account_of=who("nobody"))),
        ("person.account_circle", AddPerson(person=who("new"), name="New", account_of=who("new"))),
        ("team.unknown", ChangeTeam(team=who("nowhere"), lead=STAFF)),
        ("team.unknown", ChangeTeam(team=TEAM, parent=who("nowhere"))),
        ("team.unknown", AddTeam(team=who("new"), name="New", lead=STAFF, parent=who("nowhere"))),
        ("person.unknown", ChangeTeam(team=TEAM, lead=who("nobody"))),
        ("person.unknown", ChangePerson(person=who("nobody"), returns=True)),
        ("person.unknown", ChangePerson(person=STAFF, account_of=who("nobody"))),
    ],
)
def test_a_place_is_given_only_where_there_is_one(code: str, command: Command) -> None:
    World().founded().refused(code, LEAD, DIRECTORY, command)
