"""The numbers of rules.md as policy values of a cycle, and the two presets.

Every default names its rule; docs/policy.md argues each. What no organization can mean is refused at the field that
says it.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator, model_validator

from domain.cycle.scoring_rules import ScoringRules, not_below
from domain.directory.state import Role
from domain.values import Duration, Elapsed, Frozen, Share, Weight, WorkingDays


class Framework(StrEnum):
    """The instruments a cycle runs (R1)."""

    KPI = "kpi"
    OKR = "okr"
    COMPOSITE = "composite"


class Relation(StrEnum):
    """Who signs, seen from the plan's owner (R5.2)."""

    MANAGER = "manager"
    MANAGERS_MANAGER = "managers_manager"
    FUNCTIONAL_MANAGER = "functional_manager"
    UNIT_HR = "unit_hr"
    """Who looks after the people of the owner's unit."""
    FINANCE = "finance"
    """Who looks after the money of the owner's unit."""


class ApprovalStep(Frozen):
    """One step of the chain: whom it names, by exactly one of three ways, and how many of them sign it (R5.2)."""

    relation: Relation | None = None
    role: Role | None = None
    """Everybody who holds it in the whole organization."""
    person: UUID | None = None
    otherwise: Role = Role.BOARD_APPROVER
    """Who signs where nobody else is found."""
    needed: Literal["any", "all"] | Annotated[int, Field(strict=True, ge=1, le=50)] = "any"
    """Anybody it names, all of them, or so many."""
    beside: bool = False
    """Asked together with the step before it, not after it."""

    @model_validator(mode="after")
    def _one_way(self) -> ApprovalStep:
        if sum(way is not None for way in (self.relation, self.role, self.person)) != 1:
            raise ValueError("A step names its approvers by relation, role or person: by one of them.")
        return self

    @property
    def kind(self) -> Literal["relation", "role", "person"]:
        """By which way it names people."""
        if self.relation is not None:
            return "relation"
        return "role" if self.role is not None else "person"


class Policy(Frozen):
    """Every number of rules.md that this cycle runs by."""

    preset: Literal["light", "formal"] = "formal"
    scoring: ScoringRules = ScoringRules()
    chain: tuple[ApprovalStep, ...] = Field(
        default=(ApprovalStep(relation=Relation.MANAGER), ApprovalStep(relation=Relation.MANAGERS_MANAGER)),
        min_length=1,
        max_length=5,
    )
    acceptance_signs: bool = False
    """Who accepted every OKR's final hash and assigned every KPI has thereby signed their step, unless it is the last
    one (R5.3)."""
    approach_required: bool = True
    """An OKR states its path and method (R1.2)."""
    reasons_required: bool = True
    """A counter-proposal gives a reason for each changed target, weight, date or kind (R4.1)."""
    turn: Duration = WorkingDays(days=3)
    """How long a side has to answer a proposal before it is reminded (R4.3)."""
    mediation_after: Duration = WorkingDays(days=3)
    """How long after that reminder an unanswered proposal goes to the mediator, and what waits for the mediator or for
    who decides an objection to the next level (R4.3; ours)."""
    rounds_most: int = Field(default=3, ge=1)
    """Proposals by either side before only mediation is left (R4.3)."""
    objection_answer: Duration = WorkingDays(days=3)
    """How long whoever decides an objection has before being reminded (R4.2; ours)."""
    comments_most: int = Field(default=100, ge=1, le=1000)
    """Comments on one goal, which every command to its plan reads (R4.4; ours)."""
    assignment_served: Duration = WorkingDays(days=3)
    """After this an unanswered assignment counts as served (R2.4)."""
    alignment_answer: Duration = WorkingDays(days=3)
    """How long a requested alignment may wait before a reminder (ours)."""
    orphan_reason_required: bool = False
    """Refuse to submit an OKR without a parent that states no reason (R3.7); else it is a finding."""
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
    present_least: int = Field(default=20, ge=0)
    """Working days of the period that somebody with a leave must be present for, to take part (R2.6)."""
    resume_grace: Duration = WorkingDays(days=1)
    """After a hold, how long people have before what fell due within it does (R2.6; ours)."""
    gate_look: Elapsed = Elapsed(seconds=60)
    """After a failed gate the blockers are looked at again at most this often (R2.3)."""
    closing_lapses: Elapsed = Elapsed(seconds=30)
    """A closing that is not finished by then is released."""
    objectives_least: int = Field(default=3, ge=0)
    objectives_most: int = Field(default=5, ge=1, validate_default=True)
    key_results_least: int = Field(default=2, ge=0)
    key_results_most: int = Field(default=5, ge=1, validate_default=True)
    """R3.5: outside these a submitted plan carries a finding."""
    sizes_bind: bool = False
    """... or is not taken at all (R3.5)."""
    items_most: Weight = Decimal(20)
    """Percentage points: the most that a plan's bonus items add together, and its deduction items take (R3.3, ours)."""

    @field_validator("*")
    @classmethod
    def _takes_time(cls, value: object, info: ValidationInfo) -> object:
        # A rhythm of no time would owe a digest, or a closing, again and again for ever.
        least = 1 if info.field_name in ("check_in_every", "closing_lapses") else 0
        if isinstance(value, WorkingDays | Elapsed) and _length(value) < least:
            raise ValueError("The time is too short.")
        return value

    @field_validator("signature_escalation")
    @classmethod
    def _reminded_first(cls, value: Duration, info: ValidationInfo) -> Duration:
        reminder = info.data.get("signature_reminder")
        if isinstance(reminder, type(value)) and _length(value) < _length(reminder):
            raise ValueError("A signature is reminded before it escalates.")
        return value

    @field_validator("objectives_most", "key_results_most")
    @classmethod
    def _bounds(cls, most: int, info: ValidationInfo) -> int:
        return not_below(info, {"objectives_most": "objectives_least", "key_results_most": "key_results_least"}, most)


def _length(duration: WorkingDays | Elapsed) -> int:
    return duration.days if isinstance(duration, WorkingDays) else duration.seconds


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
