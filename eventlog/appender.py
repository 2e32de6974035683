"""Collects append requests and sends what is queued: two calls an organization at a time, many requests a call.

Invariant: every request that was taken is answered, by its result or by an error after which the same request may be
sent again. There is no timer: a call takes what has queued up while those before it ran. Two calls, because the
database works on one (the counter row admits no more) while this process answers and fills the other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import structlog

from eventlog.log import AppendRequest, AppendResult, Log, Outcome
from eventlog.outage import LOST

logger = structlog.get_logger(__name__)

QUEUE_LIMIT = 2_000
"""Requests that may wait in one process."""
BATCH_LIMIT = 200
"""Requests in one call."""
EVENTS_LIMIT = 2_000
"""Events in one call, unless one request alone has more."""
CALLS = 2
"""Calls of one organization under way at once."""
WORTH_A_CALL = 16
"""Requests for which a second call is begun; fewer wait for the first, behind which they would wait anyway."""
TRIES = 8
"""How often a call is sent again over a new connection."""
PAUSE = 0.05
"""Seconds before the second try; doubled for each one after it."""
PATIENCE = 10.0
"""Seconds after which a call is not tried again: a database that answers nothing takes long for every try."""


class QueueFullError(Exception):
    """More requests wait than can be kept; the caller should come back in a moment."""


@dataclass(eq=False)
class _Waiting:
    request: AppendRequest
    answer: asyncio.Future[AppendResult]
    joined: list[tuple[AppendRequest, asyncio.Future[AppendResult]]] = field(default_factory=list)
    """The same command id, sent again while it waits."""


class Appender:
    """The way into the log for many callers at once."""

    def __init__(self, log: Log, *, queue_limit: int = QUEUE_LIMIT) -> None:
        self._log = log
        self._limit = queue_limit
        self._queues: dict[UUID, deque[_Waiting]] = {}
        self._known: dict[tuple[UUID, UUID], _Waiting] = {}
        self._calls: dict[UUID, set[asyncio.Task[None]]] = {}
        self._closed = False

    @property
    def waiting(self) -> int:
        """Requests that are queued or on their way."""
        return len(self._known)

    async def submit(self, organization: UUID, request: AppendRequest) -> AppendResult:
        """Append one request. Raises QueueFullError; cancelling the caller does not cancel the append."""
        if self._closed:
            raise QueueFullError("the appender is closing")
        answer: asyncio.Future[AppendResult] = asyncio.get_running_loop().create_future()
        known = self._known.get((organization, request.command_id))
        if known is not None:
            known.joined.append((request, answer))
        elif self.waiting >= self._limit:
            raise QueueFullError(f"{self._limit} requests are waiting")
        else:
            waiting = _Waiting(request, answer)
            self._known[organization, request.command_id] = waiting
            queue = self._queues.setdefault(organization, deque())
            queue.append(waiting)
            if len(queue) in (1, WORTH_A_CALL):  # whoever is ready now queues up, too, before the call is filled
                asyncio.get_running_loop().call_soon(self._fill, organization)
        return await answer  # nothing waits for the caller: cancelled, it only misses the answer

    async def close(self) -> None:
        """Take nothing more, and wait until everything taken is answered."""
        self._closed = True
        while self._known:
            calls = [call for calls in self._calls.values() for call in calls]
            await (asyncio.wait(calls) if calls else asyncio.sleep(0))

    def _fill(self, organization: UUID) -> None:
        """Send what is queued, as far as calls are free."""
        queue = self._queues.get(organization)
        calls = self._calls.setdefault(organization, set())
        while queue and len(calls) < CALLS and (not calls or len(queue) >= WORTH_A_CALL):
            batch = _independent(queue, max(WORTH_A_CALL, -(-len(queue) // (CALLS - len(calls)))))
            call = asyncio.create_task(self._call(organization, batch))
            calls.add(call)
            call.add_done_callback(partial(self._called, organization))

    def _called(self, organization: UUID, call: asyncio.Task[None]) -> None:
        self._calls[organization].discard(call)
        self._fill(organization)
        if not self._calls[organization]:
            del self._calls[organization]
            self._queues.pop(organization, None)

    async def _call(self, organization: UUID, batch: list[_Waiting]) -> None:
        try:
            await self._send(organization, batch)
        except Exception as error:
            # Nobody's future may be left without an answer, whatever went wrong.
            self._fail(organization, batch, error)

    async def _send(self, organization: UUID, batch: list[_Waiting]) -> None:
        try:
            results = await self._append(organization, [waiting.request for waiting in batch])
        except LOST as error:
            self._fail(organization, batch, error)
        except Exception as error:
            if len(batch) == 1:
                self._fail(organization, batch, error)
                return
            logger.warning(
                "append.split", organization=str(organization), requests=len(batch), error=type(error).__name__
            )
            await self._send_each(organization, batch)
        else:
            for waiting, result in zip(batch, results, strict=True):
                self._answer(organization, waiting, result)

    async def _send_each(self, organization: UUID, batch: list[_Waiting]) -> None:
        """One call a request: one that is poisoned must not fail its neighbours."""
        for place, waiting in enumerate(batch):
            try:
                (result,) = await self._append(organization, [waiting.request])
            except LOST as error:  # without a database, request by request would take for ever
                self._fail(organization, batch[place:], error)
                return
            except Exception as error:
                self._fail(organization, [waiting], error)
            else:
                self._answer(organization, waiting, result)

    async def _append(self, organization: UUID, requests: Sequence[AppendRequest]) -> list[AppendResult]:
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        for attempt in range(1, TRIES + 1):
            try:
                return await self._log.append(organization, requests)
            except LOST as error:
                if attempt == TRIES or loop.time() >= until:
                    raise
                logger.warning(
                    "append.repeated", organization=str(organization), attempt=attempt, error=type(error).__name__
                )
                await asyncio.sleep(PAUSE * 2 ** (attempt - 1))
        raise AssertionError("unreachable")

    def _answer(self, organization: UUID, waiting: _Waiting, result: AppendResult) -> None:
        self._forget(organization, waiting)
        _settle(waiting.answer, result)
        for request, answer in waiting.joined:
            again = result
            if result.outcome is Outcome.APPENDED:
                # Whoever joined with another body learns whose id it was.
                again = AppendResult(
                    Outcome.DUPLICATE,
                    result.first_position,
                    result.last_position,
                    result.versions,
                    waiting.request.body_mac,
                )
            elif request.body_mac != waiting.request.body_mac:
                again = AppendResult(Outcome.CONFLICT)
            _settle(answer, again)

    def _fail(self, organization: UUID, batch: list[_Waiting], error: Exception) -> None:
        for waiting in batch:
            self._forget(organization, waiting)
            for answer in (waiting.answer, *(answer for _, answer in waiting.joined)):
                if not answer.done():
                    answer.set_exception(error)
                    answer.exception()  # a caller that was cancelled does not retrieve it

    def _forget(self, organization: UUID, waiting: _Waiting) -> None:
        with suppress(KeyError):
            del self._known[organization, waiting.request.command_id]


def _settle(answer: asyncio.Future[AppendResult], result: AppendResult) -> None:
    if not answer.done():
        answer.set_result(result)


def _independent(queue: deque[_Waiting], most: int) -> list[_Waiting]:
    """Take up to so many that can go in one call: no request touches a stream that one before it in it appends to.

    What is passed over keeps its place, and whatever depends on it is passed over too.
    """
    batch: list[_Waiting] = []
    passed: list[_Waiting] = []
    written: set[UUID] = set()
    events = 0
    while queue and len(batch) < min(most, BATCH_LIMIT):
        waiting = queue.popleft()
        request = waiting.request
        appended = {append.ref.stream for append in request.appends}
        touched = appended | {read.ref.stream for read in request.reads}
        count = sum(len(append.events) for append in request.appends)
        if touched & written or (batch and events + count > EVENTS_LIMIT):
            passed.append(waiting)
        else:
            batch.append(waiting)
            events += count
        written |= appended
    queue.extendleft(reversed(passed))
    return batch
