"""Folded states of streams, kept in memory.

Invariant: a cached state is the fold of the stream's events up to its head, and it never goes back: whoever brings a
newer head wins. A cached state may be behind the log; the append, not the cache, decides whether that matters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from domain.decider import Decider, Ref
from domain.messages import Kind
from domain.problems import problem
from eventlog.codec import Codec
from eventlog.log import NO_EVENTS, Head, Log, Recorded

Key = tuple[UUID, Ref]

TAILS = 100
"""Streams in one read: enough to spare the round trips, few enough to fold them between other work."""

OTHER_KIND = problem(
    "stream.other_kind", 404, "There is no {kind} with this id.", hint="Look for the id: it belongs to something else."
)


class BrokenChainError(Exception):
    """An event in the log does not follow the one before it."""


@dataclass(frozen=True, slots=True)
class Cached:
    """A stream's state and the head it was folded to."""

    state: Any
    head: Head


class StateCache:
    """What was not used for long is dropped first; dropping a state costs a read, nothing else.

    Two generations instead of an order of use: what is used is in the young one, which becomes the old one when it has
    half of the room, and the old one is dropped. A look-up then moves nothing.
    """

    def __init__(self, log: Log, deciders: Mapping[Kind, Decider[Any]], codec: Codec, *, limit: int = 10_000) -> None:
        self._log = log
        self._deciders = deciders
        self._codec = codec
        self._limit = limit
        self._young: dict[Key, Cached] = {}
        self._old: dict[Key, Cached] = {}
        self._loading: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()
        self._glanced: dict[Key, float] = {}
        self.events_read = 0
        """Events folded so far, for metrics."""

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def peek(self, organization: UUID, ref: Ref) -> Cached | None:
        """What is cached, without a look at the log."""
        key = (organization, ref)
        return self._young.get(key) or self._grown_old(key)

    async def load(self, organization: UUID, ref: Ref) -> Cached:
        """The cached state, which may be behind the log; read from the log where nothing is cached."""
        found = self.peek(organization, ref)
        if found is not None:
            return found
        key = (organization, ref)
        async with self._lock(key):  # many who want the same stream at once read it once
            return self.peek(organization, ref) or await self._read_tail(key)

    async def load_all(self, organization: UUID, refs: Iterable[Ref]) -> dict[Ref, Cached]:
        """Like `load`, for several streams: one read for all that are not cached."""
        found = {ref: self.peek(organization, ref) for ref in refs}
        missing = [ref for ref, cached in found.items() if cached is None]
        if len(missing) == 1:
            return {ref: cached or await self.load(organization, ref) for ref, cached in found.items()}
        read = await self.refresh_each(organization, missing)
        return {ref: cached or read[ref] for ref, cached in found.items()}

    async def refresh(self, organization: UUID, ref: Ref) -> Cached:
        """The state as of now: reads what the log has beyond the cached head. The read begins after this call."""
        return await self._read_tail((organization, ref))

    async def refresh_all(self, organization: UUID, seen: Mapping[Ref, Head]) -> bool:
        """Read the tails of several streams; true where one of them has gone on since the head that was seen."""
        found = await self.refresh_each(organization, seen)
        return any(found[ref].head.version > head.version for ref, head in seen.items())

    async def refresh_each(self, organization: UUID, refs: Iterable[Ref]) -> dict[Ref, Cached]:
        """The states of several streams as of now, by one read for each hundred."""
        wanted = list(refs)
        if len(wanted) == 1:
            return {wanted[0]: await self.refresh(organization, wanted[0])}
        parts = [wanted[first : first + TAILS] for first in range(0, len(wanted), TAILS)]
        read = await asyncio.gather(*(self._read_tails(organization, part) for part in parts))
        return {ref: cached for part in read for ref, cached in part.items()}

    async def _read_tails(self, organization: UUID, refs: Iterable[Ref]) -> dict[Ref, Cached]:
        starts = {ref: self._start(organization, ref) for ref in refs}
        tails = await self._log.read_tails(organization, {ref: start.head.version for ref, start in starts.items()})
        return {ref: await self._grow(organization, ref, start, tails.get(ref, [])) for ref, start in starts.items()}

    async def glance(self, organization: UUID, seen: Mapping[Ref, Head], age: float) -> bool:
        """Like `refresh_all`, for many who wait for the same streams: what was glanced at less than `age` seconds
        ago is taken from the cache.
        """
        now = asyncio.get_running_loop().time()
        self._glanced = {key: at for key, at in self._glanced.items() if now - at < age}
        stale = {ref: head for ref, head in seen.items() if (organization, ref) not in self._glanced}
        self._glanced |= dict.fromkeys(((organization, ref) for ref in stale), now)
        if await self.refresh_all(organization, stale):
            return True
        known = ((self.peek(organization, ref), head) for ref, head in seen.items())
        return any(cached is not None and cached.head.version > head.version for cached, head in known)

    async def load_at(self, organization: UUID, ref: Ref, up_to_position: int) -> Cached:
        """The state as of a position, past the cache."""
        events = await self._log.read_stream(organization, ref, up_to_position=up_to_position)
        return self._fold(ref, Cached(self._deciders[ref.kind].initial, NO_EVENTS), events)

    def store(self, organization: UUID, ref: Ref, cached: Cached) -> Cached:
        """Keep a state unless a newer one is there; returns the one that is kept."""
        found = self.peek(organization, ref)
        if found is not None and found.head.version > cached.head.version:
            return found
        self._keep((organization, ref), cached)
        return cached

    def forget(self, organization: UUID, refs: Iterable[Ref]) -> None:
        """Drop states, so that the next load reads them whole."""
        for ref in refs:
            self._young.pop((organization, ref), None)
            self._old.pop((organization, ref), None)

    def _grown_old(self, key: Key) -> Cached | None:
        found = self._old.pop(key, None)
        if found is not None:
            self._keep(key, found)
        return found

    def _keep(self, key: Key, cached: Cached) -> None:
        self._young[key] = cached
        if len(self._young) > self._limit // 2:
            self._young, self._old = {key: cached}, self._young
            del self._old[key]

    def _lock(self, key: Key) -> asyncio.Lock:
        return self._loading.setdefault(key, asyncio.Lock())

    def _start(self, organization: UUID, ref: Ref) -> Cached:
        return self.peek(organization, ref) or Cached(self._deciders[ref.kind].initial, NO_EVENTS)

    async def _read_tail(self, key: Key) -> Cached:
        organization, ref = key
        start = self._start(organization, ref)
        events = await self._log.read_stream(organization, ref, after_version=start.head.version)
        return await self._grow(organization, ref, start, events)

    async def _grow(self, organization: UUID, ref: Ref, start: Cached, tail: list[Recorded]) -> Cached:
        if not tail:
            return start  # a stream that does not exist takes no room in the cache
        try:
            folded = self._fold(ref, start, tail)
        except BrokenChainError:
            if start.head.version == 0:
                raise
            # The log was replaced by another copy: the cache is wrong, not the chain.
            self.forget(organization, [ref])
            return await self._read_tail((organization, ref))
        return self.store(organization, ref, folded)

    def _fold(self, ref: Ref, start: Cached, events: list[Recorded]) -> Cached:
        decider = self._deciders[ref.kind]
        state, head = start.state, start.head
        for recorded in events:
            if recorded.kind != ref.kind:
                raise OTHER_KIND(kind=ref.kind)
            if recorded.prev_hash != head.hash or recorded.version != head.version + 1:
                raise BrokenChainError(
                    f"version {recorded.version} of {ref.kind} {ref.stream} does not follow version {head.version}"
                )
            state = decider.evolve(state, self._codec.decode(recorded))
            fact_version = recorded.version if recorded.fact else head.fact_version
            head = Head(recorded.version, fact_version, recorded.hash, recorded.at)
        self.events_read += len(events)
        return Cached(state, head)
