"""Ways in which a submitted plan goes back to its owner before it is signed through (R5.3).

Each keeps its reason, and voids the signatures that were given.
"""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from domain.cycle.windows import Phase
from domain.decider import Context
from domain.messages import Event
from domain.plan.approvers import asks
from domain.plan.chain import open_steps
from domain.plan.ground import admitted
from domain.plan.patience import signature_patience
from domain.plan.signatures import Asked, VoidedSignature, opened_waits
from domain.plan.signing import COMPLETE, NOT_SUBMITTED, require_hash, waiting
from domain.plan.state import PlanCommand, PlanState, plan
from domain.plan.voiding import void_signatures
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Hash, Instant

NOT_SIGNED = problem("signing.not_signed", 409, "You have not signed this plan.", "See the plan for who has signed it.")


class RejectPlan(PlanCommand):
    """Refuse the plan that was seen, with a reason; it goes back to its owner (R5.3)."""

    hash: Hash
    reason: AuthorText


class RequestChanges(PlanCommand):
    """Send the plan back naming the goals to change (R5.3)."""

    hash: Hash
    goals: tuple[UUID, ...] = Field(min_length=1)
    reason: AuthorText


class RecallPlan(PlanCommand):
    """The owner takes a submitted plan back before it is signed through (R5.3)."""

    reason: AuthorText


class WithdrawSignature(PlanCommand):
    """Take one's own signature back before the last one is given (R5.3)."""

    hash: Hash
    reason: AuthorText


class PlanRejected(Event):
    """An approver refused the plan."""

    hash: Hash
    step: int
    approver: UUID
    on_behalf_of: UUID | None = None
    """Whose delegate decided (R5.5)."""
    reason: AuthorText


class ChangesRequested(Event):
    """An approver sent the plan back."""

    hash: Hash
    step: int
    approver: UUID
    on_behalf_of: UUID | None = None
    goals: tuple[UUID, ...]
    reason: AuthorText


class PlanRecalled(Event):
    """The owner took the plan back."""

    hash: Hash
    reason: AuthorText


class SignatureWithdrawn(Event):
    """A signer took a signature back; those of later steps, which stood on it, no longer count either."""

    hash: Hash
    step: int
    signer: UUID
    signers: tuple[UUID, ...]
    """Whose signatures no longer count: the signer's, and those of later steps."""
    reason: AuthorText
    asks: tuple[Asked, ...]
    """The steps that are open now."""
    asked_at: Instant
    remind_at: Instant
    """For those that open again."""
    escalate_at: Instant


@plan.decides(RejectPlan)
def reject_plan(state: PlanState, command: RejectPlan, context: Context) -> list[Event]:
    """An approver refuses; earlier signatures are void with the reason kept (R5.3)."""
    _, _, step, seat = waiting(state, command.hash, context)
    rejected = PlanRejected(
        hash=command.hash,
        step=step,
        approver=context.actor,
        on_behalf_of=seat.on_behalf_of,
        reason=command.reason,
    )
    return [rejected, *void_signatures(state, "rejected", by=context.actor)]


@plan.decides(RequestChanges)
def request_changes(state: PlanState, command: RequestChanges, context: Context) -> list[Event]:
    """An approver names the goals to change (R5.3)."""
    _, _, step, seat = waiting(state, command.hash, context)
    for goal in command.goals:
        state.goal(goal)
    requested = ChangesRequested(
        hash=command.hash,
        step=step,
        approver=context.actor,
        on_behalf_of=seat.on_behalf_of,
        goals=command.goals,
        reason=command.reason,
    )
    return [requested, *void_signatures(state, "changes_requested", by=context.actor)]


@plan.decides(RecallPlan)
def recall_plan(state: PlanState, command: RecallPlan, context: Context) -> list[Event]:
    """Before the last signature; those already given are void with the reason kept (R5.3)."""
    admitted(state, context, Phase.COMMIT)
    if state.signing is None:
        raise NOT_SUBMITTED()
    if state.signing.complete:
        raise COMPLETE()
    recalled = PlanRecalled(hash=state.signing.hash, reason=command.reason)
    return [recalled, *void_signatures(state, "recalled", by=context.actor)]


@plan.decides(WithdrawSignature)
def withdraw_signature(state: PlanState, command: WithdrawSignature, context: Context) -> list[Event]:
    """Before the last signature; what was signed beside it stays, what came after it falls with it (R5.3, ours)."""
    found = admitted(state, context, Phase.COMMIT)
    require_hash(state, found, command.hash)
    signing = state.signing
    if signing is None:
        raise NOT_SUBMITTED()
    if signing.complete:
        raise COMPLETE()
    own = next((one for one in signing.signatures if one.signer == context.actor), None)
    if own is None:
        raise NOT_SIGNED()
    beside = {own.step, *open_steps(found.chain, range(own.step))}
    falls = [one for one in signing.signatures if one is own or (one.step > own.step and one.step not in beside)]
    done = signing.done - {one.step for one in falls}
    asked = asks(found, signing.alone, open_steps(found.chain, done))
    remind_at, escalate_at = signature_patience(found, context, asked)
    return [
        SignatureWithdrawn(
            hash=signing.hash,
            step=own.step,
            signer=context.actor,
            signers=tuple(one.signer for one in falls),
            reason=command.reason,
            asks=asked,
            asked_at=context.at,
            remind_at=remind_at,
            escalate_at=escalate_at,
        )
    ]


@plan.evolves(SignatureWithdrawn)
def signature_withdrawn(state: PlanState, event: SignatureWithdrawn) -> PlanState:
    """Steps that were open stay open as they were."""
    signing = state.signing
    if signing is None:
        return state
    version = state.version + 1
    fallen = [one for one in signing.signatures if one.signer in event.signers]
    voided = [VoidedSignature(signature=one, reason="withdrawn", by=event.signer, at_version=version) for one in fallen]
    opens = opened_waits(event.asks, version, event.asked_at, event.remind_at, event.escalate_at)
    changes = {
        "signatures": tuple(one for one in signing.signatures if one.signer not in event.signers),
        "done": signing.done - {one.step for one in fallen},
        "waits": {step: signing.waits.get(step, wait) for step, wait in opens.items()},
    }
    return state.model_copy(update={"signing": signing.model_copy(update=changes), "voided": (*state.voided, *voided)})


@plan.evolves(PlanRejected)
def plan_rejected(state: PlanState, event: PlanRejected) -> PlanState:
    del event
    return state


@plan.evolves(ChangesRequested)
def changes_requested(state: PlanState, event: ChangesRequested) -> PlanState:
    del event
    return state


@plan.evolves(PlanRecalled)
def plan_recalled(state: PlanState, event: PlanRecalled) -> PlanState:
    del event
    return state
