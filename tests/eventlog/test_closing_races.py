"""A phase never closes over a failing gate, whatever the interleaving: two processes' handlers race on one log.

One closes commit, the other changes a plan at the same moment, which voids its signatures. Whoever loses is told so;
both never pass. A closed phase is re-opened and the next race begins.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.cycle.exceptions import ReopenPhase
from domain.cycle.policy import preset
from domain.cycle.windows import Phase
from domain.plan.negotiation import ProposeRevision
from domain.problems import DomainError
from tests.support.quarter import Quarter, objective, open_engine_on, windows

RACES = 1000
HOURS = windows(*(hour * 3600 for hour in range(1, 6)))
SEED = 20270331
LOSES = {"gate.blocked", "phase.wrong", "phase.closing"}
"""What the loser of a race may be told."""


async def refused(act: Coroutine[Any, Any, object]) -> str | None:
    """The code of the refusal; None where the act passed."""
    try:
        await act
    except DomainError as refusal:
        return refusal.code
    return None


async def closes(quarter: Quarter) -> bool:
    code = await refused(quarter.advance())
    assert code is None or code in LOSES, code
    return code is None


async def changes(rival: Quarter, target: int) -> bool:
    owner = rival.staff[0]
    goal = next(goal for goal in (await rival.plan(owner)).goals.values() if goal.definition.kind == "okr")
    change = ProposeRevision(goal=goal.id, definition=objective(target))
    code = await refused(rival.act(owner, rival.plan_ref(owner), change))
    assert code is None or code in LOSES, code
    return code is None


async def settle(quarter: Quarter) -> None:
    """Back to commit, with the plan signed."""
    await quarter.perform_due(quarter.cycle_ref)  # a closing that was begun and lost is released
    if (await quarter.state()).phase is not Phase.COMMIT:
        until = datetime.now(UTC) + timedelta(hours=3)
        await quarter.act(
            quarter.lead, quarter.cycle_ref, ReopenPhase(phase=Phase.COMMIT, until=until, reason="Once more")
        )
    owner = quarter.staff[0]
    if not (await quarter.plan(owner)).signed:
        await quarter.agree(owner)
        await quarter.submit(owner)
        await quarter.sign(owner, quarter.head)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_r2_3_closing_and_a_change_of_a_plan_never_both_pass(database: str) -> None:
    chance = random.Random(SEED)
    outcomes: Counter[str] = Counter()
    async with open_engine_on(database) as engine, open_engine_on(database, engine.keyring) as other:
        quarter = Quarter(engine)
        await quarter.found()
        quarter.staff = quarter.staff[:1]
        await quarter.open(timetable=HOURS, policy=preset("light"))
        await quarter.draft(quarter.staff[0])
        await quarter.agree(quarter.staff[0])
        await quarter.advance()
        await quarter.advance()
        rival = replace(quarter, engine=other)
        for race in range(RACES):
            await settle(quarter)
            delays = [chance.random() * 0.006, chance.random() * 0.006]
            _, changed = await asyncio.gather(
                _after(delays[0], closes(quarter)), _after(delays[1], changes(rival, 21 + race))
            )
            phase, plan = (await quarter.state()).phase, await quarter.plan(quarter.staff[0])
            assert phase is Phase.COMMIT or plan.signed, f"race {race}: commit closed over an unsigned plan"
            assert not (phase is Phase.TRACK and changed), f"race {race}: both passed"
            outcomes[f"{'closed' if phase is Phase.TRACK else 'open'}, {'changed' if changed else 'refused'}"] += 1
    assert outcomes["closed, refused"] > RACES / 20, outcomes
    assert outcomes["open, changed"] > RACES / 20, outcomes


async def _after(seconds: float, act: Coroutine[None, None, bool]) -> bool:
    await asyncio.sleep(seconds)  # the race's schedule: who comes first is the point
    return await act
