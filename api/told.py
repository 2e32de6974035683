"""Which events somebody is told of: what speaks of a hidden goal or scorecard is left out (R8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from api.access import scorecards, sights_of
from api.auth import Caller
from api.services import Services
from domain.cycle.results import ResultsPublished
from domain.cycle.state import CycleState
from domain.decider import Ref
from domain.directory.state import DirectoryState
from domain.messages import Event
from domain.plan.seeing import Sight
from domain.registry import DECIDERS
from eventlog.codec import Codec
from eventlog.log import Recorded
from eventlog.states import TAILS

Told = tuple[Recorded, Event]


async def told(
    services: Services, caller: Caller, directory: DirectoryState, records: Sequence[Recorded]
) -> list[Told]:
    """The records that the caller may see, in their order."""
    plans = list(dict.fromkeys(record.stream for record in records if record.kind == "plan"))
    sights = await sights_of(services, caller, directory, plans)
    partial = {plan: sight for plan, sight in sights.items() if sight is not None and not sight.entire}
    whole = await _streams(services, caller.organization, list(partial))
    shown: dict[int, Event] = {}
    for plan, sight in partial.items():
        shown |= _seen(sight, services.codec, whole.get(plan, []))
    found: list[Told] = []
    for record in records:
        if record.kind == "plan" and record.stream in partial:
            event = shown.get(record.position)
        elif record.kind == "plan" and sights[record.stream] is None:
            event = None
        else:
            event = services.codec.decode(record)
            if isinstance(event, ResultsPublished):
                event = await _results(services, caller, directory, record, event)
        if event is not None:
            found.append((record, event))
    return found


async def _streams(services: Services, organization: UUID, plans: list[UUID]) -> dict[UUID, list[Recorded]]:
    """Whole plans: what an event may show depends on the states around it."""
    found: dict[UUID, list[Recorded]] = {}
    for first in range(0, len(plans), TAILS):
        asked = {Ref("plan", plan): 0 for plan in plans[first : first + TAILS]}
        tails = await services.log.read_tails(organization, asked)
        found |= {ref.stream: records for ref, records in tails.items()}
    return found


def _seen(sight: Sight, codec: Codec, records: Iterable[Recorded]) -> dict[int, Event]:
    """The events of a plan that its reader may see, by position."""
    decider = DECIDERS["plan"]
    state: Any = decider.initial
    found: dict[int, Event] = {}
    for record in records:
        event = codec.decode(record)
        after = decider.evolve(state, event)
        shown = sight.event(event, state, after)
        if shown is not None:
            found[record.position] = shown
        state = after
    return found


async def _results(
    services: Services, caller: Caller, directory: DirectoryState, record: Recorded, event: ResultsPublished
) -> ResultsPublished:
    ref = Ref("cycle", record.stream)
    cycle: CycleState = (await services.handler.cache.refresh(caller.organization, ref)).state
    seen = scorecards(caller.person, cycle, directory, [result.owner for result in event.results])
    return event.model_copy(update={"results": tuple(result for result in event.results if result.owner in seen)})
