"""A second, smaller book of a cycle, kept from nothing but the events: what must be true of each when it is written.

It shares no rule with the domain: who may sign is looked up in a line of its own, whether a gate holds is counted from
its own goals and signatures. What both books disagree on is a bug in one of them.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from domain.cycle import closing, exceptions, opening, participation
from domain.cycle.recomputing import DeadlinesRecomputed
from domain.cycle.results import DigestSent, ResultsPublished
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.directory import founding, lines, people, roles, teams
from domain.directory.state import Role
from domain.goals import goal_hash, plan_hash
from domain.messages import Event
from domain.plan import (
    alignment,
    alignment_answers,
    amending,
    comments,
    drafting,
    dropping,
    duties,
    escalating,
    mediation,
    moving,
    negotiation,
    objection,
    parent_change,
    pay,
    result,
    sending_back,
    sharing,
    signing,
    tracking,
    transferring,
    visibility,
    voiding,
    withdrawing,
)
from domain.values import SYSTEM, plan_id

PHASES = ["draft", "negotiate", "commit", "track", "retrospect"]
LAPSE = timedelta(seconds=30)
STEPS = 2
ROUNDS = 3


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
    version: int = 0

    @property
    def signed(self) -> bool:
        return self.submitted and len(self.signers) == STEPS

    @property
    def in_force(self) -> dict[UUID, Goal]:
        return self.goals if self.base is None else self.base[0]


@dataclass
class Model:
    """Told of every event in order; raises AssertionError where one should not have happened."""

    cycle: UUID
    people: dict[UUID, Person] = field(default_factory=dict)
    teams: dict[UUID, UUID] = field(default_factory=dict)
    participants: dict[UUID, bool] = field(default_factory=dict)
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

    def see(self, ref: Ref, actor: UUID, at: datetime, event: Event) -> None:
        assert self.last_at is None or at >= self.last_at, "time went backwards"
        self.last_at = at
        self._dates_come(at)
        if ref.kind == "directory":
            self._directory(event)
        elif ref.kind == "cycle":
            self._cycle(actor, at, event)
        else:
            assert not self.closed or getattr(event, "late", None), "a plan moved in a closed cycle"
            assert actor == SYSTEM or self.closing_since is None or at >= self.closing_since + LAPSE, (
                "a plan moved while its phase closed"
            )
            self._plan(self._plan_of(ref, event), actor, at, event)

    def whole(self) -> None:
        """What is true after every command."""
        for plan in self.plans.values():
            if plan.submitted:
                assert all(goal.agreed for goal in plan.goals.values()), "submitted, and not agreed"
            assert len(set(plan.signers)) == len(plan.signers), "somebody signed twice"
        if self.phase in ("track", "retrospect"):
            plans = [self.plans[owner] for owner in self._taking_part()]
            assert all(plan.signed or plan.base for plan in plans), "tracked, and not signed"

    # --- the directory ---

    def _dates_come(self, at: datetime) -> None:
        """What was decided for a date is so from that date on, whether or not anything says so."""
        come = sorted((one for one in self.later if one[0] <= at), key=lambda one: one[0])
        self.later = [one for one in self.later if one[0] > at]
        for _, event in come:
            self._directory(event.model_copy(update={"valid_from": None}))

    def _directory(self, event: Event) -> None:
        dated = getattr(event, "valid_from", None)
        if dated is not None:
            self.later.append((dated, event))
            return
        match event:
            case founding.OrganizationFounded():
                self.people[event.first_person.id] = Person(None)
            case people.PersonAdded():
                self.people[event.person] = Person(event.manager, board=Role.BOARD_APPROVER in event.roles)
            case teams.TeamAdded():
                self.teams[event.team] = event.lead
            case people.PersonDeactivated():
                self.people[event.person].active = False
            case people.PersonChanged() if event.returns:
                self.people[event.person].active, self.people[event.person].board = True, False
            case lines.ManagerSet() if event.line is None:
                self.people[event.person].manager = event.manager
            case teams.TeamChanged() if event.lead is not None:
                self.teams[event.team] = event.lead
            case roles.RoleGranted() | roles.RoleRevoked():
                if event.role is Role.BOARD_APPROVER and event.team is None:
                    self.people[event.person].board = isinstance(event, roles.RoleGranted)

    def _line(self, person: UUID) -> list[UUID]:
        found, above = [], self.people[person].manager
        while above is not None:
            if self.people[above].active:
                found.append(above)
            above = self.people[above].manager
        return found

    def _signers_of(self, owner: UUID, step: int) -> set[UUID]:
        line = self._line(owner)
        if step < len(line):
            return {line[step]}
        return {one for one, person in self.people.items() if person.active and person.board} - {owner, *line}

    # --- the cycle ---

    def _taking_part(self) -> list[UUID]:
        return [owner for owner, takes_part in self.participants.items() if takes_part]

    def _gate_holds(self) -> bool:
        plans = [self.plans.get(owner, Plan(owner, owner)) for owner in self._taking_part()]
        goals = [goal for plan in plans for goal in plan.goals.values()]
        if self.phase == "draft":
            return all(plan.goals for plan in plans)
        if self.phase == "negotiate":
            return all(plan.goals for plan in plans) and all(goal.agreed for goal in goals)
        if self.phase == "commit":
            return all(plan.signed for plan in plans)
        if self.phase == "track":
            in_force = [goal for plan in plans for goal in plan.in_force.values()]
            return all(goal.final for goal in in_force) and not any(plan.base for plan in plans)
        found = self.results
        return found is not None and all(plan.receipt == found[plan.owner] for plan in plans if plan.owner in found)

    def _cycle(self, actor: UUID, at: datetime, event: Event) -> None:
        assert not self.closed or isinstance(event, exceptions.PhaseReopened), "a closed cycle moved"
        in_force = self.closing_since is not None and at < self.closing_since + LAPSE
        finishing = isinstance(event, closing.PhaseClosed | closing.ClosingReleased | closing.CycleClosed)
        assert finishing or not in_force, "the cycle moved while it closed"
        match event:
            case opening.CycleOpened():
                self.participants = dict.fromkeys(event.participants, True)
                self.deadlines = {phase.value: due for phase, due in event.deadlines.items()}
                self.facilitator, self.scoring = event.facilitator, event.policy.scoring.hash
            case participation.ParticipantEnrolled() | participation.ParticipantExcused():
                self.participants[event.owner] = isinstance(event, participation.ParticipantEnrolled)
            case exceptions.DeadlineExtended() | exceptions.PhaseReopened():
                assert actor == self.facilitator
                assert event.deadlines[event.phase] > at, "a new deadline that has passed"
                self._timetable(event)
            case DeadlinesRecomputed():
                assert actor == self.facilitator
                before, self.deadlines = self.deadlines, {phase.value: due for phase, due in event.deadlines.items()}
                assert all(before[phase] > at for phase, due in self.deadlines.items() if due != before[phase])
                assert [self.deadlines[phase] for phase in PHASES] == sorted(self.deadlines.values()), "out of order"
            case closing.GateFailed():
                assert at >= self.deadlines[self.phase], "a gate failed before its deadline"
                assert not self._gate_holds(), "a gate that holds failed"
                assert not self.told_of_gate, "told twice of one gate"
                assert event.escalated_to == self.facilitator
                self.told_of_gate = True
            case closing.PhaseClosing():
                assert self._gate_holds(), "closing over a failing gate"
                assert actor == self.facilitator if event.early else at >= self.deadlines[self.phase]
                self.closing_since = at
            case closing.ClosingReleased():
                assert self.closing_since is not None
                assert not self._gate_holds() or at >= self.closing_since + LAPSE, "released for no reason"
                self.closing_since, self.told_of_gate = None, False
            case closing.PhaseClosed():
                self._phase_closed(at, event)
            case closing.CycleClosed():
                assert self.phase == "retrospect"
                self.closed = True
            case ResultsPublished():
                assert self.phase == "retrospect"
                assert self.results is None, "published twice"
                self.results = {found.owner: found.hash for found in event.results}
                assert {owner for owner in self._taking_part() if self.plans[owner].goals} == set(self.results)
            case DigestSent():
                self._digest(at, event)

    def _timetable(self, event: exceptions.DeadlineExtended | exceptions.PhaseReopened) -> None:
        self.deadlines = {phase.value: due for phase, due in event.deadlines.items()}
        assert [self.deadlines[phase] for phase in PHASES] == sorted(self.deadlines.values()), "deadlines out of order"
        if event.phase == self.phase:
            self.told_of_gate = False
        if isinstance(event, exceptions.PhaseReopened):
            assert self.closed or PHASES.index(event.phase) < PHASES.index(self.phase), "re-opened what is open"
            self.phase, self.results, self.closed = event.phase.value, None, False
            self.told_of_gate, self.closing_since = False, None

    def _phase_closed(self, at: datetime, event: closing.PhaseClosed) -> None:
        assert event.phase == self.phase
        assert self._gate_holds(), "closed over a failing gate"
        assert self.closing_since is not None
        assert at < self.closing_since + LAPSE, "closed after the closing had lapsed"
        versions = {owner: self.plans[owner].version if owner in self.plans else 0 for owner in self._taking_part()}
        assert event.plans == {plan_id(self.cycle, owner): version for owner, version in versions.items()}
        self.closing_since, self.told_of_gate, self.looked_since = None, False, at
        if self.phase != "retrospect":
            self.phase = PHASES[PHASES.index(self.phase) + 1]

    def _digest(self, at: datetime, event: DigestSent) -> None:
        assert self.phase == "track"
        assert event.number == self.digests + 1
        assert event.next_due > at
        since = self.looked_since
        assert since is not None
        owing = {
            owner
            for owner in self._taking_part()
            for goal in self.plans[owner].in_force.values()
            if not goal.final and (goal.reported is None or goal.reported < since)
        }
        assert set(event.owners) == owing, "the digest names others than those who owe a check-in"
        self.digests, self.looked_since = event.number, at

    # --- the plans ---

    def _plan_of(self, ref: Ref, event: Event) -> Plan:
        if isinstance(event, drafting.PlanOpened):
            assert ref.stream == plan_id(self.cycle, event.owner)
            self.plans[event.owner] = Plan(event.owner, self.teams.get(event.owner, event.owner))
        plan = next(plan for owner, plan in self.plans.items() if plan_id(self.cycle, owner) == ref.stream)
        plan.version += 1
        return plan

    def _hash(self, plan: Plan) -> str:
        return plan_hash((goal.hash for goal in plan.goals.values()), self.scoring)

    def _plan(self, plan: Plan, actor: UUID, at: datetime, event: Event) -> None:
        assert self.participants.get(plan.owner) or isinstance(event, result.ResultAcknowledged | result.Reflected), (
            "an excused plan moved"
        )
        assert actor == SYSTEM or self.people[actor].active, "somebody who has left decided"
        match event:
            case drafting.GoalDrafted() | drafting.GoalAssigned():
                assert event.hash == goal_hash(event.definition)
                goal = plan.goals[event.goal] = Goal(event.definition.kind, event.hash, event.definition.weight)
                goal.assigner = goal.author = actor
            case drafting.AssignmentAcknowledged() | duties.AssignmentServed():
                goal = plan.goals[event.goal]
                assert (goal.kind, goal.hash) == ("kpi", event.hash)
                assert actor == (SYSTEM if isinstance(event, duties.AssignmentServed) else plan.person)
                assert actor != SYSTEM or goal.objected is None, "served while an objection waits"
                goal.received, goal.objected = True, None
            case negotiation.RevisionProposed():
                self._proposed(plan, actor, event)
            case negotiation.RevisionAccepted():
                goal = plan.goals[event.goal]
                assert goal.hash == event.hash, "another revision was accepted than the one on the table"
                assert self._side(plan, actor) not in goal.accepted, "accepted twice by one side"
                assert not goal.blocking, "accepted over a comment that blocks"
                goal.accepted.add(self._side(plan, actor))
                goal.mediating = False
                assert event.agreed == goal.agreed
            case withdrawing.RevisionWithdrawn():
                self._withdrawn(plan.goals[event.goal], self._side(plan, actor), event)
            case visibility.VisibilitySet():
                goal = plan.goals[event.goal]
                assert (actor == plan.person) == (goal.kind == "okr"), "a KPI's owner chose who sees it, or a stranger"
            case mediation.MediationOpened() | mediation.MediationDecided() | mediation.RevisionImposed():
                self._mediated(plan, plan.goals[event.goal], actor, event)
            case objection.AssignmentObjected() | objection.ObjectionDecided():
                self._objected(plan, plan.goals[event.goal], actor, event)
            case comments.RevisionCommented():
                assert event.hash == plan.goals[event.goal].hash, "a comment on another revision than the one seen"
                assert not event.asks or plan.goals[event.goal].accepted == {"owner", "counterpart"} - {event.side}
                if event.blocking:
                    plan.goals[event.goal].blocking.add(event.comment)
            case comments.CommentResolved():
                plan.goals[event.goal].blocking.discard(event.comment)
            case tracking.CheckedIn() if event.late:
                assert (self.closed or self.phase == "retrospect", actor) == (True, plan.person)
            case tracking.CheckedIn():
                assert (self.phase, actor) == ("track", plan.person)
                goal, amended = plan.in_force[event.goal], plan.goals.get(event.goal)
                goal.final, goal.reported = event.final, at
                if amended is not None:
                    amended.reported = at
                    amended.final = event.final if amended.hash == goal.hash else amended.final
            case alignment.AlignmentRequested() | alignment.AlignmentAccepted() | alignment.AlignmentConfirmed():
                self._aligned(plan, actor, event)
            case alignment_answers.AlignmentDeclined():
                assert actor in (plan.person, self.asked[event.edge][2])
                self.above.pop(event.edge, None)
            case parent_change.ParentChanged():
                assert event.parent_hash == self._hash_of(event.edge)
                assert event.parent_hash != self.hashes[event.edge], "told of a change that the child knows"
                self.hashes[event.edge] = event.parent_hash
            case dropping.GoalAbandoned():
                goal = plan.goals.pop(event.goal)
                assert goal.hash == event.hash, "another revision was abandoned than the one seen"
                assert (actor == plan.person) == (goal.kind == "okr"), "a KPI's owner dropped it, or a stranger"
                self.above = {edge: ends for edge, ends in self.above.items() if ends[0] != event.goal}
            case transferring.GoalTransferred():
                goal = plan.goals.pop(event.goal)
                assert goal.hash == event.hash, "another revision left than the one seen"
                self.moving[event.goal] = goal
                self.above = {edge: ends for edge, ends in self.above.items() if ends[0] != event.goal}
            case transferring.GoalReceived():
                goal = self.moving.pop(event.goal)
                assert (event.hash, goal_hash(event.definition)) == (goal.hash, goal.hash), "it changed on the way"
                assert actor != plan.person, "somebody moved a goal into their own plan"
                plan.goals[event.goal] = Goal(goal.kind, goal.hash, goal.weight)
                if event.on_the_table:
                    plan.goals[event.goal].accepted.add(self._side(plan, actor))
            case moving.KeyResultMoved():
                assert event.goal != event.to_goal
            case sharing.ContributorAdded() | escalating.GoalEscalated():
                assert actor == plan.person
            case sharing.ShareAccepted() | sharing.ShareDeclined():
                assert actor == event.person != plan.person
            case pay.PayLinked() | pay.PayUnlinked():
                assert actor != plan.person, "an owner said what pays"
            case result.ResultAcknowledged() | duties.ResultServed():
                assert self.results is not None
                assert event.result == self.results[plan.owner], "another result was received than the one published"
                plan.receipt = event.result
            case _:
                self._signing(plan, actor, event)

    def _hash_of(self, edge: UUID) -> str | None:
        """The parent's as it is where the alignment found it: a goal that went elsewhere is gone."""
        where, goal = self.parent_in[edge], self.asked[edge][1]
        goals = next((plan.goals for owner, plan in self.plans.items() if plan_id(self.cycle, owner) == where), {})
        return goals[goal].hash if goal in goals else None

    def _aligned(self, plan: Plan, actor: UUID, event: Event) -> None:
        match event:
            case alignment.AlignmentRequested():
                assert actor == plan.person, "somebody else asked"
                assert event.edge not in self.above, "asked, although it holds"
                answers = self.teams.get(event.parent_owner, event.parent_owner)
                self.asked[event.edge] = event.goal, event.parent.goal, answers
                self.parent_in[event.edge] = event.parent.plan
                assert event.parent_hash == self._hash_of(event.edge)
                self.hashes[event.edge] = event.parent_hash
            case alignment.AlignmentAccepted():
                child, parent, answers = self.asked[event.edge]
                assert actor == answers, "somebody else accepted"
                assert event.hash == plan.goals[child].hash
                self.above[event.edge] = child, parent
                self._assert_no_circle(child)
            case alignment.AlignmentConfirmed():
                assert event.edge in self.above
                assert event.parent_hash == self._hash_of(event.edge)
                self.hashes[event.edge] = event.parent_hash

    def _assert_no_circle(self, child: UUID) -> None:
        """Step by step upwards from the child: however far, it is never reached again."""
        reached, step = set[UUID](), {child}
        while step:
            step = {parent for below, parent in self.above.values() if below in step} - reached
            reached |= step
        assert child not in reached, "alignments run in a circle"

    def _side(self, plan: Plan, actor: UUID) -> str:
        return "owner" if actor == plan.person else "counterpart"

    def _proposed(self, plan: Plan, actor: UUID, event: negotiation.RevisionProposed) -> None:
        goal = plan.goals[event.goal]
        assert event.hash == goal_hash(event.definition)
        assert event.hash != goal.hash or (goal.rounds == 0 and goal.kind == "okr"), "nothing was changed"
        assert goal.kind == "okr" or actor != plan.person, "an owner negotiated a KPI"
        assert event.side == self._side(plan, actor)
        if goal.kind == "okr":
            goal.open_rounds = 1 if goal.agreed else goal.open_rounds + 1
            assert goal.agreed or event.side not in goal.accepted, "one side proposed twice running"
            assert goal.agreed or not goal.accepted or goal.open_rounds <= ROUNDS, "a round too many"
        goal.stood[goal.hash] = (goal.weight, goal.accepted)
        goal.hash, goal.weight, goal.rounds = event.hash, event.definition.weight, goal.rounds + 1
        assert not goal.mediating, "a side proposed while a mediator was asked"
        assert not (goal.imposed and actor == plan.person), "an owner revised what was imposed on them"
        goal.accepted, goal.received, goal.final = {self._side(plan, actor)}, False, False
        goal.imposed, goal.author = False, actor
        goal.left, goal.objected = goal.objected, None

    def _mediated(self, plan: Plan, goal: Goal, actor: UUID, event: Event) -> None:
        match event:
            case mediation.MediationOpened():
                assert goal.kind == "okr"
                assert goal.accepted, "a mediator was asked about a draft"
                assert not goal.agreed
                assert not goal.mediating, "two mediators were asked"
                assert event.mediator not in {plan.person, *self._signers_of(plan.person, 0)}, "a side mediates"
                goal.mediating = True
            case mediation.MediationDecided():
                assert goal.mediating
                assert event.hash == goal.hash
                assert actor not in {plan.person, *self._signers_of(plan.person, 0)}, "a side mediated"
                goal.mediating = False
                if event.outcome == "return":
                    goal.open_rounds = ROUNDS - 1
            case mediation.RevisionImposed():
                assert event.definition.kind == "okr"
                assert event.definition.ambition == "committed", "an aspirational OKR was imposed"
                goal.hash, goal.weight, goal.author = event.hash, event.definition.weight, actor
                goal.accepted, goal.imposed, goal.final = set(), True, False
                goal.blocking.clear()

    def _objected(self, plan: Plan, goal: Goal, actor: UUID, event: Event) -> None:
        match event:
            case objection.AssignmentObjected():
                assert (goal.kind, goal.hash, actor) == ("kpi", event.hash, plan.person)
                assert goal.objected != event.hash, "objected to twice"
                assert not plan.submitted, "objected to what is submitted"
                goal.objected, goal.received = event.hash, False
            case objection.ObjectionDecided():
                asked = goal.objected if event.outcome == "rejected" else goal.left
                assert asked == event.hash, "decided without an objection"
                assert actor not in (plan.person, goal.assigner), "the owner or the assigner decided"
                assert (goal.hash != event.hash) == (event.outcome == "upheld")
                goal.objected, goal.received = None, True

    def _withdrawn(self, goal: Goal, side: str, event: withdrawing.RevisionWithdrawn) -> None:
        assert (event.hash, event.side) == (goal.hash, side), "another revision was withdrawn than the one on the table"
        assert goal.accepted == {side}, "withdrawn after an answer"
        assert event.back.hash == goal_hash(event.back.definition)
        goal.hash = event.back.hash
        goal.weight, goal.accepted = goal.stood[event.back.hash]
        goal.imposed = event.back.imposed == goal.hash
        assert {found.value for found in event.back.accepted} == goal.accepted, "somebody stands by what they did not"

    def _signing(self, plan: Plan, actor: UUID, event: Event) -> None:
        match event:
            case signing.PlanSubmitted():
                assert (self._stage(plan), actor, plan.submitted) == ("commit", plan.person, False)
                assert event.hash == self._hash(plan)
                assert not any(goal.blocking for goal in plan.goals.values()), "submitted over a comment that blocks"
                for kind in ("okr", "kpi"):
                    weights = [goal.weight for goal in plan.goals.values() if goal.kind == kind]
                    assert not weights or sum(weights) == 100, "submitted with other weights than 100"
                plan.submitted, plan.asked_besides = True, set()
            case signing.PlanSigned():
                self._signed(plan, actor, event)
            case voiding.SignaturesVoided():
                assert plan.submitted
                assert list(event.signers) == plan.signers, "the voided signatures are not those that were given"
                plan.submitted, plan.signers, plan.asked_besides = False, [], set()
            case duties.Reminded():
                about = (event.about, event.goal, event.since)
                assert about not in plan.told, "reminded twice of one wait"
                assert plan.person not in event.people or event.about == "turn"
                if event.about == "objection" and event.goal is not None:
                    assert plan.goals[event.goal].assigner not in event.people
                plan.told.add(about)
            case duties.Escalated():
                assert plan.submitted
                assert not plan.signed
                to = event.to
                assert to is None or (self.people[to].active and to not in {*plan.signers, plan.person})
                plan.asked_besides |= {to} if to else set()
            case sending_back.PlanRejected() | sending_back.ChangesRequested():
                assert actor in self._may_sign(plan)
                assert event.hash == self._hash(plan)
            case sending_back.PlanRecalled():
                assert actor == plan.person
            case sending_back.SignatureWithdrawn():
                assert not plan.signed, "withdrawn after the last signature"
                place = plan.signers.index(actor)
                assert list(event.signers) == plan.signers[place:], "others fell than those that stood on it"
                plan.signers, plan.asked_besides = plan.signers[:place], set()
            case amending.AmendmentRequested():
                assert (self.phase, plan.signed, plan.base) == ("track", True, None)
                assert event.base == self._hash(plan)
                plan.base = deepcopy(plan.goals), plan.signers
                plan.submitted, plan.signers = False, []
            case amending.RevertedToSigned():
                assert plan.base is not None
                for id_, goal in plan.base[0].items():
                    if id_ in plan.goals:
                        goal.blocking, goal.rounds = plan.goals[id_].blocking, plan.goals[id_].rounds
                (plan.goals, plan.signers), plan.base, plan.submitted = plan.base, None, True
                assert event.hash == self._hash(plan), "it went back to something else than what was signed"

    def _stage(self, plan: Plan) -> str:
        return "commit" if self.phase == "track" and plan.base is not None else self.phase

    def _may_sign(self, plan: Plan) -> set[UUID]:
        found = self._signers_of(plan.person, len(plan.signers)) | plan.asked_besides
        return {person for person in found if self.people[person].active} - {plan.person, *plan.signers}

    def _signed(self, plan: Plan, actor: UUID, event: signing.PlanSigned) -> None:
        assert self._stage(plan) == "commit"
        assert plan.submitted
        assert event.hash == self._hash(plan), "a signature over something else than the plan"
        assert event.step == len(plan.signers)
        assert actor == event.signer
        assert actor in self._may_sign(plan), "somebody signed who was not asked"
        plan.signers.append(actor)
        plan.asked_besides = set()
        assert event.complete == (len(plan.signers) == STEPS)
        if event.complete:
            plan.base = None


assert [phase.value for phase in Phase] == PHASES
