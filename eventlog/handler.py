"""The command handler: the only writer of the log.

A command is decided on cached states and appended; the append says whether the states were current. Only then, and
before any refusal, is the log read. Commands to one stream queue up inside the process, because many optimistic
writers of one stream would mostly meet each other.
"""

from __future__ import annotations

import asyncio
import hmac
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol
from uuid import UUID

import structlog

from domain.decider import Decider, Ref
from domain.directory.founding import NOT_FOUNDED
from domain.directory.state import DIRECTORY
from domain.messages import Event, Kind
from domain.problems import DomainError, problem
from eventlog.appender import QueueFullError
from eventlog.codec import Codec
from eventlog.decision import Decision
from eventlog.keyring import Keyring, RehearsalKeyring
from eventlog.log import AppendRequest, AppendResult, Head, Log, Outcome
from eventlog.orders import Order, Step
from eventlog.seal import body_mac
from eventlog.states import StateCache
from eventlog.turns import Turns

__all__ = ["Answer", "CommandHandler", "Order", "Step", "system_clock"]

ATTEMPTS = 10
"""How often an order is decided before the stream counts as contended."""
CONTENTION = 0.001
"""Seconds: half the mean pause after a second conflict; doubled after each one that follows."""
PATIENCE = 2.0
"""Seconds a command waits by itself for a transient refusal to pass (R2.3: the closing of a phase)."""
LEAP = timedelta(seconds=0.5)
"""How far a simulated organization's time goes ahead of the clock where many commands meet."""
POLL = 0.04
"""Seconds between two looks at the log while waiting."""

KEY_REUSED = problem(
    "command.key_reused",
    422,
    "This Idempotency-Key was used for another request.",
    hint="Choose a new key for a new request; repeat a request with exactly the same body.",
)
CONTENDED = problem(
    "log.contended",
    503,
    "Too many changes meet here at once.",
    hint="Send the request again with the same Idempotency-Key.",
    transient=True,
)
SKEWED = problem(
    "clock.skewed",
    503,
    "The clock of this server and that of the database differ.",
    hint="Send the request again; operators: check time synchronisation.",
)
QUEUE_FULL = problem(
    "queue.full",
    503,
    "More requests are waiting than can be kept.",
    hint="Send the request again in a moment with the same Idempotency-Key.",
)
FEW = 10
"""Keys that are made while others wait."""

logger = structlog.get_logger(__name__)


class Submits(Protocol):
    """What the handler needs of an appender."""

    async def submit(self, organization: UUID, request: AppendRequest) -> AppendResult:
        """Append one request. Raises QueueFullError."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an order."""

    outcome: Literal["appended", "duplicate", "unchanged", "dry_run"]
    first_position: int = 0
    last_position: int = 0
    versions: Mapping[UUID, int] | None = None
    """Streams written and their versions after it."""
    events: tuple[tuple[Ref, Event], ...] = ()
    """What was appended, or would be; empty for a duplicate. A dry run's still have the order's texts."""


def system_clock() -> datetime:
    """The computer's clock, in UTC."""
    return datetime.now(UTC)


class _RefusedForNow(Exception):
    """A transient refusal, with what was seen: carried out of the turn, so that nobody queues behind the waiting."""

    def __init__(self, refusal: DomainError, seen: dict[Ref, Head]) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.seen = seen


class CommandHandler:
    """Turns orders into events, or refuses them."""

    def __init__(
        self,
        log: Log,
        appender: Submits,
        deciders: Mapping[Kind, Decider[Any]],
        codec: Codec,
        keyring: Keyring,
        clock: Callable[[], datetime] = system_clock,
        cache: StateCache | None = None,
    ) -> None:
        self.cache = cache or StateCache(log, deciders, codec)
        self._log = log
        self._appender = appender
        self._deciders = deciders
        self._keyring = keyring
        self._clock = clock
        self._turns = Turns()
        self._floors: dict[UUID, datetime] = {}
        """The last known `at` of simulated organizations."""

    async def execute(self, order: Order) -> Answer:
        """Decide and append. Raises DomainError; whatever else it raises, the same order may be sent again."""
        order = order.spread()
        if len(order.steps) > FEW and not order.dry_run:
            await self._make_keys(order)
        waited_until: float | None = None
        while True:
            try:
                return await self._in_turn(order)
            except _RefusedForNow as stop:
                now = asyncio.get_running_loop().time()
                waited_until = waited_until or now + PATIENCE
                if not await self._moved_on(order.organization, stop.seen, waited_until):
                    self._note(order, "command.refused", code=stop.refusal.code)
                    raise stop.refusal from None

    async def _make_keys(self, order: Order) -> None:
        """Of all whom the order names: one by one they would hold up everybody else for as long as the disk takes."""
        named = {person for step in order.steps if (person := step.command.named_person()) is not None}
        there = _founding(order) is not None or (await self.cache.load(order.organization, DIRECTORY)).head.version
        if len(named) > FEW and there:
            await asyncio.to_thread(self._keyring.make, order.organization, named)

    async def _handle(self, order: Order) -> Answer:
        founding = _founding(order)
        directory = await self.cache.load(order.organization, DIRECTORY)
        if founding is None and directory.head.version == 0:
            raise NOT_FOUNDED()
        source = directory.state if founding is None or directory.head.version else founding.command
        simulated = bool(getattr(source, "simulated", False))
        keyring = RehearsalKeyring(self._keyring) if order.dry_run else self._keyring
        mac = b"" if order.dry_run else body_mac(keyring, order.organization, order.body)
        skews = 0
        for attempt in range(ATTEMPTS):
            decision = Decision(order, self.cache, self._deciders, keyring, self._now(order, simulated))
            try:
                request = await decision.run(mac, founds=founding is not None, simulated=simulated)
            except DomainError as refusal:
                if (first := await self._first_answer(order, mac)) is not None:
                    return first
                if await self.cache.refresh_all(order.organization, decision.heads):
                    continue
                if refusal.problem.transient:
                    raise _RefusedForNow(refusal, _others(order, decision.heads)) from None
                self._note(order, "command.refused", code=refusal.code)
                raise
            if order.dry_run or request is None:
                if (first := await self._first_answer(order, mac)) is not None:
                    return first
                if await self.cache.refresh_all(order.organization, decision.heads):
                    continue
                outcome: Literal["dry_run", "unchanged"] = "dry_run" if order.dry_run else "unchanged"
                events = decision.told if order.dry_run else decision.events
                return Answer(outcome, versions=decision.versions, events=tuple(events))
            result = await self._submit(order.organization, request)
            match result.outcome:
                case Outcome.APPENDED:
                    return self._appended(order, decision, request, result, simulated=simulated)
                case Outcome.DUPLICATE:
                    return _same(result, mac)
                case Outcome.UNKNOWN_ORGANIZATION:
                    raise NOT_FOUNDED()
                case Outcome.SKEWED if simulated and result.floor is not None:
                    self._leap(order, result.floor)
                case Outcome.SKEWED:
                    skews += 1
                    if skews > 1:
                        self._note(order, "clock.skewed", at=request.at, database=result.floor)
                        raise SKEWED()
                case Outcome.CONFLICT:
                    if attempt:  # several processes meet here: part their ways, or the slowest never gets through
                        await asyncio.sleep(random.uniform(0, CONTENTION * 2**attempt))  # noqa: S311
                    if not await self.cache.refresh_all(order.organization, decision.heads):
                        # The cache is not behind, it is wrong: the log was replaced under us by another copy.
                        self.cache.forget(order.organization, decision.heads)
        self._note(order, "log.contended")
        raise CONTENDED()

    async def _submit(self, organization: UUID, request: AppendRequest) -> AppendResult:
        try:
            return await self._appender.submit(organization, request)
        except QueueFullError:
            raise QUEUE_FULL() from None

    async def _first_answer(self, order: Order, mac: bytes) -> Answer | None:
        """The first answer to the same order: a retried success is never refused. Raises `command.key_reused`."""
        if order.dry_run:
            return None
        found = await self._log.find_command(order.organization, order.command_id)
        return None if found is None else _same(found, mac)

    def _appended(
        self, order: Order, decision: Decision, request: AppendRequest, result: AppendResult, *, simulated: bool
    ) -> Answer:
        for ref, cached in decision.appended(request):
            self.cache.store(order.organization, ref, cached)
        if simulated:
            self._raise_floor(order.organization, request.at)
        versions = dict(result.versions)
        return Answer("appended", result.first_position, result.last_position, versions, tuple(decision.events))

    def _now(self, order: Order, simulated: bool) -> datetime:
        if not simulated:
            return self._clock()
        now = order.now or self._clock()
        return max(now, self._floors.get(order.organization, now))

    def _raise_floor(self, organization: UUID, floor: datetime) -> None:
        self._floors[organization] = max(floor, self._floors.get(organization, floor))

    def _leap(self, order: Order, floor: datetime) -> None:
        """Others were faster. Time that runs with the clock goes on a step at once and stands until the clock is there:
        while it stands, many commands at the same time have the same instant, and none is behind another.
        """
        now = self._clock()
        self._raise_floor(order.organization, now + LEAP if order.now is None and floor <= now else floor)

    async def _moved_on(self, organization: UUID, seen: dict[Ref, Head], until: float) -> bool:
        """Wait for a new event in one of the streams; false when the time is up."""
        loop = asyncio.get_running_loop()
        while (left := until - loop.time()) > 0:
            await asyncio.sleep(min(POLL, left))
            if await self.cache.glance(organization, seen, POLL):
                return True
        return False

    async def _in_turn(self, order: Order) -> Answer:
        """Hold every stream of the order while it is handled, taken in one order by all."""
        if order.dry_run:
            return await self._handle(order)
        refs = {step.ref for step in order.steps} if len(order.steps) > 1 else (order.steps[0].ref,)
        streams = [(order.organization, ref) for ref in sorted(refs)]
        await self._turns.take(streams)
        try:
            return await self._handle(order)
        finally:
            self._turns.give_back(streams)

    def _note(self, order: Order, event: str, **more: Any) -> None:
        stream = str(order.steps[0].ref.stream)
        log = logger.warning if event == "clock.skewed" else logger.info  # a clock is the operators' business
        log(event, organization=str(order.organization), stream=stream, command_id=str(order.command_id), **more)


def _founding(order: Order) -> Step | None:
    for step in order.steps:
        if step.command.founds:
            return step
    return None


def _others(order: Order, heads: dict[Ref, Head]) -> dict[Ref, Head]:
    """The streams read but not written: a transient refusal passes when one of them goes on."""
    own = {step.ref for step in order.steps}
    return {ref: head for ref, head in heads.items() if ref not in own} or heads


def _same(first: AppendResult, mac: bytes) -> Answer:
    if not hmac.compare_digest(first.body_mac, mac):
        raise KEY_REUSED()
    return Answer("duplicate", first.first_position, first.last_position, dict(first.versions))
