"""Everybody who writes in a campaign: whom they reach, how they behave, and everything they sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import httpx

from api.auth import mint_token
from tests.faults.ground import Ground
from tests.faults.pace import Pace
from tests.faults.sent import Sent

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
