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
from domain.messages import Kind
from domain.plan.ground import ground_of
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


class Known(NamedTuple):
    """A folded stream: `state` is at `version`, and nothing more of the stream lies at or before `through`."""

    through: int
    version: int
    state: Any


@dataclass(frozen=True)
class Batch:
    """An organization's events from just after position `start` up to `end`."""

    organization: UUID
    start: int
    end: int
    streams: dict[Ref, list[Recorded]]


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

    def readable(self, events: Sequence[Recorded]) -> Sequence[Recorded]:
        """The events before the first that cannot be read; raises what reading it raises where it comes first."""
        for place, event in enumerate(events):
            try:
                self._codec.decode(event)
            except (UnknownEventError, ValueError):  # pydantic's error is a ValueError
                if place == 0:
                    raise
                return events[:place]
        return events

    async def rows(self, organization: UUID, events: Sequence[Recorded], open_cycles: Iterable[UUID]) -> Rows:
        """The rows after a batch. `open_cycles` are those that a change of the directory may touch."""
        batch = Batch(organization, events[0].position - 1, events[-1].position, {})
        for event in events:
            batch.streams.setdefault(Ref(event.kind, event.stream), []).append(event)
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
        rows.cycles[cycle] = cycle_row(state, cycle)
        rows.waits[cycle] = list(cycle_waits(state))
        for owner in state.participants:
            plan = plan_id(cycle, owner)
            found: PlanState = await self._state(batch, Ref("plan", plan))
            _plan(rows, found, state, directory, owner, plan)

    async def _state(self, batch: Batch, ref: Ref) -> Any:
        """A stream's state as of the batch's end. The log is read only for what neither cache nor batch holds."""
        key = (batch.organization, ref)
        known = self._known.get(key)
        if known is None or known.through > batch.end:  # ahead, where an earlier attempt was rolled back
            known = Known(0, 0, self._deciders[ref.kind].initial)
        if known.through < batch.end:
            if known.through >= batch.start:
                tail = [event for event in batch.streams.get(ref, ()) if event.version > known.version]
            else:
                tail = await self._log.read_stream(
                    batch.organization, ref, after_version=known.version, up_to_position=batch.end
                )
            known = self._known[key] = self._folded(ref, known, tail, batch.end)
        self._known.move_to_end(key)
        while len(self._known) > self._cached_streams:
            self._known.popitem(last=False)
        return known.state

    def _folded(self, ref: Ref, known: Known, tail: Sequence[Recorded], end: int) -> Known:
        decider, state, version = self._deciders[ref.kind], known.state, known.version
        for event in tail:
            state = decider.evolve(state, self._codec.decode(event))
            version = event.version
        return Known(end, version, state)


def _plan(rows: Rows, plan: PlanState, cycle: CycleState, directory: DirectoryState, owner: UUID, stream: UUID) -> None:
    found = ground_of(owner, cycle, directory)
    if cycle.id is not None:
        rows.plans[cycle.id, stream] = plan_row(plan, found, owner, stream)
        rows.waits[stream] = list(plan_waits(plan, found, owner, stream))
