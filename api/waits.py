"""The step of the chain that waits, asked of the domain's own function: the API never disagrees with a decision."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_jsonable_python

from domain.plan.ground import Ground
from domain.plan.signing import approvers
from domain.plan.state import PlanState


def signature_waits(plan: PlanState, ground: Ground) -> dict[str, Any] | None:
    """The step that waits, and who may sign it; None where none does."""
    signing = plan.signing
    if signing is None or signing.complete:
        return None
    return {
        "step": signing.step,
        "steps": len(ground.steps),
        "may_sign": sorted(str(person) for person in approvers(ground, signing)),
        "remind_at": to_jsonable_python(signing.remind_at),
        "escalate_at": to_jsonable_python(signing.escalate_at),
        "escalated": signing.escalated,
    }
