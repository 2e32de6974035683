"""One command through the real parts leaves one connected trace, and nothing in it that anybody wrote."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from temporalio.client import Client

from api.app import create_app
from api.examples import BEN, EXAMPLES
from api.services import Services
from cli.composition import CODEC, assemble
from cli.temporal import build_worker, nudger, plugin
from cli.tracing.commands import append_context, is_sampled
from cli.tracing.derived import span_id_of, trace_id_of
from cli.tracing.provider import DiscreetExporter, provider_of
from cli.tracing.tracing import Tracing
from eventlog.keyring import MemoryKeyring
from eventlog.postgres import PostgresLog, open_pool
from eventlog.relay import Relay, RelaySettings
from eventlog.views import PostgresViews
from tests.api.world import SECRET, World
from tests.observability.parts import settled
from tests.support.dev_server import dev_server, until


@dataclass
class Site:
    """A traced application, relay and worker in this process, on real servers."""

    world: World
    tracing: Tracing
    recorded: InMemorySpanExporter
    client: Client
    relay: Relay

    def trace(self, command_id: UUID) -> list[ReadableSpan]:
        wanted = trace_id_of(command_id)
        return [span for span in self.recorded.get_finished_spans() if span.context.trace_id == wanted]

    async def command_of(self, kind: str) -> UUID:
        """The id of the command that appended an event of this type."""
        feed = await self.world.engine.log.read_feed(self.world.organization, limit=10_000)
        return next(event.command_id for event in feed if event.type == kind)

    async def happened(self, kind: str) -> None:
        async def in_log() -> bool:
            feed = await self.world.engine.log.read_feed(self.world.organization, limit=10_000)
            return any(event.type == kind for event in feed)

        await until(kind, in_log)

    async def connected(self, command_id: UUID) -> list[ReadableSpan]:
        """A trace once every span's parent is there: a parent is recorded when it ends, after its children."""

        async def whole() -> bool:
            trace = self.trace(command_id)
            known = {span.context.span_id for span in trace}
            return bool(trace) and all(span.parent is None or span.parent.span_id in known for span in trace)

        await until("a connected trace", whole)
        return self.trace(command_id)

    async def recorded_in(self, command_id: UUID, name: str, count: int = 1) -> None:
        """Wait until spans of a name are in a trace: they are recorded a moment after what they tell of."""

        async def there() -> bool:
            return sum(span.name == name for span in self.trace(command_id)) >= count

        await until(f"{count} spans {name}", there)


@pytest.fixture
async def site(database: str) -> AsyncIterator[Site]:
    recorded = InMemorySpanExporter()
    provider = provider_of("test")
    provider.add_span_processor(SimpleSpanProcessor(DiscreetExporter(recorded)))
    tracing = Tracing(provider)
    pool = await open_pool(database)
    log = PostgresLog(database, pool)
    keyring = MemoryKeyring()
    engine = assemble(pool, log, keyring, tracing=tracing)

    async def ready() -> dict[str, bool]:
        return {}

    services = Services(
        handler=engine.handler,
        log=log,
        codec=CODEC,
        views=PostgresViews(pool),
        opener=engine.opener,
        token_secret=SECRET,
        readiness=ready,
        queue_depth=lambda: engine.appender.waiting,
    )
    app = create_app(services)
    async with dev_server() as plain:
        address = plain.service_client.config.target_host
        client = await Client.connect(address, plugins=[plugin()], interceptors=tracing.interceptors())
        relay = Relay(pool, tracing.nudge(nudger(client), log), RelaySettings(poll=0.02))
        stop = asyncio.Event()
        transport = httpx.ASGITransport(tracing.requests(app))
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://api.test", timeout=10) as http,
            build_worker(client, engine.agendas),
        ):
            running = asyncio.create_task(relay.run(stop))
            yield Site(World(app, engine, services, keyring, http), tracing, recorded, client, relay)
            stop.set()
            await running
    await engine.appender.close()
    await log.close()
    await pool.close()


def chain(span: ReadableSpan, trace: list[ReadableSpan]) -> list[str]:
    """The names from a span up to its root."""
    by_id = {one.context.span_id: one for one in trace}
    names = [span.name]
    while span.parent is not None:
        span = by_id[span.parent.span_id]  # KeyError: the trace is not connected
        names.append(span.name)
    return names


async def test_one_trace_leads_from_the_request_to_what_the_duty_appended(site: Site) -> None:
    await site.world.agree()
    await settled(site.world.engine.pool, site.client)
    await site.world.send("AdvancePhase")
    await site.happened("PhaseClosed")
    command = await site.command_of("PhaseClosing")
    await site.recorded_in(command, "append", 2)
    trace = await site.connected(command)
    roots = [span for span in trace if span.parent is None]
    request = "POST /v1/organizations/{organization}/cycles/{cycle}/advance-phase"
    assert [span.name for span in roots] == [request]
    assert all(chain(span, trace)[-1] == request for span in trace)
    closing = await site.command_of("PhaseClosed")
    finished = next(span for span in trace if span.name == "command FinishClosing")
    assert finished.attributes is not None
    assert finished.attributes["goalcycle.command_id"] == str(closing)
    append = next(one for one in trace if one.parent is not None and one.parent.span_id == finished.context.span_id)
    assert chain(append, trace) == [
        "append",
        "command FinishClosing",
        "RunActivity:perform_due",
        "StartActivity:perform_due",
        "SignalWithStartWorkflow:CycleWorkflow",
        "nudge cycle",
        "append",
        "command AdvancePhase",
        request,
    ]


async def test_what_a_duty_brings_about_has_its_own_trace_linked_both_ways(site: Site) -> None:
    await site.world.agree()
    await settled(site.world.engine.pool, site.client)
    await site.world.send("AdvancePhase")
    await site.happened("PhaseClosed")
    closing, advancing = await site.command_of("PhaseClosed"), await site.command_of("PhaseClosing")
    await site.recorded_in(closing, "nudge plan")
    own = await site.connected(closing)
    (root,) = [span for span in own if span.parent is None]
    assert (root.name, root.context.span_id) == ("appended", span_id_of(closing))
    assert all(chain(span, own)[-1] == "appended" for span in own)
    before = next(span for span in site.trace(advancing) if span.links and span.name == "append")
    assert before.links[0].context.trace_id == trace_id_of(closing)
    assert before.links[0].context.span_id == root.context.span_id
    assert root.links[0].context.span_id == before.context.span_id


async def test_news_for_a_workflow_that_runs_is_followed_and_not_its_start(site: Site) -> None:
    await site.world.agree()
    opened = await site.command_of("CycleOpened")
    await site.recorded_in(opened, "RunWorkflow:CycleWorkflow")
    await settled(site.world.engine.pool, site.client)
    await site.world.send("AdvancePhase")
    await site.happened("PhaseClosed")
    advanced = await site.command_of("PhaseClosing")
    await site.recorded_in(advanced, "command FinishClosing")
    assert "command FinishClosing" not in [span.name for span in site.trace(opened)]


async def test_what_time_brings_begins_a_trace_of_its_own(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is news for longer than no time at all, so every duty is brought by time."""
    monkeypatch.setattr("cli.tracing.causes.NEWS", timedelta(0))
    await site.world.agree()
    await settled(site.world.engine.pool, site.client)
    await site.world.send("AdvancePhase")
    await site.happened("PhaseClosed")
    advanced = await site.command_of("PhaseClosing")
    await site.recorded_in(advanced, "nudge cycle")

    def duties() -> list[ReadableSpan]:
        return [span for span in site.recorded.get_finished_spans() if span.name == "command FinishClosing"]

    def trace_of_the_duty() -> list[ReadableSpan]:
        wanted = duties()[0].context.trace_id if duties() else None
        return [span for span in site.recorded.get_finished_spans() if span.context.trace_id == wanted]

    async def recorded() -> bool:
        return any(span.parent is None for span in trace_of_the_duty())

    await until("the duty's trace", recorded)
    own = trace_of_the_duty()
    assert duties()[0].context.trace_id != trace_id_of(advanced)
    assert chain(duties()[0], own) == ["command FinishClosing", "RunActivity:perform_due"]


async def test_a_callers_trace_is_linked_by_commands_and_joined_by_reads(site: Site) -> None:
    caller = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    answer = await site.world.try_("FoundOrganization", headers=caller)
    assert answer.status_code == 201
    founded = await site.command_of("OrganizationFounded")
    (root,) = [span for span in site.trace(founded) if span.parent is None]
    assert [f"{link.context.span_id:016x}" for link in root.links] == ["b7ad6b7169203331"]

    await site.world.client.get(site.world.base, headers=site.world.headers() | caller)
    (read,) = [span for span in site.recorded.get_finished_spans() if span.name.startswith("GET ")]
    assert f"{read.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert read.parent is not None
    assert f"{read.parent.span_id:016x}" == "b7ad6b7169203331"


async def test_a_retry_is_in_the_same_trace_and_the_append_is_there_once(site: Site) -> None:
    headers = {"Idempotency-Key": "once"}
    await site.world.send("FoundOrganization", headers=headers)
    await site.world.send("FoundOrganization", headers=headers)
    founded = await site.command_of("OrganizationFounded")
    trace = site.trace(founded)
    assert sum(span.parent is None for span in trace) == 2
    assert sum(span.context.span_id == span_id_of(founded) for span in trace) == 1


async def test_a_refusal_names_its_code_and_no_span_holds_what_somebody_wrote(site: Site) -> None:
    await site.world.open()
    await site.world.send("DraftGoal", BEN)
    assert (await site.world.try_("AddPerson")).status_code == 409
    await site.happened("GoalDrafted")
    refused = [span for span in site.recorded.get_finished_spans() if "goalcycle.refusal" in (span.attributes or {})]
    assert [span.attributes["goalcycle.refusal"] for span in refused if span.attributes] == ["person.exists"]
    written = " ".join(span.to_json() for span in site.recorded.get_finished_spans())
    texts = [EXAMPLES["DraftGoal"]["definition"]["title"], EXAMPLES["AddPerson"]["name"], "Ada Example"]
    assert [text for text in texts if text in written] == []


def test_the_words_of_exceptions_are_not_sent() -> None:
    recorded = InMemorySpanExporter()
    provider = provider_of("test")
    provider.add_span_processor(SimpleSpanProcessor(DiscreetExporter(recorded)))
    with pytest.raises(ValueError, match="secret"), provider.get_tracer("t").start_as_current_span("work"):
        raise ValueError("a secret text")
    (span,) = recorded.get_finished_spans()
    assert span.status.description == "ValueError"
    assert "secret" not in span.to_json()


def test_parts_that_sample_alike_keep_the_same_traces_and_the_share_that_was_asked_for() -> None:
    """Command ids are UUIDs with fixed bits; a trace id with those would be kept always or never."""
    provider = provider_of("test")
    provider.sampler = ParentBased(TraceIdRatioBased(0.25))
    commands = [uuid4() for _ in range(2_000)]
    kept = [one for one in commands if is_sampled(provider, trace_id_of(one))]
    assert 400 < len(kept) < 600
    assert all(append_context(provider, one).trace_flags.sampled == (one in kept) for one in commands)


def test_off_means_that_nothing_of_it_is_imported() -> None:
    """The hot path cannot pay for what is not there."""
    program = (
        "import sys\n"
        "import cli.serve.api, cli.serve.worker, cli.serve.relay, cli.serve.projector\n"
        "from eventlog.settings import Settings\n"
        "from cli.tracing import open_tracing\n"
        "with open_tracing(Settings(), 'api') as tracing: assert tracing is None\n"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'cli.tracing.'))])\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"
