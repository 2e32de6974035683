"""R3.7: no circle of alignments even from several sides at once: two processes' handlers race on one log.

Everybody in a ring of plans asks the next for a parent; then all accept at the same moment. Each acceptance alone is
right, together they would be a circle: whoever comes last must find what the others did.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from domain.problems import DomainError
from tests.support.asking import Ask, accept, ask, end_it
from tests.support.quarter import Quarter, open_engine_on, windows

RACES = 150
SEED = 20270331
HOURS = windows(*(hour * 3600 for hour in range(1, 6)))


async def accepts(quarter: Quarter, hash: str, asked: Ask, delay: float) -> str | None:
    """The code of the refusal; None where it was taken."""
    await asyncio.sleep(delay)  # the race's schedule: who comes first is the point
    try:
        await accept(quarter, asked, hash)
    except DomainError as refusal:
        return refusal.code
    return None


def runs_in_a_circle(pairs: Sequence[tuple[UUID, UUID]]) -> bool:
    """Take away, again and again, who has nobody above; what is left runs in circles."""
    left = list(pairs)
    while left:
        below = {child for child, _ in left}
        rest = [(child, parent) for child, parent in left if parent in below]
        if len(rest) == len(left):
            return True
        left = rest
    return False


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_r3_7_no_circle_although_all_accept_at_once(database: str) -> None:
    outcomes: Counter[str] = Counter()
    async with open_engine_on(database) as engine, open_engine_on(database, engine.keyring) as other:
        quarter = Quarter(engine)
        await quarter.found()
        quarter.staff = (*quarter.staff, quarter.head, quarter.lead)
        await quarter.open(timetable=HOURS)
        ends = {owner: (owner, await quarter.draft_alone(owner)) for owner in quarter.staff}
        hashes = {owner: (await quarter.plan(owner)).goal(goal).hash for owner, goal in ends.values()}
        sides = [quarter, replace(quarter, engine=other)]
        for seed in range(SEED, SEED + RACES):
            chance = random.Random(seed)
            ring = chance.sample(quarter.staff, chance.choice([2, 2, 3, 4]))
            asked = [await ask(quarter, ends[one], ends[other]) for one, other in pairwise([*ring, ring[0]])]
            schedule = [(sides[chance.randrange(2)], one, chance.random() * 0.004) for one in asked]
            refused = await asyncio.gather(
                *(accepts(side, hashes[one.owner], one, delay) for side, one, delay in schedule)
            )
            held = [
                (owner, edge.parent_owner)
                for owner in ring
                for edge in (await quarter.plan(owner)).edges.values()
                if edge.state == "accepted"
            ]
            assert not runs_in_a_circle(held), f"seed {seed}: a circle of {len(ring)}"
            assert len(held) == len(ring) - 1, f"seed {seed}: more was refused than the circle"
            assert Counter(refused) == {None: len(held), "alignment.circle": 1}, f"seed {seed}: {refused}"
            outcomes[f"the {refused.index('alignment.circle') + 1}. of {len(ring)} came last"] += 1
            for one in asked:
                await end_it(quarter, one, by=one.owner)
    assert len(outcomes) == 2 + 3 + 4, f"the races are no races: {outcomes}"


def test_what_tells_a_circle() -> None:
    one, two, three = uuid4(), uuid4(), uuid4()
    assert not runs_in_a_circle([(one, two), (two, three), (one, three)])
    assert runs_in_a_circle([(one, two), (three, one), (two, one)])
