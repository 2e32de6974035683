"""The numbers of rules.md as policy values of a cycle, and the two presets.

Every default names its rule. `SCORING` is the part that freezes when negotiate closes (R2.5): the plan's hash covers
it, so a signature is a signature under these rules.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from domain.canonical import canonical_bytes, content_hash
from domain.directory.state import Role
from domain.values import Duration, Elapsed, Frozen, Number, Share, Weight, WorkingDays


class Framework(StrEnum):
    """The instruments a cycle runs (R1)."""

    KPI = "kpi"
    OKR = "okr"
    COMPOSITE = "composite"


class Relation(StrEnum):
    """Who signs, seen from the plan's owner (R5.2)."""

    MANAGER = "manager"
    MANAGERS_MANAGER = "managers_manager"


class ApprovalStep(Frozen):
    """One step of the chain: anyone it names may sign it (R5.2)."""

    relation: Relation
    otherwise: Role = Role.BOARD_APPROVER
    """Who signs where the line has nobody there."""


class Payout(Frozen):
    """What a KPI pays at its three points, in percent; linear between, 0 below threshold, capped at stretch (R3.3)."""

    threshold: Number = Decimal(60)
    target: Number = Decimal(100)
    stretch: Number = Decimal(120)


class ScoringRules(Frozen):
    """How goals are weighed and graded."""

    progress_floor: Share = Decimal(0)
    """Progress counts from here (R3.1)."""
    progress_cap: Share = Decimal(1)
    payout: Payout = Payout()
    weight_least: Weight = Decimal(1)
    """Percentage points (R3.4)."""
    weight_most: Weight = Decimal(100)

    @property
    def hash(self) -> str:
        """What a plan's hash covers of the rules."""
        return content_hash("scoring/1", canonical_bytes(self))


class Policy(Frozen):
    """Every number of rules.md that this cycle runs by."""

    preset: Literal["light", "formal"] = "formal"
    scoring: ScoringRules = ScoringRules()
    chain: tuple[ApprovalStep, ...] = Field(
        default=(ApprovalStep(relation=Relation.MANAGER), ApprovalStep(relation=Relation.MANAGERS_MANAGER)),
        min_length=1,
        max_length=5,
    )
    approach_required: bool = True
    """An OKR states its path and method (R1.2)."""
    reasons_required: bool = True
    """A counter-proposal gives a reason for each changed target, weight, date or kind (R4.1)."""
    turn: Duration = WorkingDays(days=3)
    """How long a side has to answer a proposal before it is reminded (R4.3)."""
    mediation_after: Duration = WorkingDays(days=3)
    """How long after that reminder an unanswered proposal goes to the mediator (R4.3; ours)."""
    rounds_most: int = Field(default=3, ge=1)
    """Proposals by either side before only mediation is left (R4.3)."""
    assignment_served: Duration = WorkingDays(days=3)
    """After this an unanswered assignment counts as served (R2.4)."""
    signature_reminder: Duration = WorkingDays(days=2)
    """How long a signature may wait before a reminder (R5.6)."""
    signature_escalation: Duration = WorkingDays(days=5)
    """How long a signature may wait before it goes to the next level (R5.6)."""
    escalation_share: Share = Decimal("0.666666667")
    """... or this share of what is left of the commit window, whichever is first (R5.6)."""
    check_in_every: Duration = WorkingDays(days=5)
    """The rhythm of check-ins and of the digest (R6.1, R6.4)."""
    result_served: Duration = WorkingDays(days=5)
    """After this an unanswered result is deemed served (R7.4)."""
    resume_grace: Duration = WorkingDays(days=1)
    """After a hold, how long people have before what fell due within it does (R2.6; ours)."""
    gate_look: Elapsed = Elapsed(seconds=60)
    """After a failed gate the blockers are looked at again at most this often (R2.3)."""
    closing_lapses: Elapsed = Elapsed(seconds=30)
    """A closing that is not finished by then is released."""
    objectives_least: int = Field(default=3, ge=0)
    objectives_most: int = Field(default=5, ge=1)
    key_results_least: int = Field(default=2, ge=0)
    key_results_most: int = Field(default=5, ge=1)
    """R3.5: outside these a submitted plan carries a finding."""

    @model_validator(mode="after")
    def _ordered(self) -> Policy:
        if self.scoring.weight_least > self.scoring.weight_most:
            raise ValueError("scoring.weight_least is above scoring.weight_most")
        for name, value in self:
            if isinstance(value, WorkingDays | Elapsed):
                length = value.days if isinstance(value, WorkingDays) else value.seconds
                # A rhythm of no time would owe a digest, or a closing, again and again for ever.
                if length < (1 if name in ("check_in_every", "closing_lapses") else 0):
                    raise ValueError(f"{name} is too short")
        return self


def preset(name: Literal["light", "formal"]) -> Policy:
    """The policy a preset stands for; a cycle may alter any value of it."""
    if name == "formal":
        return Policy()
    return Policy(
        preset="light",
        chain=(ApprovalStep(relation=Relation.MANAGER),),
        approach_required=False,
        reasons_required=False,
        check_in_every=WorkingDays(days=10),
    )
