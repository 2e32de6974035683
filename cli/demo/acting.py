"""People acting over HTTP, each with a token of their own; every answer is kept, to be held against the log later."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx

from api.auth import mint_token

T = TypeVar("T")

PATIENCE_SECONDS = 60.0
"""How long anything in the demo may take before it has failed."""
POLL_SECONDS = 0.1
TRIES = 20


class DemoFailed(Exception):
    """Something did not come about as it must."""


@dataclass(frozen=True)
class Acknowledged:
    """A command that was answered as appended, and where its events must be."""

    command: str
    first: int
    last: int


@dataclass
class Stage:
    """The organization as its people reach it: through the API."""

    client: httpx.AsyncClient
    secret: str
    organization: UUID
    acknowledged: list[Acknowledged] = field(default_factory=list)
    repeated: int = 0
    """Commands sent twice on purpose, with the same Idempotency-Key."""
    _sent: int = 0

    def _headers(self, person: UUID) -> dict[str, str]:
        token = mint_token(self.secret, organization=self.organization, person=person, lasts=timedelta(hours=1))
        return {"Authorization": f"Bearer {token}"}

    async def see(self, person: UUID, path: str = "", **params: Any) -> dict[str, Any]:
        """What somebody sees at a path of the organization."""
        answer = await self._request("GET", person, path, params=params)
        return dict(answer.json())

    async def act(self, person: UUID, path: str, body: Mapping[str, Any], *, edits: bool = False) -> None:
        """Somebody sends a command. An edit first looks, and names what it saw; every fifth command is sent twice."""
        headers = {"Idempotency-Key": str(uuid4())}
        if edits:
            seen = await self._request("GET", person, path.rpartition("/")[0].removesuffix("directory"))
            headers["If-Match"] = seen.headers["ETag"]
        answer = (await self._request("POST", person, path, json=dict(body), headers=headers)).json()
        if answer["outcome"] == "appended":
            position = answer["position"]
            self.acknowledged.append(Acknowledged(path.rpartition("/")[2], position["first"], position["last"]))
        self._sent += 1
        if self._sent % 5 == 0:
            again = (await self._request("POST", person, path, json=dict(body), headers=headers)).json()
            self.repeated += 1
            if again["outcome"] not in ("duplicate", "unchanged"):
                raise DemoFailed(f"{path} was carried out twice: {again['outcome']}")

    async def feed(self, person: UUID, after: int = 0) -> list[dict[str, Any]]:
        """Every event after a position."""
        events: list[dict[str, Any]] = []
        while page := (await self.see(person, "feed", after=after, limit=200))["items"]:
            events += page
            after = page[-1]["position"]
        return events

    async def _request(self, method: str, person: UUID, path: str, **more: Any) -> httpx.Response:
        """Sent again, with the same key, while the server is away or busy."""
        url = f"/v1/organizations/{self.organization}/{path}".rstrip("/")
        headers = {**self._headers(person), **more.pop("headers", {})}
        for _ in range(TRIES):
            try:
                answer = await self.client.request(method, url, headers=headers, **more)
            except httpx.TransportError:
                await asyncio.sleep(0.2)
                continue
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE and answer.is_success:
                return answer
            document = answer.json()
            if answer.headers.get("Retry-After") is None:
                raise DemoFailed(f"{method} {path}: {document['code']}: {document['detail']}")
            await asyncio.sleep(0.3)
        raise DemoFailed(f"{method} {path} was not answered in {TRIES} tries")


async def until(what: str, look: Callable[[], Awaitable[T | None]]) -> T:
    """Wait until `look` finds something. Raises DemoFailed after a minute."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while loop.time() < deadline:
        found = await look()
        if found:
            return found
        await asyncio.sleep(POLL_SECONDS)
    raise DemoFailed(f"waited {PATIENCE_SECONDS:.0f} s in vain for {what}")
