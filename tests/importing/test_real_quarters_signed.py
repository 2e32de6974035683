"""Five real quarters, and the project's own, are negotiated and signed: each to a commit phase that closed (R4, R5)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.composition import CODEC
from cli.importing import Directory, read_directory
from domain.cycle.closing import PhaseClosed
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.goals import Ambition, Okr, goal_hash, plan_hash
from domain.plan.negotiation import RevisionAccepted, RevisionProposed
from domain.plan.signing import PlanSigned
from domain.plan.talks import Side
from eventlog.rules import verify_rules
from eventlog.verify import verify_chain
from tests.importing.imports import ORGANIZATION, engine_in_memory, real_quarter
from tests.importing.signed_quarter import REASON, SignedQuarter, approach
from tests.support.quarter import open_engine_on

HARBOUR = Path(__file__).resolve().parents[2] / "examples" / "harbour"
TAGGED = """
[organization]
name = "source{d} 源码"
zone = "Europe/Madrid"
country = "ES"
[people]
lin = { name = "Lin Wei 林薇", first = true }
amara = { name = "Amara Okafor", manager = "lin" }
chen = { name = "Chen Jie 陈杰", manager = "lin" }
ewa = { name = "Ewa Zielińska", manager = "amara" }
zhao = { name = "Zhao Min 赵敏", manager = "chen" }
hendrik = { name = "Hendrik de Boer", roles = ["board_approver"] }
gao = { name = "Gao Lan 高岚", roles = ["board_approver"] }
[teams]
company = { name = "source{d}", lead = "amara" }
la = { name = "Language analysis", lead = "ewa" }
apps = { name = "应用", lead = "zhao" }
[tags]
ML = "zhao"
TALENT = "lin"
"""
"""Who is who in the five quarters: teams and people; a tag that is not here becomes a team of the first person."""
QUARTERS = ("2018-Q1", "2018-Q2", "2018-Q3", "2018-Q4", "2019-Q1")
CASES = [("harbour", "memory"), *((quarter, "memory") for quarter in QUARTERS), ("2018-Q4", "postgres")]


def file_and_directory(name: str) -> tuple[bytes, Directory]:
    if name == "harbour":
        return (HARBOUR / "2027-Q1.md").read_bytes(), read_directory((HARBOUR / "directory.toml").read_bytes())
    return real_quarter(name), read_directory(TAGGED.encode())


@pytest.fixture(scope="module", params=CASES, ids=["-".join(case) for case in CASES])
async def quarter(request: pytest.FixtureRequest, module_database: str) -> AsyncIterator[SignedQuarter]:
    name, log = request.param
    data, directory = file_and_directory(name)
    async with engine_in_memory() if log == "memory" else open_engine_on(module_database) as engine:
        yield await SignedQuarter.play(engine, data, directory)


async def test_r4_1_counter_proposals_keep_their_difference_and_reasons(quarter: SignedQuarter) -> None:
    assert quarter.unreasoned == {"revision.reason_missing"}
    for owner, plan in await quarter.plans():
        events = await quarter.events(Ref("plan", owner.plan))
        counters = [event for event in events if isinstance(event, RevisionProposed) and event.side is Side.COUNTERPART]
        assert len(counters) == min(2, len(plan.goals))
        for counter in counters:
            assert counter.round == 2
            assert counter.author == quarter.signers(owner)[0]
            changed = {change.path: change.after for change in counter.changes}
            assert changed == quarter.countered(plan)[counter.goal]
            assert (await quarter.read(counter))["reasons"] == dict.fromkeys(changed, REASON)


async def test_r4_1_both_sides_agreed_on_one_hash(quarter: SignedQuarter) -> None:
    for owner, plan in await quarter.plans():
        sides, events = dict[tuple[object, str], set[Side]](), await quarter.events(Ref("plan", owner.plan))
        for event in events:
            if isinstance(event, RevisionProposed | RevisionAccepted):
                sides.setdefault((event.goal, event.hash), set()).add(event.side)
        for goal in plan.goals.values():
            assert sides[goal.id, goal.hash] == set(Side)
            assert goal.hash == goal_hash(goal.definition)
            assert goal.agreed


async def test_r3_4_the_weights_of_every_plan_total_100(quarter: SignedQuarter) -> None:
    for _, plan in await quarter.plans():
        assert sum(goal.definition.weight for goal in plan.goals.values()) == 100


async def test_r3_6_some_goals_are_committed_and_some_aspirational(quarter: SignedQuarter) -> None:
    definitions = [goal.definition for _, plan in await quarter.plans() for goal in plan.goals.values()]
    assert {one.ambition for one in definitions if isinstance(one, Okr)} == set(Ambition)


async def test_r5_1_every_signature_is_on_the_present_hash(quarter: SignedQuarter) -> None:
    rules = (await quarter.cycle()).policy.scoring.hash
    for _, plan in await quarter.plans():
        assert plan.signed
        assert plan.signing is not None
        present = plan_hash((goal_hash(goal.definition) for goal in plan.goals.values()), rules)
        assert [signature.hash for signature in plan.signing.signatures] == [present, present]
        assert not plan.voided


async def test_r5_4_the_line_signed_every_plan_and_nobody_twice_or_their_own(quarter: SignedQuarter) -> None:
    assert (quarter.own, quarter.twice) == ({"signing.own_plan"}, {"signing.signed_already"})
    for owner, plan in await quarter.plans():
        assert plan.signing is not None
        signers = [signature.signer for signature in plan.signing.signatures]
        assert tuple(signers) == quarter.signers(owner)
        assert len({*signers, owner.owner.responsible}) == 3


async def test_r2_3_commit_closed_over_signed_plans_only(quarter: SignedQuarter) -> None:
    assert quarter.blocked == "gate.blocked"
    assert (await quarter.cycle()).phase is Phase.TRACK
    (closed,) = [
        event
        for event in await quarter.events(quarter.cycle_ref)
        if isinstance(event, PhaseClosed) and event.phase is Phase.COMMIT
    ]
    assert (closed.bypass, closed.unmet) == (None, None)
    assert set(closed.plans) == {owner.plan for owner in quarter.imported.owners}
    for plan, version in closed.plans.items():
        last = (await quarter.events(Ref("plan", plan)))[:version][-1]
        assert isinstance(last, PlanSigned)
        assert last.complete


async def test_r5_1_what_was_signed_reads_as_the_file_says_in_every_character(quarter: SignedQuarter) -> None:
    for _, plan in await quarter.plans():
        for goal, changed in quarter.countered(plan).items():
            expected = {**dict(quarter.written[goal]), "approach": approach(goal), **changed}
            signed = await quarter.read(plan.goals[goal].definition)
            assert Okr.model_validate(signed) == Okr.model_validate(expected)


async def test_chain_and_rules_hold(quarter: SignedQuarter) -> None:
    chain = await verify_chain(quarter.engine.log, ORGANIZATION)
    rules = await verify_rules(quarter.engine.log, CODEC, ORGANIZATION)
    assert (chain.fault, rules.fault) == (None, None)
    assert chain.events == rules.events > 0
    assert rules.commands >= 2 * len(quarter.imported.goals)
