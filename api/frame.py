"""What surrounds every request: its id, its bound, its latency, and the answer to what nobody foresaw.

Written as plain ASGI: Starlette's middleware class would cost a task and a queue per request.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from uuid import uuid4

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.addresses import body_limit
from api.metrics import Metrics, method_label
from api.problems import BODY_TOO_LARGE, INTERNAL, problem_response
from api.services import Limits

logger = structlog.get_logger(__name__)
REQUEST_ID = b"x-request-id"
ABANDONED = 499
"""Stands in the metrics for the status of a request whose caller hung up before there was an answer."""


class Frame:
    """The outermost application."""

    def __init__(self, app: ASGIApp, metrics: Metrics, limits: Limits) -> None:
        self._app = app
        self._metrics = metrics
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = str(uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (REQUEST_ID, request_id.encode())]
            await send(message)

        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                await self._guarded(scope, self._bounded(scope, receive), answer, lambda: status != 0)
        finally:
            self._note(scope, status or ABANDONED, time.perf_counter() - started)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send, begun: Callable[[], bool]) -> None:
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            logger.info("request.abandoned")  # nobody is left to be answered, and nothing went wrong here
        except Exception as error:
            # The message may hold a text that the caller sent; the frames and the type say enough.
            frames = "".join(traceback.format_tb(error.__traceback__))
            logger.error("request.failed", error=type(error).__name__, frames=frames)
            if begun():
                raise ConnectionAbortedError("the answer broke off") from None
            await problem_response(Request(scope), INTERNAL)(scope, receive, send)

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """Count the body as it arrives, so that an endless one is refused at the bound and not at its end."""
        arrived = 0
        limit = body_limit(scope["path"], self._limits)
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > limit:
            arrived = limit + 1

        async def counted() -> Message:
            nonlocal arrived
            if arrived > limit:
                raise BODY_TOO_LARGE(limit=limit)
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > limit:
                raise BODY_TOO_LARGE(limit=limit)
            return message

        return counted

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")  # a path of nobody's is one label, not one each
        self._metrics.latency.labels(method_label(scope["method"]), route, str(status)).observe(seconds)
        code = scope["state"].get("problem")
        if code is not None:
            self._metrics.refusals.labels(code).inc()
