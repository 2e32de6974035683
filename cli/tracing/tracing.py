"""What the composition root wraps around the parts when tracing is on."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from starlette.types import ASGIApp
from temporalio.client import Interceptor
from temporalio.contrib.opentelemetry import TracingInterceptor

from cli.tracing.causes import Causes
from cli.tracing.commands import TracedAppender, TracedHandler
from cli.tracing.nudges import traced_nudge
from cli.tracing.requests import TracedRequests
from eventlog.handler import CommandHandler, Submits
from eventlog.log import Log
from eventlog.relay import Nudge


class Tracing:
    """One provider, and the wrappers that record there."""

    def __init__(self, provider: TracerProvider) -> None:
        self.provider = provider

    def requests(self, app: ASGIApp) -> ASGIApp:
        """The application with a span for each request."""
        return TracedRequests(app, self.provider)

    def handler(self, *parts: Any, **more: Any) -> CommandHandler:
        """A command handler, made of what CommandHandler takes, with a span for each order."""
        return TracedHandler(*parts, **more).trace(self.provider)

    def appender(self, appender: Submits) -> Submits:
        """The appender with a span for each request."""
        return TracedAppender(appender, self.provider)

    def nudge(self, nudge: Nudge, log: Log) -> Nudge:
        """The relay's nudge with a span."""
        return traced_nudge(nudge, log, self.provider)

    def interceptors(self) -> list[Interceptor]:
        """Of Temporal's client, and so of the workers of that client."""
        temporal = TracingInterceptor(self.provider.get_tracer("goalcycle.temporal"))
        return [temporal, Causes()]
