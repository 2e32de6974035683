"""Who takes part in a cycle: late joiners, and who is excused, each with a reason (R2.6)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import model_validator

from domain.cycle.opening import require_chain
from domain.cycle.state import CycleCommand, CycleState, Participant, cycle
from domain.cycle.windows import ALIGNABLE, Period, Phase
from domain.decider import Context
from domain.directory.effects import directory_at
from domain.messages import Event, Wake
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Frozen, Instant

ENROLLED = problem("participant.enrolled", 409, "This owner takes part already.", "Nothing is left to do.")
REASON_MISSING = problem(
    "participant.reason_missing",
    422,
    "Draft is over: why does this owner join so late?",
    "Give the reason in `reason`.",
)
PRESENT_ENOUGH = problem(
    "participant.present_enough",
    409,
    "With this leave {days} working days of the period are left, and {least} are enough to take part.",
    "Leave the owner in the cycle, or excuse them for another reason, without `leave`.",
)


PRESENT_TOO_LITTLE = problem(
    "participant.present_too_little",
    409,
    "Only {days} working days of the period are left, and {least} are needed to take part.",
    "Leave the owner out of this cycle, and enrol them in the next one.",
)


class Leave(Frozen):
    """When somebody is away."""

    starts: Instant
    ends: Instant

    @model_validator(mode="after")
    def _ordered(self) -> Leave:
        if self.ends <= self.starts:
            raise ValueError("the leave ends before it starts")
        return self


class EnrolParticipant(CycleCommand):
    """An owner joins, perhaps late (R2.6)."""

    owner: UUID
    reason: AuthorText | None = None
    """Needed once draft is over."""


class ExcuseParticipant(CycleCommand):
    """An owner does not take part, for a reason (R2.6)."""

    owner: UUID
    reason: AuthorText
    leave: Leave | None = None
    """Where a leave is the reason, it must leave fewer working days in the period than the policy asks for."""


class ParticipantEnrolled(Event):
    """An owner takes part."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    owner: UUID
    late_in: Phase | None = None
    """The phase in which they joined, where that was not draft."""
    reason: AuthorText | None = None
    joined_at: Instant | None = None
    """When they joined late; None in draft, and before that was kept."""
    present_days: int | None = None
    """In track: the working days of the period that are left."""


class ParticipantExcused(Event):
    """An owner takes no part."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    owner: UUID
    reason: AuthorText
    leave: Leave | None = None
    present_days: int | None = None
    """With a leave: the working days of the period that it leaves."""


@cycle.decides(EnrolParticipant)
def enrol_participant(state: CycleState, command: EnrolParticipant, context: Context) -> list[Event]:
    """A late joiner may come until track closes, and says why. In track the plan has a stage of its own, and enough of
    the period must be left to be worth one (R2.6).
    """
    state.require_phase(context.at, *ALIGNABLE)
    require_chain(directory_at(context), state, command.owner, "/owner")
    if state.takes_part(command.owner):
        raise ENROLLED("/owner")
    if state.phase is Phase.DRAFT:
        return [ParticipantEnrolled(owner=command.owner, reason=command.reason)]
    if command.reason is None:
        raise REASON_MISSING("/reason")
    present = None
    if state.phase is Phase.TRACK and state.period is not None:
        present = _days_left(command.owner, context.at, state.period, context)
        if present < state.policy.present_least:
            raise PRESENT_TOO_LITTLE("/owner", days=present, least=state.policy.present_least)
    joined = ParticipantEnrolled(
        owner=command.owner,
        late_in=state.phase,
        reason=command.reason,
        joined_at=context.at,
        present_days=present,
    )
    return [joined]


@cycle.decides(ExcuseParticipant)
def excuse_participant(state: CycleState, command: ExcuseParticipant, context: Context) -> list[Event]:
    """Excusing keeps the reason; a leave excuses who is present for too few working days (R2.6)."""
    state.require_phase(context.at, *Phase, held_too=True)
    if not state.takes_part(command.owner):
        return []
    present = None
    if command.leave is not None and state.period is not None:
        present = _present_days(state.participants[command.owner], command.leave, state.period, context)
        if present >= state.policy.present_least:
            raise PRESENT_ENOUGH("/leave", days=present, least=state.policy.present_least)
    return [ParticipantExcused(owner=command.owner, reason=command.reason, leave=command.leave, present_days=present)]


def _present_days(joined: Participant, leave: Leave, period: Period, context: Context) -> int:
    """The working days since somebody joined that are not of the leave, at the owner's site (R2.2)."""
    begins = max(period.starts, joined.joined_at or period.starts)
    away_from, back_at = max(leave.starts, begins), min(leave.ends, period.ends)
    away = context.calendar.working_days(away_from, back_at, _site(joined.owner, context)) if away_from < back_at else 0
    return _days_left(joined.owner, begins, period, context) - away


def _days_left(owner: UUID, since: datetime, period: Period, context: Context) -> int:
    """The working days of the period from an instant on, at the owner's site."""
    begins = max(period.starts, since)
    return context.calendar.working_days(begins, period.ends, _site(owner, context)) if begins < period.ends else 0


def _site(owner: UUID, context: Context) -> UUID | None:
    return directory_at(context).site_of(owner)


@cycle.evolves(ParticipantEnrolled)
def participant_enrolled(state: CycleState, event: ParticipantEnrolled) -> CycleState:
    joined = Participant(owner=event.owner, late_in=event.late_in, joined_at=event.joined_at)
    return state.model_copy(update={"participants": {**state.participants, event.owner: joined}})


@cycle.evolves(ParticipantExcused)
def participant_excused(state: CycleState, event: ParticipantExcused) -> CycleState:
    excused = Participant(owner=event.owner, excused=True)
    return state.model_copy(update={"participants": {**state.participants, event.owner: excused}})
