"""Builds of the workers side by side: which is current, what still runs on the others, and how they are emptied.

A workflow is pinned to the build that began its run; a new run (a phase's end, or the next nudge or timer after
another build became current) begins on the current one. So code never replays a history that another build wrote.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from importlib.metadata import version

from temporalio.api.enums.v1 import WorkerDeploymentVersionStatus as Status
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentResponse,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode

from eventlog.settings import NotConfigured, Settings

IDENTITY = "goalcycle worker"
LOOK_SECONDS = 0.5


class BuildError(Exception):
    """A build that cannot be promoted or retired: one sentence, with the way out."""


@dataclass(frozen=True, slots=True)
class Build:
    """One build of the workers, as Temporal sees it."""

    build: str
    status: str
    """current, ramping, draining, drained, inactive, created"""
    percent: float
    """Share of new runs that begin on it, 0 to 100."""
    workflows: int
    """Workflows that run on it now. Temporal's count lags by about a second."""


def worker_version(settings: Settings) -> WorkerDeploymentVersion | None:
    """What a worker of these settings calls itself; None: it is not versioned."""
    if settings.worker_deployment is None:
        return None
    return WorkerDeploymentVersion(settings.worker_deployment, settings.worker_build or version("goalcycle"))


def require_version(settings: Settings, build: str | None) -> WorkerDeploymentVersion:
    """The named build, or the one that these settings describe.

    Raises:
        NotConfigured: workers are not versioned.
    """
    found = worker_version(settings)
    if found is None:
        raise NotConfigured("workers are not versioned: set GOALCYCLE_WORKER_DEPLOYMENT for them and for this command")
    return WorkerDeploymentVersion(found.deployment_name, build) if build else found


async def promote(client: Client, chosen: WorkerDeploymentVersion, percent: float | None, within: float) -> None:
    """Let new runs begin on a build: all of them, or `percent` of them while another one stays current.

    Waits up to `within` seconds for a worker of the build to poll. Raises BuildError where none does, or where it does
    not serve what the present one serves.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        try:
            await _set(client, chosen, percent)
            return
        except RPCError as error:
            if error.status not in (RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION):
                raise
            if loop.time() > deadline:
                raise BuildError(
                    f"no worker of build {chosen.build_id} polls ({error.message}): start it, and promote it then"
                ) from error
            await asyncio.sleep(LOOK_SECONDS)


async def _set(client: Client, chosen: WorkerDeploymentVersion, percent: float | None) -> None:
    service = client.workflow_service
    if percent is None:
        current = SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace,
            deployment_name=chosen.deployment_name,
            build_id=chosen.build_id,
            identity=IDENTITY,
        )
        await service.set_worker_deployment_current_version(current)
    else:
        ramping = SetWorkerDeploymentRampingVersionRequest(
            namespace=client.namespace,
            deployment_name=chosen.deployment_name,
            build_id=chosen.build_id,
            percentage=percent,
            identity=IDENTITY,
        )
        await service.set_worker_deployment_ramping_version(ramping)


async def builds(client: Client, deployment: str) -> list[Build]:
    """Every build that ever polled and was not deleted, the newest first. Raises BuildError where none ever did."""
    try:
        found = await client.workflow_service.describe_worker_deployment(
            DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=deployment)
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise BuildError(f"no worker of {deployment} has ever polled this namespace") from error
    return [build async for build in _builds(client, deployment, found)]


async def _builds(client: Client, deployment: str, found: DescribeWorkerDeploymentResponse) -> AsyncIterator[Build]:
    routing = found.worker_deployment_info.routing_config
    summaries = sorted(found.worker_deployment_info.version_summaries, key=lambda one: -one.create_time.ToSeconds())
    for summary in summaries:
        build = summary.deployment_version.build_id
        ramping = build == routing.ramping_deployment_version.build_id
        current = build == routing.current_deployment_version.build_id
        share = routing.ramping_version_percentage
        yield Build(
            build=build,
            status=Status.Name(summary.status).removeprefix("WORKER_DEPLOYMENT_VERSION_STATUS_").lower(),
            percent=share if ramping else 100 - share if current else 0.0,
            workflows=(await client.count_workflows(running_on(WorkerDeploymentVersion(deployment, build)))).count,
        )


async def require_idle(client: Client, chosen: WorkerDeploymentVersion) -> None:
    """Raises BuildError where new runs still begin on the build."""
    for one in await builds(client, chosen.deployment_name):
        if one.build == chosen.build_id and one.percent > 0:
            raise BuildError(f"{one.percent:g} % of new runs begin on {one.build}: promote another build first")


def running_on(chosen: WorkerDeploymentVersion) -> str:
    """Temporal's query for what runs on a build."""
    name = f"{chosen.deployment_name}:{chosen.build_id}"
    return f"TemporalWorkerDeploymentVersion = '{name}' and ExecutionStatus = 'Running'"


def table(found: Iterable[Build]) -> str:
    """For a person's eye."""
    rows = [("BUILD", "STATUS", "NEW RUNS", "WORKFLOWS")]
    rows += [(one.build, one.status, f"{one.percent:g} %", str(one.workflows)) for one in found]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
