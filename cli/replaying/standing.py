"""Where a plan or goal stands, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from cli.replaying.definitions import text
from cli.replaying.words import Teller
from domain.plan.goal import Goal
from domain.plan.state import PlanState
from domain.plan.talks import Side

NOT_RECEIVED = "not acknowledged yet"


def plan_standing(teller: Teller, plan: PlanState) -> Iterator[str]:
    """A plan's signatures, then its goals."""
    yield f"owner: {teller.name(plan.owner)}"
    yield f"signing: {_signing(teller, plan)}"
    for voided in plan.voided:
        yield f"void: the signature of {teller.name(voided.signature.signer)} on {voided.signature.hash[:12]}"
    if plan.receipt is not None:
        yield f"result: {plan.receipt.how}"
    for goal in plan.goals.values():
        yield ""
        yield from goal_standing(teller, goal)


def goal_standing(teller: Teller, goal: Goal) -> Iterator[str]:
    """A goal's latest revision, who has to answer, and its latest values."""
    yield f"{'KPI' if goal.definition.kind == 'kpi' else 'OKR'} “{text(goal.definition.title)}”"
    for line in teller.definition(goal.definition):
        yield f"  {line}"
    yield f"  revision {goal.number}, round {goal.round}: {_agreement(goal)}"
    for reading in goal.readings.values():
        yield f"  {teller.reading(reading)}"
    if goal.checked_in_at is not None:
        final = ", these values are final" if goal.final else ""
        status = (goal.status or "").replace("_", " ")
        yield f"  {status}, confidence {goal.confidence}, checked in at {goal.checked_in_at:%Y-%m-%d %H:%M} UTC{final}"
    if goal.reflection is not None:
        yield f"  learned: {text(goal.reflection.learned)}"


def _signing(teller: Teller, plan: PlanState) -> str:
    signing = plan.signing
    if signing is None:
        return "not submitted" if plan.amendment is None else "being amended; what was signed is in force"
    signed = teller.names(signature.signer for signature in signing.signatures)
    if signing.complete:
        return f"signed by {signed} ({signing.hash[:12]})"
    escalated = f", escalated to {teller.name(signing.escalated_to)}" if signing.escalated else ""
    return f"waits for step {signing.step + 1} ({signing.hash[:12]}), signed so far by {signed}{escalated}"


def _agreement(goal: Goal) -> str:
    if goal.definition.kind == "kpi":
        if goal.objected:
            return "objected to, not decided yet"
        received = {"served": "counted as received", "decided": "decided on after an objection", None: NOT_RECEIVED}
        return received.get(goal.receipt, "acknowledged")
    if goal.agreed:
        return "agreed by both sides" if goal.imposed is None else "imposed by a mediator"
    if goal.mediation is not None:
        return "waits for the mediator"
    if goal.turn is None:
        return "not proposed yet"
    return f"waits for the {'owner' if goal.turn is Side.OWNER else 'counterpart'}"
