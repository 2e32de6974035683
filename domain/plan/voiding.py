"""A changed plan voids its signatures at once, and keeps the reason (R5.1)."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.messages import Event, Wake
from domain.plan.diff import Change, Changed, changed
from domain.plan.signatures import VoidedSignature
from domain.plan.state import PlanState, plan
from domain.plan.talks import Side


class SignaturesVoided(Event):
    """The plan is open again: what was submitted, and every signature on it, no longer counts."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT})

    hash: str
    """The hash that was signed."""
    reason: str
    """A stable code, of `domain.words.VOIDED`."""
    goal: UUID | None = None
    signers: tuple[UUID, ...] = ()
    by: UUID | None = None
    side: Side | None = None
    """On which side they are, where a goal was changed; absent before that was kept."""
    changed: tuple[Changed, ...] | None = None
    """What of it was changed."""


def void_signatures(
    state: PlanState,
    reason: str,
    goal: UUID | None = None,
    by: UUID | None = None,
    side: Side | None = None,
    changes: tuple[Change, ...] = (),
) -> list[Event]:
    """The event that voids what was submitted; nothing where nothing was."""
    if state.signing is None:
        return []
    signers = tuple(signature.signer for signature in state.signing.signatures)
    voided = SignaturesVoided(
        hash=state.signing.hash,
        reason=reason,
        goal=goal,
        signers=signers,
        by=by,
        side=side,
        changed=changed(changes) or None,
    )
    return [voided]


@plan.evolves(SignaturesVoided)
def signatures_voided(state: PlanState, event: SignaturesVoided) -> PlanState:
    signatures = state.signing.signatures if state.signing else ()
    voided = tuple(
        VoidedSignature(
            signature=item,
            reason=event.reason,
            by=event.by,
            side=event.side,
            changed=event.changed or (),
            at_version=state.version + 1,
        )
        for item in signatures
    )
    return state.model_copy(update={"signing": None, "voided": state.voided + voided})
