"""What must be true of a cycle, told a second time and in another way than the rules tell it.

The model sees who did what, and events; it never looks at a state, a hash or a gate of the rules. Content is compared
as bytes, agreement and signatures are counted by person, and each gate is stated anew.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from domain.canonical import canonical_bytes
from domain.cycle.closing import CycleClosed, GateFailed, PhaseClosed, PhaseClosing
from domain.cycle.exceptions import DeadlineExtended, PhaseReopened
from domain.cycle.opening import CycleOpened
from domain.cycle.participation import ParticipantEnrolled, ParticipantExcused
from domain.cycle.recomputing import DeadlinesRecomputed
from domain.cycle.results import ResultsPublished
from domain.cycle.windows import Phase
from domain.messages import Event
from domain.plan.amending import AmendmentRequested, RevertedToSigned
from domain.plan.drafting import AssignmentAcknowledged, GoalAssigned, GoalDrafted
from domain.plan.dropping import GoalAbandoned
from domain.plan.duties import AssignmentServed, ResultServed
from domain.plan.mediation import RevisionImposed
from domain.plan.negotiation import RevisionAccepted, RevisionProposed
from domain.plan.objection import AssignmentObjected, ObjectionDecided
from domain.plan.result import ResultAcknowledged
from domain.plan.sending_back import SignatureWithdrawn
from domain.plan.signing import PlanSigned, PlanSubmitted
from domain.plan.tracking import CheckedIn
from domain.plan.transferring import GoalReceived, GoalTransferred
from domain.plan.voiding import SignaturesVoided
from domain.plan.withdrawing import RevisionWithdrawn
from domain.values import SYSTEM

STEPS = 2
"""The formal chain: manager and manager's manager (R5.2)."""


@dataclass
class GoalFacts:
    """What happened to one goal since its content last changed."""

    kind: str
    content: bytes
    weight: Decimal
    accepted_by: set[UUID] = field(default_factory=set)
    imposed: bool = False
    received: bool = False
    final: bool = False

    def agreed(self, person: UUID) -> bool:
        """An OKR by its owner and another person, a KPI by receipt (R2.4, R4.1)."""
        if self.kind == "kpi":
            return self.received
        return self.imposed or (person in self.accepted_by and len(self.accepted_by) > 1)


@dataclass
class PlanFacts:
    """What happened to one plan."""

    person: UUID
    """Who answers for it."""
    goals: dict[UUID, GoalFacts] = field(default_factory=dict)
    before: dict[UUID, GoalFacts] = field(default_factory=dict)
    """What the revision on the table replaced."""
    submitted: bool = False
    signatures: list[tuple[UUID, list[bytes]]] = field(default_factory=list)
    """Who signed, and what the plan said then."""
    received: bool = False
    """The published result."""
    late: bool = False
    """Its owner joined in track."""
    base: tuple[dict[UUID, GoalFacts], list[tuple[UUID, list[bytes]]]] | None = None
    """While it is amended: what was signed, and who signed it."""

    def content(self) -> list[bytes]:
        return sorted(goal.content for goal in self.goals.values())

    @property
    def in_force(self) -> dict[UUID, GoalFacts]:
        return self.goals if self.base is None else self.base[0]

    def open_again(self) -> None:
        self.submitted, self.signatures = False, []

    @property
    def agreed(self) -> bool:
        return all(goal.agreed(self.person) for goal in self.goals.values())

    @property
    def signed(self) -> bool:
        """Enough different people, none of them its own, over what it says now (R5.1, R5.4)."""
        return self.submitted and len(self.signatures) == STEPS


@dataclass
class CycleModel:
    """The cycle and its plans, as far as rules must agree with them."""

    plans: dict[UUID, PlanFacts]
    phase: Phase = Phase.DRAFT
    deadlines: dict[Phase, datetime] = field(default_factory=dict)
    participants: set[UUID] = field(default_factory=set)
    published: bool = False
    closed: bool = False
    moving: dict[UUID, GoalFacts] = field(default_factory=dict)
    """What left one plan and has not come into the other yet."""

    def gate_holds(self) -> bool:
        """Whether the present phase may close (R2.4)."""
        plans = [self.plans[owner] for owner in self.participants]
        match self.phase:
            case Phase.DRAFT:
                return all(plan.goals for plan in plans)
            case Phase.NEGOTIATE:
                return all(plan.goals and plan.agreed for plan in plans)
            case Phase.COMMIT:
                return all(plan.signed for plan in plans)
            case Phase.TRACK:
                if any(plan.late and not plan.signed and not plan.base for plan in plans):
                    return False
                final = all(goal.final for plan in plans for goal in plan.in_force.values())
                return final and not any(plan.base for plan in plans)
            case Phase.RETROSPECT:
                return self.published and all(plan.received for plan in plans)

    def learn(self, event: Event, actor: UUID, at: datetime, owner: UUID | None) -> None:
        """What an event tells, and whether it could happen. `owner`: whose plan it is of; None: not of a plan."""
        if owner is not None:
            self._learn_of_plan(self.plans[owner], event, actor)
            return
        match event:
            case CycleOpened():
                self.participants, self.deadlines = set(event.participants), dict(event.deadlines)
            case ParticipantEnrolled():
                self.participants.add(event.owner)
                self.plans[event.owner].late = event.late_in is Phase.TRACK
            case ParticipantExcused():
                self.participants.discard(event.owner)
            case DeadlineExtended() | DeadlinesRecomputed():
                self.deadlines = dict(event.deadlines)
            case GateFailed():
                assert at >= self.deadlines[self.phase], "a gate failed before its deadline"
                assert not self.gate_holds(), "a gate failed that holds"
            case PhaseClosing():
                assert self.gate_holds(), f"{self.phase} began to close over a failing gate"
            case PhaseClosed():
                assert event.phase is self.phase, "another phase closed than the present one"
                assert self.gate_holds(), f"{self.phase} closed over a failing gate"
                self.phase = self.phase.next or self.phase
            case CycleClosed():
                self.closed = True
            case ResultsPublished():
                self.published = True
            case PhaseReopened():
                self.phase, self.deadlines = event.phase, dict(event.deadlines)
                self.published = self.closed = False
                for plan in self.plans.values():
                    plan.received = False
            case _:
                pass

    def _learn_of_plan(self, plan: PlanFacts, event: Event, actor: UUID) -> None:
        match event:
            case GoalDrafted() | GoalAssigned():
                definition = event.definition
                facts = GoalFacts(definition.kind, canonical_bytes(definition), definition.weight)
                assert event.goal not in plan.goals, "a goal came about twice"
                assert definition.kind == "okr" or actor != plan.person, "an owner assigned their own KPI"
                plan.goals[event.goal] = facts
                plan.open_again()
            case RevisionProposed():
                goal = plan.before[event.goal] = plan.goals[event.goal]
                if goal.content != canonical_bytes(event.definition):
                    plan.open_again()
                plan.goals[event.goal] = GoalFacts(
                    goal.kind, canonical_bytes(event.definition), event.definition.weight, {actor}
                )
            case RevisionWithdrawn():
                back = event.back
                assert plan.goals[event.goal].accepted_by == {actor}, "somebody else's revision was withdrawn"
                plan.goals[event.goal] = plan.before[event.goal]
                assert plan.goals[event.goal].content == canonical_bytes(back.definition)
            case RevisionImposed():
                assert actor != plan.person, "an owner imposed something on themselves"
                assert event.definition.kind == "okr"
                content, weight = canonical_bytes(event.definition), event.definition.weight
                plan.goals[event.goal] = GoalFacts("okr", content, weight, imposed=True)
            case AssignmentObjected():
                assert actor == plan.person, "somebody else objected to a KPI"
                assert not plan.submitted
                plan.goals[event.goal].received = False
            case ObjectionDecided():
                assert actor != plan.person, "an owner decided on their own objection"
                plan.goals[event.goal].received = True
            case RevisionAccepted():
                plan.goals[event.goal].accepted_by.add(actor)
            case GoalAbandoned():
                assert (actor == plan.person) == (plan.goals.pop(event.goal).kind == "okr"), "another dropped it"
                plan.open_again()
            case GoalTransferred():
                self.moving[event.goal] = plan.goals.pop(event.goal)
                plan.open_again()
            case GoalReceived():
                goal = self.moving.pop(event.goal)
                assert goal.content == canonical_bytes(event.definition), "a goal changed on the way"
                standing = {actor} if event.on_the_table else set()
                plan.goals[event.goal] = GoalFacts(goal.kind, goal.content, goal.weight, standing)
                plan.open_again()
            case AssignmentAcknowledged():
                assert actor == plan.person, "somebody else received a KPI"
                plan.goals[event.goal].received = True
            case AssignmentServed():
                assert actor == SYSTEM
                plan.goals[event.goal].received = True
            case PlanSubmitted():
                assert actor == plan.person, "somebody else submitted a plan"
                assert plan.goals, "an empty plan was submitted"
                assert plan.agreed, "a plan was submitted before it was agreed"
                for kind in {goal.kind for goal in plan.goals.values()}:
                    weights = [goal.weight for goal in plan.goals.values() if goal.kind == kind]
                    assert sum(weights) == 100, "weights do not total 100"
                plan.open_again()
                plan.submitted = True
            case PlanSigned():
                assert plan.submitted, "a plan was signed that nobody submitted"
                assert actor != plan.person, "somebody signed their own plan"
                assert actor not in [signer for signer, _ in plan.signatures], "somebody signed twice"
                plan.signatures.append((actor, plan.content()))
                assert event.complete == (len(plan.signatures) == STEPS)
                if event.complete:
                    plan.base = None
            case SignatureWithdrawn():
                signers = [signer for signer, _ in plan.signatures]
                plan.signatures = plan.signatures[: signers.index(actor)]
            case AmendmentRequested():
                assert plan.signed, "what nobody signed is amended"
                plan.base = deepcopy(plan.goals), plan.signatures
                plan.open_again()
            case RevertedToSigned():
                assert plan.base is not None, "reverted, and not amended"
                (plan.goals, plan.signatures), plan.base, plan.submitted = plan.base, None, True
            case SignaturesVoided():
                plan.open_again()
            case CheckedIn():
                assert actor == plan.person, "somebody else reported"
                reported, amended = plan.in_force[event.goal], plan.goals.get(event.goal)
                reported.final = event.final
                if amended is not None and amended.content == reported.content:
                    amended.final = event.final
            case ResultAcknowledged() | ResultServed():
                assert self.published, "a result was received that is not published"
                assert actor in (plan.person, SYSTEM)
                plan.received = True
            case _:
                pass
