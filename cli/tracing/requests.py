"""The span of an HTTP request. A command's request begins the command's own trace; a read joins its caller's.

The API is open to the public, so a caller's `traceparent` never decides about a command's trace: it is linked.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from uuid import UUID

from opentelemetry import context as contexts
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cli.tracing.derived import given, trace_id_of

SCOPE = "goalcycle.http"
UNTRACED = ("/health/", "/metrics")


class RequestTrace:
    """One request whose span begins when it is known which trace it belongs to, but counts from its first byte."""

    def __init__(self, tracer: Tracer, scope: Scope) -> None:
        self._tracer = tracer
        self._scope = scope
        self._started = time.time_ns()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self._caller = TraceContextTextMapPropagator().extract(headers, Context())
        self._span: Span | None = None

    def begin(self, command_id: UUID | None) -> Context:
        """The context of the request's span."""
        if self._span is None:
            caller = get_current_span(self._caller).get_span_context()
            attributes = {"http.request.method": self._scope["method"], "url.path": self._scope["path"]}
            if command_id is None:
                self._span = self._start(self._caller, attributes, [])
            else:
                with given(trace=trace_id_of(command_id)):
                    self._span = self._start(Context(), attributes, [Link(caller)] if caller.is_valid else [])
        return set_span_in_context(self._span, Context())

    def end(self, status: int) -> None:
        """The request is answered; 0: it broke off."""
        self.begin(None)
        span = self._span
        assert span is not None
        route = getattr(self._scope.get("route"), "path", None)
        if route is not None:
            span.update_name(f"{self._scope['method']} {route}")
            span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        if status == 0 or status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        span.end()

    def _start(self, parent: Context, attributes: dict[str, str], links: list[Link]) -> Span:
        return self._tracer.start_span(
            str(self._scope["method"]),
            parent,
            kind=SpanKind.SERVER,
            attributes=attributes,
            links=links,
            start_time=self._started,
        )


CURRENT: ContextVar[RequestTrace | None] = ContextVar("goalcycle_request", default=None)
"""The request that is being answered."""


class TracedRequests:
    """The outermost application of a traced API. Plain ASGI, like the frame that it surrounds."""

    def __init__(self, app: ASGIApp, provider: TracerProvider) -> None:
        self._app = app
        self._tracer = provider.get_tracer(SCOPE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(UNTRACED):
            await self._app(scope, receive, send)
            return
        request = RequestTrace(self._tracer, scope)
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        token = CURRENT.set(request)
        try:
            await self._app(scope, receive, answer)
        finally:
            CURRENT.reset(token)
            request.end(status)


def attach(request: RequestTrace, command_id: UUID) -> object:
    """Make the request's span the current one; returns what `opentelemetry.context.detach` wants."""
    return contexts.attach(request.begin(command_id))
