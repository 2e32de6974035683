"""The parts as processes, each sending its own spans to a collector: there they make one trace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from temporalio.client import Client

from cli.serve.listening import Server, bind
from cli.stack.ports import pick_free
from cli.temporal import plugin
from cli.tracing.derived import trace_id_of
from tests.observability.parts import open_parts, settled
from tests.support.dev_server import until

pytestmark = pytest.mark.slow
PARTS = ("api", "relay", "worker", "projector")


@dataclass
class Collector:
    """What was sent, by trace, with the service that sent it."""

    port: int
    spans: dict[str, list[tuple[str, Span]]] = field(default_factory=dict)

    async def take(self, request: Request) -> Response:
        sent = ExportTraceServiceRequest.FromString(await request.body())
        for resource in sent.resource_spans:
            named = {one.key: one.value.string_value for one in resource.resource.attributes}
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.spans.setdefault(span.trace_id.hex(), []).append((named["service.name"], span))
        return Response(media_type="application/x-protobuf")


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    collector = Collector(pick_free())
    app = Starlette(routes=[Route("/v1/traces", collector.take, methods=["POST"])])
    server = Server(uvicorn.Config(app, ws="none", lifespan="off", log_config=None, access_log=False))
    with closing(bind("127.0.0.1", collector.port)) as listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        yield collector
        server.should_exit = True
        await task


def variables(port: int) -> dict[str, str]:
    return {
        "GOALCYCLE_TRACING": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }


async def test_one_trace_through_four_processes(database: str, tmp_path: Path) -> None:
    async with collecting() as collector, open_parts(database, tmp_path, **variables(collector.port)) as parts:
        await parts.serve(*PARTS)
        await parts.world.agree()
        client = await Client.connect(parts.environment["TEMPORAL_ADDRESS"], plugins=[plugin()])
        await settled(parts.world.engine.pool, client)
        await parts.world.send("AdvancePhase")

        async def commands() -> dict[str, str]:
            feed = await parts.world.engine.log.read_feed(parts.world.organization)
            return {event.type: f"{trace_id_of(event.command_id):032x}" for event in feed}

        async def arrived() -> bool:
            spans = [span for _, span in collector.spans.get((await commands()).get("PhaseClosing", ""), [])]
            known = {span.span_id for span in spans}
            connected = all(span.parent_span_id in known for span in spans if span.parent_span_id)
            return connected and "command FinishClosing" in [span.name for span in spans]

        await until("the whole trace, connected", arrived)
        spans = collector.spans[(await commands())["PhaseClosing"]]
        assert {service for service, _ in spans} == {"goalcycle-api", "goalcycle-relay", "goalcycle-worker"}
        roots = [span.name for _, span in spans if not span.parent_span_id]
        assert roots == ["POST /v1/organizations/{organization}/cycles/{cycle}/advance-phase"]


async def test_a_collector_that_is_away_holds_nobody_up(database: str, tmp_path: Path) -> None:
    async with open_parts(database, tmp_path, **variables(pick_free())) as parts:
        await parts.serve("api")
        began = time.monotonic()
        await parts.world.found()
        assert time.monotonic() - began < 5
        began = time.monotonic()
        await parts.stop("api")
        assert time.monotonic() - began < 15
