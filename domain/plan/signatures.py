"""What is known of a submitted plan on its way through the chain: signatures, and how long each step has waited."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from pydantic import Field

from domain.plan.diff import Changed
from domain.plan.talks import Side
from domain.values import Frozen, Instant


class Signature(Frozen):
    """Who signed which step of which hash, for whom, and by which way."""

    step: int
    signer: UUID
    hash: str
    at: Instant
    on_behalf_of: UUID | None = None
    """Whose delegate signed (R5.5)."""
    via: str | None = None
    """`person`, `role`, `relation`, `delegate`, `escalation` or `acceptance`; None before that was kept."""
    meaning: str | None = None
    """`approves_plan` or `accepted_in_negotiation` (R5.3)."""
    version: int = 0
    """The plan's version that holds it: what changed since is shown from there."""


class Asked(Frozen):
    """A step that opens, and whom it asks: those it names and their delegates."""

    step: int
    people: tuple[UUID, ...]


class StepWait(Frozen):
    """How long an open step has waited, and whom it went to besides (R5.6)."""

    since: int
    """The version since which it waits."""
    remind_at: Instant
    escalate_at: Instant
    reminded: bool = False
    escalated: bool = False
    escalated_to: tuple[UUID, ...] = ()
    """Who may sign it besides; empty with `escalated` where nobody was left to ask."""
    escalated_since: int = 0
    """The version of its last escalation."""
    again: bool = False
    """Whether it escalates once more at `escalate_at`."""
    asked: frozenset[UUID] | None = None
    """Whom it was last said to ask; None before that was kept."""
    asked_at: Instant | None = None
    asked_since: int = 0
    """The version that said whom it asks."""


class Signing(Frozen):
    """A submitted plan on its way through the chain."""

    hash: str
    submitted_by: UUID
    signatures: tuple[Signature, ...] = ()
    done: frozenset[int] = frozenset()
    """The steps that are signed through."""
    waits: dict[int, StepWait] = Field(default_factory=dict)
    """The steps that are open."""
    alone: frozenset[UUID] = frozenset()
    """Who wrote all of it, where nobody else agreed to any of it: no approver of it (R5.4)."""
    complete: bool = False

    @property
    def step(self) -> int:
        """The first step that waits, counted from 0."""
        return min(self.waits, default=len(self.done))

    @property
    def since(self) -> int:
        """The version since which the step that waits longest has waited."""
        return min((wait.since for wait in self.waits.values()), default=0)

    @property
    def remind_at(self) -> datetime:
        """The next reminder; of a plan that waits for signatures."""
        return min(wait.remind_at for wait in self.waits.values())

    @property
    def escalate_at(self) -> datetime:
        """The next escalation; of a plan that waits for signatures."""
        return min(wait.escalate_at for wait in self.waits.values())

    @property
    def escalated(self) -> bool:
        """Whether a step that waits has gone up."""
        return any(wait.escalated for wait in self.waits.values())

    @property
    def escalated_to(self) -> UUID | None:
        """Whom a waiting step went to last."""
        return next((to for wait in self.waits.values() for to in reversed(wait.escalated_to)), None)

    def with_signature(self, signature: Signature) -> Signing:
        """The same with one signature more."""
        return self.model_copy(update={"signatures": (*self.signatures, signature)})

    def with_wait(self, step: int, wait: StepWait) -> Signing:
        """The same with another wait of one step."""
        return self.model_copy(update={"waits": {**self.waits, step: wait}})


def opened_waits(
    opens: Iterable[Asked], version: int, at: datetime | None, remind_at: datetime, escalate_at: datetime
) -> dict[int, StepWait]:
    """The waits of steps that open."""
    return {
        one.step: StepWait(
            since=version,
            remind_at=remind_at,
            escalate_at=escalate_at,
            asked=frozenset(one.people),
            asked_at=at,
            asked_since=version,
        )
        for one in opens
    }


class VoidedSignature(Frozen):
    """A signature that no longer counts, and why (R5.1)."""

    signature: Signature
    reason: str
    """A stable code, of `domain.words.VOIDED`."""
    by: UUID | None
    side: Side | None = None
    changed: tuple[Changed, ...] = ()
    """What of a goal was changed."""
    at_version: int
