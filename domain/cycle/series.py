"""A series: the next cycle opens by itself, by a duty of the present one (R2.8).

So no schedule can be lost with Temporal. The next cycle has the present one's policy, windows, site and framework, and
everybody who still takes part and still has approvers. Whoever was left out, and a cycle that could not open any more,
stand in the event for the facilitator to see.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID, uuid5

from domain.cycle.opening import CYCLE_EXISTS, CycleOpened, follow_up, has_approvers, lies_within
from domain.cycle.state import CycleCommand, CycleState, cycle
from domain.cycle.succession import Following
from domain.cycle.windows import Period
from domain.decider import Context, Ref
from domain.directory.effects import directory_at
from domain.directory.state import DirectoryState, Role
from domain.messages import Event
from domain.problems import DomainError
from domain.sealed import CommonName
from domain.spreading import Part
from domain.values import Instant


def following_id(cycle: UUID) -> UUID:
    """The cycle that follows another in its series."""
    return uuid5(cycle, "following")


class OpenNextCycle(CycleCommand):
    """The next cycle of the series is to open."""

    system: ClassVar[bool] = True

    due: Instant

    def spread(self, stream: UUID) -> tuple[Part, ...]:
        return (Part(Ref("cycle", following_id(stream)), BeginNextCycle(previous=stream)),)


class BeginNextCycle(CycleCommand):
    """Open the cycle that its series owes: what OpenNextCycle asks of that cycle's own stream."""

    system: ClassVar[bool] = True
    inner: ClassVar[bool] = True
    opens: ClassVar[bool] = True

    previous: UUID


class NextCycleOpened(Event):
    """The next cycle of the series is open."""

    cycle: UUID
    name: CommonName
    facilitator: UUID
    period: Period
    participants: tuple[UUID, ...]
    left_out: tuple[UUID, ...]
    """Who took part and has nobody left to sign (R5.2), or has left."""


class SeriesEnded(Event):
    """The next cycle could not open any more: goalcycle was away for too long. A person opens it by hand."""

    code: str
    """The problem that opening it met."""


@cycle.decides(OpenNextCycle)
def open_next_cycle(state: CycleState, command: OpenNextCycle, context: Context) -> list[Event]:
    """Once, when it is due; whatever else has become of the present cycle."""
    upcoming = state.upcoming
    if upcoming is None or command.due != upcoming.opens or context.at < upcoming.opens or state.series is None:
        return []
    windows = state.windows
    assert windows is not None  # what has a series was opened with them
    try:
        windows.resolve(context.at, upcoming.period, context.calendar, state.site)
    except DomainError as refusal:
        return [SeriesEnded(code=refusal.code)]
    directory: DirectoryState = directory_at(context)
    enrolled = [item.owner for item in state.participants.values() if not item.excused]
    left_out = tuple(owner for owner in enrolled if not has_approvers(directory, state, owner))
    return [
        NextCycleOpened(
            cycle=following_id(context.stream),
            name=state.series.names[0],
            facilitator=_facilitator(state, directory),
            period=upcoming.period,
            participants=tuple(owner for owner in enrolled if owner not in left_out),
            left_out=left_out,
        )
    ]


def _facilitator(state: CycleState, directory: DirectoryState) -> UUID:
    """The same; where they have left, an administrator."""
    if state.facilitator is not None and directory.is_active(state.facilitator):
        return state.facilitator
    return min(directory.holders(Role.ADMIN))


@cycle.decides(BeginNextCycle)
def begin_next_cycle(state: CycleState, command: BeginNextCycle, context: Context) -> list[Event]:
    """As the present cycle's event says; nothing where it says that none opens."""
    previous: CycleState = context.state("cycle", command.previous)
    following, windows = previous.following, previous.windows
    if following is None or previous.series is None or windows is None:
        return []
    if state.opened:
        raise CYCLE_EXISTS()
    reckoned = windows.resolve(context.at, following.period, context.calendar, previous.site)
    series = previous.series.rest
    return [
        CycleOpened(
            cycle=context.stream,
            name=following.name,
            framework=previous.framework,
            unit_frameworks=previous.unit_frameworks or None,
            facilitator=following.facilitator,
            period=following.period,
            policy=previous.policy,
            deadlines=reckoned.deadlines,
            participants=following.participants,
            parent=previous.parent if lies_within(previous.parent, following.period, context) else None,
            site=previous.site,
            opened_at=context.at,
            windows=windows,
            provisional=reckoned.provisional or None,
            holidays=reckoned.holidays,
            calendar=directory_at(context).calendar_of(previous.site).hash,
            previous=command.previous,
            series=series,
            upcoming=follow_up(series, following.period, context, previous.site),
        )
    ]


@cycle.evolves(NextCycleOpened)
def next_cycle_opened(state: CycleState, event: NextCycleOpened) -> CycleState:
    following = Following(
        cycle=event.cycle,
        name=event.name,
        facilitator=event.facilitator,
        period=event.period,
        participants=event.participants,
        left_out=event.left_out,
    )
    return state.model_copy(update={"following": following, "upcoming": None})


@cycle.evolves(SeriesEnded)
def series_ended(state: CycleState, event: SeriesEnded) -> CycleState:
    return state.model_copy(update={"upcoming": None, "series_ended": event.code})
