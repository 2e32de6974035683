"""What is known of one goal in its plan: where its negotiation stands, what was reported, who sees it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import Field

from domain.goals import GoalDefinition, Okr
from domain.key_results import Zone
from domain.plan.links import Contributor
from domain.plan.talks import Comment, Escalation, Mediation, Objection, Side, Standing
from domain.plan.tallies import Baseline, Tally
from domain.sealed import AuthorText
from domain.values import Frozen, Instant, Number, Share

Audience = Literal["default", "organization", "chain", "private"]
"""Who sees a goal (R8): by its kind; everybody; the chain; or only who writes, negotiates or signs it."""


class Reading(Frozen):
    """A value of one measure at one check-in. Typed by the owner it is *claimed* (R6.2)."""

    measure: UUID
    """A key result's id, or the goal's own id for a KPI."""
    value: Number | None = None
    """A number; of a yes or no 1 or 0."""
    of: Number | None = None
    """What the value is out of, where a ratio of sums is read (R3.2)."""
    done: tuple[UUID, ...] | None = None
    """The milestones reached so far."""
    zone: Zone | None = None
    """The zone reached of an ordinal key result."""


class Reflection(Frozen):
    """What was learned on the path (R7.5)."""

    what_happened: AuthorText
    why: AuthorText
    learned: AuthorText
    next_step: Literal["keep", "stop", "try"]


class Goal(Frozen):
    """A goal in its plan, at its latest revision."""

    id: UUID
    definition: GoalDefinition
    hash: str
    number: int = 1
    """Which revision this is."""
    numbered: int = 1
    """The highest number given so far: a withdrawn revision keeps its own."""
    round: int = 0
    """The last round of negotiation, a withdrawn one too; 0 before the first proposal (R4.1)."""
    rounds: int = 0
    """Rounds since the last agreement, of which there are only so many (R4.3)."""
    first_author: UUID
    author: UUID
    accepted: frozenset[Side] = frozenset()
    """The sides that accepted exactly this hash."""
    accepted_by: frozenset[UUID] = frozenset()
    """The people who did; nobody of before that was kept."""
    turn: Side | None = None
    """Who has to answer."""
    turn_due: Instant | None = None
    turn_since: int = 0
    turn_reminded: bool = False
    mediate_at: Instant | None = None
    """When an unanswered turn goes to the mediator (R4.3)."""
    before: Standing | None = None
    """What withdrawing the revision on the table brings back; None once it is accepted or withdrawn."""
    original: GoalDefinition | None = None
    """What was signed first, once the plan is or was amended (R5.7)."""
    comments: dict[UUID, Comment] = Field(default_factory=dict)
    """What was said of its revisions, in order (R4.4)."""
    mediation: Mediation | None = None
    """Somebody above both sides is asked (R4.3)."""
    imposed: str | None = None
    """The hash that a mediator imposed: it lies outside the definition, for a mark changes no hash (R4.3)."""
    assigned_by: UUID | None = None
    """KPI: who assigned it."""
    receipt: Literal["acknowledged", "served", "decided"] | None = None
    """KPI: how the owner received this hash, or that an objection to it was decided."""
    objection: Objection | None = None
    """KPI: the last one, decided or not (R4.2)."""
    served_at: Instant | None = None
    readings: dict[UUID, Reading] = Field(default_factory=dict)
    """The last of each measure."""
    tallies: dict[UUID, Tally] = Field(default_factory=dict)
    """What all readings make together: of a KPI, and of each key result that is kept in a band."""
    found_baseline: Baseline | None = None
    """KPI: measured after it was assigned. It lies outside the definition: it changes no hash (R3.2)."""
    confidence: Share | None = None
    status: str | None = None
    final: bool = False
    """The final values are in (R2.4)."""
    checked_in_at: Instant | None = None
    late_entries: int = 0
    """Check-ins behind the end of track: in the history, in no result (R2.7)."""
    reflection: Reflection | None = None
    audience: Audience = "default"
    """Who may see it (R8)."""
    viewers: frozenset[UUID] = frozenset()
    """Who may see it besides."""
    orphan: AuthorText | None = None
    """Why it has no parent (R3.7)."""
    contributors: dict[UUID, Contributor] = Field(default_factory=dict)
    """Who shares it, or was asked to; the rest of it is the owner's (R3.9)."""
    from_plan: UUID | None = None
    """The plan that it was transferred from."""
    key_results_from: dict[UUID, UUID] = Field(default_factory=dict)
    """Which of its key results came from goals of other plans, and which plans these are (R3.9)."""
    escalation: Escalation | None = None
    """The owner cannot promise it, and somebody above knows (R3.6)."""
    pay_linked: bool = False
    """Pay depends on it (R7.6)."""

    @property
    def agreed(self) -> bool:
        """OKR: both sides accepted one content hash, or it was imposed (R4.1, R4.3). KPI: it was received (R2.4)."""
        if self.definition.kind == "okr":
            return len(self.accepted) == 2 or self.imposed == self.hash
        return self.receipt is not None

    @property
    def baseline(self) -> Decimal | None:
        """KPI: where it began, as its definition says, else as it was found in the unit that still counts (R3.2)."""
        if self.definition.kind == "okr":
            return None
        found = self.found_baseline
        if self.definition.baseline is None and found is not None and found.unit == self.definition.unit:
            return found.value
        return self.definition.baseline

    @property
    def objected(self) -> bool:
        """KPI: an objection to this very revision waits for its decision (R4.2)."""
        objection = self.objection
        return (
            objection is not None
            and objection.outcome is None
            and objection.number == self.number
            and self.receipt is None
        )

    @property
    def decision(self) -> Mediation | Objection | None:
        """What somebody above is asked to decide now (R4.2, R4.3)."""
        return self.objection if self.objected else self.mediation

    @property
    def on_the_table(self) -> bool:
        """OKR: somebody stands by this hash; not so for a draft, nor for one that was taken back (R4.1)."""
        return bool(self.accepted) or self.imposed == self.hash

    @property
    def proposed(self) -> bool:
        """Whether it has come before the other side: until then an OKR is its writers' own (R8)."""
        return self.definition.kind == "kpi" or (self.round > 0 and (self.on_the_table or self.agreed))

    def silent_since(self, since: datetime | None) -> bool:
        """Whether nothing was reported since then; without an instant, whether nothing ever was (R6.1)."""
        return self.checked_in_at is None or (since is not None and self.checked_in_at < since)


def key_results_of(goals: Iterable[Goal]) -> set[UUID]:
    """The ids of all their key results."""
    return {item.id for goal in goals if isinstance(goal.definition, Okr) for item in goal.definition.key_results}
