"""The closing protocol: begin at the deadline or by the facilitator, freeze, look once more, close or release (R2.3).

Invariant: a phase never closes over a failing gate, save by a bypass that two people answer for. `PhaseClosing` makes
every plan command's reads stale, so what `FinishClosing` sees of the plans is what is true when `PhaseClosed` is
appended: the append lists each plan it read.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.cycle.blockers import Blocker, Closing, GateFailure
from domain.cycle.bypass import passed_over
from domain.cycle.gates import blockers
from domain.cycle.state import CycleCommand, CycleState, cycle
from domain.cycle.windows import Phase
from domain.decider import Context
from domain.directory.effects import directory_at
from domain.messages import Event, Wake
from domain.problems import problem
from domain.values import Instant

GATE_BLOCKED = problem(
    "gate.blocked",
    409,
    "The {phase} phase cannot close: {count} checks fail, the first is {check}.",
    "See the cycle's board for who blocks, or extend the deadline.",
)
USE_CLOSE_CYCLE = problem(
    "cycle.use_close_cycle", 409, "The last phase ends with the cycle.", "Send CloseCycle instead."
)
NOT_LAST_PHASE = problem(
    "cycle.not_last_phase", 409, "The cycle is in {phase}, not in its last phase.", "Advance the phases first."
)


class AdvancePhase(CycleCommand):
    """The facilitator closes the present phase before its deadline (R2.3)."""

    reads_plans: ClassVar[bool] = True
    edits: ClassVar[bool] = True


class CloseCycle(CycleCommand):
    """The facilitator closes the last phase, and the cycle with it."""

    reads_plans: ClassVar[bool] = True
    edits: ClassVar[bool] = True


class BeginClosing(CycleCommand):
    """A phase's deadline has come, or its blockers have changed after that."""

    system: ClassVar[bool] = True
    reads_plans: ClassVar[bool] = True

    phase: Phase
    since: int


class FinishClosing(CycleCommand):
    """Look at the frozen plans once more and close, or release."""

    system: ClassVar[bool] = True
    reads_plans: ClassVar[bool] = True

    phase: Phase
    since: int


class GateFailed(Event):
    """The gate did not hold at the deadline; the facilitator is told, nothing is frozen (R2.3)."""

    phase: Phase
    blockers: tuple[Blocker, ...]
    escalated_to: UUID


class PhaseClosing(Event):
    """The phase is closing: plan commands wait until it is closed or released."""

    phase: Phase
    closing_since: Instant
    early: bool
    """By the facilitator, before the deadline."""
    bypass: int | None = None
    """The bypass by which it begins to close over failing checks (R2.5)."""


class PhaseClosed(Event):
    """The phase is over. Records at which version each plan stood."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    phase: Phase
    plans: dict[UUID, int]
    closed_at: Instant
    digest_due: Instant | None = None
    """When commit closes: the first digest of track (R6.4)."""
    bypass: int | None = None
    """The bypass by which it closed over failing checks (R2.5)."""
    unmet: tuple[Blocker, ...] | None = None
    """These checks."""


class ClosingReleased(Event):
    """The closing was given up; the phase goes on."""

    phase: Phase
    blockers: tuple[Blocker, ...]


class CycleClosed(Event):
    """The cycle is over."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})


def _begin_early(state: CycleState, context: Context) -> list[Event]:
    found = blockers(state, context)
    bypass = passed_over(state, found, directory_at(context)) if found else None
    if found and bypass is None:
        raise GATE_BLOCKED(phase=state.phase.value, count=len(found), check=found[0].check)
    return [PhaseClosing(phase=state.phase, closing_since=context.at, early=True, bypass=bypass)]


@cycle.decides(AdvancePhase)
def advance_phase(state: CycleState, command: AdvancePhase, context: Context) -> list[Event]:
    """Early, but over a failing gate only by a bypass of two people."""
    del command
    state.require_phase(context.at, *Phase)
    if state.phase is Phase.RETROSPECT:
        raise USE_CLOSE_CYCLE()
    return _begin_early(state, context)


@cycle.decides(CloseCycle)
def close_cycle(state: CycleState, command: CloseCycle, context: Context) -> list[Event]:
    """The last phase closes like every other."""
    del command
    state.require_phase(context.at, *Phase)
    if state.phase is not Phase.RETROSPECT:
        raise NOT_LAST_PHASE(phase=state.phase.value)
    return _begin_early(state, context)


@cycle.decides(BeginClosing)
def begin_closing(state: CycleState, command: BeginClosing, context: Context) -> list[Event]:
    """At the deadline: close where the gate holds, else say so once; it never passes silently (R2.3)."""
    if state.closed or state.closing is not None or (command.phase, command.since) != (state.phase, state.owed_since):
        return []
    if context.at < state.deadlines[state.phase]:
        return []
    found = blockers(state, context)
    bypass = passed_over(state, found, directory_at(context)) if found else None
    if not found or bypass is not None:
        return [PhaseClosing(phase=state.phase, closing_since=context.at, early=False, bypass=bypass)]
    if state.gate_failure is not None or state.facilitator is None:
        return []
    return [GateFailed(phase=state.phase, blockers=found, escalated_to=state.facilitator)]


@cycle.decides(FinishClosing)
def finish_closing(state: CycleState, command: FinishClosing, context: Context) -> list[Event]:
    """Within the policy's seconds close or release; later only release, for plans may have moved on."""
    closing = state.closing
    if closing is None or command.since != closing.version:
        return []
    found = blockers(state, context)
    bypass = passed_over(state, found, directory_at(context)) if found else None
    if (found and bypass is None) or not state.closing_in_force(context.at):
        return [ClosingReleased(phase=state.phase, blockers=found)]
    versions = {ref.stream: context.states[ref].version for ref in state.plans()}
    rhythm = state.policy.check_in_every
    first_digest = context.after(context.at, rhythm, state.site) if state.phase is Phase.COMMIT else None
    closed = PhaseClosed(
        phase=state.phase,
        plans=versions,
        closed_at=context.at,
        digest_due=first_digest,
        bypass=bypass,
        unmet=found or None,
    )
    return [closed, CycleClosed()] if state.phase is Phase.RETROSPECT else [closed]


@cycle.evolves(GateFailed)
def gate_failed(state: CycleState, event: GateFailed) -> CycleState:
    failure = GateFailure(phase=event.phase, version=state.version + 1, blockers=event.blockers)
    return state.model_copy(update={"gate_failure": failure, "owed_since": state.version + 1})


@cycle.evolves(PhaseClosing)
def phase_closing(state: CycleState, event: PhaseClosing) -> CycleState:
    closing = Closing(phase=event.phase, since=event.closing_since, version=state.version + 1)
    return state.model_copy(update={"closing": closing})


@cycle.evolves(PhaseClosed)
def phase_closed(state: CycleState, event: PhaseClosed) -> CycleState:
    return state.model_copy(
        update={
            "phase": event.phase.next or event.phase,
            "closing": None,
            "gate_failure": None,
            "owed_since": state.version + 1,
            "digest_due": event.digest_due,
            "digest_since": event.closed_at,
            "bypasses": state.bypasses_over(event.bypass),
        }
    )


@cycle.evolves(ClosingReleased)
def closing_released(state: CycleState, event: ClosingReleased) -> CycleState:
    # Nobody was told of these blockers: at the deadline the closing is owed again, and then says so (R2.3).
    del event
    return state.model_copy(update={"closing": None, "gate_failure": None, "owed_since": state.version + 1})


@cycle.evolves(CycleClosed)
def cycle_closed(state: CycleState, event: CycleClosed) -> CycleState:
    del event
    return state.model_copy(update={"closed": True, "digest_due": None})
