"""The one place where Temporal's client, worker and replayer are made, so that all agree on converter and sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from temporalio.client import Client, Interceptor
from temporalio.common import (
    Priority,
    VersioningBehavior,
    WorkerDeploymentVersion,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.plugin import SimplePlugin
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import KeepAliveConfig, RPCError
from temporalio.worker import Worker, WorkerDeploymentConfig
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.duties import Duties
from activities.signatures import TASK_QUEUE, StreamName
from cli.stack.errors import StackError
from domain.messages import Kind
from eventlog.agendas import Agendas
from eventlog.settings import Settings
from workflows.cycle import CycleWorkflow
from workflows.ids import workflow_id
from workflows.keeper import Progress
from workflows.plan import PlanWorkflow
from workflows.upkeep import UpkeepWorkflow

logger = structlog.get_logger(__name__)

WORKFLOWS = {"directory": UpkeepWorkflow, "cycle": CycleWorkflow, "plan": PlanWorkflow, "metric": UpkeepWorkflow}
TITLES = {"directory": "Directory", "cycle": "Goal cycle", "plan": "Plan", "metric": "Metric"}

# The domain is pure and proven so by a test; loading it anew in every run would only cost time.
PASSED_THROUGH = ("domain", "activities", "pydantic", "pydantic_core", "annotated_types")

RETRY_SECONDS = 2.0
KEEP_ALIVE = KeepAliveConfig(interval_millis=11_000, timeout_millis=5_000)
"""A connection that fell silent is noticed after 16 s and not after 45; Temporal takes it amiss below 10 s."""


def plugin() -> SimplePlugin:
    """What clients, workers and replayers share."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    return SimplePlugin(
        "goalcycle",
        data_converter=pydantic_data_converter,
        workflows=list(dict.fromkeys(WORKFLOWS.values())),
        workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
    )


def measured_runtime(settings: Settings) -> Runtime | None:
    """A runtime whose own metrics (pollers, slots, latencies, failures) Prometheus can scrape; None: not wanted.

    Raises:
        StackError: the port is taken.
    """
    if not settings.temporal_metrics_port:
        return None
    host = f"[{settings.metrics_host}]" if ":" in settings.metrics_host else settings.metrics_host
    exposed = PrometheusConfig(
        bind_address=f"{host}:{settings.temporal_metrics_port}",
        counters_total_suffix=True,
        unit_suffix=True,
        durations_as_seconds=True,
    )
    try:
        return Runtime(telemetry=TelemetryConfig(metrics=exposed))
    except ValueError as error:
        raise StackError(str(error), "GOALCYCLE_TEMPORAL_METRICS_PORT moves it") from error


async def connect(
    settings: Settings, runtime: Runtime | None = None, interceptors: Sequence[Interceptor] = ()
) -> Client:
    """A client of the Temporal that the settings name; waits for a server that is not there yet.

    Interceptors that are a worker's kind too serve the workers of this client.
    """
    while True:
        config = settings.temporal_connect_config()  # each time: a local stack may have moved
        try:
            return await Client.connect(
                **config,
                plugins=[plugin()],
                keep_alive_config=KEEP_ALIVE,
                runtime=runtime,
                interceptors=interceptors,
            )
        except (RPCError, RuntimeError) as error:
            logger.warning(
                "temporal.away",
                address=config.get("target_host"),
                error=type(error).__name__,
                retry_seconds=RETRY_SECONDS,
            )
            await asyncio.sleep(RETRY_SECONDS)


def build_worker(
    client: Client,
    agendas: Agendas,
    task_queue: str = TASK_QUEUE,
    version: WorkerDeploymentVersion | None = None,
) -> Worker:
    """A worker for all workflows and activities; of a build, where one is named: see `cli.versioning`.

    The client must have been made with `plugin()`.
    """
    duties = Duties(agendas)
    return Worker(
        client,
        task_queue=task_queue,
        activities=[duties.perform_due],
        graceful_shutdown_timeout=timedelta(seconds=10),
        # What was meant for a worker that died goes to the others after this.
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
        max_concurrent_activities=20,
        max_concurrent_local_activities=20,
        deployment_config=_deployed_as(version) if version else None,
    )


def _deployed_as(version: WorkerDeploymentVersion) -> WorkerDeploymentConfig:
    """A run stays on the build that began it; pinned here, for a server refuses pins of workers without a version."""
    return WorkerDeploymentConfig(
        version, use_worker_versioning=True, default_versioning_behavior=VersioningBehavior.PINNED
    )


def nudger(client: Client, task_queue: str = TASK_QUEUE) -> Callable[[UUID, Kind, UUID, int, int], Awaitable[None]]:
    """The relay's one call: signal a stream's workflow, starting it where it does not run."""

    async def nudge(organization: UUID, kind: Kind, stream: UUID, position: int, own: int) -> None:
        name = StreamName(organization=organization, kind=kind, stream=stream)
        await client.start_workflow(
            WORKFLOWS[kind].__name__,
            Progress(name=name, target=position),
            id=workflow_id(name),
            task_queue=task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal="nudge",
            start_signal_args=[position, own],
            static_summary=f"{TITLES[kind]} {str(stream)[:8]}",
            priority=Priority(fairness_key=str(organization)),
        )

    return nudge
