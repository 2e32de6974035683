"""Two builds of the workers side by side, on the real dev server: pinned, upgraded when a run is continued as new."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode

from cli.composition import Engine
from cli.ending import end_workflows
from cli.stack.ports import pick_free
from cli.temporal import build_worker
from cli.versioning import BuildError, builds, promote, require_idle, require_version, running_on, worker_version
from domain.cycle.windows import Phase
from domain.decider import Ref
from eventlog.keyring import DirectoryKeyring
from eventlog.relay import rebuild_wakes
from eventlog.settings import NotConfigured, Settings
from tests.support.commands import goalcycle
from tests.support.dev_server import dev_server, relaying, until
from tests.support.processes import running
from tests.support.quarter import Quarter, open_engine_on, windows
from tests.support.skipping import name_of
from workflows.ids import workflow_id

pytestmark = pytest.mark.slow

A, B = (WorkerDeploymentVersion("goalcycle", build) for build in ("0.1.0", "0.2.0"))
HOURS = windows(*(hour * 3600 for hour in range(1, 6)))


@pytest.fixture
async def engine(database: str) -> AsyncIterator[Engine]:
    async with open_engine_on(database) as found:
        yield found


@asynccontextmanager
async def working_on(engine: Engine, client: Client, version: WorkerDeploymentVersion) -> AsyncIterator[None]:
    """A worker of a build, which is current afterwards."""
    async with build_worker(client, engine.agendas, version=version):
        await promote(client, version, None, 20)
        yield


async def build_of(client: Client, quarter: Quarter, ref: Ref) -> str | None:
    """The build that a stream's workflow is pinned to; None before its first task."""
    handle = client.get_workflow_handle(workflow_id(name_of(quarter.organization, ref)))
    try:
        described = await handle.describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None
    return described.raw_description.workflow_execution_info.versioning_info.deployment_version.build_id or None


async def on(client: Client, quarter: Quarter, build: WorkerDeploymentVersion, *refs: Ref) -> None:
    """Wait until these streams' workflows run on a build."""

    async def there() -> bool:
        return {await build_of(client, quarter, ref) for ref in refs} == {build.build_id}

    await until(f"{len(refs)} workflows on {build.build_id}", there)


async def drafted(engine: Engine) -> Quarter:
    quarter = Quarter(engine)
    await quarter.found()
    await quarter.open(timetable=HOURS)
    return quarter


async def holds(client: Client, build: WorkerDeploymentVersion, workflows: int) -> None:
    async def counted() -> bool:
        return any(
            one.build == build.build_id and one.workflows == workflows for one in await builds(client, "goalcycle")
        )

    await until(f"{build.build_id} to hold {workflows} workflows", counted)


async def test_a_phases_end_moves_a_workflow_to_the_current_build(engine: Engine) -> None:
    """What runs stays with its build though another is current, what is new begins on that; then the old one drains."""
    async with dev_server() as client, relaying(engine, client):
        quarter = await drafted(engine)
        first, second = (quarter.plan_ref(owner) for owner in quarter.staff)
        async with working_on(engine, client, A):
            await quarter.draft(quarter.staff[0])
            await on(client, quarter, A, quarter.cycle_ref, first)
            async with working_on(engine, client, B):
                await quarter.draft(quarter.staff[1])
                await on(client, quarter, B, second)
                assert await build_of(client, quarter, quarter.cycle_ref) == A.build_id
                assert await build_of(client, quarter, first) == A.build_id

                for owner in quarter.staff:
                    await quarter.agree(owner)
                await quarter.advance()
                assert (await quarter.state()).phase is Phase.NEGOTIATE
                await on(client, quarter, B, quarter.cycle_ref, first, second)
                await rebuild_wakes(engine.pool)  # the directory has no phases: a nudge moves it
                await holds(client, A, 0)
                await require_idle(client, A)
                with pytest.raises(BuildError, match=r"100 % of new runs begin on 0\.2\.0"):
                    await require_idle(client, B)


async def test_a_build_whose_workers_are_gone_is_retired(engine: Engine) -> None:
    """Somebody stopped the old workers too early. What is pinned to them stands still until it is started anew."""
    async with dev_server() as client, relaying(engine, client):
        quarter = await drafted(engine)
        async with working_on(engine, client, A):
            await quarter.draft(quarter.staff[0])
            await on(client, quarter, A, quarter.cycle_ref, quarter.plan_ref(quarter.staff[0]))
        async with working_on(engine, client, B):
            await quarter.agree(quarter.staff[0])
            await quarter.draft(quarter.staff[1])
            await quarter.agree(quarter.staff[1])
            assert await build_of(client, quarter, quarter.cycle_ref) == A.build_id
            assert await end_workflows(client, running_on(A)) == 3
            await rebuild_wakes(engine.pool)
            await on(client, quarter, B, quarter.cycle_ref, *(quarter.plan_ref(owner) for owner in quarter.staff))


async def test_a_share_of_new_runs_tries_a_build_out(engine: Engine) -> None:
    async with (
        dev_server() as client,
        build_worker(client, engine.agendas, version=A),
        build_worker(client, engine.agendas, version=B),
    ):
        await promote(client, A, None, 20)
        await promote(client, B, 30, 20)
        shares = {one.build: (one.status, one.percent) for one in await builds(client, "goalcycle")}
        assert shares == {"0.1.0": ("current", 70.0), "0.2.0": ("ramping", 30.0)}


async def test_a_build_that_nobody_runs_is_not_promoted(engine: Engine) -> None:
    async with dev_server() as client:
        with pytest.raises(BuildError, match="no worker of goalcycle has ever polled"):
            await builds(client, "goalcycle")
        with pytest.raises(BuildError, match=r"no worker of build 0\.1\.0 polls .* start it"):
            await promote(client, A, None, 0)


def test_the_build_is_the_release_unless_it_is_named() -> None:
    assert worker_version(Settings()) is None
    named = Settings(worker_deployment="goalcycle", worker_build="4f2a1c")
    assert worker_version(named) == WorkerDeploymentVersion("goalcycle", "4f2a1c")
    by_release = worker_version(Settings(worker_deployment="goalcycle"))
    assert by_release is not None
    assert by_release.build_id[0].isdigit()
    with pytest.raises(NotConfigured, match="GOALCYCLE_WORKER_DEPLOYMENT"):
        require_version(Settings(), None)


async def test_an_operator_rolls_a_release_out(database: str, tmp_path: Path) -> None:
    """docs/operations.md, word for word: both builds as processes, promote, rebuild, look, retire, stop the old one."""
    environment = {
        "GOALCYCLE_DATABASE_URL": database,
        "GOALCYCLE_HOME": str(tmp_path / "home"),
        "GOALCYCLE_KEYRING": str(tmp_path / "keys"),
        "GOALCYCLE_WORKER_DEPLOYMENT": "goalcycle",
        "TEMPORAL_ADDRESS": f"127.0.0.1:{pick_free()}",
        "TEMPORAL_NAMESPACE": "default",
    }

    def built(build: str) -> dict[str, str]:
        return {**environment, "GOALCYCLE_WORKER_BUILD": build}

    async def said(build: str, *arguments: str) -> dict[str, Any]:
        done = await goalcycle(*arguments, "--json", environment=built(build))
        assert done.code == 0, done.errors
        return done.answer

    async def left_on(build: str, count: int) -> bool:
        builds = (await said(build, "worker", "status"))["builds"]
        return (build, count) in [(one["build"], one["workflows"]) for one in builds]

    port = int(environment["TEMPORAL_ADDRESS"].rpartition(":")[2])
    async with open_engine_on(database, DirectoryKeyring(tmp_path / "keys")) as engine, dev_server(port=port):
        await drafted(engine)
        async with (
            running("relay", environment, tmp_path / "relay.log"),
            running("worker", built("1"), tmp_path / "1.log"),
        ):
            assert await said("1", "worker", "promote") == {"build": "1", "percent": 100.0}
            await until("two workflows on 1", lambda: left_on("1", 2))
            async with running("worker", built("2"), tmp_path / "2.log"):
                await said("2", "worker", "promote", "--percent", "10")
                await said("2", "worker", "promote")
                await said("2", "rebuild", "workflows")
                await until("two workflows on 2", lambda: left_on("2", 2))
                assert await said("2", "worker", "retire", "1") == {"build": "1", "ended": 0}
                refused = await goalcycle("worker", "retire", "2", environment=built("2"))
                assert refused.code == 1
                assert "promote another build first" in refused.errors
