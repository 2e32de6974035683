"""The tracer provider, and an exporter that says nothing it must not say."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status

from cli.tracing.derived import DerivedIds


class DiscreetExporter(SpanExporter):
    """Passes spans on without the words of exceptions, which may hold what somebody wrote: only their types remain."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_discreet(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _discreet(span: ReadableSpan) -> ReadableSpan:
    described = (span.status.description or "").partition(":")[0]
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        links=span.links,
        kind=span.kind,
        instrumentation_scope=span.instrumentation_scope,
        status=Status(span.status.status_code, described or None),
        start_time=span.start_time,
        end_time=span.end_time,
    )


def provider_of(part: str) -> TracerProvider:
    """A provider that exports nothing yet. Its service is `goalcycle-<part>` unless OTEL_SERVICE_NAME names another."""
    ours = Resource({SERVICE_NAME: f"goalcycle-{part}"})
    theirs = OTELResourceDetector().detect()  # OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
    return TracerProvider(
        resource=Resource.create().merge(ours).merge(theirs), id_generator=DerivedIds(), shutdown_on_exit=False
    )


def exporting_provider(part: str) -> TracerProvider:
    """A provider that sends what it records over OTLP, in batches, from a thread of its own."""
    provider = provider_of(part)
    provider.add_span_processor(BatchSpanProcessor(DiscreetExporter(OTLPSpanExporter())))
    return provider
