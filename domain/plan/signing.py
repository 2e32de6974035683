"""Signing the plan: submit, then each step of the chain on exactly one content hash (R5)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.access.refusals import NOT_APPROVER as NOT_APPROVER
from domain.access.refusals import OWN_PLAN as OWN_PLAN
from domain.cycle.windows import Phase
from domain.decider import Context
from domain.messages import Event, Wake
from domain.plan.bounds import require_sizes, require_weights
from domain.plan.ground import Ground, admitted, require_actor
from domain.plan.lint import lint_plan
from domain.plan.orphans import ORPHAN, is_orphan, orphans
from domain.plan.state import PlanCommand, PlanState, Signature, Signing, plan
from domain.plan.turns import require_unblocked
from domain.problems import problem
from domain.values import Hash, Instant

NO_GOALS = problem("plan.no_goals", 409, "The plan has no goals.", "Draft or assign one first.")
NOT_AGREED = problem(
    "plan.not_agreed",
    409,
    "Goal {goal} is not agreed yet.",
    "Both sides accept one revision of an OKR; the owner acknowledges a KPI.",
)
APPROACH = problem(
    "goal.approach_missing", 409, "Goal {goal} states no approach.", "Propose a revision that says the path and method."
)
ALREADY_SUBMITTED = problem(
    "signing.already_submitted", 409, "The plan is with its approvers already.", "Wait for them, or change a goal."
)
NOT_SUBMITTED = problem("signing.not_submitted", 409, "The plan is not submitted.", "Its owner submits it first.")
STALE_HASH = problem(
    "signing.stale_hash",
    409,
    "The plan has changed since you saw it: its hash is {now} now.",
    "Look at the difference and sign the present hash.",
)
SIGNED_ALREADY = problem(
    "signing.signed_already", 409, "You have signed this plan in an earlier step.", "Another person signs this step."
)
COMPLETE = problem("signing.complete", 409, "Every step has signed already.", "Nothing is left to sign.")


class SubmitPlan(PlanCommand):
    """The owner asks the chain to sign exactly this."""

    hash: Hash


class SignPlan(PlanCommand):
    """Sign exactly the plan that was seen (R5.3)."""

    hash: Hash


class PlanSubmitted(Event):
    """The plan waits for its first signature."""

    hash: Hash
    submitted_by: UUID
    findings: tuple[str, ...]
    remind_at: Instant
    escalate_at: Instant


class PlanSigned(Event):
    """One step of the chain has signed."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT})

    hash: Hash
    step: int
    signer: UUID
    signed_at: Instant
    complete: bool
    remind_at: Instant
    """For the next step."""
    escalate_at: Instant


def approvers(found: Ground, signing: Signing) -> frozenset[UUID]:
    """Who may sign the step that waits: its people and whom it escalated to, less the owner and earlier signers."""
    if signing.complete or signing.step >= len(found.steps):
        return frozenset()
    # Who has left is asked no more: the step then goes on to the next level.
    to = signing.escalated_to
    escalated = frozenset({to}) if to is not None and found.directory.is_active(to) else frozenset()
    signed = {signature.signer for signature in signing.signatures}
    return (found.steps[signing.step] | escalated) - signed - {found.owner}


def _patience(found: Ground, context: Context) -> tuple[datetime, datetime]:
    """When a waiting signature is reminded and escalated (R5.6)."""
    policy = found.cycle.policy
    remind_at = context.after(context.at, policy.signature_reminder)
    escalate_at = context.after(context.at, policy.signature_escalation)
    left = found.cycle.deadlines[Phase.COMMIT] - context.at
    if left.total_seconds() > 0:
        escalate_at = min(escalate_at, context.at + left * float(policy.escalation_share))
    return min(remind_at, escalate_at), escalate_at


@plan.decides(SubmitPlan)
def submit_plan(state: PlanState, command: SubmitPlan, context: Context) -> list[Event]:
    """The owner submits an agreed plan whose weights total 100 (R3.4, R3.9)."""
    found = admitted(state, context, Phase.COMMIT)
    require_actor(context, frozenset({found.owner}), "the plan's owner")
    if state.signing is not None:
        raise ALREADY_SUBMITTED()
    if not state.goals:
        raise NO_GOALS()
    for goal in state.goals.values():
        if not goal.agreed:
            raise NOT_AGREED(goal=str(goal.id))
        require_unblocked(goal)
        if goal.definition.kind == "okr" and found.cycle.policy.approach_required and goal.definition.approach is None:
            raise APPROACH(goal=str(goal.id))
        if found.cycle.policy.orphan_reason_required and is_orphan(state, goal):
            raise ORPHAN(goal=str(goal.id))
    require_weights((goal.definition for goal in state.goals.values()), found.cycle.policy)
    require_sizes(((str(goal.id), goal.definition) for goal in state.goals.values()), found.cycle.policy)
    _require_hash(state, found, command.hash)
    remind_at, escalate_at = _patience(found, context)
    return [
        PlanSubmitted(
            hash=command.hash,
            submitted_by=context.actor,
            findings=lint_plan((goal.definition for goal in state.goals.values()), found.cycle.policy) + orphans(state),
            remind_at=remind_at,
            escalate_at=escalate_at,
        )
    ]


def _require_hash(state: PlanState, found: Ground, seen: str) -> None:
    now = state.content_hash(found.cycle.policy.scoring.hash)
    if now != seen:
        raise STALE_HASH("/hash", now=now)


def waiting(state: PlanState, seen: str, context: Context) -> tuple[Ground, Signing]:
    """What every decision of an approver checks first."""
    found = admitted(state, context, Phase.COMMIT)
    if context.actor == found.owner:
        raise OWN_PLAN()
    if state.signing is None:
        _require_hash(state, found, seen)
        raise NOT_SUBMITTED()
    _require_hash(state, found, seen)
    if state.signing.complete:
        raise COMPLETE()
    if any(signature.signer == context.actor for signature in state.signing.signatures):
        raise SIGNED_ALREADY()
    if context.actor not in approvers(found, state.signing):
        raise NOT_APPROVER()
    return found, state.signing


@plan.decides(SignPlan)
def sign_plan(state: PlanState, command: SignPlan, context: Context) -> list[Event]:
    """An approver of the waiting step signs the present hash; a person counts once (R5.1, R5.4)."""
    found, signing = waiting(state, command.hash, context)
    remind_at, escalate_at = _patience(found, context)
    return [
        PlanSigned(
            hash=command.hash,
            step=signing.step,
            signer=context.actor,
            signed_at=context.at,
            complete=signing.step + 1 == len(found.steps),
            remind_at=remind_at,
            escalate_at=escalate_at,
        )
    ]


@plan.evolves(PlanSubmitted)
def plan_submitted(state: PlanState, event: PlanSubmitted) -> PlanState:
    signing = Signing(
        hash=event.hash,
        submitted_by=event.submitted_by,
        since=state.version + 1,
        remind_at=event.remind_at,
        escalate_at=event.escalate_at,
    )
    return state.model_copy(update={"signing": signing})


@plan.evolves(PlanSigned)
def plan_signed(state: PlanState, event: PlanSigned) -> PlanState:
    if state.signing is None:
        return state
    signature = Signature(step=event.step, signer=event.signer, hash=event.hash, at=event.signed_at)
    signing = state.signing.model_copy(
        update={
            "signatures": (*state.signing.signatures, signature),
            "complete": event.complete,
            "since": state.version + 1,
            "remind_at": event.remind_at,
            "escalate_at": event.escalate_at,
            "reminded": False,
            "escalated": False,
            "escalated_to": None,
            "escalated_since": 0,
        }
    )
    return state.model_copy(update={"signing": signing})
