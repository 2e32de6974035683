"""What is known of a plan, and the questions its rules share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from domain.access.refusals import GOAL_UNKNOWN as GOAL_UNKNOWN
from domain.access.refusals import PLAN_UNKNOWN as PLAN_UNKNOWN
from domain.cycle.windows import Phase
from domain.decider import Decider, Ref
from domain.directory.state import DIRECTORY
from domain.goals import GoalDefinition, plan_hash
from domain.key_results import Zone
from domain.messages import Command
from domain.plan.links import Contributor, Edge
from domain.plan.signatures import Signing, VoidedSignature
from domain.plan.talks import Comment, Escalation, Mediation, Objection, Standing
from domain.plan.talks import Side as Side  # told here to those who speak of a goal's sides
from domain.plan.tallies import Baseline, Tally
from domain.sealed import AuthorText
from domain.values import Frozen, Instant, Number, Share, plan_id

Audience = Literal["default", "organization", "chain", "private"]
"""Who sees a goal (R8): by its kind; everybody; the chain; or only who writes, negotiates or signs it."""
NO_STREAMS: frozenset[UUID] = frozenset()


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


class Departed(Frozen):
    """A goal that was the plan's: abandoned, or transferred (R3.9)."""

    goal: Goal
    to: UUID | None = None
    """The plan that it was transferred to."""
    at_version: int
    """The plan's version that let it go."""
    edges: tuple[Edge, ...] = ()
    """Its alignments then."""


class Receipt(Frozen):
    """How a published result was received (R7.4)."""

    result: str
    """The result's hash."""
    how: Literal["assent", "dissent", "served"]


class Amendment(Frozen):
    """A signed plan that is being amended: what was signed stays in force meanwhile (R5.7)."""

    goals: dict[UUID, Goal]
    """As they were signed, with what was reported since."""
    signing: Signing
    by: UUID
    since: int


class PlanState(Frozen):
    """The plan after its events."""

    version: int = 0
    cycle: UUID | None = None
    owner: UUID | None = None
    goals: dict[UUID, Goal] = Field(default_factory=dict)
    signing: Signing | None = None
    amendment: Amendment | None = None
    voided: tuple[VoidedSignature, ...] = ()
    receipt: Receipt | None = None
    last_check_in: Instant | None = None
    edges: dict[UUID, Edge] = Field(default_factory=dict)
    """Alignments of its goals to parents, by id (R3.7)."""
    departed: dict[UUID, Departed] = Field(default_factory=dict)
    """Goals that left it."""

    @property
    def id(self) -> UUID:
        """The plan's own stream. Raises `plan.unknown`."""
        if self.cycle is None or self.owner is None:
            raise PLAN_UNKNOWN()
        return plan_id(self.cycle, self.owner)

    @property
    def signed(self) -> bool:
        """Whether every step of the chain signed exactly what the plan says now."""
        return self.signing is not None and self.signing.complete

    @property
    def in_force(self) -> Mapping[UUID, Goal]:
        """The goals that are tracked: while the plan is being amended those that were signed (R5.7)."""
        return self.goals if self.amendment is None else self.amendment.goals

    def stage(self, phase: Phase) -> Phase:
        """The phase by which its goals change and are signed: what is amended in track is in commit again (R5.7)."""
        return Phase.COMMIT if phase is Phase.TRACK and self.amendment is not None else phase

    def tracked(self, goal: UUID) -> Goal:
        """A goal that is in force. Raises `goal.unknown`."""
        found = self.in_force.get(goal)
        if found is None:
            raise GOAL_UNKNOWN(goal=str(goal))
        return found

    def with_report(self, goal: UUID, report: Mapping[str, Any], **told: Any) -> PlanState:
        """The plan with what was reported of a goal, in force and in its amendment alike; `told`: fields of its own."""
        amendment = self.amendment
        if amendment is None:
            known = self.goal(goal)
            goals = {**self.goals, known.id: known.model_copy(update=report)}
            return self.model_copy(update={"goals": goals, **told})
        signed = amendment.goals[goal]
        goals = {**amendment.goals, goal: signed.model_copy(update=report)}
        plan = self.model_copy(update={"amendment": amendment.model_copy(update={"goals": goals}), **told})
        amended = self.goals.get(goal)
        if amended is None:
            return plan
        # Final values are those of what was signed: what asks for others owes its own (R2.4).
        kept = {} if amended.hash == signed.hash else {"final": amended.final}
        return plan.with_goal(amended.model_copy(update={**report, **kept}))

    def received(self, result: str) -> bool:
        """Whether exactly this result was acknowledged or served (R7.4)."""
        return self.receipt is not None and self.receipt.result == result

    def goal(self, goal: UUID) -> Goal:
        """A goal of the plan. Raises `goal.unknown`."""
        found = self.goals.get(goal)
        if found is None:
            raise GOAL_UNKNOWN(goal=str(goal))
        return found

    def with_goal(self, goal: Goal) -> PlanState:
        """The plan with one goal replaced."""
        return self.model_copy(update={"goals": {**self.goals, goal.id: goal}})

    def without_goal(self, goal: UUID, to: UUID | None = None) -> PlanState:
        """The plan after a goal, and its alignments, left it."""
        edges = tuple(edge for edge in self.edges.values() if edge.goal == goal)
        gone = Departed(goal=self.goal(goal), to=to, at_version=self.version + 1, edges=edges)
        return self.model_copy(
            update={
                "goals": {id: kept for id, kept in self.goals.items() if id != goal},
                "edges": {id: edge for id, edge in self.edges.items() if edge.goal != goal},
                "departed": {**self.departed, goal: gone},
            }
        )

    def with_edge(self, edge: Edge) -> PlanState:
        """The plan with one alignment replaced."""
        return self.model_copy(update={"edges": {**self.edges, edge.id: edge}})

    def content_hash(self, scoring_hash: str) -> str:
        """What a signature binds (R5.1)."""
        return plan_hash((goal.hash for goal in self.goals.values()), scoring_hash)


class PlanCommand(Command):
    """A command to a plan."""

    def looks_at(self, stream: UUID, state: PlanState, states: Mapping[Ref, Any]) -> Iterable[Ref]:
        """The other streams that the rule looks at, as far as `states` tells already which they are."""
        del stream, state, states
        return ()


class OpeningCommand(PlanCommand):
    """A command that may be a plan's first: a plan's id is made of both and cannot be inverted."""

    opens = True

    cycle: UUID
    owner: UUID
    goal: UUID

    def subject_scope(self) -> UUID | None:
        return self.goal


def plan_needs(command: Command | None, stream: UUID, state: Any, states: Mapping[Ref, Any]) -> Sequence[Ref]:
    """A plan's rules stand on its cycle and the directory; an alignment looks up at other plans. So does the agenda: a
    look is owed where a parent has changed.
    """
    cycle = state.cycle or (command.cycle if isinstance(command, OpeningCommand) else None)
    refs = [DIRECTORY] if cycle is None else [DIRECTORY, Ref("cycle", cycle)]
    if command is None:
        return [*refs, *(Ref("plan", above) for above in rests_on(state))] if state.edges else refs
    if isinstance(command, PlanCommand):
        refs += command.looks_at(stream, state, states)
    return refs


def rests_on(state: PlanState) -> frozenset[UUID]:
    """The other plans whose facts may change this plan's agenda: those of its goals' parents."""
    if not state.edges:
        return NO_STREAMS
    return frozenset(edge.parent.plan for edge in state.edges.values() if edge.state == "accepted") - {state.id}


def _owner_of(state: PlanState, command: Command | None) -> UUID | None:
    return state.owner or (command.owner if isinstance(command, OpeningCommand) else None)


plan = Decider(
    kind="plan",
    initial=PlanState(),
    needs=plan_needs,
    owner_of=_owner_of,
    parent_of=lambda state: state.cycle,
    rests_on=rests_on,
)
