"""What the second book keeps of people, plans and goals, and who stands where by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.goals import plan_hash
from domain.messages import Event
from domain.plan import drafting, receiving
from domain.values import plan_id
from tests.domain.book.metrics import Metric

PHASES = ["draft", "negotiate", "commit", "track", "retrospect"]
LAPSE = timedelta(seconds=30)
STEPS = 2
ROUNDS = 3
assert [phase.value for phase in Phase] == PHASES


@dataclass
class Person:
    manager: UUID | None
    active: bool = True
    board: bool = False


@dataclass
class Goal:
    kind: str
    hash: str
    weight: Decimal
    rounds: int = 0
    open_rounds: int = 0
    """Since both sides last agreed."""
    stood: dict[str, tuple[Decimal, set[str]]] = field(default_factory=dict)
    """Every content it ever had: its weight, and who stood by it when it was left."""
    accepted: set[str] = field(default_factory=set)
    blocking: set[UUID] = field(default_factory=set)
    """Comments that must be resolved first."""
    imposed: bool = False
    mediating: bool = False
    assigner: UUID | None = None
    author: UUID | None = None
    objected: str | None = None
    """The content that an open objection speaks of."""
    left: str | None = None
    """The content that an objection spoke of when another one replaced it."""
    received: bool = False
    final: bool = False
    reported: datetime | None = None

    @property
    def agreed(self) -> bool:
        return self.received if self.kind == "kpi" else self.imposed or self.accepted == {"owner", "counterpart"}


@dataclass
class Plan:
    owner: UUID
    person: UUID
    goals: dict[UUID, Goal] = field(default_factory=dict)
    submitted: bool = False
    signers: list[UUID] = field(default_factory=list)
    asked_besides: set[UUID] = field(default_factory=set)
    """By escalation of the step that waits."""
    base: tuple[dict[UUID, Goal], list[UUID]] | None = None
    """While it is amended: the goals and the signers of what is in force."""
    receipt: str = ""
    told: set[tuple[str, UUID | None, int]] = field(default_factory=set)
    looks: dict[UUID, tuple[int, bool]] = field(default_factory=dict)
    """What it knows of each metric: the version that counts, and whether it is retired."""
    version: int = 0

    @property
    def signed(self) -> bool:
        return self.submitted and len(self.signers) == STEPS

    @property
    def in_force(self) -> dict[UUID, Goal]:
        return self.goals if self.base is None else self.base[0]


@dataclass
class Book:
    """All that is kept, and what is asked of it everywhere."""

    cycle: UUID
    people: dict[UUID, Person] = field(default_factory=dict)
    teams: dict[UUID, UUID] = field(default_factory=dict)
    participants: dict[UUID, bool] = field(default_factory=dict)
    joined_in_track: set[UUID] = field(default_factory=set)
    plans: dict[UUID, Plan] = field(default_factory=dict)
    phase: str = "draft"
    deadlines: dict[str, datetime] = field(default_factory=dict)
    facilitator: UUID | None = None
    scoring: str = ""
    closing_since: datetime | None = None
    told_of_gate: bool = False
    results: dict[UUID, str] | None = None
    looked_since: datetime | None = None
    digests: int = 0
    closed: bool = False
    last_at: datetime | None = None
    later: list[tuple[datetime, Event]] = field(default_factory=list)
    asked: dict[UUID, tuple[UUID, UUID, UUID]] = field(default_factory=dict)
    """Alignments by id: child goal, parent goal, who answers."""
    parent_in: dict[UUID, UUID] = field(default_factory=dict)
    """The plan of each alignment's parent."""
    above: dict[UUID, tuple[UUID, UUID]] = field(default_factory=dict)
    """The accepted ones: child goal, parent goal."""
    hashes: dict[UUID, str | None] = field(default_factory=dict)
    """What each alignment's child knows of its parent."""
    moving: dict[UUID, Goal] = field(default_factory=dict)
    """Goals that left a plan and have not come into another yet."""
    moving_key_results: dict[UUID, receiving.KeyResultTransferred] = field(default_factory=dict)
    admin: UUID | None = None
    period_ends: datetime | None = None
    metrics: dict[UUID, Metric] = field(default_factory=dict)
    named: dict[str, set[tuple[UUID, int]]] = field(default_factory=dict)
    """The metrics, each at a version, that a content names: by its hash."""

    def line(self, person: UUID) -> list[UUID]:
        found, above = [], self.people[person].manager
        while above is not None:
            if self.people[above].active:
                found.append(above)
            above = self.people[above].manager
        return found

    def signers_of(self, owner: UUID, step: int) -> set[UUID]:
        line = self.line(owner)
        if step < len(line):
            return {line[step]}
        return {one for one, person in self.people.items() if person.active and person.board} - {owner, *line}

    def may_sign(self, plan: Plan) -> set[UUID]:
        found = self.signers_of(plan.person, len(plan.signers)) | plan.asked_besides
        return {person for person in found if self.people[person].active} - {plan.person, *plan.signers}

    def side(self, plan: Plan, actor: UUID) -> str:
        return "owner" if actor == plan.person else "counterpart"

    def taking_part(self) -> list[UUID]:
        return [owner for owner, takes_part in self.participants.items() if takes_part]

    def plan_of(self, ref: Ref, event: Event) -> Plan:
        if isinstance(event, drafting.PlanOpened):
            assert ref.stream == plan_id(self.cycle, event.owner)
            self.plans[event.owner] = Plan(event.owner, self.teams.get(event.owner, event.owner))
        plan = next(plan for owner, plan in self.plans.items() if plan_id(self.cycle, owner) == ref.stream)
        plan.version += 1
        return plan

    def hash_of(self, plan: Plan) -> str:
        return plan_hash((goal.hash for goal in plan.goals.values()), self.scoring)

    def stage(self, plan: Plan) -> str:
        own = plan.base is not None or self.catches_up(plan)
        return "commit" if self.phase == "track" and own else self.phase

    def catches_up(self, plan: Plan) -> bool:
        """Whether who joined in track has no signed plan yet."""
        joined = self.phase == "track" and plan.owner in self.joined_in_track
        return joined and plan.base is None and not plan.signed
