"""What is due and will not be done, and clocks that disagree, cost a bounded number of looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from cli.composition import CODEC, Engine
from cli.temporal import build_worker
from domain.cycle.policy import Policy
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.problems import Problem
from domain.registry import DECIDERS
from domain.values import Elapsed
from eventlog.agendas import Performed
from eventlog.handler import CommandHandler, system_clock
from tests.support.dev_server import dev_server, relaying, until
from tests.support.quarter import Quarter, open_engine_on, windows
from tests.support.skipping import Skipping, WatchedAgendas, skipping
from tests.workflows.paths import POLICY, opened
from tests.workflows.paths import until as pass_until

REFUSED = Problem("test.refused", 409, "Not now.")


def unchanged() -> Performed:
    return Performed("unchanged")


def refused() -> Performed:
    raise REFUSED()


def judged_by_another_clock() -> Performed:
    """A worker whose clock is behind that of the one that read the agenda."""
    return Performed("no_longer_owed", 10_000)


class Stubborn(WatchedAgendas):
    """Agendas that never do what is due."""

    def __init__(self, engine: Engine, answer: Callable[[], Performed]) -> None:
        super().__init__(engine)
        self._answer = answer
        self.tries: list[datetime] = []

    async def perform(self, organization: UUID, ref: Ref, duty_key: str, now: datetime) -> Performed:
        if not duty_key.startswith("Remind"):
            return await super().perform(organization, ref, duty_key, now)
        self.tries.append(now)
        return self._answer()


@pytest.mark.parametrize("answer", [unchanged, refused, judged_by_another_clock])
async def test_a_duty_that_changes_nothing_is_tried_less_and_less_often(
    database: str, answer: Callable[[], Performed]
) -> None:
    async with open_engine_on(database) as engine:
        agendas = Stubborn(engine, answer)
        async with skipping(engine, agendas) as machine:
            quarter = await opened(machine)
            await pass_until(machine, quarter, Phase.COMMIT)
            await quarter.submit(quarter.staff[0])
            await machine.relay.step()
            await until("the workflow to see the submission", lambda: _waits(quarter, machine))
            patience = POLICY.signature_reminder
            assert isinstance(patience, Elapsed)
            await machine.environment.sleep(patience.seconds + 400)
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(agendas.tries)]
    assert [round(pause) for pause in pauses[:8]] == [1, 2, 4, 8, 16, 32, 60, 60]


async def _waits(quarter: Quarter, machine: Skipping) -> bool:
    ref = quarter.plan_ref(quarter.staff[0])
    return any(seen == ref and agenda.next_due for seen, _, agenda in machine.agendas.looks)


SLOW = timedelta(seconds=3)
"""Within what the log tolerates (5 s behind the database)."""


def slow_clock() -> datetime:
    return system_clock() - SLOW


async def test_a_worker_whose_clock_is_behind_waits_without_spinning_and_is_never_early(database: str) -> None:
    """Temporal's timer fires 3 s before the duty is due by the worker's clock."""
    policy = Policy(signature_reminder=Elapsed(seconds=2), signature_escalation=Elapsed(seconds=3600))
    async with open_engine_on(database) as engine:
        handler = CommandHandler(engine.log, engine.appender, DECIDERS, CODEC, engine.keyring, slow_clock)
        slow = WatchedAgendas(replace(engine, handler=handler), slow_clock)
        quarter = Quarter(engine)
        await quarter.found()
        await quarter.open(timetable=windows(*(3600 * hour for hour in range(1, 6))), policy=policy)
        for owner in quarter.staff:
            await quarter.draft(owner)
            await quarter.agree(owner)
        await quarter.advance()
        await quarter.advance()
        await quarter.submit(quarter.staff[0])
        async with dev_server() as client, build_worker(client, slow), relaying(engine, client):
            await until("the reminder", lambda: _reminded(quarter))
        events = await engine.log.read_feed(quarter.organization)
    ref = quarter.plan_ref(quarter.staff[0])
    early = [now for seen, now, agenda in slow.looks if seen == ref and agenda.next_due and agenda.next_due <= now]
    assert 3 <= len(early) <= 7
    (reminded,) = [event for event in events if event.type == "Reminded"]
    assert reminded.at >= slow.owed[reminded.command_id].due


async def _reminded(quarter: Quarter) -> bool:
    return any(event.type == "Reminded" for event in await quarter.engine.log.read_feed(quarter.organization))
