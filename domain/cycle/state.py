"""What is known of a cycle as a whole, and what plan rules ask of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field

from domain.access.refusals import CYCLE_CLOSED, CYCLE_UNKNOWN, PHASE_WRONG
from domain.cycle.advice import UnitFacts
from domain.cycle.blockers import Bypass, Closing, GateFailure
from domain.cycle.outcomes import PlanResult
from domain.cycle.policy import Framework, Policy
from domain.cycle.succession import Following, Series, Upcoming
from domain.cycle.windows import Period, Phase, Windows
from domain.decider import Decider, Ref
from domain.directory.state import DIRECTORY, DirectoryState
from domain.messages import Command
from domain.problems import problem
from domain.sealed import AuthorText, CommonName
from domain.values import Frozen, Instant, plan_id

CYCLE_HELD = problem(
    "cycle.held", 409, "The cycle is held: its clock stands still.", "Wait until its facilitator resumes it."
)
PHASE_CLOSING = problem(
    "phase.closing", 409, "The {phase} phase is closing right now.", "Try again in a moment.", transient=True
)


class Participant(Frozen):
    """An owner (a person or a team) whose plan belongs to the cycle."""

    owner: UUID
    excused: bool = False
    late_in: Phase | None = None
    """The phase in which they joined, where that was not draft."""
    joined_at: Instant | None = None
    """When a late joiner came; None before that was kept."""


class FrameworkChoice(Frozen):
    """A framework that somebody chose, and why (R1.1)."""

    framework: Framework
    reason: AuthorText
    facts: UnitFacts | None = None
    """What was known of the unit."""
    advised: Framework | None = None
    """What the advice on these facts was."""


class Held(Frozen):
    """A cycle whose clock stands still (R2.6)."""

    since: Instant


class CycleState(Frozen):
    """The cycle after its events."""

    version: int = 0
    id: UUID | None = None
    name: CommonName | None = None
    framework: Framework = Framework.COMPOSITE
    framework_choice: FrameworkChoice | None = None
    """Why the cycle runs by it; absent: it was opened so."""
    unit_frameworks: dict[UUID, FrameworkChoice] = Field(default_factory=dict)
    """By team: what it and those under it run by instead (R1.1)."""
    facilitator: UUID | None = None
    period: Period | None = None
    policy: Policy = Policy()
    phase: Phase = Phase.DRAFT
    deadlines: dict[Phase, Instant] = Field(default_factory=dict)
    site: UUID | None = None
    """By whose calendar phases close, digests fall due and results are served; None: the organization's own."""
    opened_at: Instant | None = None
    windows: Windows | None = None
    """What the deadlines were reckoned from; None in a cycle opened before that was kept."""
    provisional: tuple[Phase, ...] = ()
    """Phases whose deadline depends on a year without an official notice (R2.2)."""
    reckoned_by: str | None = None
    """The calendar that the deadlines were reckoned by, as its hash; None before that was kept."""
    moved: tuple[Phase, ...] = ()
    """Phases whose deadline somebody moved: RecomputeDeadlines leaves it alone."""
    participants: dict[UUID, Participant] = Field(default_factory=dict)
    parent: UUID | None = None
    """The cycle that this one is a part of (R2.8)."""
    owed_since: int = 0
    """The version since which the closing of this phase is owed; a re-opened phase owes anew."""
    closing: Closing | None = None
    gate_failure: GateFailure | None = None
    digest_due: Instant | None = None
    digest_since: Instant | None = None
    """Check-ins are looked for from here on: the last digest, or the opening of track."""
    digests: int = 0
    results: dict[UUID, PlanResult] = Field(default_factory=dict)
    """By plan, once published."""
    results_served_at: Instant | None = None
    closed: bool = False
    previous: UUID | None = None
    """The cycle before this one in its series (R2.8)."""
    series: Series | None = None
    upcoming: Upcoming | None = None
    following: Following | None = None
    series_ended: str | None = None
    """Why the next cycle did not open: the code of the problem that it met."""
    held: Held | None = None
    bypasses: tuple[Bypass, ...] = ()
    """Every one there ever was, for every report to show (R2.5)."""
    grace_until: Instant | None = None
    """After a hold: what plans owed within it falls due now."""

    @property
    def opened(self) -> bool:
        return self.id is not None

    @property
    def published(self) -> bool:
        """Whether results are published; of a cycle in which nobody took part there are none to show."""
        return self.results_served_at is not None

    def closing_in_force(self, at: datetime) -> bool:
        """Whether plan commands must wait; a closing that nobody finished lapses by itself."""
        if self.closing is None:
            return False
        return at < self.closing.since + timedelta(seconds=self.policy.closing_lapses.seconds)

    def require_phase(self, at: datetime, *phases: Phase, held_too: bool = False) -> None:
        """Refuse a command that does not belong to the phase the cycle is in, or to a cycle that is held."""
        if not self.opened:
            raise CYCLE_UNKNOWN()
        if self.closed:
            raise CYCLE_CLOSED()
        if self.closing_in_force(at):
            raise PHASE_CLOSING(phase=self.phase.value)
        if self.held is not None and not held_too:
            raise CYCLE_HELD()
        if self.phase not in phases:
            raise PHASE_WRONG(phase=self.phase.value, expected=", ".join(phases))

    def bypasses_over(self, used: int | None = None) -> tuple[Bypass, ...]:
        """The bypasses when a phase ends: none that stands serves the next one."""
        return tuple(
            item.model_copy(update={"used": item.number == used, "over": True}) if item.stands else item
            for item in self.bypasses
        )

    def moved_to(self, deadlines: Mapping[Phase, datetime]) -> dict[str, Any]:
        """What changes where deadlines are moved by hand: they no longer are what the calendar says."""
        by_hand = {phase for phase, due in deadlines.items() if due != self.deadlines[phase]}
        return {
            "deadlines": dict(deadlines),
            "moved": tuple(phase for phase in Phase if phase in self.moved or phase in by_hand),
            "provisional": tuple(phase for phase in self.provisional if phase not in by_hand),
        }

    def framework_of(self, directory: DirectoryState, owner: UUID) -> Framework:
        """What an owner's plan follows: the choice of the nearest unit above them, else the cycle's (R1.1)."""
        if self.unit_frameworks:
            for unit in directory.units_above(directory.unit_of(owner)):
                if (choice := self.unit_frameworks.get(unit)) is not None:
                    return choice.framework
        return self.framework

    def takes_part(self, owner: UUID) -> bool:
        """Whether an owner is enrolled and not excused."""
        found = self.participants.get(owner)
        return found is not None and not found.excused

    def plans(self) -> list[Ref]:
        """The plans of everybody who takes part."""
        if self.id is None:
            return []
        return [Ref("plan", plan_id(self.id, item.owner)) for item in self.participants.values() if not item.excused]


class CycleCommand(Command):
    """A command to a cycle."""

    reads_plans: ClassVar[bool] = False
    """True where the rule looks at every plan: what closes a phase, publishes or tells."""


def _cycles_above(command: Command, states: Mapping[Ref, Any]) -> list[Ref]:
    """What a cycle that opens stands on: its parent, or the one before it and then that one's parent (R2.8)."""
    parent, previous = getattr(command, "parent", None), getattr(command, "previous", None)
    above = [Ref("cycle", cycle) for cycle in (parent, previous) if cycle is not None]
    if previous is not None and above[0] in states and states[above[0]].parent is not None:
        above.append(Ref("cycle", states[above[0]].parent))
    return above


def cycle_needs(command: Command | None, stream: UUID, state: Any, states: Mapping[Ref, Any]) -> Sequence[Ref]:
    """The directory always lies under a cycle's rules; the plans where a gate is looked at."""
    del stream
    above = [] if command is None or state.opened else _cycles_above(command, states)
    reads_plans = state.gate_failure is not None if command is None else getattr(command, "reads_plans", False)
    return [DIRECTORY, *above, *(state.plans() if reads_plans else ())]


cycle = Decider(kind="cycle", initial=CycleState(), needs=cycle_needs, parent_of=lambda _state: DIRECTORY.stream)
