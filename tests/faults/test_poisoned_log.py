"""An event in the log that this release cannot read: everybody says so clearly, and everything else goes on.

So it is for a while whenever a new release is rolled out, and after it was rolled back.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from temporalio.client import WorkflowExecutionStatus

from api.problems import PROBLEM_TYPE
from cli.composition import CODEC, Engine
from domain.decider import Ref
from domain.registry import DECIDERS
from eventlog.rebuild import rebuild_views
from eventlog.relay import rebuild_wakes
from eventlog.verify import verify_chain
from tests.api.world import World, open_world
from tests.faults.future import GARBLED, NEWER, STRANGE, Unknown, plant
from tests.support.dev_server import dev_server, until, working
from tests.support.projecting import caught_up, projector_of
from tests.support.quarter import Quarter, open_engine_on, windows

DAY = 24 * 3600
SAYS = {STRANGE: "event type FromTheFuture", NEWER: "schema version 99 of CheckedIn", GARBLED: "CheckedIn"}


@pytest.fixture
async def engine(database: str) -> AsyncIterator[Engine]:
    async with open_engine_on(database) as opened:
        yield opened


async def begun(engine: Engine) -> Quarter:
    """Two staff with a plan each, in draft."""
    quarter = Quarter(engine)
    await quarter.found()
    await quarter.open(timetable=windows(DAY, 2 * DAY, 3 * DAY, 4 * DAY, 5 * DAY))
    for owner in quarter.staff:
        await quarter.draft(owner)
    return quarter


@pytest.mark.parametrize("event", [STRANGE, GARBLED])
async def test_the_api_names_the_event_and_serves_every_other_stream(database: str, event: Unknown) -> None:
    async with open_world(database) as world:
        quarter = await begun(world.engine)
        world.organization = quarter.organization
        sick, well = (quarter.plan_ref(owner) for owner in quarter.staff)
        position = await plant(world.engine, quarter, sick, event)
        owner, other = quarter.staff
        body = {"hash": "0" * 64}
        refused = [
            await world.get(f"/plans/{sick.stream}", owner),
            await world.get(f"/plans/{sick.stream}/history", owner),
            await submit(world, sick, owner, body),
        ]
        for answer in refused:
            assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM_TYPE), answer.text
            assert answer.json()["code"] == "log.unreadable"
            assert str(position) in answer.json()["detail"]
        assert (await world.get(f"/plans/{well.stream}", other)).status_code == 200
        assert (await world.get(f"/cycles/{quarter.cycle}", other)).status_code == 200
        assert (await submit(world, well, other, body)).status_code in {409, 422}, "a rule looked at it"
        await quarter.agree(other)
        assert (await world.get(f"/plans/{well.stream}/history", other)).status_code == 200
        before = await world.get(f"/plans/{sick.stream}", owner, as_of=str(position - 1))
        # Who may see it today rests on the plan as it is today (R8), and that cannot be read.
        assert (before.status_code, before.json()["code"]) == (503, "log.unreadable")


async def submit(world: World, ref: Ref, person: UUID, body: dict[str, str]) -> httpx.Response:
    return await world.try_("SubmitPlan", person, room=f"/plans/{ref.stream}", body=body)


@pytest.mark.parametrize("event", [STRANGE, NEWER, GARBLED])
async def test_the_projector_says_what_stopped_it_and_serves_other_organizations(
    engine: Engine, event: Unknown
) -> None:
    sick, well = await begun(engine), await begun(engine)
    projector = projector_of(engine)
    await caught_up(projector)
    position = await plant(engine, sick, sick.plan_ref(sick.staff[0]), event)
    await well.agree(well.staff[0])
    await caught_up(projector)
    assert SAYS[event] in projector.stopped[sick.organization]
    assert str(position) in projector.stopped[sick.organization]
    assert await projector.lag() == 1
    report = await rebuild_views(engine.pool, engine.log, DECIDERS, CODEC)
    assert (report.stopped, set(projector.stopped)) == (1, {sick.organization})


@pytest.mark.parametrize("event", [GARBLED])
async def test_the_chain_of_what_cannot_be_read_still_verifies(engine: Engine, event: Unknown) -> None:
    quarter = await begun(engine)
    position = await plant(engine, quarter, quarter.plan_ref(quarter.staff[0]), event)
    report = await verify_chain(engine.log, quarter.organization)
    assert (report.holds, report.last_position) == (True, position)


@pytest.mark.parametrize("event", [NEWER])
async def test_replay_says_in_one_line_which_event_it_cannot_read(
    database: str, engine: Engine, tmp_path: Path, event: Unknown
) -> None:
    quarter = await begun(engine)
    ref = quarter.plan_ref(quarter.staff[0])
    position = await plant(engine, quarter, ref, event)
    (tmp_path / "keyring").mkdir(mode=0o700)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "replay", str(ref.stream)),
        env={**os.environ, "GOALCYCLE_HOME": str(tmp_path), "GOALCYCLE_DATABASE_URL": database},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        _, complained = await process.communicate()
    assert process.returncode == 1
    (line,) = complained.decode().splitlines()
    assert line.startswith("goalcycle: ")
    assert SAYS[event] in line
    assert f"position {position}" in line


async def test_a_workflow_waits_at_what_it_cannot_read_and_the_others_keep_the_time(engine: Engine) -> None:
    quarter = await begun(engine)
    sick, well = (quarter.plan_ref(owner) for owner in quarter.staff)
    async with dev_server() as client, working(engine, client):
        kept = {ref: client.get_workflow_handle(f"plan:{quarter.organization}:{ref.stream}") for ref in (sick, well)}

        async def delivered() -> bool:
            return not await engine.pool.fetchval(
                "select count(*) from goalcycle.streams where wake_position > delivered_position"
            )

        async def says_why() -> bool:
            pending = (await kept[sick].describe()).raw_description.pending_activities
            return any(SAYS[STRANGE] in activity.last_failure.message for activity in pending)

        async def has_seen(ref: Ref, position: int) -> bool:
            found: int = await kept[ref].query("position")
            return found >= position

        await until("every workflow to be told", delivered)
        position = await plant(engine, quarter, sick, STRANGE)
        await until("the relay to tell of it like of any other", delivered)
        await until("its workflow to say why it waits", says_why)
        await quarter.agree(quarter.staff[1])
        await rebuild_wakes(engine.pool)
        await until("the other plan's workflow to go on", lambda: has_seen(well, position))
        assert not await has_seen(sick, position)
        assert (await kept[sick].describe()).status is WorkflowExecutionStatus.RUNNING
