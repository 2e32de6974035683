"""After a failed gate the cycle rests between two looks, but never lets a closing or a facilitator wait for that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import pytest

from domain.cycle.closing import AdvancePhase
from domain.cycle.participation import ExcuseParticipant
from domain.cycle.windows import Phase
from tests.support.dev_server import until
from tests.support.quarter import Quarter, open_engine_on
from tests.support.skipping import Skipping, skipping
from tests.workflows.paths import HOURS, POLICY, TICK


@pytest.fixture
async def time_machine(database: str) -> AsyncIterator[Skipping]:
    async with open_engine_on(database) as engine, skipping(engine) as found:
        yield found


async def failed(machine: Skipping) -> Quarter:
    """A cycle whose draft gate failed at its deadline, a moment ago: one of two has no goals."""
    quarter = await machine.quarter()
    await quarter.found()
    await quarter.open(timetable=HOURS, policy=POLICY)
    await quarter.draft(quarter.staff[0])
    await machine.pass_until(quarter, (await quarter.state()).deadlines[Phase.DRAFT] + TICK)
    assert (await quarter.state()).gate_failure is not None
    return quarter


async def test_a_facilitators_advance_does_not_wait_for_the_rest_of_the_gate(time_machine: Skipping) -> None:
    """R2.3: else the closing would lapse (30 s) before the workflow looks again (60 s), and people be locked out."""
    quarter = await failed(time_machine)
    await time_machine.pass_until(quarter, await time_machine.now() + timedelta(seconds=5))
    await quarter.draft(quarter.staff[1])
    await quarter.act(quarter.lead, quarter.cycle_ref, AdvancePhase())
    before = await time_machine.now()

    async def closed() -> bool:
        await time_machine.relay.step()
        return (await quarter.state()).phase is Phase.NEGOTIATE

    await until("the workflow to finish the closing", closed)
    assert await time_machine.now() - before < timedelta(seconds=30)
    events = await quarter.engine.log.read_feed(quarter.organization, limit=10_000)
    assert "ClosingReleased" not in [event.type for event in events]


async def test_however_much_happens_the_gate_is_looked_at_once_a_minute(time_machine: Skipping) -> None:
    """R2.3: each look reads every plan of the cycle."""
    quarter = await failed(time_machine)
    for _ in range(8):
        await quarter.draft(quarter.staff[0])
        await time_machine.pass_until(quarter, await time_machine.now() + timedelta(seconds=20))
    watched = [
        at for ref, at, agenda in time_machine.agendas.looks if ref == quarter.cycle_ref and agenda.quiet_seconds
    ]
    assert 3 <= len(watched) <= 5, "looked at over 160 s"
    assert all(later - earlier >= timedelta(seconds=POLICY.gate_look.seconds) for earlier, later in pairwise(watched))


async def test_a_facilitators_exception_ends_the_rest_of_the_gate(time_machine: Skipping) -> None:
    """The blocker is excused (R2.6): the phase closes at once."""
    quarter = await failed(time_machine)
    await time_machine.pass_until(quarter, await time_machine.now() + timedelta(seconds=5))
    excused = ExcuseParticipant(owner=quarter.staff[1], reason="On leave")
    await quarter.act(quarter.lead, quarter.cycle_ref, excused)
    before = await time_machine.now()

    async def closed() -> bool:
        await time_machine.relay.step()
        return (await quarter.state()).phase is Phase.NEGOTIATE

    await until("the workflow to look", closed)
    assert await time_machine.now() - before < timedelta(seconds=30)
