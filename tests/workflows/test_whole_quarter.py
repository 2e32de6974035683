"""A formal quarter under the time-skipping server: every deadline, reminder and escalation at its instant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import groupby, pairwise

import pytest

from domain.cycle.windows import Period, Phase, Windows
from domain.plan.signatures import Signing
from domain.values import SYSTEM
from eventlog.verify import verify_chain
from tests.support.quarter import Quarter, open_engine_on
from tests.support.skipping import Skipping, skipping

TICK = timedelta(milliseconds=50)


@pytest.fixture
async def time_machine(database: str) -> AsyncIterator[Skipping]:
    async with open_engine_on(database) as engine, skipping(engine) as found:
        yield found


async def duties(quarter: Quarter) -> list[tuple[str, datetime]]:
    """What goalcycle itself has done, and when."""
    events = await quarter.engine.log.read_feed(quarter.organization, limit=10_000)
    return [(event.type, event.at) for event in events if event.actor == SYSTEM]


def instants(done: list[tuple[str, datetime]], kind: str) -> list[datetime]:
    return [at for name, at in done if name == kind]


async def test_a_formal_quarter_runs_by_itself_and_nothing_is_early_or_twice(time_machine: Skipping) -> None:
    quarter = await time_machine.quarter()
    await quarter.found()
    start = await time_machine.now()
    begins = start + timedelta(days=40)
    period = Period(starts=begins, ends=begins + timedelta(days=91))
    await quarter.open(timetable=Windows(), period=period)
    deadlines = (await quarter.state()).deadlines
    for owner in quarter.staff:
        await quarter.draft(owner)
        await quarter.agree(owner)
    await time_machine.pass_until(quarter, deadlines[Phase.NEGOTIATE] + TICK)
    assert (await quarter.state()).phase is Phase.COMMIT
    prompt, silent = quarter.staff
    for owner in quarter.staff:
        await quarter.submit(owner)
    await quarter.sign(prompt)
    signing = (await quarter.plan(silent)).signing
    assert signing is not None
    await time_machine.pass_until(quarter, signing.escalate_at + TICK)
    await quarter.sign(silent, quarter.lead)
    await time_machine.settle(quarter)
    raised = (await quarter.plan(silent)).signing
    assert raised is not None
    assert raised.escalated_to is not None
    await quarter.sign(silent, raised.escalated_to)
    await time_machine.pass_until(quarter, deadlines[Phase.COMMIT] + TICK)
    assert (await quarter.state()).phase is Phase.TRACK
    await time_machine.pass_until(quarter, period.ends)
    for owner in quarter.staff:
        await quarter.check_in(owner)
    await time_machine.pass_until(quarter, deadlines[Phase.TRACK] + TICK)
    await quarter.publish()
    await quarter.receive(prompt)
    await time_machine.pass_until(quarter, deadlines[Phase.RETROSPECT] + TICK)
    await _check(time_machine, quarter, deadlines, signing)


async def _check_duties(time_machine: Skipping, quarter: Quarter) -> None:
    """What goalcycle did by itself was due, at its instant; each duty that was due was done, by one command."""
    owed, performed = time_machine.agendas.owed, set()
    events = [
        event
        for event in await quarter.engine.log.read_feed(quarter.organization, limit=10_000)
        if event.actor == SYSTEM
    ]
    for command, group in groupby(events, key=lambda event: event.command_id):
        assert command not in performed, f"{owed[command].key} was performed twice"
        performed.add(command)
        due = owed[command].due
        for event in group:
            assert timedelta(0) <= event.at - due < timedelta(seconds=5), f"{event.type} of {owed[command].key}"
    deadlines = (await quarter.state()).deadlines.values()
    left = [owed[command] for command in owed.keys() - performed]
    assert [duty.key for duty in left if duty.due not in deadlines] == [], "only its phase's end settles a due duty"


async def _check(time_machine: Skipping, quarter: Quarter, deadlines: dict[Phase, datetime], signing: Signing) -> None:
    assert (await quarter.state()).closed
    await _check_duties(time_machine, quarter)
    done = await duties(quarter)
    closed = instants(done, "PhaseClosed")
    assert len(closed) == 5
    for phase, at in zip(Phase, closed, strict=True):
        assert timedelta(0) <= at - deadlines[phase] < timedelta(seconds=5), phase
    (reminded,) = instants(done, "Reminded")
    assert timedelta(0) <= reminded - signing.remind_at < timedelta(seconds=5)
    first, second = instants(done, "Escalated")
    assert timedelta(0) <= first - signing.escalate_at < timedelta(seconds=5)
    assert second >= first
    assert len(instants(done, "ResultServed")) == 1
    assert len(instants(done, "GateFailed")) == 0
    digests = instants(done, "DigestSent")
    assert len(digests) > 10
    assert all(later - earlier >= timedelta(days=6) for earlier, later in pairwise(digests))
    refs = [quarter.cycle_ref, *(quarter.plan_ref(owner) for owner in quarter.staff)]
    await time_machine.settle(quarter)
    for ref in refs:
        assert await time_machine.comes_to_its_end(quarter, ref), f"the workflow of a closed {ref.kind} still runs"
    assert [ref.kind for ref, _ in await time_machine.open_streams(quarter)] == ["directory"]
    assert (await verify_chain(quarter.engine.log, quarter.organization)).holds
