"""Seeded clients that write real commands over HTTP and remember what came of each.

A client never gives up a run because of a fault: what it is not told, it notes as unknown, and sometimes asks again
with the same key.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import httpx

from api.auth import mint_token
from api.addresses import kebab
from domain.decider import Ref
from domain.directory.state import DIRECTORY
from eventlog.identity import command_id
from tests.faults.ground import BRIEF, POLICY, Ground
from tests.faults.pace import Pace
from tests.faults.sent import Sent, Try, Verdict

SAFE_503 = {"queue.full", "clock.skewed", "log.contended", "phase.closing"}
"""Refusals for now that leave nothing behind; any other 5xx leaves open what has happened."""
MOST_BRIEF = 6
"""Brief cycles that a run may open in a minute's time."""


@dataclass
class Crowd:
    """All clients of a run, and everything they sent."""

    urls: list[str]
    secret: str
    ground: Ground
    seed: int
    pace: Pace = field(default_factory=Pace)
    sent: dict[UUID, Sent] = field(default_factory=dict)
    """By command id."""
    acknowledged_at: list[float] = field(default_factory=list)
    """Loop times, for the load's rate."""
    running: bool = True
    _tokens: dict[UUID, str] = field(default_factory=dict)
    _brief_at: float = 0.0
    _http: httpx.AsyncClient | None = None

    async def run(self) -> None:
        """All clients act until `stop` is called; returns when the last answer is in."""
        await asyncio.gather(*(Client(self, number).run() for number in range(self.pace.clients)))

    def stop(self) -> None:
        """No client begins another act."""
        self.running = False

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Clients and probes act inside the block."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        async with httpx.AsyncClient(trust_env=False, timeout=self.pace.timeout, limits=limits) as self._http:
            yield

    @property
    def http(self) -> httpx.AsyncClient:
        assert self._http is not None
        return self._http

    def headers(self, person: UUID) -> dict[str, str]:
        if person not in self._tokens:
            lasts = timedelta(days=90)  # an API whose clock is off for weeks still knows them
            self._tokens[person] = mint_token(
                self.secret, organization=self.ground.organization, person=person, lasts=lasts
            )
        return {"Authorization": f"Bearer {self._tokens[person]}"}

    def may_open_brief(self, now: float) -> bool:
        """Now and then: closed cycles must be there, but not in hundreds."""
        if now - self._brief_at < 60 / MOST_BRIEF:
            return False
        self._brief_at = now
        return True


class Client:
    """One client: acts, waits, acts again."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self._crowd = crowd
        self._ground = crowd.ground
        self._random = random.Random(f"{crowd.seed}/{number}")
        self._number = number
        self._sent = 0

    async def run(self) -> None:
        acts: dict[Callable[[], Awaitable[None]], int] = {
            self._check_in: 50,
            self._revise: 14,
            self._accept: 12,
            self._submit: 8,
            self._sign: 12,
            self._send_back: 2,
            self._brief_cycle: 4,
            self._publish: 4,
            self._add_person: 1,
            self._nonsense: 3,
        }
        names, weights = list(acts), list(acts.values())
        while self._crowd.running:
            with suppress(_Nothing):
                await self._random.choices(names, weights)[0]()
            await asyncio.sleep(self._random.uniform(0, 2 * self._crowd.pace.pause))

    async def probe(self, url: str) -> bool:
        """Whether one API process acknowledges a check-in now; it counts like every other command."""
        goal = self._ground.tracked[0]
        marker = self._marker()
        body = {
            "goal": str(goal.goal),
            "readings": [{"measure": str(measure), "value": marker} for measure in goal.measures],
            "confidence": "0.5",
            "status": "on_track",
        }
        order, sent = self._order(goal.owner, Ref("plan", goal.plan), "CheckIn", body, marker=marker)
        sent.tries.append(await self._try(order, url))
        return sent.verdict is Verdict.ACKNOWLEDGED

    # --- acts ---

    async def _check_in(self) -> None:
        goal = self._random.choice(self._ground.tracked)
        marker = self._marker()
        body = {
            "goal": str(goal.goal),
            "readings": [{"measure": str(measure), "value": marker} for measure in goal.measures],
            "confidence": str(self._random.randint(0, 10) / 10),
            "status": self._random.choice(["on_track", "at_risk", "off_track"]),
            "narrative": f"What client {self._number} saw",
        }
        await self._send(goal.owner, Ref("plan", goal.plan), "CheckIn", body, marker=marker)

    async def _revise(self) -> None:
        owner, plan = self._any_plan()
        seen, tag = await self._see(owner, f"plans/{plan}")
        goal = next(goal for goal in seen["state"]["goals"].values() if goal["definition"]["kind"] == "okr")
        marker = self._marker()
        definition = {**goal["definition"], "key_results": [{**goal["definition"]["key_results"][0], "target": marker}]}
        body = {"goal": goal["id"], "definition": definition}
        side = self._random.choice([owner, self._ground.head])
        await self._send(side, Ref("plan", plan), "ProposeRevision", body, tag=tag, marker=marker)

    async def _accept(self) -> None:
        owner, plan = self._any_plan()
        seen, _ = await self._see(owner, f"plans/{plan}")
        goal = next(goal for goal in seen["state"]["goals"].values() if goal["definition"]["kind"] == "okr")
        side = self._random.choice([owner, self._ground.head])
        await self._send(side, Ref("plan", plan), "AcceptRevision", {"goal": goal["id"], "hash": goal["hash"]})

    async def _submit(self) -> None:
        owner, plan = self._any_plan()
        seen, _ = await self._see(owner, f"plans/{plan}")
        await self._send(owner, Ref("plan", plan), "SubmitPlan", {"hash": seen["content_hash"]})

    async def _sign(self) -> None:
        owner, plan = self._any_plan()
        seen, _ = await self._see(owner, f"plans/{plan}")
        waiting = seen["signature"]
        asked = [UUID(person) for person in waiting["may_sign"]] if waiting else []
        signer = self._random.choice(asked or [self._ground.head])
        await self._send(signer, Ref("plan", plan), "SignPlan", {"hash": seen["content_hash"]})

    async def _send_back(self) -> None:
        owner, plan = self._any_plan()
        seen, _ = await self._see(owner, f"plans/{plan}")
        if self._random.random() < 0.5:
            await self._send(owner, Ref("plan", plan), "RecallPlan", {"reason": "One more thought"})
        else:
            body = {"hash": seen["content_hash"], "reason": "Not yet"}
            await self._send(self._ground.head, Ref("plan", plan), "RejectPlan", body)

    async def _brief_cycle(self) -> None:
        """A cycle without participants: its phases close by duties, until its results must be published."""
        if not self._crowd.may_open_brief(asyncio.get_running_loop().time()):
            return
        cycle = uuid5(self._ground.organization, f"{self._crowd.seed}/{self._number}/{self._sent}")
        now = datetime.now(UTC)
        body = {
            "name": "A brief one",
            "facilitator": str(self._ground.lead),
            "period": {"starts": now.isoformat(), "ends": (now + timedelta(days=90)).isoformat()},
            "windows": BRIEF.model_dump(mode="json"),
            "policy": POLICY.model_dump(mode="json"),
        }
        self._ground.brief.append(cycle)
        await self._send(self._ground.lead, Ref("cycle", cycle), "OpenCycle", body)

    async def _publish(self) -> None:
        for cycle in self._ground.brief:
            seen, tag = await self._see(self._ground.lead, f"cycles/{cycle}")
            if (
                seen["state"]["phase"] == "retrospect"
                and not seen["state"]["closed"]
                and seen["state"]["results_served_at"] is None
            ):
                await self._send(self._ground.lead, Ref("cycle", cycle), "PublishResults", {}, tag=tag)
                return

    async def _add_person(self) -> None:
        _, tag = await self._see(self._ground.lead, "")
        newcomer = uuid5(self._ground.organization, f"{self._crowd.seed}/{self._number}/{self._sent}/person")
        body = {"person": str(newcomer), "name": "A newcomer", "manager": str(self._ground.head)}
        await self._send(self._ground.lead, DIRECTORY, "AddPerson", body, tag=tag)

    async def _nonsense(self) -> None:
        """What the rules refuse must leave no trace."""
        owner, plan = self._any_plan()
        stranger = self._random.choice(self._ground.board)
        if self._random.random() < 0.5:
            await self._send(stranger, Ref("plan", plan), "SubmitPlan", {"hash": "0" * 64})
        else:
            await self._send(owner, Ref("plan", plan), "SignPlan", {"hash": "0" * 64})

    # --- sending ---

    def _any_plan(self) -> tuple[UUID, UUID]:
        return self._random.choice(list(self._ground.signing.items()))

    def _marker(self) -> str:
        """A number that no other command of the run carries."""
        return str((self._sent + 1) * 1000 + self._number + 100)

    async def _see(self, person: UUID, path: str) -> tuple[dict[str, Any], str]:
        """What somebody sees, and its ETag. Where it cannot be seen now, the act is dropped: nothing was asked for."""
        url = f"{self._random.choice(self._crowd.urls)}/v1/organizations/{self._ground.organization}/{path}".rstrip("/")
        try:
            answer = await self._crowd.http.get(url, headers=self._crowd.headers(person))
        except httpx.HTTPError:
            raise _Nothing from None
        if answer.status_code != httpx.codes.OK:
            raise _Nothing
        return answer.json(), answer.headers["ETag"]

    async def _send(
        self,
        actor: UUID,
        ref: Ref,
        name: str,
        body: Mapping[str, Any],
        *,
        tag: str | None = None,
        marker: str | None = None,
    ) -> None:
        order, sent = self._order(actor, ref, name, body, tag=tag, marker=marker)
        copies = self._random.randint(1, self._crowd.pace.copies)
        await asyncio.gather(*(self._deliver(order, sent, late=copy > 0) for copy in range(copies)))

    def _order(
        self,
        actor: UUID,
        ref: Ref,
        name: str,
        body: Mapping[str, Any],
        *,
        tag: str | None = None,
        marker: str | None = None,
    ) -> tuple[_Order, Sent]:
        """A new command with a key of its own, noted before it is sent."""
        self._sent += 1
        key = f"{self._crowd.seed}-{self._number}-{self._sent}"
        below = "directory" if ref == DIRECTORY else f"{ref.kind}s/{ref.stream}"
        order = _Order(
            path=f"/v1/organizations/{self._ground.organization}/{below}/{kebab(name)}",
            headers={
                **self._crowd.headers(actor),
                "Idempotency-Key": key,
                **({"If-Match": tag} if tag else {}),
            },
            body=body,
        )
        route = f"{ref.kind}/{ref.stream}/{kebab(name)}"
        sent = Sent(command_id(self._ground.organization, actor, route, key), name, actor, ref.stream, marker)
        self._crowd.sent[sent.command_id] = sent
        return order, sent

    async def _deliver(self, order: _Order, sent: Sent, *, late: bool = False) -> None:
        """One copy of a command: asked again a few times where its outcome is open, sometimes where it is not."""
        if late:
            await asyncio.sleep(self._random.uniform(0, 0.3))
        for _ in range(5):
            answer = await self._try(order)
            sent.tries.append(answer)
            again = {
                Verdict.UNKNOWN: 0.8,
                Verdict.UNSENT: 0.8,
                Verdict.REFUSED: 0.5 if answer.code in SAFE_503 else 0.02,
                Verdict.ACKNOWLEDGED: 0.1,
                Verdict.UNCHANGED: 0.1,
            }[answer.verdict]
            if self._random.random() >= again:
                return
            await asyncio.sleep(self._random.uniform(0.05, 0.5))

    async def _try(self, order: _Order, url: str | None = None) -> Try:
        url = (url or self._random.choice(self._crowd.urls)) + order.path
        sent_at = datetime.now(UTC)
        try:
            answer = await self._crowd.http.post(
                url, json=order.body, headers=order.headers, timeout=self._crowd.pace.timeout
            )
            document = answer.json()
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return Try(Verdict.UNSENT, sent_at, datetime.now(UTC))
        except (httpx.HTTPError, ValueError) as error:
            return Try(Verdict.UNKNOWN, sent_at, datetime.now(UTC), type(error).__name__)
        now = datetime.now(UTC)
        if answer.is_success:
            if document["outcome"] not in ("appended", "duplicate"):
                return Try(Verdict.UNCHANGED, sent_at, now)
            self._crowd.acknowledged_at.append(asyncio.get_running_loop().time())
            position = document["position"]
            return Try(Verdict.ACKNOWLEDGED, sent_at, now, "", position["first"], position["last"])
        code = str(document.get("code"))
        definite = answer.status_code < 500 or code in SAFE_503
        return Try(Verdict.REFUSED if definite else Verdict.UNKNOWN, sent_at, now, code)


@dataclass(frozen=True)
class _Order:
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


class _Nothing(Exception):
    """The act came to nothing before any command was sent."""
