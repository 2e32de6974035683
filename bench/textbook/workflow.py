"""A workflow an entity: it holds a plan's state and takes each command as an Update that runs an appending activity.

After the safe message handlers and the entity pattern of Temporal's samples: a lock around the handler (an await lies
between reading the version and raising it), a validator that refuses without leaving a trace, continue-as-new when the
server suggests it, no handler cut off by it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from bench.textbook.activities import PlanEvent, append_event

TASK_QUEUE = "textbook"


@dataclass
class PlanCommand:
    """What somebody wants of a plan."""

    kind: str
    actor: str
    content: dict[str, Any]


@dataclass
class PlanEntityState:
    """What is carried from run to run."""

    plan: str
    version: int = 0
    signed_by: list[str] = field(default_factory=list)
    last_check_in: dict[str, Any] = field(default_factory=dict)


@workflow.defn
class PlanEntity:
    """One plan."""

    @workflow.init
    def __init__(self, state: PlanEntityState) -> None:
        self._state = state
        self._lock = asyncio.Lock()

    @workflow.run
    async def run(self, state: PlanEntityState) -> None:
        """Live until the history is long, then go on in a new run."""
        del state
        await workflow.wait_condition(lambda: workflow.info().is_continue_as_new_suggested())
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(self._state)

    @workflow.update
    async def handle(self, command: PlanCommand) -> int:
        """Append what the command leads to; returns the plan's version after it."""
        async with self._lock:
            event = PlanEvent(self._state.plan, self._state.version + 1, command.kind, command.actor, command.content)
            await workflow.execute_activity(
                append_event,
                event,
                start_to_close_timeout=timedelta(seconds=10),
                retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=200)),
            )
            self._state.version = event.version
            if command.kind == "SignPlan":
                self._state.signed_by = [command.actor]
            else:
                self._state.last_check_in = command.content
            return event.version

    @handle.validator
    def refuse(self, command: PlanCommand) -> None:
        """Only what a plan takes."""
        if command.kind not in ("SignPlan", "CheckIn"):
            raise ApplicationError(f"a plan takes no {command.kind}")
