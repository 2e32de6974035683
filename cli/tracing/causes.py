"""Which trace a workflow's activities belong to: that of the nudge that brought the news, while it is news.

A workflow lives for months; its start says nothing about why it acts now. What follows a nudge within a minute was
caused by it. What a timer brings later was caused by time, and begins a trace of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NoReturn

from opentelemetry import context as contexts
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from temporalio import client, worker, workflow
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadConverter

HEADER = "_tracer-data"
"""Where Temporal's own interceptor carries a trace context."""
NEWS = timedelta(seconds=60)


class Causes(client.Interceptor, worker.Interceptor):
    """Stands after Temporal's TracingInterceptor and tells it under which context a workflow acts."""

    def workflow_interceptor_class(
        self, input: worker.WorkflowInterceptorClassInput
    ) -> type[worker.WorkflowInboundInterceptor]:
        return _Inbound


class _Inbound(worker.WorkflowInboundInterceptor):
    def __init__(self, next: worker.WorkflowInboundInterceptor) -> None:
        super().__init__(next)
        self._news: tuple[Context, datetime] | None = None

    def init(self, outbound: worker.WorkflowOutboundInterceptor) -> None:
        super().init(_Outbound(outbound, self))

    async def execute_workflow(self, input: worker.ExecuteWorkflowInput) -> Any:
        if self._news is None:
            self._hear(workflow.info().headers.get(HEADER))
        return await super().execute_workflow(input)

    async def handle_signal(self, input: worker.HandleSignalInput) -> None:
        self._hear(input.headers.get(HEADER))
        await super().handle_signal(input)

    def _hear(self, header: Payload | None) -> None:
        if header is not None:
            carrier = PayloadConverter.default.from_payloads([header])[0]
            self._news = TraceContextTextMapPropagator().extract(carrier, Context()), workflow.now()

    @contextmanager
    def cause(self) -> Iterator[None]:
        """The context of the last news inside the block; an empty one where there was none lately."""
        fresh = self._news is not None and workflow.now() - self._news[1] < NEWS
        token = contexts.attach(self._news[0] if fresh and self._news else Context())
        try:
            yield
        finally:
            contexts.detach(token)


class _Outbound(worker.WorkflowOutboundInterceptor):
    def __init__(self, next: worker.WorkflowOutboundInterceptor, root: _Inbound) -> None:
        super().__init__(next)
        self._root = root

    def start_activity(self, input: worker.StartActivityInput) -> workflow.ActivityHandle[Any]:
        with self._root.cause():
            return super().start_activity(input)

    def start_local_activity(self, input: worker.StartLocalActivityInput) -> workflow.ActivityHandle[Any]:
        with self._root.cause():
            return super().start_local_activity(input)

    def continue_as_new(self, input: worker.ContinueAsNewInput) -> NoReturn:
        with self._root.cause():
            super().continue_as_new(input)
