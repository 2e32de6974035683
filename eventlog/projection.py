"""From events to rows: which plans and cycles a batch of events touches, and the rows they have after it.

Invariant: every row is computed from states as of the batch's last position, whatever is cached, so applying the same
events in other batches, or from the beginning, leaves the same rows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domain.board import CycleRow, PlanRow, cycle_row, plan_row
from domain.cycle.state import CycleState
from domain.decider import Decider, Ref
from domain.directory.state import DIRECTORY, DirectoryState
from domain.messages import Kind
from domain.plan.state import PlanState, ground_of
from domain.values import plan_id
from domain.waiting import Wait, cycle_waits, plan_waits
from eventlog.codec import Codec
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


class Projection:
    """Folds states up to a position and makes rows of them."""

    def __init__(self, log: Log, deciders: Mapping[Kind, Decider[Any]], codec: Codec) -> None:
        self._log = log
        self._deciders = deciders
        self._codec = codec
        self._states: OrderedDict[tuple[UUID, Ref], tuple[int, Any]] = OrderedDict()

    async def rows(self, organization: UUID, events: Sequence[Recorded], open_cycles: Iterable[UUID]) -> Rows:
        """The rows after a batch. `open_cycles` are those that a change of the directory may touch."""
        end = events[-1].position
        by_stream: dict[Ref, list[Recorded]] = {}
        for event in events:
            by_stream.setdefault(Ref(event.kind, event.stream), []).append(event)
        for ref, tail in by_stream.items():
            await self._advance(organization, ref, tail, end)
        cycles = {ref.stream for ref in by_stream if ref.kind == "cycle"}
        if DIRECTORY in by_stream:
            cycles |= set(open_cycles)
        rows = Rows()
        directory: DirectoryState = await self._state(organization, DIRECTORY, end)
        for cycle in cycles:
            await self._whole_cycle(organization, cycle, directory, end, rows)
        for ref in by_stream:
            if ref.kind == "plan":
                plan: PlanState = await self._state(organization, ref, end)
                if plan.cycle is not None and plan.cycle not in cycles and plan.owner is not None:
                    state: CycleState = await self._state(organization, Ref("cycle", plan.cycle), end)
                    _plan(rows, plan, state, directory, plan.owner, ref.stream)
        return rows

    async def _whole_cycle(
        self, organization: UUID, cycle: UUID, directory: DirectoryState, end: int, rows: Rows
    ) -> None:
        state: CycleState = await self._state(organization, Ref("cycle", cycle), end)
        rows.cycles[cycle] = cycle_row(state, cycle)
        rows.waits[cycle] = list(cycle_waits(state))
        for owner in state.participants:
            plan = plan_id(cycle, owner)
            found: PlanState = await self._state(organization, Ref("plan", plan), end)
            _plan(rows, found, state, directory, owner, plan)

    async def _advance(self, organization: UUID, ref: Ref, tail: list[Recorded], end: int) -> None:
        """Fold the batch's own events where the cached state ends just before them; else read the log."""
        known = self._states.get((organization, ref))
        if known is not None and known[0] == tail[0].version - 1:
            self._fold(organization, ref, known, tail)
        else:
            await self._state(organization, ref, end)

    async def _state(self, organization: UUID, ref: Ref, end: int) -> Any:
        """A stream's state as of position `end`."""
        known = self._states.get((organization, ref), (0, self._deciders[ref.kind].initial))
        tail = await self._log.read_stream(organization, ref, after_version=known[0], up_to_position=end)
        return self._fold(organization, ref, known, tail)

    def _fold(self, organization: UUID, ref: Ref, known: tuple[int, Any], tail: list[Recorded]) -> Any:
        version, state = known
        decider = self._deciders[ref.kind]
        for event in tail:
            state = decider.evolve(state, self._codec.decode(event))
            version = event.version
        if version:
            self._states[organization, ref] = (version, state)
            self._states.move_to_end((organization, ref))
        while len(self._states) > CACHED_STREAMS:
            self._states.popitem(last=False)
        return state


def _plan(rows: Rows, plan: PlanState, cycle: CycleState, directory: DirectoryState, owner: UUID, stream: UUID) -> None:
    found = ground_of(owner, cycle, directory)
    if cycle.id is not None:
        rows.plans[cycle.id, stream] = plan_row(plan, found, owner, stream)
        rows.waits[stream] = list(plan_waits(plan, found, owner, stream))
