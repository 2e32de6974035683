"""From events to rows: which plans and cycles a batch of events touches, and the rows they have after it.

Invariant: every row is computed from states as of the batch's last position, whatever is cached, and again whenever
one of the states it rests on changes; so applying the same events in other batches, or from the beginning, leaves the
same rows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from domain.board import CycleRow, PlanRow, cycle_row, plan_row
from domain.cycle.state import CycleState
from domain.decider import Decider, Ref
from domain.directory.state import DIRECTORY, DirectoryState
from domain.messages import Event, Kind
from domain.plan.ground import ground_of
from domain.plan.links import Edge
from domain.plan.state import PlanState
from domain.values import plan_id
from domain.waiting import Wait, cycle_waits, plan_waits
from eventlog.codec import Codec, UnknownEventError
from eventlog.log import Log, Recorded

CACHED_STREAMS = 20_000


@dataclass
class Rows:
    """What a batch changes: every row of the sources named, as it is afterwards."""

    cycles: dict[UUID, CycleRow] = field(default_factory=dict)
    plans: dict[tuple[UUID, UUID], PlanRow] = field(default_factory=dict)
    """By cycle and plan."""
    waits: dict[UUID, list[Wait]] = field(default_factory=dict)
    """By source, a plan or a cycle; an empty list where nothing is asked any more."""
    edges: dict[UUID, list[Edge]] = field(default_factory=dict)
    """By the child's plan: its alignments that hold or wait for an answer."""


class Read(NamedTuple):
    """An event of the log, and what it says."""

    recorded: Recorded
    event: Event


class Known(NamedTuple):
    """A folded stream: `state` is at `version`, and nothing more of the stream lies at or before `through`."""

    through: int
    version: int
    state: Any


@dataclass
class Batch:
    """An organization's events from just after position `start` up to `end`."""

    organization: UUID
    start: int
    end: int
    since: int
    """Every event after this position was in this batch or in one before it, and folded if its stream was asked for."""
    streams: dict[Ref, list[Read]] = field(default_factory=dict)


class Projection:
    """Folds states up to a position and makes rows of them."""

    def __init__(
        self, log: Log, deciders: Mapping[Kind, Decider[Any]], codec: Codec, cached_streams: int = CACHED_STREAMS
    ) -> None:
        self._log = log
        self._deciders = deciders
        self._codec = codec
        self._cached_streams = cached_streams
        self._known: OrderedDict[tuple[UUID, Ref], Known] = OrderedDict()
        self._followed: dict[UUID, tuple[int, int]] = {}
        """From which position to which one each organization's batches came one after the other, whole."""

    def read(self, found: Sequence[Recorded]) -> list[Read]:
        """The events before the first that cannot be read; raises UnknownEventError where it comes first."""
        read: list[Read] = []
        for recorded in found:
            try:
                read.append(Read(recorded, self._codec.decode(recorded)))
            except UnknownEventError:
                if not read:
                    raise
                break
        return read

    async def rows(self, organization: UUID, events: Sequence[Recorded], open_cycles: Iterable[UUID]) -> Rows:
        """The rows after a batch of which every event can be read."""
        read = [Read(recorded, self._codec.decode(recorded)) for recorded in events]
        return await self.rows_after(organization, read, open_cycles)

    async def rows_after(self, organization: UUID, events: Sequence[Read], open_cycles: Iterable[UUID]) -> Rows:
        """The rows after a batch. `open_cycles` are those that a change of the directory may touch."""
        batch = self._batch(organization, events)
        rows = await self._rows(batch, open_cycles)
        if batch.since <= batch.start:
            self._followed[organization] = (batch.since, batch.end)
        return rows

    def _batch(self, organization: UUID, events: Sequence[Read]) -> Batch:
        start, end = events[0].recorded.position - 1, events[-1].recorded.position
        begun, followed = self._followed.pop(organization, (start, start))
        batch = Batch(organization, start, end, begun if begun <= start <= followed else start)
        for read in events:
            batch.streams.setdefault(Ref(read.recorded.kind, read.recorded.stream), []).append(read)
        return batch

    async def _rows(self, batch: Batch, open_cycles: Iterable[UUID]) -> Rows:
        cycles = {ref.stream for ref in batch.streams if ref.kind == "cycle"}
        if DIRECTORY in batch.streams:
            cycles |= set(open_cycles)
        rows = Rows()
        directory: DirectoryState = await self._state(batch, DIRECTORY)
        for cycle in cycles:
            await self._whole_cycle(batch, cycle, directory, rows)
        for ref in batch.streams:
            if ref.kind == "plan":
                plan: PlanState = await self._state(batch, ref)
                if plan.cycle is not None and plan.cycle not in cycles and plan.owner is not None:
                    state: CycleState = await self._state(batch, Ref("cycle", plan.cycle))
                    _plan(rows, plan, state, directory, plan.owner, ref.stream)
        return rows

    async def _whole_cycle(self, batch: Batch, cycle: UUID, directory: DirectoryState, rows: Rows) -> None:
        state: CycleState = await self._state(batch, Ref("cycle", cycle))
        rows.cycles[cycle] = cycle_row(state, directory, cycle)
        rows.waits[cycle] = list(cycle_waits(state, directory))
        for owner in state.participants:
            plan = plan_id(cycle, owner)
            found: PlanState = await self._state(batch, Ref("plan", plan))
            _plan(rows, found, state, directory, owner, plan)

    async def _state(self, batch: Batch, ref: Ref) -> Any:
        """A stream's state as of the batch's end. The log is read only for what neither cache nor batch holds."""
        key = (batch.organization, ref)
        known = self._known.get(key)
        held_from = batch.since  # from here on, cache and batch together hold every event of a stream
        if known is None or known.through > batch.end:  # ahead, where an earlier attempt was rolled back
            held_from = batch.since if known is None else batch.start
            known = Known(0, 0, self._deciders[ref.kind].initial)
        if known.through < batch.end:
            if known.through >= held_from:
                tail = [read for read in batch.streams.get(ref, ()) if read.recorded.version > known.version]
            else:
                found = await self._log.read_stream(
                    batch.organization, ref, after_version=known.version, up_to_position=batch.end
                )
                tail = [Read(recorded, self._codec.decode(recorded)) for recorded in found]
            known = self._known[key] = self._folded(ref, known, tail, batch.end)
        self._known.move_to_end(key)
        while len(self._known) > self._cached_streams:
            (organization, _), _ = self._known.popitem(last=False)
            self._followed.pop(organization, None)
            batch.since = batch.end  # what is unknown may have been dropped: from here on only the log is whole
        return known.state

    def _folded(self, ref: Ref, known: Known, tail: Sequence[Read], end: int) -> Known:
        decider, state, version = self._deciders[ref.kind], known.state, known.version
        for recorded, event in tail:
            state, version = decider.evolve(state, event), recorded.version
        return Known(end, version, state)


def _plan(rows: Rows, plan: PlanState, cycle: CycleState, directory: DirectoryState, owner: UUID, stream: UUID) -> None:
    found = ground_of(owner, cycle, directory)
    if cycle.id is not None:
        rows.plans[cycle.id, stream] = plan_row(plan, found, owner, stream)
        rows.waits[stream] = list(plan_waits(plan, found, owner, stream))
        rows.edges[stream] = [edge for edge in plan.edges.values() if edge.state != "declined"]
