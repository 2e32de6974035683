"""Opening a cycle and who takes part in it (R2.1, R2.6, R5.2)."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field, model_validator

from domain.cycle.policy import Framework, Policy, preset
from domain.cycle.state import CycleCommand, CycleState, FrameworkChoice, Participant, cycle
from domain.cycle.succession import Series, Upcoming
from domain.cycle.windows import Period, Phase, Windows
from domain.decider import Context
from domain.directory.effects import directory_at
from domain.directory.requiring import require_person, require_site
from domain.directory.state import DirectoryState
from domain.messages import Event
from domain.plan.chain import chain_is_complete, chain_steps
from domain.problems import problem
from domain.sealed import CommonName
from domain.values import Hash, Instant

CYCLE_EXISTS = problem("cycle.exists", 409, "This cycle is open already.", "Use another cycle id.")
OWNER_UNKNOWN = problem(
    "participant.unknown", 422, "There is no person or team {owner} in the directory.", "Add it to the directory first."
)
NO_APPROVER = problem(
    "cycle.no_approver",
    422,
    "Nobody is left to sign a step for {owner}.",
    "Set a manager, or grant the role board_approver to enough people, then open the cycle.",
)
PARENT_UNKNOWN = problem(
    "cycle.parent_unknown", 422, "There is no cycle {parent} to be a part of.", "Open the parent cycle first."
)
PARENT_CLOSED = problem(
    "cycle.parent_closed", 409, "The parent cycle is closed.", "Choose a parent that is open, or re-open it."
)
OUTSIDE_PARENT = problem(
    "cycle.period_outside_parent",
    422,
    "The period reaches beyond its parent's, which lasts from {starts} to {ends}.",
    "Choose a period within the parent's, or another parent.",
)


class OpenCycle(CycleCommand):
    """Open a formal cycle for these owners; its deadlines are resolved now."""

    opens: ClassVar[bool] = True

    name: CommonName
    framework: Framework = Framework.COMPOSITE
    facilitator: UUID
    period: Period
    site: UUID | None = None
    """By whose calendar the phases close; None: the organization's own (R2.2)."""
    windows: Windows = Windows()
    preset: Literal["light", "formal"] = "formal"
    policy: Policy | None = None
    """Every value of its own; absent: the preset's."""
    participants: tuple[UUID, ...] = Field(default=(), max_length=20_000)
    """Owners: people or teams."""
    parent: UUID | None = None
    """The cycle that this one is a part of: a year's quarter (R2.8)."""
    series: Series | None = None
    """The cycles that follow by themselves (R2.8)."""

    @model_validator(mode="after")
    def _one_preset(self) -> OpenCycle:
        if self.policy is not None and "preset" in self.model_fields_set and self.policy.preset != self.preset:
            raise ValueError("`preset` and `policy` name two presets.")
        return self


class CycleOpened(Event):
    """The cycle runs; its draft phase is open."""

    schema_version: ClassVar[int] = 2

    name: CommonName
    framework: Framework
    facilitator: UUID
    period: Period
    policy: Policy
    deadlines: dict[Phase, Instant]
    participants: tuple[UUID, ...]
    cycle: UUID
    parent: UUID | None = None
    previous: UUID | None = None
    series: Series | None = None
    upcoming: Upcoming | None = None
    site: UUID | None = None
    opened_at: Instant | None = None
    windows: Windows | None = None
    """What the deadlines were reckoned from; absent in cycles of the first schema version."""
    provisional: tuple[Phase, ...] | None = None
    """Phases whose deadline was reckoned with a year without an official notice (R2.2)."""
    holidays: str | None = None
    """The version of the library of public holidays that they were reckoned with, where a country's count."""
    calendar: Hash | None = None
    """The calendar that they were reckoned by, as its hash; absent before that was kept."""
    unit_frameworks: dict[UUID, FrameworkChoice] | None = None
    """Taken over from the cycle before it in the series (R1.1)."""


def require_chain(directory: DirectoryState, state: CycleState, owner: UUID, pointer: str) -> None:
    """Somebody who has not left answers for the owner, and there is an approver for every step (R5.2)."""
    if not directory.is_active(directory.responsible(owner)):
        raise OWNER_UNKNOWN(pointer, owner=str(owner))
    if not chain_is_complete(chain_steps(directory, state, owner)):
        raise NO_APPROVER(pointer, owner=str(owner))


def has_approvers(directory: DirectoryState, state: CycleState, owner: UUID) -> bool:
    """The same as a question."""
    return directory.is_active(directory.responsible(owner)) and chain_is_complete(chain_steps(directory, state, owner))


def require_within_parent(parent: UUID | None, period: Period, context: Context) -> None:
    """A part lies within its whole, which is open before it: so no circle is possible (R2.8)."""
    if parent is None:
        return
    found: CycleState = context.state("cycle", parent)
    if found.period is None:
        raise PARENT_UNKNOWN("/parent", parent=str(parent))
    if found.closed:
        raise PARENT_CLOSED("/parent")
    if not lies_within(parent, period, context):
        raise OUTSIDE_PARENT("/period", starts=str(found.period.starts), ends=str(found.period.ends))


def lies_within(parent: UUID | None, period: Period, context: Context) -> bool:
    """Whether a period is part of an open parent's."""
    if parent is None:
        return False
    whole: CycleState = context.state("cycle", parent)
    if whole.period is None or whole.closed:
        return False
    return whole.period.starts <= period.starts and period.ends <= whole.period.ends


def follow_up(series: Series | None, period: Period, context: Context, site: UUID | None) -> Upcoming | None:
    """When the next cycle of a series opens, and its period: as many months as the series says (R2.8)."""
    if series is None:
        return None
    ends = context.calendar.months_after(period.ends, series.months, site)
    return Upcoming(
        opens=context.calendar.after(period.ends, series.opens, site), period=Period(starts=period.ends, ends=ends)
    )


@cycle.decides(OpenCycle)
def open_cycle(state: CycleState, command: OpenCycle, context: Context) -> list[Event]:
    """An administrator opens it; chains that leave somebody without an approver do not open (R5.2)."""
    directory = directory_at(context)
    if state.opened:
        raise CYCLE_EXISTS()
    require_person(directory, command.facilitator, "/facilitator")
    require_within_parent(command.parent, command.period, context)
    require_site(directory, command.site, "/site")
    policy = command.policy or preset(command.preset)
    drafted = state.model_copy(update={"policy": policy})
    participants = tuple(dict.fromkeys(command.participants))
    for place, owner in enumerate(participants):
        require_chain(directory, drafted, owner, f"/participants/{place}")
    reckoned = command.windows.resolve(context.at, command.period, context.calendar, command.site)
    return [
        CycleOpened(
            cycle=context.stream,
            name=command.name,
            framework=command.framework,
            facilitator=command.facilitator,
            period=command.period,
            policy=policy,
            deadlines=reckoned.deadlines,
            participants=participants,
            parent=command.parent,
            series=command.series,
            upcoming=follow_up(command.series, command.period, context, command.site),
            site=command.site,
            opened_at=context.at,
            windows=command.windows,
            provisional=reckoned.provisional or None,
            holidays=reckoned.holidays,
            calendar=directory.calendar_of(command.site).hash,
        )
    ]


@cycle.evolves(CycleOpened)
def cycle_opened(state: CycleState, event: CycleOpened) -> CycleState:
    return state.model_copy(
        update={
            "id": event.cycle,
            "name": event.name,
            "framework": event.framework,
            "facilitator": event.facilitator,
            "period": event.period,
            "policy": event.policy,
            "deadlines": dict(event.deadlines),
            "site": event.site,
            "opened_at": event.opened_at,
            "windows": event.windows,
            "provisional": event.provisional or (),
            "reckoned_by": event.calendar,
            "participants": {owner: Participant(owner=owner) for owner in event.participants},
            "owed_since": state.version + 1,
            "parent": event.parent,
            "previous": event.previous,
            "series": event.series,
            "upcoming": event.upcoming,
            "unit_frameworks": event.unit_frameworks or {},
        }
    )
