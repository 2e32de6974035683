"""Spans of deciding and appending. The append's ids follow from the command's, so that the relay can continue there."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from opentelemetry import context as contexts
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
)

from cli.tracing.derived import given, span_id_of, trace_id_of
from cli.tracing.requests import CURRENT, attach
from domain.problems import DomainError
from eventlog.handler import Answer, CommandHandler, Order, Submits
from eventlog.log import AppendRequest, AppendResult, Outcome

SCOPE = "goalcycle.log"


def is_sampled(provider: TracerProvider, trace_id: int) -> bool:
    """Whether a trace is kept: every part that samples alike decides alike, since a sampler looks at the id."""
    decision: Decision = provider.sampler.should_sample(None, trace_id, "").decision
    return decision is Decision.RECORD_AND_SAMPLE


def append_context(provider: TracerProvider, command_id: UUID) -> SpanContext:
    """The span of the append that wrote a command, wherever and whenever that was."""
    trace_id = trace_id_of(command_id)
    flags = TraceFlags(TraceFlags.SAMPLED if is_sampled(provider, trace_id) else TraceFlags.DEFAULT)
    return SpanContext(trace_id, span_id_of(command_id), is_remote=True, trace_flags=flags)


class TracedHandler(CommandHandler):
    """A command handler with a span for each order."""

    def trace(self, provider: TracerProvider) -> TracedHandler:
        """Record its spans there."""
        self._tracer = provider.get_tracer(SCOPE)
        return self

    async def execute(self, order: Order) -> Answer:
        request = CURRENT.get()
        token: Any = attach(request, order.command_id) if request is not None else None
        try:
            return await self._spanned(order)
        finally:
            if token is not None:
                contexts.detach(token)

    async def _spanned(self, order: Order) -> Answer:
        names = {type(step.command).__name__: None for step in order.steps}
        attributes = {
            "goalcycle.command_id": str(order.command_id),
            "goalcycle.organization": str(order.organization),
            "goalcycle.commands": list(names),
        }
        with (
            given(trace=trace_id_of(order.command_id)),  # counts where nothing surrounds the order
            self._tracer.start_as_current_span(
                f"command {next(iter(names), 'none')}",
                attributes=attributes,
                record_exception=False,
                set_status_on_exception=False,
            ) as span,
        ):
            try:
                answer = await super().execute(order)
            except DomainError as refusal:
                span.set_attribute("goalcycle.refusal", refusal.code)
                if refusal.problem.status >= 500:
                    span.set_status(Status(StatusCode.ERROR, refusal.code))
                raise
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
            span.set_attribute("goalcycle.outcome", answer.outcome)
            span.set_attribute("goalcycle.position", answer.last_position)
            return answer


class TracedAppender:
    """An appender with a span for each request, made when its outcome is known: only an append has the derived id."""

    def __init__(self, appender: Submits, provider: TracerProvider) -> None:
        self._submit = appender.submit
        self._provider = provider
        self._tracer = provider.get_tracer(SCOPE)

    async def submit(self, organization: UUID, request: AppendRequest) -> AppendResult:
        """Append one request. Raises what the appender raises."""
        started = time.time_ns()
        try:
            result = await self._submit(organization, request)
        except Exception as error:
            span = self._tracer.start_span("append", start_time=started, kind=SpanKind.CLIENT)
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            span.end()
            raise
        attributes = {"goalcycle.outcome": result.outcome.value, "goalcycle.position": result.last_position}
        if result.outcome is Outcome.APPENDED:
            self._appended(request.command_id, started, attributes)
        else:
            self._tracer.start_span("append", start_time=started, kind=SpanKind.CLIENT, attributes=attributes).end()
        return result

    def _appended(self, command_id: UUID, started: int, attributes: dict[str, Any]) -> None:
        """A duty appends within the trace of the news that made it due; what follows from it has its own, linked."""
        here = get_current_span().get_span_context()
        own = append_context(self._provider, command_id)
        elsewhere = here.is_valid and here.trace_id != own.trace_id
        with given(span=None if elsewhere else own.span_id, trace=own.trace_id):
            span = self._tracer.start_span(
                "append",
                start_time=started,
                kind=SpanKind.CLIENT,
                attributes=attributes,
                links=[Link(own)] if elsewhere else [],
            )
        if elsewhere:
            with given(trace=own.trace_id, span=own.span_id):
                self._tracer.start_span(
                    "appended",
                    Context(),
                    start_time=started,
                    attributes=attributes,
                    links=[Link(span.get_span_context())],
                ).end()
        span.end()
