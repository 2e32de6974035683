"""What a plan waits for, asked of the domain's own functions, so that the API can never disagree with a decision."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python

from domain.cycle.state import CycleState
from domain.cycle.windows import Phase
from domain.directory.state import DirectoryState
from domain.plan.signing import approvers
from domain.plan.state import Goal, Ground, PlanState, Side, chain_steps

NEGOTIABLE = frozenset({Phase.DRAFT, Phase.NEGOTIATE, Phase.COMMIT})


def ground_of(plan: PlanState, cycle: CycleState, directory: DirectoryState) -> Ground:
    """What the plan's rules stand on. Raises `plan.unknown`."""
    owner = plan.owner or plan.id
    return Ground(
        cycle=cycle,
        directory=directory,
        owner=directory.responsible(owner),
        steps=chain_steps(directory, cycle, owner),
    )


def signature_waits(plan: PlanState, ground: Ground) -> dict[str, Any] | None:
    """The step of the chain that waits, and who may sign it; None where none does."""
    signing = plan.signing
    if signing is None or signing.complete:
        return None
    return {
        "step": signing.step,
        "steps": len(ground.steps),
        "may_sign": _people(approvers(ground, signing)),
        "remind_at": to_jsonable_python(signing.remind_at),
        "escalate_at": to_jsonable_python(signing.escalate_at),
        "escalated": signing.escalated,
    }


def goal_waits(goal: Goal, ground: Ground) -> dict[str, Any]:
    """What a goal waits for before it is agreed, and of whom."""
    what, people, due = "nothing", frozenset[UUID](), None
    if ground.cycle.phase in NEGOTIABLE and not goal.agreed:
        if goal.definition.kind == "kpi":
            what, people, due = "acknowledgement", frozenset({ground.owner}), goal.served_at
        elif goal.turn is None:
            what, people = "proposal", ground.counterpart | {ground.owner}
        else:
            side = frozenset({ground.owner}) if goal.turn is Side.OWNER else ground.counterpart
            what, people, due = "answer", side, goal.turn_due
    return {"goal": str(goal.id), "waits_for": what, "people": _people(people), "due": to_jsonable_python(due)}


def _people(people: frozenset[UUID]) -> list[str]:
    return sorted(str(person) for person in people)
