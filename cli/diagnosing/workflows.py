"""Temporal, as the log sees it: a workflow for each open stream, and somebody who works."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.signatures import TASK_QUEUE, StreamName
from cli.diagnosing.finding import Fault, Outcome
from eventlog.projector import Pool
from workflows.ids import workflow_id

SAMPLE = 200
"""Workflows that are asked for; where all are lost, one would do."""
CONCURRENCY = 16
POLLED = timedelta(minutes=2)
"""A worker's poll lasts a minute."""

TOLD = """
select organization, kind, stream from goalcycle.streams
 where not closed and wake_position > 0 and delivered_position >= wake_position
 order by nudged_at desc nulls last limit $1
"""


async def missing(pool: Pool, client: Client) -> Outcome:
    """Whether the streams that the relay has told of something have a running workflow."""
    rows = await pool.fetch(TOLD, SAMPLE)
    gate = asyncio.Semaphore(CONCURRENCY)
    names = [StreamName(organization=row["organization"], kind=row["kind"], stream=row["stream"]) for row in rows]
    running = await asyncio.gather(*(_runs(client, workflow_id(name), gate) for name in names))
    lost = [name for name, runs in zip(names, running, strict=True) if not runs]
    # A stream may have closed since we looked.
    still = await pool.fetchval(
        "select count(*) from goalcycle.streams where not closed and stream = any($1::uuid[])",
        [name.stream for name in lost],
    )
    if not lost or not still:
        return f"running for every open stream that was told of something: {len(names)}"
    what = f"{len(lost)} of {len(names)} open streams have no running workflow, such as {workflow_id(lost[0])}"
    return [Fault("workflows.missing", what, "`goalcycle rebuild workflows`")]


async def worker(client: Client) -> Outcome:
    """Whether somebody polls our task queue."""
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=TASK_QUEUE),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
    )
    since = datetime.now(UTC) - POLLED
    lately = [one for one in answer.pollers if one.last_access_time.ToDatetime(UTC) > since]
    if not lately:
        return [Fault("worker.absent", f"no worker polls the task queue {TASK_QUEUE}", "`goalcycle run worker`")]
    return f"polling the task queue {TASK_QUEUE}: {len(lately)}"


async def _runs(client: Client, name: str, gate: asyncio.Semaphore) -> bool:
    async with gate:
        try:
            found = await client.get_workflow_handle(name).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
    return found.status is WorkflowExecutionStatus.RUNNING
