"""The span of a nudge: it continues the append that wrote the event at the position it carries."""

from __future__ import annotations

from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    set_span_in_context,
)

from cli.tracing.commands import append_context
from domain.messages import Kind
from eventlog.log import Log
from eventlog.relay import Nudge

SCOPE = "goalcycle.relay"


def traced_nudge(nudge: Nudge, log: Log, provider: TracerProvider) -> Nudge:
    """The same nudge with a span around it. A nudge that carries several events' news belongs to the newest one's
    trace, and links the stream's own last event.
    """
    tracer = provider.get_tracer(SCOPE)

    async def wrote(organization: UUID, position: int) -> SpanContext | None:
        found = await log.read_feed(organization, after=position - 1, limit=1)
        if not found or found[0].position != position:
            return None
        return append_context(provider, found[0].command_id)

    async def traced(organization: UUID, kind: Kind, stream: UUID, position: int, own: int) -> None:
        news = await wrote(organization, position)
        last = await wrote(organization, own) if own != position else None
        parent = Context() if news is None else set_span_in_context(NonRecordingSpan(news), Context())
        with tracer.start_as_current_span(
            f"nudge {kind}",
            parent,
            kind=SpanKind.PRODUCER,
            links=[Link(last)] if last is not None else [],
            attributes={
                "goalcycle.organization": str(organization),
                "goalcycle.stream": str(stream),
                "goalcycle.position": position,
            },
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                await nudge(organization, kind, stream, position, own)
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    return traced
