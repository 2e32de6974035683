"""A plan in which every text is a sentinel, and a second book of who may read which (R8).

The book knows the table in docs/access/permissions.csv and what it did itself; of the code under test it asks nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

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
from domain.plan.comments import CommentOnRevision
from domain.plan.drafting import AcknowledgeAssignment, AssignGoal, DraftGoal
from domain.plan.dropping import AbandonGoal
from domain.plan.goal import Goal
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.state import PlanState
from domain.plan.visibility import SetVisibility
from domain.plan.withdrawing import WithdrawRevision
from domain.problems import DomainError
from domain.registry import DECIDERS
from domain.sealed import OwnerText, Sealed
from domain.values import plan_id
from eventlog.appender import Appender
from eventlog.handler import CommandHandler, Order, Step
from eventlog.keyring import MemoryKeyring
from eventlog.memory import MemoryLog
from eventlog.seal import Opener
from tests.api.sentinel_book import NAMES, Book, Told
from tests.support.given import increase, kpi, okr

SECRET = "a secret of the sentinels, long enough for HS256"
PEOPLE = {name: uuid4() for name in NAMES}
OKRS, KPI = ("first", "second"), "kpi"
GOALS = {name: uuid4() for name in (*OKRS, KPI)}


class NoViews:
    """Read models that show nothing: what they hold has no texts."""

    async def board(self, *_: Any, **__: Any) -> None:
        return None

    async def inbox(self, *_: Any) -> Mapping[str, Any]:
        return {"items": [], "position": 0}

    async def standings(self, *_: Any) -> Mapping[UUID, Any]:
        return {}

    async def children(self, *_: Any) -> Mapping[str, Any]:
        return {"items": [], "position": 0}

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

    def definition(self, name: str, *, proposed: bool) -> Any:
        """A goal all of whose texts are sentinels."""
        title = self.book.new(name, proposed=proposed)
        if name == KPI:
            return kpi(title=title)
        approach, of_measure = (self.book.new(name, proposed=proposed) for _ in range(2))
        measure = increase().model_copy(update={"title": OwnerText(of_measure)})
        return okr(title=title, approach=approach, weight="50", key_results=(measure,))

    # --- moves: each tells the book what it did, where it was taken ---

    async def draft(self, name: str, by: str) -> None:
        if name in self.book.goals:
            return
        self.book.goals[name] = Told("okr", by, wrote={by})
        command = DraftGoal(
            cycle=self.cycle,
            owner=PEOPLE["staff"],
            goal=GOALS[name],
            definition=self.definition(name, proposed=False),
        )
        assert await self.act(by, self.plan_ref, command)

    async def assign(self, by: str) -> None:
        if KPI in self.book.goals:
            return
        self.book.goals[KPI] = Told("kpi", by, assigner=by, wrote={by})
        definition = self.definition(KPI, proposed=True)
        command = AssignGoal(cycle=self.cycle, owner=PEOPLE["staff"], goal=GOALS[KPI], definition=definition)
        assert await self.act(by, self.plan_ref, command)

    async def propose(self, name: str, by: str) -> None:
        told = self.book.goals.get(name)
        if told is None:
            return
        definition = self.definition(name, proposed=True)
        if await self.act(by, self.plan_ref, ProposeRevision(goal=GOALS[name], definition=definition)):
            told.proposed = True
            told.wrote = {told.author, by}
        else:
            self.forget(definition)

    def forget(self, definition: Any) -> None:
        """Texts of a command that was refused stand nowhere: nobody may ever read them."""
        for text in [text for text in self.book.texts if text in repr_texts(definition)]:
            del self.book.texts[text]

    async def withdraw(self, name: str, by: str) -> None:
        goal = await self.goal(name)
        if goal is None:
            return
        if await self.act(by, self.plan_ref, WithdrawRevision(goal=goal.id, hash=goal.hash)):
            after = await self.goal(name)
            assert after is not None
            self.book.goals[name].proposed = bool(after.accepted)

    async def accept(self, name: str, by: str) -> None:
        goal = await self.goal(name)
        if goal is not None:
            await self.act(by, self.plan_ref, AcceptRevision(goal=goal.id, hash=goal.hash))

    async def acknowledge(self) -> None:
        goal = await self.goal(KPI)
        if goal is not None:
            await self.act("staff", self.plan_ref, AcknowledgeAssignment(goal=goal.id, hash=goal.hash))

    async def comment(self, name: str, by: str) -> None:
        goal = await self.goal(name)
        if goal is None:
            return
        text = self.book.new(name, proposed=self.book.goals[name].proposed or name == KPI)
        said = CommentOnRevision(goal=goal.id, hash=goal.hash, comment=uuid4(), text=text)
        if not await self.act(by, self.plan_ref, said):
            del self.book.texts[text]

    async def show(self, name: str, by: str, audience: Any, *viewers: str) -> None:
        if name not in self.book.goals:
            return
        chosen = SetVisibility(goal=GOALS[name], audience=audience, viewers=tuple(PEOPLE[one] for one in viewers))
        if await self.act(by, self.plan_ref, chosen):
            self.book.goals[name].audience, self.book.goals[name].viewers = audience, viewers

    async def abandon(self, name: str, by: str) -> None:
        goal = await self.goal(name)
        if goal is None:
            return
        text = self.book.new(name, proposed=self.book.goals[name].proposed or name == KPI)
        if not await self.act(by, self.plan_ref, AbandonGoal(goal=goal.id, hash=goal.hash, reason=text)):
            del self.book.texts[text]

    async def goal(self, name: str) -> Goal | None:
        return (await self.state()).goals.get(GOALS[name])

    # --- looking ---

    async def get(self, person: str, path: str) -> httpx.Response:
        url, bearer = self.address(person, path)
        return await self.client.get(url, headers=bearer)

    def address(self, person: str, path: str) -> tuple[str, dict[str, str]]:
        token = mint_token(SECRET, organization=self.organization, person=PEOPLE[person], lasts=timedelta(minutes=5))
        return f"http://api.test/v1/organizations/{self.organization}{path}", {"Authorization": f"Bearer {token}"}

    async def paths(self) -> list[str]:
        """Every GET there is, now and as of some positions."""
        plan, cycle = f"/plans/{self.plan_ref.stream}", f"/cycles/{self.cycle}"
        last = await self.log.last_position(self.organization)
        version = (await self.state()).version
        earlier = f"?as_of={last - 1}"
        some = sorted({last, *range(max(1, last - 12), last, 3)})
        return [
            "",
            "/directory/history",
            *(cycle + more for more in ("", "/history", "/gate", "/board")),
            *(plan + more for more in ("", "/history", "/diff?from=0", f"/diff?from={max(0, version - 1)}")),
            *(f"{plan}?as_of={position}" for position in some),
            f"{plan}/history{earlier}",
            *(
                f"{plan}/goals/{goal}{more}"
                for goal in GOALS.values()
                for more in ("", "/alignment", "/negotiation", f"?as_of={last - 1}")
            ),
            "/feed",
            "/feed?after=0&limit=200",
            "/inbox",
        ]

    async def look(self, people: Collection[str] = NAMES) -> None:
        """Nobody reads what the table does not let them read, in any answer, body or header."""
        for path in await self.paths():
            for person in people:
                self.read(person, path, await self.get(person, path))
        for goal in GOALS.values():
            for person in people:
                await self.provoke(person, goal)

    async def provoke(self, person: str, goal: UUID) -> None:
        """Refusals and dry runs tell no more than answers do."""
        path = f"/plans/{self.plan_ref.stream}"
        comment = {"goal": str(goal), "hash": "0" * 64, "comment": str(uuid4()), "text": "Mine"}
        for definition in (okr(title="Mine", weight="50"), kpi(title="Mine")):
            body = {"goal": str(goal), "definition": _sendable(definition)}
            for version in ('"1"', f'"{(await self.state()).version}"'):
                sent = f"{path}/propose-revision?dry_run=true"
                self.read(person, sent, await self.post(person, sent, body, {"If-Match": version}))
        self.read(person, path, await self.post(person, f"{path}/comment-on-revision?dry_run=true", comment, {}))

    async def post(self, person: str, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:
        url, bearer = self.address(person, path)
        return await self.client.post(url, headers=bearer | headers, json=body)

    def read(self, person: str, path: str, answer: httpx.Response) -> None:
        """Note what somebody could read of an answer, and fail where the table does not let them."""
        whole = answer.text + repr(answer.headers)
        assert answer.status_code < 500, (path, answer.text)
        for text in self.book.texts:
            if text in whole:
                assert self.book.may_read(person, text), (person, path, text, self.book.texts[text])
                self.book.seen.add((person, text))


def _sendable(value: Any) -> Any:
    """A value as a caller sends it: texts in plain, absent fields left out."""
    if isinstance(value, BaseModel):
        return {name: _sendable(item) for name, item in value if item is not None}
    if isinstance(value, tuple):
        return [_sendable(item) for item in value]
    return value.text if isinstance(value, Sealed) else to_jsonable_python(value)


def repr_texts(definition: Any) -> str:
    """The plain texts of a definition."""
    found = [definition.title.text]
    for result in getattr(definition, "key_results", ()):
        found.append(result.title.text)
    if getattr(definition, "approach", None) is not None:
        found.append(definition.approach.text)
    return " ".join(text or "" for text in found)


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """An application whose log, keys and views are in memory."""
    log, keyring = MemoryLog(), MemoryKeyring()
    appender = Appender(log)
    handler = CommandHandler(log, appender, DECIDERS, CODEC, keyring)
    services = Services(
        handler=handler,
        log=log,
        codec=CODEC,
        views=NoViews(),
        opener=lambda organization: Opener(log, keyring, organization),
        token_secret=SECRET,
        readiness=_ready,
        queue_depth=lambda: 0,
    )
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, timeout=30) as client:
        made = Stage(client, handler, log)
        await made.begin()
        yield made
    await appender.close()
