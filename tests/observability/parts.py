"""goalcycle's parts as processes that expose their metrics, on a real Postgres and Temporal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from temporalio.client import Client

from activities.signatures import StreamName
from api.app import create_app
from api.services import Services
from cli.composition import CODEC
from cli.stack.ports import pick_free
from eventlog.keyring import DirectoryKeyring
from eventlog.projector import Pool
from eventlog.views import PostgresViews
from tests.api.world import SECRET, World
from tests.support.dev_server import dev_server, until
from tests.support.processes import Process, running
from tests.support.quarter import open_engine_on
from workflows.ids import workflow_id

EXPOSED = ("worker", "relay", "projector", "temporal")


@dataclass
class Parts:
    """One database, one Temporal, and the processes on them."""

    environment: dict[str, str]
    ports: dict[str, int]
    folder: Path
    world: World
    """Speaks to the API's process."""
    stack: AsyncExitStack
    running: dict[str, Process] = field(default_factory=dict)

    async def serve(self, *parts: str) -> None:
        """Start parts; they serve when it returns."""
        for part in parts:
            output = self.folder / f"{part}.log"
            self.running[part] = await self.stack.enter_async_context(running(part, self.environment, output))
        for part in parts:
            await until(f"the {part} to serve", self.running[part].is_ready)

    async def stop(self, part: str) -> None:
        """Stop a part for good; `serve` starts another."""
        process = self.running[part].running
        process.terminate()
        async with asyncio.timeout(30):
            await process.wait()

    async def scrape(self, part: str) -> Scrape:
        """What a part exposes now."""
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            answer = await client.get(f"http://127.0.0.1:{self.ports[part]}/metrics")
        assert answer.status_code == 200
        return Scrape(list(text_string_to_metric_families(answer.text)))

    async def reaches(
        self, part: str, name: str, at_least: float, at_most: float = float("inf"), **labels: str
    ) -> None:
        """Wait until a value is within bounds."""

        async def within() -> bool:
            return at_least <= (await self.scrape(part)).total(name, **labels) <= at_most

        await until(f"{name}{labels} of the {part} to be from {at_least} to {at_most}", within)


@dataclass(frozen=True)
class Scrape:
    """One answer of /metrics."""

    families: list[Metric]

    def names(self) -> set[str]:
        """The names of our own metrics, as they are declared."""
        named = {family.name + "_total" * (family.type == "counter") for family in self.families}
        return {name for name in named if name.startswith("goalcycle_")}

    def total(self, name: str, **labels: str) -> float:
        """The sum over all series of a name that have these labels."""
        return sum(
            sample.value
            for family in self.families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def labels(self, name: str) -> Iterable[dict[str, str]]:
        return [sample.labels for family in self.families for sample in family.samples if sample.name == name]


@asynccontextmanager
async def open_parts(database: str, folder: Path, **more: Any) -> AsyncIterator[Parts]:
    """No part runs yet; Temporal does."""
    ports = {name: pick_free() for name in ("api", *EXPOSED, "server")}
    secret = folder / "token"
    secret.write_text(SECRET, encoding="ascii")
    environment = {
        "GOALCYCLE_DATABASE_URL": database,
        "GOALCYCLE_HOME": str(folder / "home"),
        "GOALCYCLE_KEYRING": str(folder / "keys"),
        "GOALCYCLE_TOKEN_SECRET_FILE": str(secret),
        "GOALCYCLE_API_PORT": str(ports["api"]),
        **{f"GOALCYCLE_{name.upper()}_METRICS_PORT": str(ports[name]) for name in EXPOSED},
        "TEMPORAL_ADDRESS": f"127.0.0.1:{ports['server']}",
        "TEMPORAL_NAMESPACE": "default",
        **more,
    }
    keyring = DirectoryKeyring(folder / "keys")
    base = f"http://127.0.0.1:{ports['api']}"
    async with (
        open_engine_on(database, keyring) as engine,
        httpx.AsyncClient(trust_env=False, base_url=base, timeout=10) as client,
        dev_server(port=ports["server"]),
        AsyncExitStack() as stack,
    ):
        services = Services(
            handler=engine.handler,
            log=engine.log,
            codec=CODEC,
            views=PostgresViews(engine.pool),
            opener=engine.opener,
            token_secret=SECRET,
            readiness=_ready,
            queue_depth=lambda: 0,
        )
        world = World(create_app(services), engine, services, keyring, client)  # type: ignore[arg-type]
        yield Parts(environment, ports, folder, world, stack)


async def settled(pool: Pool, client: Client) -> None:
    """Wait until every workflow has seen what it was told and is asleep: what comes next is news of its own."""

    async def quiet() -> bool:
        rows = await pool.fetch("select *, wake_position > delivered_position as waits from goalcycle.streams")
        if any(row["waits"] for row in rows):
            return False
        told = [row for row in rows if row["delivered_position"]]
        names = [StreamName(organization=row["organization"], kind=row["kind"], stream=row["stream"]) for row in told]
        seen = [await client.get_workflow_handle(workflow_id(name)).query("position") for name in names]
        return all(position >= row["delivered_position"] for position, row in zip(seen, told, strict=True))

    await until("the workflows to be asleep", quiet)


async def _ready() -> dict[str, bool]:
    return {}
