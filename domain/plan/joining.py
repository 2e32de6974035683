"""Who joins while the cycle tracks has their plan drafted, negotiated and signed in a stage of its own (R2.6).

Invariant: track does not close over such a plan until it is signed or its owner is excused; once it is signed, it is a
plan like every other. The rules it is signed by are the cycle's frozen ones (R2.5).
"""

from __future__ import annotations

from uuid import UUID

from domain.cycle.state import CycleState
from domain.cycle.windows import Phase
from domain.plan.state import PlanState


def catching_up(cycle: CycleState, owner: UUID, plan: PlanState) -> bool:
    """Whether an owner's plan, which may have no event yet, is on its way to its first signature in track."""
    if cycle.phase is not Phase.TRACK or plan.signed or plan.amendment is not None:
        return False
    joined = cycle.participants.get(owner)
    return joined is not None and joined.late_in is Phase.TRACK


def stage_of(cycle: CycleState, owner: UUID, plan: PlanState) -> Phase:
    """The phase by which a plan's goals change and are signed: what is amended in track, or joined in it, is in commit
    (R5.7, R2.6).
    """
    if cycle.phase is Phase.TRACK and (plan.amendment is not None or catching_up(cycle, owner, plan)):
        return Phase.COMMIT
    return cycle.phase
