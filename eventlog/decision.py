"""One run through an order's steps on working copies of the streams, and the append request that comes of it.

Invariant: everything a rule looked at is listed in the request, either as a stream written at the version it had or
as a read at its last fact. A rule can see nothing that the append does not check.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.agenda import Agenda
from domain.decider import Context, Decider, Ref
from domain.directory.state import DIRECTORY
from domain.messages import Command, Event, Kind, Wake
from domain.problems import DomainError, problem
from domain.sealed import all_sealed
from domain.values import SYSTEM
from eventlog.calendars import SiteCalendars
from eventlog.codec import chain
from eventlog.keyring import Keyring
from eventlog.log import AppendRequest, Disclosure, Head, StreamAppend, StreamRead
from eventlog.orders import Order
from eventlog.seal import seal_command, without_texts
from eventlog.states import Cached, StateCache

BREATH = 50
"""Steps or streams after which others get their turn: thousands are decided without a wait of their own."""

STALE = problem(
    "precondition.stale",
    412,
    "This has changed: you saw version {seen}, now it is version {now}.",
    hint="Look at the difference since the version that you saw, then send the edit again with the new ETag.",
)


@dataclass(slots=True)
class Working:
    """A stream as the steps see it: the state as cached, and the events of the steps so far."""

    ref: Ref
    start: Head
    began: Any
    """The state at `start`."""
    state: Any
    version: int
    fact_version: int
    read: bool = False
    """Whether the append must find the stream's last fact where a rule saw it."""
    events: list[Event] = field(default_factory=list)
    told: list[Event] = field(default_factory=list)
    """The same events with the texts of this very order still readable: for the answer to a dry run, nothing else."""

    def looked_at(self) -> Any:
        """The state, for a rule that depends on it."""
        self.read = True
        return self.state


def _check_expected(seen: Head, expected: int) -> None:
    # A stream of notices alone exists, although it has no fact yet.
    now = seen.fact_version if expected else seen.fact_version or seen.version
    if expected != now:
        raise STALE(seen=expected, now=now)


class Decision:
    """Decides an order at an instant. `run` may raise DomainError; what was looked at stays readable after it."""

    def __init__(
        self, order: Order, cache: StateCache, deciders: Mapping[Kind, Decider[Any]], keyring: Keyring, at: datetime
    ) -> None:
        self.order = order
        self.at = at
        self._cache = cache
        self._deciders = deciders
        self._keyring = keyring
        self._working: dict[Ref, Working] = {}
        self._disclosures: list[Disclosure] = []

    @property
    def heads(self) -> dict[Ref, Head]:
        """The head of every stream that was looked at, as it was seen."""
        return {ref: working.start for ref, working in self._working.items()}

    @property
    def events(self) -> list[tuple[Ref, Event]]:
        """The events of all steps, stream by stream."""
        return [(ref, event) for ref, working in self._working.items() for event in working.events]

    @property
    def told(self) -> list[tuple[Ref, Event]]:
        """Like `events`, with the texts that the order itself brought."""
        return [(ref, event) for ref, working in self._working.items() for event in working.told]

    @property
    def versions(self) -> dict[UUID, int]:
        """The versions after the append of the streams written."""
        return {ref.stream: working.version for ref, working in self._working.items() if working.events}

    async def run(self, mac: bytes = b"", *, founds: bool = False, simulated: bool = False) -> AppendRequest | None:
        """Decide every step, in order, later steps seeing the events of earlier ones; the request to append, or None
        where nothing is to be appended. Raises DomainError: of several parts of a command the first that is refused,
        with all the others.
        """
        while True:
            if len(self.order.steps) > 1:
                await self._load([step.ref for step in self.order.steps])
            refused: list[DomainError] = []
            for place, step in enumerate(self.order.steps):
                own = await self._stream(step.ref)
                if place and place % BREATH == 0:
                    await asyncio.sleep(0)
                try:
                    if step.expected is not None:
                        _check_expected(own.start, step.expected)
                    await self._decide(own, step.command)
                except DomainError as refusal:
                    if not step.pointer or refusal.problem.transient:
                        raise
                    refused.append(refusal.under(step.pointer))
            if refused:
                refused[0].others = tuple(refused[1:])
                raise refused[0]
            request = await self._request(mac, founds=founds, simulated=simulated)
            seen = [working.start.at for working in self._working.values() if working.start.at is not None]
            if not seen or max(seen) <= self.at:
                return request
            # An effect is never before its cause: decide again at the instant of the latest stream looked at.
            self.at = max(seen)
            self._working, self._disclosures = {}, []

    async def _request(self, mac: bytes, *, founds: bool, simulated: bool) -> AppendRequest | None:
        written = [working for working in self._working.values() if working.events]
        if not written:
            return None
        appends = []
        for place, working in enumerate(written, start=1):
            appends.append(await self._append(working))
            if place % BREATH == 0:
                await asyncio.sleep(0)
        reads = [working for working in self._working.values() if working.read and not working.events]
        return AppendRequest(
            command_id=self.order.command_id,
            body_mac=mac,
            actor=self.order.actor,
            at=self.at,
            appends=tuple(appends),
            reads=tuple(StreamRead(working.ref, working.start.fact_version) for working in reads),
            disclosures=self._told(written) if self._disclosures else (),
            causation=self.order.causation,
            founds=founds,
            simulated=simulated,
        )

    def _told(self, written: Iterable[Working]) -> tuple[Disclosure, ...]:
        """The disclosures of the texts that the events hold: a text that no event took is not kept."""
        held = {sealed.commitment for working in written for sealed in all_sealed(tuple(working.events))}
        found = {item.commitment: item for item in self._disclosures if item.commitment.hex() in held}
        return tuple(found.values())

    def appended(self, request: AppendRequest) -> list[tuple[Ref, Cached]]:
        """The states after the append, for the cache."""
        found = []
        for append in request.appends:
            working = self._working[append.ref]
            head = Head(working.version, working.fact_version, append.events[-1].hash, self.at)
            found.append((append.ref, Cached(working.state, head)))
        return found

    async def _stream(self, ref: Ref) -> Working:
        return self._working.get(ref) or self._take(ref, await self._cache.load(self.order.organization, ref))

    def _take(self, ref: Ref, cached: Cached) -> Working:
        head = cached.head
        self._working[ref] = working = Working(ref, head, cached.state, cached.state, head.version, head.fact_version)
        return working

    async def _load(self, refs: Sequence[Ref]) -> None:
        """Look at streams: at those in memory at once, at all others together."""
        missing = []
        for ref in refs:
            if ref not in self._working:
                cached = self._cache.peek(self.order.organization, ref)
                if cached is None:
                    missing.append(ref)
                else:
                    self._take(ref, cached)
        if missing:
            for ref, cached in (await self._cache.load_all(self.order.organization, missing)).items():
                self._take(ref, cached)

    async def _gather(self, own: Working, command: Command | None) -> dict[Ref, Any]:
        """The states that a rule (or, without a command, the agenda) asks for, until it asks for nothing more.

        What a rule looks at must be as it was seen. What an agenda looks at above must be, too: its facts wake this
        stream, and such a wake may just have passed. A plan below need not: its facts wake the stream above, whose
        workflow then reads afresh.
        """
        needs = self._deciders[own.ref.kind].needs
        states: dict[Ref, Any] = {}
        while asked := [other for other in needs(command, own.ref.stream, own.state, states) if other not in states]:
            await self._load(asked)
            for other in asked:
                working = self._working[other]
                working.read = working.read or command is not None or other.kind != "plan"
                states[other] = working.state
        return states

    async def _decide(self, own: Working, command: Command) -> None:
        decider = self._deciders[own.ref.kind]
        states = await self._gather(own, command)
        own.read = True
        sealed, disclosures = seal_command(
            command,
            organization=self.order.organization,
            owner=decider.owner_of(own.state, command),
            actor=self.order.actor,
            keyring=self._keyring,
            stream=own.ref.stream,
        )
        self._disclosures += disclosures
        directory = await self._stream(DIRECTORY)
        for event in decider.decide(own.state, sealed, self._context(own.ref, states, self.order.actor, directory)):
            stored = without_texts(event)
            own.state = decider.evolve(own.state, stored)
            own.version += 1
            if not stored.notice:
                own.fact_version = own.version
            own.events.append(stored)
            own.told.append(event)

    def _context(self, ref: Ref, states: Mapping[Ref, Any], actor: UUID, directory: Working) -> Context:
        return Context(
            organization=self.order.organization,
            actor=actor,
            at=self.at,
            stream=ref.stream,
            states=states,
            calendar=SiteCalendars(directory.looked_at),  # a deadline depends on the calendars in the directory
            command_id=self.order.command_id,
        )

    async def _append(self, working: Working) -> StreamAppend:
        ref, decider = working.ref, self._deciders[working.ref.kind]
        agenda = await self._agenda(working)
        return StreamAppend(
            ref=ref,
            expected_version=working.start.version,
            expected_hash=working.start.hash,
            events=chain(
                working.events,
                organization=self.order.organization,
                ref=ref,
                after_version=working.start.version,
                after_hash=working.start.hash,
                actor=self.order.actor,
                command_id=self.order.command_id,
                causation=self.order.causation,
                at=self.at,
            ),
            parent=decider.parent_of(working.state),
            next_due=agenda.next_due,
            due_now=None if self._is_own_duty(ref) else bool(agenda.due),
            closed=agenda.closed,
            watching=agenda.watching,
            wakes_parent=any(Wake.PARENT in event.woken() for event in working.events),
            wakes_children=any(Wake.CHILDREN in event.woken() for event in working.events),
            rests_on=_newly(decider.rests_on, working),
        )

    def _is_own_duty(self, ref: Ref) -> bool:
        """Whether a workflow does for its own stream what this stream owes: it looks again after that."""
        return self.order.actor == SYSTEM and ref == self.order.steps[0].ref

    async def _agenda(self, working: Working) -> Agenda:
        states = await self._gather(working, None)
        context = self._context(working.ref, states, SYSTEM, await self._stream(DIRECTORY))
        return self._deciders[working.ref.kind].agenda(working.state, context, self.at)


def _newly(rests_on: Callable[[Any], frozenset[UUID]], working: Working) -> tuple[UUID, ...]:
    """What the stream rests on since these events; nearly always nothing, told without a look at the state before."""
    now = rests_on(working.state)
    return tuple(sorted(now - rests_on(working.began))) if now else ()
