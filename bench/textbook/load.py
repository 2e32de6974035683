"""The load generator's other language: Updates of the textbook's workflows, sent with Temporal's client."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any
from uuid import uuid4

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from bench.loader import Run
from bench.textbook.workflow import TASK_QUEUE, PlanCommand, PlanEntity, PlanEntityState


async def updates(job: dict[str, Any], run: Run) -> None:
    """Each client has a plan and sends it commands, one after the other."""
    client = await Client.connect(job["temporal"])
    handles = [
        await client.start_workflow(
            PlanEntity.run,
            PlanEntityState(plan),
            id=f"plan-{plan}",
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        for plan in job["plans"]
    ]
    run.end = perf_counter() + job["seconds"]

    async def send(number: int) -> None:
        actor, commands, sent = str(uuid4()), job["commands"], number
        while perf_counter() < run.end:
            kind, content = commands[sent % len(commands)]
            sent += 1
            before = perf_counter()
            await handles[number].execute_update(PlanEntity.handle, PlanCommand(kind, actor, content))
            run.answered(before, perf_counter())

    await asyncio.gather(*(send(number) for number in range(len(handles))))
