"""On the real dev server: lost and doubled nudges, killed workers, Temporal lost altogether, runs that grow long."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from cli.composition import Engine
from cli.temporal import build_worker, nudger
from domain.cycle.policy import Policy
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.values import Elapsed
from eventlog.relay import rebuild_wakes
from tests.support.dev_server import dev_server, relaying, until, working
from tests.support.quarter import Quarter, open_engine_on, windows
from tests.support.skipping import name_of
from tests.workflows.record_histories import LIMIT, resubmitted
from workflows.ids import stream_name, workflow_id

PROMPT = Policy(
    turn=Elapsed(seconds=60),
    assignment_served=Elapsed(seconds=60),
    signature_reminder=Elapsed(seconds=1),
    signature_escalation=Elapsed(seconds=2),
    check_in_every=Elapsed(seconds=60),
    gate_look=Elapsed(seconds=1),
)


@pytest.fixture
async def engine(database: str) -> AsyncIterator[Engine]:
    async with open_engine_on(database) as found:
        yield found


async def in_commit(quarter: Quarter, commit: int = 3600) -> Quarter:
    """Two agreed plans, the cycle in commit, its workflows not yet told of anything."""
    await quarter.found()
    await quarter.open(timetable=windows(commit - 2, commit - 1, commit, commit + 3600, commit + 7200), policy=PROMPT)
    for owner in quarter.staff:
        await quarter.draft(owner)
        await quarter.agree(owner)
    await quarter.advance()
    await quarter.advance()
    return quarter


async def counted(quarter: Quarter, kind: str) -> int:
    events = await quarter.engine.log.read_feed(quarter.organization, limit=10_000)
    return sum(event.type == kind for event in events)


async def runs(client: Client, quarter: Quarter, ref: Ref) -> bool:
    handle = client.get_workflow_handle(workflow_id(name_of(quarter.organization, ref)))
    return (await handle.describe()).status is WorkflowExecutionStatus.RUNNING


async def test_continue_as_new_by_the_servers_own_limit(engine: Engine) -> None:
    """`limit.historyCount.suggestContinueAsNew` is lowered; the workflow's input has no hook for tests."""
    async with dev_server(*LIMIT) as client, working(engine, client):
        quarter = await resubmitted(Quarter(engine), client)
        ref = quarter.plan_ref(quarter.staff[0])
        handle = client.get_workflow_handle(workflow_id(name_of(quarter.organization, ref)))
        described = await handle.describe()
        history = await handle.fetch_history()
        started = history.events[0].workflow_execution_started_event_attributes
        assert started.continued_execution_run_id, "it never continued as new"
        assert described.history_length < 100
        assert await handle.query("position") >= (await engine.log.last_position(quarter.organization)) - 1


async def test_doubled_reordered_and_missing_nudges_are_harmless(engine: Engine) -> None:
    """Each nudge is dropped, sent once or three times, and old positions are sent again at random."""
    chance = random.Random(7)
    async with dev_server() as client, build_worker(client, engine.agendas):
        quarter = await in_commit(Quarter(engine))
        nudge, sent = nudger(client), 0
        for owner in quarter.staff:
            await quarter.submit(owner)
            for _ in range(8):
                position = chance.randrange(1, await engine.log.last_position(quarter.organization) + 1)
                for _ in range(chance.choice([0, 1, 3])):
                    await nudge(quarter.organization, "plan", quarter.plan_ref(owner).stream, position, position)
                    sent += 1
        async with relaying(engine, client):
            await until("both reminders", lambda: _reached(quarter, "Reminded", 2))
            await until("both escalations", lambda: _reached(quarter, "Escalated", 2))
        assert sent > 8
        assert await counted(quarter, "Reminded") == 2
        assert await counted(quarter, "Escalated") == 2


async def _reached(quarter: Quarter, kind: str, count: int) -> bool:
    return await counted(quarter, kind) >= count


async def test_what_falls_due_while_no_worker_is_there_is_done_when_one_comes(engine: Engine) -> None:
    async with dev_server() as client, relaying(engine, client):
        quarter = await in_commit(Quarter(engine))
        owner = quarter.staff[0]
        async with build_worker(client, engine.agendas):
            await quarter.submit(owner)
        await quarter.sign(quarter.staff[0], quarter.head)
        await until("something to be past due", lambda: _is_past_due(quarter))
        assert await counted(quarter, "Reminded") == 0
        async with build_worker(client, engine.agendas):
            await until("the reminder", lambda: _reached(quarter, "Reminded", 1))
        assert await counted(quarter, "Reminded") == 1


async def _is_past_due(quarter: Quarter) -> bool:
    found: bool = await quarter.engine.pool.fetchval(
        "select bool_or(next_due < now() - interval '0.2 seconds') from goalcycle.streams where organization = $1",
        quarter.organization,
    )
    return bool(found)


async def test_losing_temporals_whole_database_costs_nothing(engine: Engine, tmp_path: Path) -> None:
    """Stopped, its file deleted, started empty, rebuilt from the log: the quarter goes on. Twice at once is once."""
    file = tmp_path / "temporal.db"
    quarter = Quarter(engine)
    async with dev_server(database=file) as client, working(engine, client):
        await in_commit(quarter, commit=6)
        await quarter.submit(quarter.staff[0])
        await until("the plan's workflow to run", lambda: _told(quarter))
        assert await runs(client, quarter, quarter.plan_ref(quarter.staff[0]))
    for lost in tmp_path.glob("temporal.db*"):
        lost.unlink()
    async with dev_server(database=file) as client, working(engine, client):
        assert await rebuild_wakes(engine.pool) == await rebuild_wakes(engine.pool) == 4
        await until("every open stream to be told again", lambda: _told(quarter))
        for owner in quarter.staff:
            if (await quarter.plan(owner)).signing is None:
                await quarter.submit(owner)
            await quarter.sign(owner)
        await until("commit to close by its rebuilt timer", lambda: _in_phase(quarter, Phase.TRACK))
        for ref in (quarter.cycle_ref, *(quarter.plan_ref(owner) for owner in quarter.staff)):
            assert await runs(client, quarter, ref)
    assert await counted(quarter, "PhaseClosed") == 3


async def _told(quarter: Quarter) -> bool:
    waiting: int = await quarter.engine.pool.fetchval(
        "select count(*) from goalcycle.streams where wake_position > delivered_position and not closed"
    )
    return waiting == 0


async def _in_phase(quarter: Quarter, phase: Phase) -> bool:
    return (await quarter.state()).phase is phase


def test_a_workflows_id_names_its_stream_both_ways() -> None:
    quarter = Quarter(engine=None)  # type: ignore[arg-type]
    name = name_of(quarter.organization, quarter.cycle_ref)
    assert stream_name(workflow_id(name)) == name
    assert workflow_id(name) == f"cycle:{quarter.organization}:{quarter.cycle}"
    with pytest.raises(ValueError, match="unpack"):
        stream_name("somebody-elses-workflow")
