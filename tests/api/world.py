"""A live application on a real Postgres, and people who speak to it over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.auth import mint_token
from api.example_bodies import example_of
from api.examples import ADA, BEN, CYCLE, EXAMPLES, PLAN
from api.metric_examples import METRIC
from api.services import Limits, Services
from cli.composition import CODEC, Engine, assemble
from domain.cycle.closing import FinishClosing
from domain.decider import Ref
from domain.messages import Command
from domain.registry import COMMANDS
from domain.values import SYSTEM
from eventlog.handler import Order, Step
from eventlog.keyring import MemoryKeyring
from eventlog.postgres import PATIENCE, Patience, PostgresLog, open_pool
from eventlog.views import PostgresViews

SECRET = "a secret of the tests, long enough for HS256"
ON_THE_BOARD = "0f3a5c9e-0000-4000-8000-0000000000d9"
"""Somebody whom a talk between Ada and Ben goes to once they are added, for nobody stands above Ada."""
ROOMS = {
    "directory": "/directory",
    "cycle": f"/cycles/{CYCLE}",
    "plan": f"/plans/{PLAN}",
    "metric": f"/metrics/{METRIC}",
}


@dataclass
class World:
    """One application, one organization."""

    app: FastAPI
    engine: Engine
    services: Services
    keyring: MemoryKeyring
    client: httpx.AsyncClient
    organization: UUID = field(default_factory=uuid4)

    @property
    def base(self) -> str:
        return f"/v1/organizations/{self.organization}"

    def headers(self, person: str | UUID = ADA, **more: str) -> dict[str, str]:
        token = mint_token(SECRET, organization=self.organization, person=UUID(str(person)), lasts=timedelta(minutes=5))
        return {"Authorization": f"Bearer {token}", **{name.replace("_", "-"): value for name, value in more.items()}}

    async def get(self, path: str, person: str | UUID = ADA, **query: Any) -> httpx.Response:
        return await self.client.get(self.base + path, headers=self.headers(person), params=query or None)

    def route(self, name: str, room: str | None = None) -> str:
        kind, _ = COMMANDS[name]
        kebab = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")
        return f"{self.base}{room or ROOMS[kind]}/{kebab}"

    async def try_(
        self,
        name: str,
        by: str | UUID = ADA,
        /,
        *,
        room: str | None = None,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        dry_run: bool = False,
        **changes: Any,
    ) -> httpx.Response:
        """Send a command's example, altered by `changes`; an edit is sent with the present ETag."""
        kind, command = COMMANDS[name]
        sent = dict(headers or {})
        if command.edits and "If-Match" not in sent:
            here = {**ROOMS, "directory": ""}[kind]
            sent["If-Match"] = (await self.get(here, by)).headers.get("etag", '"1"')
        return await self.client.post(
            self.route(name, room),
            headers=self.headers(by) | sent,
            params={"dry_run": "true"} if dry_run else None,
            json={**example_of(command), **changes} if body is None else body,
        )

    async def send(self, name: str, by: str | UUID = ADA, /, **more: Any) -> dict[str, Any]:
        """Like `try_`, and it must be answered well."""
        answer = await self.try_(name, by, **more)
        assert answer.status_code in {200, 201}, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def plan(self) -> dict[str, Any]:
        answer = await self.get(ROOMS["plan"], BEN)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def found(self) -> None:
        """The organization with Ada and Ben, who reports to her."""
        await self.send("FoundOrganization")
        await self.send("AddPerson")

    async def open(self) -> None:
        """... and the cycle in which Ben has a plan."""
        await self.found()
        await self.send("OpenCycle")

    async def agree(self) -> None:
        """... and its two goals, agreed: Ben proposes the OKR and Ada accepts; Ben acknowledges the KPI."""
        await self.open()
        await self.send("DraftGoal", BEN)
        await self.send("AssignGoal")
        await self.send("ProposeRevision", BEN)
        goals = (await self.plan())["state"]["goals"]
        await self.send("AcceptRevision", hash=goals[EXAMPLES["AcceptRevision"]["goal"]]["hash"])
        await self.send("AcknowledgeAssignment", BEN, hash=goals[EXAMPLES["AcknowledgeAssignment"]["goal"]]["hash"])

    async def advance(self, name: str = "AdvancePhase") -> None:
        """The facilitator closes the phase, and the duty that the workflow would perform finishes it."""
        await self.send(name)
        cycle = Ref("cycle", UUID(CYCLE))
        state = (await self.engine.handler.cache.refresh(self.organization, cycle)).state
        assert state.closing is not None
        await self.perform(cycle, FinishClosing(phase=state.phase, since=state.closing.version))

    async def perform(self, ref: Ref, duty: Command) -> None:
        """Do what a workflow would, when it falls due."""
        order = Order(self.organization, SYSTEM, uuid4(), (Step(ref, duty),), b"duty")
        assert (await self.engine.handler.execute(order)).outcome == "appended"


@asynccontextmanager
async def open_world(
    database_url: str, limits: Limits | None = None, patience: Patience = PATIENCE
) -> AsyncIterator[World]:
    """An application on a database with the schema."""
    pool = await open_pool(database_url, size=4, patience=patience)
    log = PostgresLog(database_url, pool, patience)
    keyring = MemoryKeyring()
    engine = assemble(pool, log, keyring)
    services = Services(
        handler=engine.handler,
        log=log,
        codec=CODEC,
        views=PostgresViews(pool),
        opener=engine.opener,
        token_secret=SECRET,
        readiness=_ready,
        queue_depth=lambda: engine.appender.waiting,
        limits=limits or Limits(read_your_writes_seconds=0.3),
    )
    app = create_app(services)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test", timeout=10) as client:
        yield World(app, engine, services, keyring, client)
    await engine.appender.close()
    await log.close()
    await pool.close()


async def _ready() -> dict[str, bool]:
    return {"postgres": True, "migrations": True}
