"""Worker and relay as real processes: killed in the middle of things, and with a Temporal that comes and goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest
from temporalio.client import Client

from cli.stack.ports import pick_free
from domain.cycle.policy import Policy
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.values import SYSTEM, Elapsed
from eventlog.keyring import DirectoryKeyring
from eventlog.log import Recorded
from eventlog.verify import verify_chain
from tests.support.dev_server import dev_server, until
from tests.support.processes import Process, running
from tests.support.quarter import Quarter, open_engine_on, windows
from tests.workflows.paths import first_run, histories

pytestmark = pytest.mark.slow

BRISK = Policy(
    turn=Elapsed(seconds=60),
    assignment_served=Elapsed(seconds=60),
    signature_reminder=Elapsed(seconds=1),
    signature_escalation=Elapsed(seconds=60),
    check_in_every=Elapsed(seconds=2),
    gate_look=Elapsed(seconds=1),
    result_served=Elapsed(seconds=1),
)
MOST_EVENTS = 54
"""Of Temporal's, that one plan may cost over a whole quarter in which goalcycle need not remind anybody of it. It takes
32; each killed worker, and each nudge that comes by itself because a machine is slow, may add a few.
"""
EVENTS_OF_A_DUTY = 12
"""A nudge that sets the timer (6), the timer, a task and its turn (6)."""


@dataclass
class Site:
    """One organization, its database and keys, and the processes that serve it."""

    quarter: Quarter
    environment: dict[str, str]
    folder: Path
    stack: AsyncExitStack
    started: list[Process] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.environment["TEMPORAL_ADDRESS"].rpartition(":")[2])

    async def start(self, part: str) -> Process:
        """Start one more process of a part; it need not serve yet."""
        output = self.folder / f"{part}{len(self.started)}.log"
        process = await self.stack.enter_async_context(running(part, self.environment, output))
        self.started.append(process)
        return process

    async def serve(self, part: str) -> Process:
        """Start one more process of a part, which then serves."""
        process = await self.start(part)
        await until(f"the {part} to serve", process.is_ready)
        return process

    async def events(self, kind: str) -> list[Recorded]:
        feed = await self.quarter.engine.log.read_feed(self.quarter.organization, limit=10_000)
        return [event for event in feed if event.type == kind]

    async def happened(self, kind: str, count: int = 1) -> None:
        async def enough() -> bool:
            return len(await self.events(kind)) >= count

        await until(f"{count} {kind}", enough)

    async def in_phase(self, phase: Phase) -> None:
        async def reached() -> bool:
            return (await self.quarter.state()).phase is phase

        await until(f"the phase {phase}", reached)

    async def opened(self, *closings: int) -> None:
        """A cycle whose phases close so many seconds from now, with two agreed plans."""
        await self.quarter.found()
        await self.quarter.open(timetable=windows(*closings), policy=BRISK)
        for owner in self.quarter.staff:
            await self.quarter.draft(owner)
            await self.quarter.agree(owner)


@pytest.fixture
async def site(database: str, tmp_path: Path) -> AsyncIterator[Site]:
    environment = {
        "GOALCYCLE_DATABASE_URL": database,
        "GOALCYCLE_HOME": str(tmp_path / "home"),
        "GOALCYCLE_KEYRING": str(tmp_path / "keys"),
        "TEMPORAL_ADDRESS": f"127.0.0.1:{pick_free()}",
        "TEMPORAL_NAMESPACE": "default",
    }
    async with open_engine_on(database, DirectoryKeyring(tmp_path / "keys")) as engine, AsyncExitStack() as stack:
        yield Site(Quarter(engine), environment, tmp_path, stack)


async def test_a_worker_that_dies_within_a_duty_is_replaced_before_the_closing_lapses(site: Site) -> None:
    """R2.3. The append is held up, its worker killed, the append let go: its answer is lost, and people are locked out
    until another worker finishes the closing. That must take less than the 30 s after which it would lapse."""
    async with dev_server(port=site.port):
        await site.serve("relay")
        worker = await site.serve("worker")
        await site.opened(4, 3600, 7200, 10800, 14400)
        async with _writes_held_up(site) as owner:
            await until("the duty to wait for the log", lambda: _waits_for_a_lock(owner))
            await worker.kill()
        await site.serve("worker")
        await site.in_phase(Phase.NEGOTIATE)
    assert len(await site.events("PhaseClosing")) == 1
    assert await site.events("ClosingReleased") == []


@asynccontextmanager
async def _writes_held_up(site: Site) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    owner = await asyncpg.connect(site.environment["GOALCYCLE_DATABASE_URL"])  # the application's role locks nothing
    try:
        async with owner.transaction():
            await owner.execute(
                "select from goalcycle.organizations where organization = $1 for update", site.quarter.organization
            )
            yield owner
    finally:
        await owner.close()


async def _waits_for_a_lock(owner: asyncpg.Connection[asyncpg.Record]) -> bool:
    found: int = await owner.fetchval("select count(*) from pg_locks where not granted")
    return found > 0


async def test_a_quarter_survives_workers_killed_while_they_close_a_phase(site: Site) -> None:
    """SIGKILL as soon as a closing has begun, in four phases. Nothing is lost, early or twice, nor costs much."""
    quarter = site.quarter
    async with dev_server(port=site.port) as client:
        await site.serve("relay")
        await site.serve("worker")
        await site.opened(4, 8, 20, 32, 44)
        for phase in (Phase.DRAFT, Phase.NEGOTIATE):
            await _killed_while_closing(site, phase)
        await site.in_phase(Phase.COMMIT)
        prompt, late = quarter.staff
        for owner in quarter.staff:
            await quarter.submit(owner)
        await quarter.sign(prompt)
        await site.happened("Reminded")
        await quarter.sign(late)
        await _killed_while_closing(site, Phase.COMMIT)
        await site.happened("DigestSent")
        for owner in quarter.staff:
            await quarter.check_in(owner)
        await _killed_while_closing(site, Phase.TRACK)
        await site.in_phase(Phase.RETROSPECT)
        await quarter.publish()
        await quarter.receive(prompt)
        await site.happened("ResultServed")
        await site.happened("CycleClosed")
        costs = [await _cost_when_over(client, quarter, quarter.plan_ref(owner)) for owner in (prompt, late)]
    print(f"Temporal's events over a whole quarter: {costs[0]} of a prompt plan, {costs[1]} of one reminded and served")
    assert costs[0] < MOST_EVENTS
    assert costs[1] < MOST_EVENTS + 2 * EVENTS_OF_A_DUTY
    await _check(site)


async def _killed_while_closing(site: Site, phase: Phase) -> None:
    """Kill the worker at the first sign that it closes the phase, and start another."""
    async with asyncio.timeout(45):
        while len(await site.events("PhaseClosing")) <= list(Phase).index(phase):
            await asyncio.sleep(0)
    await site.started[-1].kill()
    await site.serve("worker")


async def _cost_when_over(client: Client, quarter: Quarter, ref: Ref) -> int:
    """Events of all runs of a stream's workflow, once it has ended."""
    first = await first_run(client, quarter, ref)
    events = 0

    async def over() -> bool:
        nonlocal events
        runs = await histories(client, quarter, ref, first)
        events = sum(len(run.events) for run in runs)
        return runs[-1].events[-1].HasField("workflow_execution_completed_event_attributes")

    await until("the workflow of a closed plan to end", over)
    return events


async def _check(site: Site) -> None:
    closed, deadlines = await site.events("PhaseClosed"), (await site.quarter.state()).deadlines
    assert len(closed) == len(Phase)
    assert all(event.at >= deadlines[phase] for event, phase in zip(closed, Phase, strict=True))
    for kind, most in (("PhaseClosing", 5), ("ClosingReleased", 0), ("Reminded", 1)):
        assert len(await site.events(kind)) == most, kind
    assert [event.actor for event in await site.events("ResultServed")] == [SYSTEM]
    assert (await verify_chain(site.quarter.engine.log, site.quarter.organization)).holds


async def test_parts_outlive_a_temporal_that_comes_late_and_goes_away(site: Site) -> None:
    """They are started first, keep trying, and are the same processes at the end."""
    worker, relay = await site.start("worker"), await site.start("relay")
    await until("the worker to find nobody", lambda: worker.has_logged("temporal.away"))
    await until("the relay to find nobody", lambda: relay.has_logged("temporal.away"))
    await site.opened(3600, 7200, 10800, 14400, 18000)
    await site.quarter.advance()
    await site.quarter.advance()
    kept = site.folder / "temporal.db"
    async with dev_server(port=site.port, database=kept):
        await site.quarter.submit(site.quarter.staff[0])
        await site.happened("Reminded")
    await site.quarter.submit(site.quarter.staff[1])
    await until("the relay to find nobody any more", lambda: relay.has_logged("relay.nudge_failed"))
    async with dev_server(port=site.port, database=kept):
        await site.happened("Reminded", 2)
    assert worker.alive
    assert relay.alive
