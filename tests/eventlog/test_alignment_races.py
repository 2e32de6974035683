"""R3.7: no circle of alignments even from several sides at once: two processes' handlers race on one log.

Everybody in a ring of plans asks the next for a parent; then all accept at the same moment. Each acceptance alone is
right, together they would be a circle: whoever comes last must find what the others did.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest

from domain.plan.alignment import RequestAlignment
from domain.plan.alignment_answers import AcceptAlignment, DeclineAlignment
from domain.plan.links import End
from domain.problems import DomainError
from tests.support.quarter import Quarter, open_engine_on, windows

RACES = 150
SEED = 20270331
HOURS = windows(*(hour * 3600 for hour in range(1, 6)))


@dataclass(frozen=True)
class Ask:
    """One request: an owner's goal asks for another owner's as its parent."""

    edge: UUID
    owner: UUID
    parent: UUID


async def ask(quarter: Quarter, goals: dict[UUID, UUID], asked: Ask) -> None:
    parent = End(plan=quarter.plan_ref(asked.parent).stream, goal=goals[asked.parent])
    hash = (await quarter.plan(asked.parent)).goal(parent.goal).hash
    request = RequestAlignment(edge=asked.edge, goal=goals[asked.owner], parent=parent, parent_hash=hash)
    await quarter.act(asked.owner, quarter.plan_ref(asked.owner), request)


async def accepts(quarter: Quarter, hash: str, asked: Ask, delay: float) -> str | None:
    """The code of the refusal; None where it was taken."""
    await asyncio.sleep(delay)  # the race's schedule: who comes first is the point
    try:
        accept = AcceptAlignment(edge=asked.edge, hash=hash)
        await quarter.act(asked.parent, quarter.plan_ref(asked.owner), accept)
    except DomainError as refusal:
        return refusal.code
    return None


def runs_in_a_circle(asked: Sequence[Ask]) -> bool:
    """Take away, again and again, who has nobody above; what is left runs in circles."""
    left = list(asked)
    while left:
        below = {one.owner for one in left}
        rest = [one for one in left if one.parent in below]
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
        goals = {owner: (await quarter.draft_alone(owner)) for owner in quarter.staff}
        hashes = {owner: (await quarter.plan(owner)).goal(goals[owner]).hash for owner in quarter.staff}
        sides = [quarter, replace(quarter, engine=other)]
        for seed in range(SEED, SEED + RACES):
            chance = random.Random(seed)
            ring = chance.sample(quarter.staff, chance.choice([2, 2, 3, 4]))
            asked = [Ask(uuid4(), owner, ring[(place + 1) % len(ring)]) for place, owner in enumerate(ring)]
            for one in asked:
                await ask(quarter, goals, one)
            schedule = [(sides[chance.randrange(2)], one, chance.random() * 0.004) for one in asked]
            refused = await asyncio.gather(
                *(accepts(side, hashes[one.owner], one, delay) for side, one, delay in schedule)
            )
            held = [
                Ask(edge.id, owner, edge.parent_owner)
                for owner in ring
                for edge in (await quarter.plan(owner)).edges.values()
                if edge.state == "accepted"
            ]
            assert not runs_in_a_circle(held), f"seed {seed}: a circle of {len(ring)}"
            assert len(held) == len(ring) - 1, f"seed {seed}: more was refused than the circle"
            assert Counter(refused) == {None: len(held), "alignment.circle": 1}, f"seed {seed}: {refused}"
            outcomes[f"the {refused.index('alignment.circle') + 1}. of {len(ring)} came last"] += 1
            for one in asked:
                decline = DeclineAlignment(edge=one.edge, reason="The next race")
                await quarter.act(one.owner, quarter.plan_ref(one.owner), decline)
    assert len(outcomes) == 2 + 3 + 4, f"the races are no races: {outcomes}"


def test_what_tells_a_circle() -> None:
    one, two, three = uuid4(), uuid4(), uuid4()
    assert not runs_in_a_circle([Ask(uuid4(), one, two), Ask(uuid4(), two, three), Ask(uuid4(), one, three)])
    assert runs_in_a_circle([Ask(uuid4(), one, two), Ask(uuid4(), three, one), Ask(uuid4(), two, one)])
