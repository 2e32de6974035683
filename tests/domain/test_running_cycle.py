"""What may change while a cycle runs: its parent's bounds, its rules, and a hold of its clock (R2.5, R2.6, R2.8)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from domain.cycle.amending import AmendCycle
from domain.cycle.closing import AdvancePhase
from domain.cycle.exceptions import ExtendDeadline
from domain.cycle.holding import HoldCycle, ResumeCycle
from domain.cycle.opening import OpenCycle
from domain.cycle.participation import ExcuseParticipant
from domain.cycle.policy import ApprovalStep, Policy, Relation
from domain.cycle.results import PublishResults
from domain.cycle.scoring_rules import ScoringRules
from domain.cycle.windows import Period, Phase
from domain.decider import Ref
from domain.directory.people import DeactivatePerson
from domain.directory.state import DIRECTORY
from domain.plan.sending_back import RecallPlan
from domain.values import Elapsed
from tests.support.given import BOARD, HEAD, LEAD, QUARTER, STAFF, World, final_values, who

YEAR = Period(starts=QUARTER.starts.replace(month=1), ends=QUARTER.starts.replace(year=2028, month=1))
ONE_STEP = (ApprovalStep(relation=Relation.MANAGER),)


def part(parent: str = "year", period: Period = QUARTER) -> OpenCycle:
    return OpenCycle(name="Q2", facilitator=LEAD, period=period, participants=(STAFF,), parent=who(parent))


def with_a_year() -> World:
    world = World().founded()
    world.now = YEAR.starts - timedelta(days=60)
    year = OpenCycle(name="2027", facilitator=LEAD, period=YEAR, participants=(STAFF,))
    world.when(LEAD, Ref("cycle", who("year")), year)
    return world


def amend(**policy: object) -> AmendCycle:
    return AmendCycle(policy=Policy(**policy), reason="We learned")


def test_r2_8_a_part_lies_within_its_whole() -> None:
    world = with_a_year()
    world.when(LEAD, world.cycle_ref, part())
    assert world.the_cycle().parent == who("year")
    beyond = Period(starts=QUARTER.starts, ends=YEAR.ends + timedelta(seconds=1))
    before = Period(starts=YEAR.starts - timedelta(seconds=1), ends=QUARTER.ends)
    for period in (beyond, before):
        refusal = world.refused("cycle.period_outside_parent", LEAD, Ref("cycle", who("next")), part(period=period))
        assert refusal.pointer == "/period"
    world.when(LEAD, Ref("cycle", who("whole")), part(period=YEAR))


def test_r2_8_the_whole_is_open_before_its_parts() -> None:
    world = with_a_year()
    assert world.refused("cycle.parent_unknown", LEAD, world.cycle_ref, part("nothing")).pointer == "/parent"
    assert world.refused("cycle.parent_unknown", LEAD, world.cycle_ref, part("cycle")).pointer == "/parent"
    year = Ref("cycle", who("year"))
    world.states[year] = world.state(year).model_copy(update={"closed": True})
    assert world.refused("cycle.parent_closed", LEAD, world.cycle_ref, part()).pointer == "/parent"


def test_r2_5_scoring_freezes_when_negotiate_closes() -> None:
    scoring = ScoringRules(weight_least=Decimal(5))
    world = World().founded().opened().agreed()
    world.when(LEAD, world.cycle_ref, amend(scoring=scoring))
    world.advanced(Phase.NEGOTIATE).when(LEAD, world.cycle_ref, amend())
    world.advanced(Phase.COMMIT)
    refusal = world.refused("cycle.scoring_frozen", LEAD, world.cycle_ref, amend(scoring=scoring))
    assert refusal.pointer == "/policy/scoring"
    world.when(LEAD, world.cycle_ref, amend(resume_grace=Elapsed(seconds=7)))
    assert world.the_cycle().policy.resume_grace == Elapsed(seconds=7)


def test_r2_5_chains_freeze_when_commit_closes() -> None:
    world = World().in_commit()
    world.when(LEAD, world.cycle_ref, amend(chain=ONE_STEP))
    world.submitted().signed(HEAD)
    assert world.plan().signed
    world.advanced(Phase.TRACK)
    assert world.refused("cycle.chain_frozen", LEAD, world.cycle_ref, amend()).pointer == "/policy/chain"
    world.when(LEAD, world.cycle_ref, amend(chain=ONE_STEP, resume_grace=Elapsed(seconds=7)))


@pytest.mark.parametrize("changed", [{"chain": ONE_STEP}, {"scoring": ScoringRules(weight_least=Decimal(5))}])
def test_r5_1_no_rule_moves_under_a_plan_that_is_submitted(changed: dict[str, object]) -> None:
    world = World().in_commit().submitted()
    # A re-opened negotiate finds plans that are submitted, too.
    world.states[world.cycle_ref] = world.the_cycle().model_copy(update={"phase": Phase.NEGOTIATE})
    world.refused("cycle.plans_submitted", LEAD, world.cycle_ref, amend(**changed))
    world.when(LEAD, world.cycle_ref, amend(resume_grace=Elapsed(seconds=7)))
    world.states[world.cycle_ref] = world.the_cycle().model_copy(update={"phase": Phase.COMMIT})
    world.when(STAFF, world.plan_ref(), RecallPlan(reason="A look"))
    world.states[world.cycle_ref] = world.the_cycle().model_copy(update={"phase": Phase.NEGOTIATE})
    world.when(LEAD, world.cycle_ref, amend(**changed))


def test_r5_2_an_amended_chain_leaves_nobody_without_an_approver() -> None:
    world = World().founded().opened(LEAD, policy=Policy(chain=ONE_STEP))
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=BOARD[1]))
    refusal = world.refused("cycle.no_approver", LEAD, world.cycle_ref, amend())
    assert refusal.pointer == "/policy/chain"
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=LEAD, reason="On leave"))
    world.when(LEAD, world.cycle_ref, amend())


def test_an_amended_cycle_has_its_new_name_and_facilitator() -> None:
    world = World().founded().opened()
    before = world.the_cycle()
    world.refused("person.unknown", LEAD, world.cycle_ref, AmendCycle(facilitator=who("nobody"), reason="A new one"))
    world.when(LEAD, world.cycle_ref, AmendCycle(facilitator=HEAD, reason="A new one"))
    assert world.the_cycle().facilitator == HEAD
    assert (world.the_cycle().name, world.the_cycle().policy) == (before.name, before.policy)
    assert not world.when(HEAD, world.cycle_ref, AmendCycle(facilitator=HEAD, reason="Again"))
    world.refused("cycle.not_facilitator", LEAD, world.cycle_ref, AmendCycle(facilitator=LEAD, reason="Back"))
    world.when(HEAD, world.cycle_ref, AmendCycle(name="Spring", reason="A better one"))
    assert world.the_cycle().name != before.name


def held(world: World) -> World:
    world.when(LEAD, world.cycle_ref, HoldCycle(reason="A flood"))
    return world


def test_r2_6_while_a_cycle_is_held_nothing_moves_and_nothing_falls_due() -> None:
    world = held(World().in_commit().submitted())
    assert not world.when(LEAD, world.cycle_ref, HoldCycle(reason="Still"))
    world.wait(days=100)
    for ref in (world.cycle_ref, world.plan_ref()):
        assert world.agenda(ref).due == ()
        assert world.agenda(ref).next_due is None
        assert not world.agenda(ref).closed
    world.refused("cycle.held", LEAD, world.cycle_ref, AdvancePhase())
    world.refused("cycle.held", STAFF, world.plan_ref(), RecallPlan(reason="A look"))
    until = world.the_cycle().deadlines[Phase.TRACK] + timedelta(days=100)
    world.when(LEAD, world.cycle_ref, ExtendDeadline(phase=Phase.TRACK, until=until, reason="A flood"))
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=STAFF, reason="Flooded"))
    world.when(LEAD, world.cycle_ref, AmendCycle(name="Later", reason="A flood"))


def test_r2_6_what_is_not_over_moves_by_the_length_of_the_hold() -> None:
    world = held(World().in_commit())
    before = world.the_cycle().deadlines
    world.wait(days=9).when(LEAD, world.cycle_ref, ResumeCycle(reason="It is dry"))
    after = world.the_cycle().deadlines
    over = {Phase.DRAFT, Phase.NEGOTIATE}
    assert all(after[phase] == before[phase] + timedelta(0 if phase in over else 9) for phase in Phase)
    assert world.the_cycle().held is None
    assert world.agenda(world.cycle_ref).next_due == after[Phase.COMMIT]
    world.refused("cycle.not_held", LEAD, world.cycle_ref, ResumeCycle(reason="Again"))


def test_r2_6_the_digest_and_the_service_of_results_wait_as_long() -> None:
    world = held(World().in_track())
    due = world.the_cycle().digest_due
    assert due is not None
    world.wait(days=3).when(LEAD, world.cycle_ref, ResumeCycle(reason="It is dry"))
    assert world.the_cycle().digest_due == due + timedelta(days=3)
    final_values(world).advanced(Phase.RETROSPECT)
    world.when(LEAD, world.cycle_ref, PublishResults())
    served = world.the_cycle().results_served_at
    assert served is not None
    held(world).wait(days=2).when(LEAD, world.cycle_ref, ResumeCycle(reason="It is dry"))
    assert world.the_cycle().results_served_at == served + timedelta(days=2)


def test_r2_6_what_fell_due_within_the_hold_waits_until_people_could_look() -> None:
    world = World().in_commit().submitted()
    reminder = world.agenda(world.plan_ref()).next_due
    assert reminder is not None
    held(world).wait(days=30).when(LEAD, world.cycle_ref, ResumeCycle(reason="It is dry"))
    grace = world.the_cycle().grace_until
    assert grace is not None
    assert reminder < world.now < grace
    assert world.agenda(world.plan_ref()).due == ()
    assert world.agenda(world.plan_ref()).next_due == grace
    world.now = grace
    assert set(world.perform(world.plan_ref())) == {"Remind", "Escalate"}


def test_r2_6_what_falls_due_behind_the_grace_keeps_its_instant() -> None:
    world = World().in_commit().submitted()
    reminder = world.agenda(world.plan_ref()).next_due
    held(world).wait(minutes=1).when(LEAD, world.cycle_ref, ResumeCycle(reason="It is dry"))
    world.states[world.cycle_ref] = world.the_cycle().model_copy(update={"grace_until": world.now})
    assert world.agenda(world.plan_ref()).next_due == reminder
