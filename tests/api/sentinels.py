"""A plan in which every text is to be a sentinel, in an application whose log, keys and views are in memory (R8)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from api.app import create_app
from api.auth import mint_token
from api.services import Services
from cli.composition import CODEC
from domain.cycle.opening import OpenCycle
from domain.cycle.windows import Period
from domain.decider import Ref
from domain.directory.founding import FirstPerson, FoundOrganization
from domain.directory.people import AddPerson, DeactivatePerson
from domain.directory.state import DIRECTORY, Role
from domain.messages import Command
from domain.metric.defining import DefineMetric
from domain.plan.goal import Goal
from domain.plan.state import PlanState
from domain.problems import DomainError
from domain.registry import DECIDERS
from domain.values import plan_id
from eventlog.appender import Appender
from eventlog.handler import CommandHandler, Order, Step
from eventlog.keyring import MemoryKeyring
from eventlog.memory import MemoryLog
from eventlog.seal import Opener
from tests.api.sentinel_book import NAMES, Book
from tests.support.metrics import counted, metric_ref

SECRET = "a secret of the sentinels, long enough for HS256"
PEOPLE = {name: uuid4() for name in NAMES}
OKRS, KPI = ("first", "second"), "kpi"
GOALS = {name: uuid4() for name in (*OKRS, KPI)}
METRIC = metric_ref()
"""What the key results of the OKRs are counted by."""


@dataclass
class NoViews:
    """Read models that show nothing but ids: what they hold has no texts."""

    resting_plans: list[UUID] = field(default_factory=list)

    async def board(self, *_: Any, **__: Any) -> None:
        return None

    async def inbox(self, *_: Any) -> Mapping[str, Any]:
        return {"items": [], "position": 0}

    async def standings(self, *_: Any) -> Mapping[UUID, Any]:
        return {}

    async def children(self, *_: Any) -> Mapping[str, Any]:
        return {"items": [], "position": 0}

    async def metrics(self, *_: Any) -> list[UUID]:
        return [METRIC.stream]

    async def resting(self, *_: Any) -> list[UUID]:
        return self.resting_plans

    async def wait_for(self, *_: Any) -> bool:
        return True


async def _ready() -> dict[str, bool]:
    return {}


@dataclass
class Stage:
    """The application in memory, and the moves that can be made."""

    client: httpx.AsyncClient
    handler: CommandHandler
    log: MemoryLog
    book: Book = field(default_factory=Book)
    organization: UUID = field(default_factory=uuid4)
    cycle: UUID = field(default_factory=uuid4)

    @property
    def plan_ref(self) -> Ref:
        return Ref("plan", plan_id(self.cycle, PEOPLE["staff"]))

    async def act(self, person: str, ref: Ref, *commands: Command) -> bool:
        """Send commands; whether they were taken."""
        steps = tuple(Step(ref, command) for command in commands)
        order = Order(self.organization, PEOPLE[person], uuid4(), steps, repr(steps).encode())
        try:
            await self.handler.execute(order)
        except DomainError:
            return False
        return True

    async def state(self) -> PlanState:
        found: PlanState = (await self.handler.cache.refresh(self.organization, self.plan_ref)).state
        return found

    async def begin(self) -> None:
        """People in three levels, and beside them; one has left. The staff have a plan."""
        first = FirstPerson(id=PEOPLE["admin"], name="Admin")
        managers = {"lead": None, "head": "lead", "staff": "head"}
        people = [
            AddPerson(
                person=PEOPLE[name],
                name=name.title(),
                manager=PEOPLE[above] if (above := managers.get(name)) else None,
                roles=(Role.AUDITOR,) if name == "auditor" else (),
            )
            for name in NAMES[1:]
        ]
        founding = FoundOrganization(name="Harbour Works", first_person=first)
        assert await self.act("admin", DIRECTORY, founding, *people, DeactivatePerson(person=PEOPLE["gone"]))
        now = datetime.now(UTC)
        opening = OpenCycle(
            name="2027 Q2",
            facilitator=PEOPLE["facilitator"],
            period=Period(starts=now + timedelta(days=60), ends=now + timedelta(days=150)),
            participants=(PEOPLE["staff"],),
        )
        assert await self.act("admin", Ref("cycle", self.cycle), opening)
        counting = DefineMetric(name="Berths used", data_owner=PEOPLE["peer"], definition=counted())
        assert await self.act("admin", METRIC, counting)

    async def goal(self, name: str) -> Goal | None:
        return (await self.state()).goals.get(GOALS[name])

    async def get(self, person: str, path: str) -> httpx.Response:
        url, bearer = self.address(person, path)
        return await self.client.get(url, headers=bearer)

    def address(self, person: str, path: str) -> tuple[str, dict[str, str]]:
        token = mint_token(SECRET, organization=self.organization, person=PEOPLE[person], lasts=timedelta(minutes=5))
        return f"http://api.test/v1/organizations/{self.organization}{path}", {"Authorization": f"Bearer {token}"}

    async def post(self, person: str, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:
        url, bearer = self.address(person, path)
        return await self.client.post(url, headers=bearer | headers, json=body)


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """An application whose log, keys and views are in memory."""
    log, keyring, views = MemoryLog(), MemoryKeyring(), NoViews()
    appender = Appender(log)
    handler = CommandHandler(log, appender, DECIDERS, CODEC, keyring)
    services = Services(
        handler=handler,
        log=log,
        codec=CODEC,
        views=views,
        opener=lambda organization: Opener(log, keyring, organization),
        token_secret=SECRET,
        readiness=_ready,
        queue_depth=lambda: 0,
    )
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, timeout=30) as client:
        made = Stage(client, handler, log)
        await made.begin()
        views.resting_plans.append(made.plan_ref.stream)
        yield made
    await appender.close()
