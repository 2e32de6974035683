"""How many requests are let in at once, and for how long.

Invariant: whoever is not let in is told so before anything was read or decided (at once, in a storm of refusals within
seconds), and whoever is let in is answered in bounded time: so waiting never grows, memory stays flat, and what is
under way gets the whole machine.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.addresses import body_limit
from api.problems import UNAVAILABLE, problem_response
from api.services import Limits
from eventlog.handler import QUEUE_FULL

REFUSALS = 50
"""As many a second cost next to nothing; the more there are, the later the refused are asked to come back."""
LATEST = 30
"""Seconds, the most that is asked for."""
BURST = 200
"""So many are refused at once."""
PACE = 500
"""Beyond that so many a second: callers who do not wait must not take the time of those who are served."""
LONGEST = 5.0
"""Seconds that a refusal may wait for its turn."""
ALWAYS = ("/health/", "/metrics")
"""Operators look in above all when everything is full."""


class Admission:
    """Stands inside the frame, so that refusals have their request id and are counted."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._requests = 0
        self._bytes = 0
        self._refused = 0
        """In the second that began at `_since`."""
        self._since = 0.0
        self._turn = 0.0
        """When the last refusal has its turn."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(ALWAYS):
            await self._app(scope, receive, send)
            return
        size = self._size(scope)
        full = self._requests >= self._limits.requests
        if full or (self._requests and self._bytes + size > self._limits.bodies_bytes):
            headers = {"Retry-After": self._come_back()}
            await self._refusals_turn()
            await problem_response(Request(scope), QUEUE_FULL, headers=headers)(scope, receive, send)
            return
        self._requests += 1
        self._bytes += size
        try:
            await self._timed(scope, receive, send)
        finally:
            self._requests -= 1
            self._bytes -= size

    def _come_back(self) -> str:
        """When: so that about so many come back each second, however many were refused at once."""
        now = asyncio.get_running_loop().time()
        if now - self._since >= 1:
            self._since, self._refused = now, 0
        self._refused += 1
        return str(min(LATEST, 1 + self._refused // REFUSALS))

    async def _refusals_turn(self) -> None:
        now = asyncio.get_running_loop().time()
        self._turn = min(max(self._turn + 1 / PACE, now - BURST / PACE), now + LONGEST)
        if self._turn > now:
            await asyncio.sleep(self._turn - now)

    async def _timed(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            async with asyncio.timeout(self._limits.request_seconds):
                await self._app(scope, receive, answer)
        except TimeoutError:
            if begun:
                raise
            # Whether a command took effect is unknown, as after a lost connection.
            await problem_response(Request(scope), UNAVAILABLE)(scope, receive, send)

    def _size(self, scope: Scope) -> int:
        """What the body may come to: as announced, else as much as it may have at all."""
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"0")
        limit = body_limit(scope["path"], self._limits)
        if b"transfer-encoding" in headers or not announced.isdigit():
            return limit
        return min(int(announced), limit)
