"""A change of the directory in the middle of a cycle re-routes what waits, by a duty, and says so (R5.5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from domain.cycle.policy import ApprovalStep, Policy
from domain.cycle.windows import Phase
from domain.directory.delegation import Delegate, EndDelegation
from domain.directory.effects import TakeEffect
from domain.directory.lines import SetManager
from domain.directory.people import AddPerson, ChangePerson, DeactivatePerson
from domain.directory.roles import GrantRole, RevokeRole
from domain.directory.state import DIRECTORY, Role
from domain.directory.teams import AddTeam, ChangeTeam
from domain.messages import Command, Wake
from domain.plan.approvers import approvers
from domain.plan.rerouting import Rerouted
from domain.plan.signing import SignPlan
from domain.values import SYSTEM
from tests.support.given import BOARD, HEAD, LEAD, MONDAY, OTHER, STAFF, TEAM, World, who

HR, PORT = who("hr"), who("port")
SOON = timedelta(hours=3)


def waiting(owner: UUID, step: ApprovalStep, *first: Command) -> World:
    """A submitted plan whose only step waits."""
    world = World().founded()
    for command in first:
        world.when(LEAD, DIRECTORY, command)
    world.opened(owner, policy=Policy(chain=(step,))).drafted(owner=owner)
    world.proposed(world.directory.responsible(owner), owner=owner)
    world.accepted(min(world.ground(owner).counterpart), owner=owner)
    return world.advanced(Phase.COMMIT).submitted(owner)


def asked(world: World, owner: UUID) -> set[UUID]:
    signing = world.plan(owner).signing
    assert signing is not None
    return set(approvers(world.ground(owner), signing))


MANAGER = ApprovalStep(relation="manager")
UNIT_HR = ApprovalStep(relation="unit_hr")
FUNCTIONAL = ApprovalStep(relation="functional_manager")
IN_CREW = (ChangePerson(person=STAFF, team=TEAM), GrantRole(person=HEAD, role=Role.UNIT_HR, team=TEAM))
PORTS = (
    AddPerson(person=HR, name="Hr"),
    AddTeam(team=PORT, name="Port", lead=LEAD),
    GrantRole(person=HR, role=Role.UNIT_HR, team=PORT),
)


@pytest.mark.parametrize(
    ("owner", "step", "given", "change", "before", "after"),
    [
        (STAFF, MANAGER, (), lambda _: SetManager(person=STAFF, manager=OTHER), {HEAD}, {OTHER}),
        (STAFF, MANAGER, (), lambda _: DeactivatePerson(person=HEAD), {HEAD}, {LEAD}),
        (STAFF, MANAGER, (), lambda _: SetManager(person=STAFF, manager=None), {HEAD}, set(BOARD)),
        (TEAM, MANAGER, (), lambda _: ChangeTeam(team=TEAM, lead=HEAD), {HEAD}, {LEAD}),
        (
            STAFF,
            FUNCTIONAL,
            (SetManager(person=STAFF, manager=OTHER, line="functional"),),
            lambda _: SetManager(person=STAFF, manager=LEAD, line="functional"),
            {OTHER},
            {LEAD},
        ),
        (STAFF, UNIT_HR, IN_CREW, lambda _: GrantRole(person=OTHER, role=Role.UNIT_HR), {HEAD}, {HEAD, OTHER}),
        (STAFF, UNIT_HR, IN_CREW, lambda _: RevokeRole(person=HEAD, role=Role.UNIT_HR, team=TEAM), {HEAD}, set(BOARD)),
        (STAFF, UNIT_HR, (*IN_CREW, *PORTS), lambda _: ChangePerson(person=STAFF, team=PORT), {HEAD}, {HR}),
        (STAFF, UNIT_HR, (*IN_CREW, *PORTS), lambda _: ChangeTeam(team=TEAM, parent=PORT), {HEAD}, {HEAD, HR}),
        (
            STAFF,
            MANAGER,
            (),
            lambda now: Delegate(delegation=who("leave"), person=HEAD, to=OTHER, ends=now + timedelta(days=9)),
            {HEAD},
            {HEAD, OTHER},
        ),
        (
            STAFF,
            MANAGER,
            (Delegate(delegation=who("leave"), person=HEAD, to=OTHER, ends=MONDAY + timedelta(days=300)),),
            lambda _: EndDelegation(delegation=who("leave")),
            {HEAD, OTHER},
            {HEAD},
        ),
        (
            STAFF,
            MANAGER,
            (DeactivatePerson(person=HEAD),),
            lambda _: ChangePerson(person=HEAD, returns=True),
            {LEAD},
            {HEAD},
        ),
    ],
)
def test_r5_5_every_change_of_who_is_asked_wakes_the_plan_and_is_told(
    owner: UUID,
    step: ApprovalStep,
    given: tuple[Command, ...],
    change: Callable[[object], Command],
    before: set[UUID],
    after: set[UUID],
) -> None:
    world = waiting(owner, step, *given)
    assert asked(world, owner) == before
    assert world.perform(world.plan_ref(owner)) == []
    events = world.when(LEAD, DIRECTORY, change(world.now))
    assert any(Wake.CHILDREN in event.woken() for event in events)
    assert world.perform(world.plan_ref(owner)) == ["Reroute"]
    told = world.last(Rerouted)
    assert (set(told.from_people), set(told.to_people)) == (before, after)
    assert asked(world, owner) == after
    assert world.perform(world.plan_ref(owner)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda at: SetManager(person=STAFF, manager=OTHER, valid_from=at),
        lambda at: Delegate(delegation=who("d"), person=HEAD, to=OTHER, starts=at, ends=at + timedelta(days=9)),
    ],
    ids=["line", "delegation"],
)
def test_r5_5_a_change_from_a_date_re_routes_on_that_date(change: Callable[[object], Command]) -> None:
    world = waiting(STAFF, MANAGER)
    (event,) = world.when(LEAD, DIRECTORY, change(world.now + SOON))
    assert event.woken() == frozenset(), "nothing is to be looked at yet"
    world.wait(hours=2)
    assert world.perform(world.plan_ref()) == []
    assert asked(world, STAFF) == {HEAD}
    world.refused("signing.not_approver", OTHER, world.plan_ref(), SignPlan(hash=world.hash()))
    world.wait(hours=1)
    assert world.perform(DIRECTORY) == ["TakeEffect"]
    assert world.perform(world.plan_ref()) == ["Reroute"]
    assert OTHER in world.last(Rerouted).to_people
    world.signed(OTHER)


def test_r5_5_a_delegate_signs_from_the_first_instant_to_the_last_though_no_worker_is_there_to_say_so() -> None:
    world = waiting(STAFF, ApprovalStep(relation="manager", needed="all"))
    starts, ends = world.now + SOON, world.now + 2 * SOON
    world.when(HEAD, DIRECTORY, Delegate(delegation=who("d"), to=OTHER, starts=starts, ends=ends))
    sign = SignPlan(hash=world.hash())
    world.now = ends
    world.refused("signing.not_approver", OTHER, world.plan_ref(), sign)
    world.now = ends - timedelta(microseconds=1)
    (signed, *_) = world.when(OTHER, world.plan_ref(), sign)
    assert (signed.signer, signed.on_behalf_of) == (OTHER, HEAD)  # type: ignore[attr-defined]


def test_r5_5_where_nobody_else_is_asked_nothing_is_said() -> None:
    world = waiting(STAFF, MANAGER)
    world.when(LEAD, DIRECTORY, ChangePerson(person=STAFF, team=TEAM))
    world.when(LEAD, DIRECTORY, SetManager(person=HEAD, manager=None))
    world.when(LEAD, DIRECTORY, GrantRole(person=OTHER, role=Role.UNIT_HR))
    assert world.perform(world.plan_ref()) == []


def test_r5_4_a_team_s_new_lead_does_not_sign_for_whom_they_answer() -> None:
    world = waiting(TEAM, MANAGER)
    assert asked(world, TEAM) == {HEAD}
    world.when(LEAD, DIRECTORY, ChangeTeam(team=TEAM, lead=HEAD, valid_from=world.now + SOON))
    world.wait(hours=3)
    world.refused("signing.own_plan", HEAD, world.plan_ref(TEAM), SignPlan(hash=world.hash(TEAM)))
    world.when(SYSTEM, DIRECTORY, TakeEffect(due=world.now))
    assert asked(world, TEAM) == {LEAD}
