"""Sending one command over HTTP, noting what came of it, and asking again where nothing did."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx

from api.addresses import kebab
from domain.decider import Ref
from domain.directory.state import DIRECTORY
from eventlog.identity import command_id
from tests.faults.crowd import Crowd
from tests.faults.sent import Sent, Try, Verdict

LATER = {"queue.full", "clock.skewed", "log.contended"}
"""503s that leave nothing behind; any other 5xx leaves open what has happened."""


@dataclass(frozen=True)
class Order:
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


class Nothing(Exception):
    """The act came to nothing before any command was sent."""


class Sender:
    """Somebody with a number of their own, from which their keys, markers and chances come."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self._crowd = crowd
        self._ground = crowd.ground
        self._random = random.Random(f"{crowd.seed}/{number}")
        self._number = number
        self._sent = 0

    def marker(self) -> str:
        """A number that no other command of the run carries."""
        return str((self._sent + 1) * 1000 + self._number + 100)

    async def see(self, person: UUID, path: str) -> tuple[dict[str, Any], str]:
        """What somebody sees, and its ETag. Where it cannot be seen now, the act is dropped: nothing was asked for."""
        url = f"{self._random.choice(self._crowd.urls)}/v1/organizations/{self._ground.organization}/{path}".rstrip("/")
        try:
            answer = await self._crowd.http.get(url, headers=self._crowd.headers(person))
        except httpx.HTTPError:
            raise Nothing from None
        if answer.status_code != httpx.codes.OK:
            raise Nothing
        return answer.json(), answer.headers["ETag"]

    async def send(
        self,
        actor: UUID,
        ref: Ref,
        name: str,
        body: Mapping[str, Any],
        *,
        tag: str | None = None,
        marker: str | None = None,
    ) -> None:
        order, sent = self.order(actor, ref, name, body, tag=tag, marker=marker)
        copies = self._random.randint(1, self._crowd.pace.copies)
        await asyncio.gather(*(self._deliver(order, sent, late=copy > 0) for copy in range(copies)))

    def order(
        self,
        actor: UUID,
        ref: Ref,
        name: str,
        body: Mapping[str, Any],
        *,
        tag: str | None = None,
        marker: str | None = None,
    ) -> tuple[Order, Sent]:
        """A new command with a key of its own, noted before it is sent."""
        self._sent += 1
        key = f"{self._crowd.seed}-{self._number}-{self._sent}"
        below = "directory" if ref == DIRECTORY else f"{ref.kind}s/{ref.stream}"
        order = Order(
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

    async def _deliver(self, order: Order, sent: Sent, *, late: bool = False) -> None:
        """One copy of a command: asked again a few times where its outcome is open, sometimes where it is not."""
        if late:
            await asyncio.sleep(self._random.uniform(0, 0.3))
        for _ in range(5):
            answer = await self.ask(order)
            sent.tries.append(answer)
            again = {
                Verdict.UNKNOWN: 0.8,
                Verdict.UNSENT: 0.8,
                Verdict.DEFERRED: 0.5,
                Verdict.REFUSED: 0.5 if answer.code == "phase.closing" else 0.02,
                Verdict.ACKNOWLEDGED: 0.1,
                Verdict.UNCHANGED: 0.1,
            }[answer.verdict]
            if self._random.random() >= again:
                return
            await asyncio.sleep(self._random.uniform(0.05, 0.5))

    async def ask(self, order: Order, url: str | None = None) -> Try:
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
        refused = Verdict.REFUSED if answer.status_code < 500 else Verdict.UNKNOWN
        return Try(Verdict.DEFERRED if code in LATER else refused, sent_at, now, code)
