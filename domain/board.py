"""What a cycle's board shows: one row a plan, and the present gate as a list of checks with who blocks."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from domain.cycle.gates import RESULTS, failing_of
from domain.cycle.recomputing import provisional_ahead
from domain.cycle.state import CycleState
from domain.cycle.windows import Phase
from domain.directory.state import DirectoryState
from domain.plan.ground import Ground
from domain.plan.signing import approvers
from domain.plan.state import PlanState
from domain.values import Frozen, Instant, Share
from domain.waiting import Wait, What, about_deadlines, plan_waits


class PlanRow(Frozen):
    """How one plan stands. Ids, codes and numbers only; names are opened when it is rendered."""

    plan: UUID
    owner: UUID
    unit: UUID | None = None
    """The team of the owner, who may be a team itself."""
    phase: Phase = Phase.DRAFT
    excused: bool = False
    goals: int = 0
    agreed: int = 0
    submitted: bool = False
    signatures: int = 0
    steps: int = 0
    signed: bool = False
    voided: int = 0
    """Signatures lost to changes so far."""
    waiting_for: tuple[UUID, ...] = ()
    """Who may sign the step that waits; nobody outside commit."""
    escalated: bool = False
    confidence: Share | None = None
    """The lowest of its goals."""
    last_check_in: Instant | None = None
    finals: int = 0
    okr_score: Share | None = None
    kpi_payout: str | None = None
    receipt: str | None = None
    blocks: tuple[str, ...] = ()
    """Codes of the present gate's checks that this plan fails."""
    blocked_by: tuple[UUID, ...] = ()
    """Whom these wait for."""


class BypassRow(Frozen):
    """A bypass as every report shows it (R2.5)."""

    number: int
    subject: str
    phase: Phase
    requested_by: UUID
    confirmed_by: UUID | None
    used: bool


class CycleRow(Frozen):
    """How the cycle stands."""

    cycle: UUID
    phase: Phase
    deadlines: dict[Phase, Instant]
    facilitator: UUID | None
    participants: int
    closing: bool
    gate_failed: bool
    digests: int
    results_published: bool
    closed: bool
    held: bool = False
    provisional: tuple[Phase, ...] = ()
    """The phases still to close whose deadline rests on a year without an official notice (R2.2)."""
    about_deadlines: What | None = None
    """What is asked of the facilitator about them."""
    bypasses: tuple[BypassRow, ...] = ()
    """Every rule that two people passed over (R2.5)."""


def plan_row(state: PlanState, found: Ground, owner: UUID, plan: UUID) -> PlanRow:
    """The row of an owner's plan, which may have no event yet."""
    cycle = found.cycle
    goals = list(state.goals.values())
    signing = state.signing
    result = cycle.results.get(plan)
    confidences = [goal.confidence for goal in goals if goal.confidence is not None]
    excused = not found.takes_part
    open_gate = not cycle.closed and not excused
    failing = [blocker.check for blocker in failing_of(cycle, owner, state)]
    if cycle.phase is Phase.RETROSPECT and not cycle.published:
        failing = [RESULTS]  # the cycle's own check: no plan has its result yet
    # Only then can anybody sign; and a closed cycle's rows rest on no directory that still changes.
    asks = found.stage(state) is Phase.COMMIT and open_gate
    return PlanRow(
        plan=plan,
        owner=owner,
        unit=found.directory.unit_of(owner),
        phase=cycle.phase,
        excused=excused,
        goals=len(goals),
        agreed=sum(goal.agreed for goal in goals),
        submitted=signing is not None,
        signatures=len(signing.signatures) if signing else 0,
        steps=len(found.steps),
        signed=state.signed,
        voided=len(state.voided),
        waiting_for=tuple(sorted(approvers(found, signing))) if signing and asks else (),
        escalated=signing.escalated if signing else False,
        confidence=min(confidences, default=None),
        last_check_in=state.last_check_in,
        finals=sum(goal.final for goal in state.in_force.values()),
        okr_score=result.okr_score if result else None,
        kpi_payout=str(result.kpi_payout) if result and result.kpi_payout is not None else None,
        receipt=state.receipt.how if state.receipt else None,
        blocks=tuple(dict.fromkeys(failing)) if open_gate else (),
        blocked_by=_blocking(plan_waits(state, found, owner, plan)) if open_gate and failing else (),
    )


def cycle_row(state: CycleState, directory: DirectoryState, cycle: UUID) -> CycleRow:
    """The cycle's own row."""
    return CycleRow(
        cycle=cycle,
        phase=state.phase,
        deadlines=state.deadlines,
        facilitator=state.facilitator,
        participants=sum(not item.excused for item in state.participants.values()),
        closing=state.closing is not None,
        gate_failed=state.gate_failure is not None,
        digests=state.digests,
        results_published=state.published,
        closed=state.closed,
        held=state.held is not None,
        provisional=provisional_ahead(state),
        about_deadlines=about_deadlines(state, directory),
        bypasses=tuple(
            BypassRow(
                number=item.number,
                subject=item.subject,
                phase=item.phase,
                requested_by=item.requested_by,
                confirmed_by=item.confirmed_by,
                used=item.used,
            )
            for item in state.bypasses
        ),
    )


def _blocking(waits: Iterable[Wait]) -> tuple[UUID, ...]:
    """The people whom what blocks a gate waits for."""
    return tuple(sorted({wait.person for wait in waits if wait.blocks_gate}))
