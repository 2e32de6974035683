"""A bounded sample of `make soak`: one system, a handful of faults in an order that the seed chooses, one judgement."""

from __future__ import annotations

import os

import pytest

from tests.faults.campaign import run_campaign
from tests.faults.catalogue import all_faults
from tests.faults.process_faults import AllAway

SAMPLE = (
    "worker-after-append",
    "api-after-commit",
    "postgres-killed",
    "temporal-rebuilt-twice",
    "repeated-and-shuffled",
)
LIVED = {"CheckedIn", "RevisionProposed", "PlanSubmitted", "Reminded", "DigestSent", "PhaseClosed", "PhaseReopened"}
LIVED |= {"Delegated", "AssignmentObjected", "MediationOpened", "GoalTransferred", "AmendmentRequested"}
SEED = int(os.environ.get("GOALCYCLE_FAULTS_SEED", "20270301"))


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_acknowledged_commands_survive_what_strikes_their_system() -> None:
    faults = all_faults()
    shorter = AllAway("worker", "workers-away", faults["workers-away"].sentence, lasts=4.0)
    outcome = await run_campaign([*(faults[name] for name in SAMPLE), shorter], SEED, strikes=1)
    print(outcome.line(), dict(outcome.kinds))
    assert outcome.violations == [], f"{outcome.line()}\n{outcome.notes}"
    assert outcome.strikes == len(SAMPLE) + 1
    assert outcome.acknowledged > 50
    assert outcome.unanswered > 0, "no command was left open: nothing was struck while it was under way"
    assert outcome.duties > 10
    assert outcome.kinds.keys() >= LIVED, "too little happened for this to prove anything"


def test_every_fault_says_what_it_does() -> None:
    for fault in all_faults().values():
        assert fault.sentence, fault.name
        assert fault.name == fault.name.lower()
