"""Nobody signs a plan of their own, nor one that they wrote alone, nor twice: by no account, delegation, role or
escalation (R5.4).

The last test goes through random directories, chains and delegations, and knows of them only who is whose account.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from domain.cycle.opening import OpenCycle
from domain.cycle.policy import ApprovalStep, Policy
from domain.cycle.windows import Phase
from domain.directory.delegation import Delegate
from domain.directory.lines import SetManager
from domain.directory.people import AddPerson, ChangePerson, DeactivatePerson
from domain.directory.roles import GrantRole, RevokeRole
from domain.directory.state import DIRECTORY, Role
from domain.messages import Command
from domain.plan.approvers import approvers
from domain.plan.drafting import AssignGoal
from domain.plan.duties import Escalated
from domain.plan.sending_back import RejectPlan, RequestChanges, WithdrawSignature
from domain.plan.signatures import Signing
from domain.plan.signing import PlanSigned, SignPlan
from domain.problems import DomainError
from tests.support.given import BOARD, HEAD, LEAD, OTHER, QUARTER, STAFF, TEAM, World, kpi, who
from tests.support.kept import kept
from tests.support.sampling import SECONDS, sample

SECOND = who("second account")


def founded(of: UUID, *roles: Role, manager: UUID | None = None) -> World:
    """An organization in which somebody has a second account."""
    world = World().founded()
    adding = AddPerson(person=SECOND, name="Somebody", account_of=of, roles=roles, manager=manager)
    world.when(LEAD, DIRECTORY, adding)
    return world


def waiting(world: World, *participants: UUID) -> World:
    return world.opened(*participants).agreed().advanced(Phase.COMMIT).submitted()


def asked(world: World, owner: UUID = STAFF) -> frozenset[UUID]:
    signing = world.plan(owner).signing
    assert signing is not None
    return approvers(world.ground(owner), signing)


def own_plan(world: World, actor: UUID, owner: UUID = STAFF, code: str = "signing.own_plan") -> None:
    """Refused to sign, to reject and to send it back."""
    for command in (
        SignPlan(hash=world.hash(owner)),
        RejectPlan(hash=world.hash(owner), reason="No"),
        RequestChanges(hash=world.hash(owner), goals=(who("okr"),), reason="No"),
    ):
        world.refused(code, actor, world.plan_ref(owner), command)


def test_r5_4_a_second_account_in_the_line_does_not_sign_its_own_humans_plan() -> None:
    world = founded(STAFF, manager=HEAD)
    world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=SECOND))
    waiting(world)
    assert [set(people) for people in world.ground(STAFF).steps] == [{HEAD}, {LEAD}], "it is passed over"
    own_plan(world, SECOND)


def test_r5_4_a_second_account_with_a_role_does_not_sign_its_own_humans_plan() -> None:
    world = founded(LEAD, Role.BOARD_APPROVER)
    world.opened(LEAD).drafted(owner=LEAD).proposed(LEAD, owner=LEAD).accepted(BOARD[0], owner=LEAD)
    world.advanced(Phase.COMMIT).submitted(LEAD)
    assert asked(world, LEAD) == frozenset(BOARD)
    own_plan(world, SECOND, LEAD)


def test_r5_4_a_second_account_agrees_to_nothing_of_its_own_human() -> None:
    world = founded(STAFF, manager=HEAD)
    world.when(LEAD, DIRECTORY, SetManager(person=STAFF, manager=SECOND))
    world.opened().drafted().proposed()
    assert world.ground(STAFF).counterpart == {HEAD}
    assigning = AssignGoal(cycle=world.cycle, owner=STAFF, goal=who("kpi"), definition=kpi())
    world.refused("plan.not_allowed", SECOND, world.plan_ref(), assigning)


def test_r5_4_two_accounts_of_one_approver_count_once() -> None:
    world = founded(BOARD[0], Role.BOARD_APPROVER)
    world.opened(LEAD).drafted(owner=LEAD).proposed(LEAD, owner=LEAD).accepted(BOARD[0], owner=LEAD)
    world.advanced(Phase.COMMIT).submitted(LEAD).signed(BOARD[0], owner=LEAD)
    assert asked(world, LEAD) == {BOARD[1]}
    world.refused("signing.signed_already", SECOND, world.plan_ref(LEAD), SignPlan(hash=world.hash(LEAD)))


def test_r5_4_two_accounts_of_one_human_are_not_two_levels_of_the_line() -> None:
    world = founded(HEAD, manager=LEAD)
    world.when(LEAD, DIRECTORY, SetManager(person=HEAD, manager=SECOND))
    waiting(world)
    assert [set(people) for people in world.ground(STAFF).steps] == [{HEAD}, {LEAD}]


def test_r5_2_a_cycle_does_not_open_where_two_accounts_would_have_to_be_two_people() -> None:
    world = founded(BOARD[0], Role.BOARD_APPROVER)
    world.when(LEAD, DIRECTORY, RevokeRole(person=BOARD[1], role=Role.BOARD_APPROVER))
    opening = {"name": "Q2", "facilitator": LEAD, "period": QUARTER, "participants": (LEAD,)}
    world.refused("cycle.no_approver", LEAD, world.cycle_ref, OpenCycle.model_validate(opening))


def delegated(world: World, person: UUID, to: UUID) -> World:
    delegation = Delegate(delegation=who(f"{person} {to}"), person=person, to=to, ends=world.now + timedelta(days=90))
    world.when(person, DIRECTORY, delegation)
    return world


def test_r5_4_a_delegate_does_not_sign_a_plan_of_their_own() -> None:
    world = delegated(waiting(World().founded()), HEAD, STAFF)
    assert asked(world) == {HEAD}
    own_plan(world, STAFF)
    second = delegated(waiting(founded(STAFF)), HEAD, SECOND)
    assert asked(second) == {HEAD}
    own_plan(second, SECOND)


def test_r5_4_whose_plan_is_that_of_a_further_account_signs_it_by_the_first_one_neither() -> None:
    world = World().founded()
    world.when(LEAD, DIRECTORY, ChangePerson(person=STAFF, account_of=OTHER))
    delegated(waiting(world), HEAD, OTHER)
    assert asked(world) == {HEAD}
    own_plan(world, OTHER)


def test_r5_4_a_teams_lead_signs_the_teams_plan_by_no_account() -> None:
    world = delegated(founded(OTHER).opened(TEAM).agreed(TEAM), HEAD, SECOND)
    world.advanced(Phase.COMMIT).submitted(TEAM)
    assert asked(world, TEAM) == {HEAD}
    own_plan(world, SECOND, TEAM)


def test_r5_4_who_signed_for_somebody_signs_no_second_step_nor_does_that_somebody() -> None:
    world = delegated(waiting(World().founded()), HEAD, LEAD).signed(LEAD)
    assert world.last(PlanSigned).on_behalf_of == HEAD
    assert asked(world) == frozenset(), "the lead signed for the head, and counts once"
    assert world.perform(world.plan_ref())[0] == "Escalate"
    assert asked(world) == {min(BOARD)}
    for person in (HEAD, LEAD):
        world.refused(
            "signing.signed_already" if person == LEAD else "signing.not_approver",
            person,
            world.plan_ref(),
            SignPlan(hash=world.hash()),
        )


def test_r5_4_for_whom_a_delegate_signed_signs_no_other_step() -> None:
    world = World().founded()
    for person in (HEAD, OTHER):
        world.when(LEAD, DIRECTORY, GrantRole(person=person, role=Role.FINANCE))
    chain = (ApprovalStep(relation="manager"), ApprovalStep(role="finance"))
    world.opened(policy=Policy(chain=chain)).agreed().advanced(Phase.COMMIT).submitted()
    delegated(world, HEAD, BOARD[0]).signed(BOARD[0])
    assert asked(world) == {OTHER}, "the head has signed, through the delegate"


def test_r5_4_escalation_passes_the_owners_accounts_over() -> None:
    world = founded(STAFF, Role.BOARD_APPROVER)
    for person in BOARD:
        world.when(LEAD, DIRECTORY, RevokeRole(person=person, role=Role.BOARD_APPROVER))
    waiting(world).signed(HEAD)
    world.now = world.plan().signing.escalate_at  # type: ignore[union-attr]
    assert world.perform(world.plan_ref()) == ["Remind", "Escalate"]
    assert world.last(Escalated).to is None, "only the owner's second account is a board approver"
    own_plan(world, SECOND)


def written_by_the_head(acknowledged: bool = False) -> World:
    """A plan of one KPI that the head assigned and nobody answered."""
    world = World().founded().opened().assigned()
    if acknowledged:
        world.acknowledged()
    else:
        world.wait(days=10).perform(world.plan_ref())
    return world.advanced(Phase.COMMIT).submitted()


def test_r5_4_nobody_signs_a_plan_that_they_wrote_alone() -> None:
    world = written_by_the_head()
    own_plan(world, HEAD, code="signing.sole_author")
    assert asked(world) == frozenset()
    assert world.perform(world.plan_ref()) == ["Escalate"]
    world.signed(LEAD)
    assert world.perform(world.plan_ref()) == ["Escalate"]
    world.signed(min(BOARD))
    assert world.plan().signed


def test_r5_4_an_acknowledged_plan_was_not_written_alone() -> None:
    assert asked(written_by_the_head(acknowledged=True)) == {HEAD}
    world = World().founded().opened().agreed().assigned()
    world.wait(days=10).perform(world.plan_ref())
    assert asked(world.advanced(Phase.COMMIT).submitted()) == {HEAD}, "the owner agreed to the OKR"


def test_r5_4_a_sole_author_signs_through_no_delegate_either() -> None:
    world = delegated(written_by_the_head(), HEAD, OTHER)
    assert asked(world) == frozenset()
    world.refused("signing.not_approver", OTHER, world.plan_ref(), SignPlan(hash=world.hash()))


# --- any directory, any chain, any delegations ---

STAFFED = tuple(who(f"person {place}") for place in range(7))
ROLES = (Role.BOARD_APPROVER, Role.FINANCE, Role.UNIT_HR)
index = st.integers(0, len(STAFFED) - 1)
pairs = st.lists(st.tuples(index, index), max_size=5)
steps = st.one_of(
    st.sampled_from(["manager", "managers_manager", "functional_manager", "unit_hr", "finance"]).map(
        lambda one: {"relation": one}
    ),
    st.sampled_from(["board_approver", "finance"]).map(lambda one: {"role": one}),
    index.map(lambda one: {"person": STAFFED[one]}),
)
chains = st.lists(
    st.tuples(steps, st.sampled_from(["any", "any", "all", 2]), st.booleans()), min_size=1, max_size=4
).map(lambda found: [step | {"needed": needed, "beside": beside} for step, needed, beside in found])
kinds = st.sampled_from(["sign"] * 9 + ["withdraw", "wait", "wait", "leave", "delegate", "manager", "role"])
acts = st.lists(st.tuples(kinds, index, index), min_size=8, max_size=30)


@dataclass
class Organization:
    """A world, and a book of its own of who is whose account."""

    world: World
    humans: dict[UUID, UUID] = field(default_factory=lambda: {person: person for person in STAFFED})

    def send(self, actor: UUID, command: Command, plan: bool = False) -> None:
        """Only a rule may refuse it."""
        try:
            self.world.when(actor, self.world.plan_ref(STAFFED[0]) if plan else DIRECTORY, command)
        except DomainError:
            return
        if isinstance(command, ChangePerson) and isinstance(command.account_of, UUID):
            self.humans[command.person] = command.account_of

    def human(self, person: UUID) -> UUID:
        found = self.humans.get(person, person)
        return found if found == person else self.human(found)


@kept
def staffed(world: World) -> World:
    """With some people more, three of whom report to the next one."""
    for person in STAFFED:
        if person not in world.directory.people:
            world.when(LEAD, DIRECTORY, AddPerson(person=person, name="Somebody"))
    for one in range(3):
        world.when(LEAD, DIRECTORY, SetManager(person=STAFFED[one], manager=STAFFED[one + 1]))
    return world


def drawn(lines: Any, functional: Any, accounts: Any, delegations: Any, roles: Any) -> Organization:
    """An organization with such lines, accounts, delegations and roles."""
    found = Organization(staffed(World().founded()))
    for one, other in lines:
        found.send(LEAD, SetManager(person=STAFFED[one], manager=STAFFED[other]))
    for one, other in functional:
        found.send(LEAD, SetManager(person=STAFFED[one], manager=STAFFED[other], line="functional"))
    for one, other in accounts:
        found.send(LEAD, ChangePerson(person=STAFFED[one], account_of=STAFFED[other]))
    for place, role in roles:
        found.send(LEAD, GrantRole(person=STAFFED[place], role=role))
    for one, other in delegations:
        delegate(found, one, other)
    return found


def delegate(found: Organization, one: int, other: int) -> None:
    ends, number = found.world.now + timedelta(days=200), len(found.world.events)
    giving = Delegate(delegation=who(f"delegation {number}"), person=STAFFED[one], to=STAFFED[other], ends=ends)
    found.send(LEAD, giving)


def act(found: Organization, what: str, one: int, other: int) -> None:
    """Something that somebody does."""
    world, person = found.world, STAFFED[one]
    match what:
        case "sign":
            signing = world.plan(STAFFED[0]).signing
            asked = sorted(approvers(world.ground(STAFFED[0]), signing)) if signing is not None and other % 3 else []
            signer = asked[one % len(asked)] if asked else person
            found.send(signer, SignPlan(hash=world.hash(STAFFED[0])), plan=True)
        case "withdraw":
            found.send(person, WithdrawSignature(hash=world.hash(STAFFED[0]), reason="r"), plan=True)
        case "wait":
            world.wait(days=4)
        case "leave":
            found.send(LEAD, DeactivatePerson(person=person))
        case "delegate":
            delegate(found, one, other)
        case "manager":
            found.send(LEAD, SetManager(person=person, manager=STAFFED[other]))
        case "role":
            found.send(LEAD, GrantRole(person=person, role=ROLES[other % 3]))
    for _ in range(8):
        if not world.perform(world.plan_ref(STAFFED[0])):
            return
    raise AssertionError("something is owed for ever")


def judge(found: Organization, signing: Signing, author: UUID | None) -> None:
    """No human signs a plan of their own, nor twice, nor is asked to."""
    human, own = found.human, found.human(STAFFED[0])
    humans = [human(one.signer) for one in signing.signatures]
    for one in signing.signatures:
        principal = human(one.on_behalf_of) if one.on_behalf_of is not None else human(one.signer)
        assert own not in (human(one.signer), principal), "somebody signed a plan of their own"
        assert author is None or author not in (human(one.signer), principal), "its sole author signed it"
    spent = [{human(one.signer), human(one.on_behalf_of or one.signer)} for one in signing.signatures]
    assert sum(map(len, spent)) == len(set().union(*spent)), "somebody signed twice, or for who signed too"
    humans += [person for both in spent for person in both]
    asked_now = {human(person) for person in approvers(found.world.ground(STAFFED[0]), signing)}
    assert not asked_now & {own, author, *humans}, "somebody is asked who must not sign"
    if signing.complete:
        assert not asked_now


@pytest.mark.timeout(SECONDS)
@sample(80)
@given(
    lines=pairs,
    functional=pairs,
    accounts=st.lists(st.tuples(st.one_of(st.just(0), index), index), max_size=3),
    delegations=pairs,
    roles=st.lists(st.tuples(index, st.sampled_from(ROLES)), min_size=3, max_size=8),
    chain=chains,
    alone=st.booleans(),
    done=acts,
)
def test_r5_4_no_human_ever_signs_a_plan_of_their_own_nor_twice(
    lines: Any, functional: Any, accounts: Any, delegations: Any, roles: Any, chain: Any, alone: bool, done: Any
) -> None:
    found = drawn(lines, functional, accounts, delegations, roles)
    world, owner = found.world, STAFFED[0]
    try:
        world.opened(owner, policy=Policy(chain=tuple(ApprovalStep.model_validate(step) for step in chain)))
    except DomainError as refusal:
        event(f"does not open: {refusal.code}")
        return
    author = None
    counterpart = min(world.ground(owner).counterpart)
    assert found.human(counterpart) != found.human(owner)
    if alone:
        assigning = AssignGoal(cycle=world.cycle, owner=owner, goal=who("kpi"), definition=kpi())
        try:
            world.when(counterpart, world.plan_ref(owner), assigning)
        except DomainError:
            assert counterpart not in world.ground(owner).manager, "a delegate assigns no KPI"
            return
        world.wait(days=10).perform(world.plan_ref(owner))
        author = found.human(counterpart)
    else:
        world.drafted(owner=owner).proposed(owner, owner=owner).accepted(counterpart, owner=owner)
    world.advanced(Phase.COMMIT).submitted(owner)
    for what, one, other in done:
        act(found, what, one, other)
        signing = world.plan(owner).signing
        assert signing is not None
        judge(found, signing, author)
    signing = world.plan(owner).signing
    assert signing is not None
    event(f"signed by {len(signing.signatures)}, {'complete' if signing.complete else 'pending'}")
    for one in signing.signatures:
        event(f"via {one.via}")
