"""Given, when, then for rules: an in-memory world of streams, without a log, a clock or a server.

world = World().founded().opened()
world.when(world.staff, world.plan, SignPlan(hash=seen))   # raises DomainError, or returns the events
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid5

import pytest

from domain.agenda import Agenda
from domain.calendars import Calendars
from domain.canonical import canonical_bytes
from domain.cycle.closing import AdvancePhase, CloseCycle, FinishClosing
from domain.cycle.gates import blockers
from domain.cycle.opening import OpenCycle
from domain.cycle.policy import Framework, Policy
from domain.cycle.state import CycleState
from domain.cycle.windows import Period, Phase, Windows
from domain.decider import Context, Ref
from domain.directory.effects import directory_at
from domain.directory.founding import FirstPerson, FoundOrganization
from domain.directory.people import AddPerson
from domain.directory.state import DIRECTORY, DirectoryState, Role
from domain.directory.teams import AddTeam
from domain.goals import Ambition, Kpi, Okr
from domain.key_results import Measured, Milestone, Milestones
from domain.messages import Command, Event
from domain.plan.comments import CommentOnRevision, ResolveComment
from domain.plan.drafting import AcknowledgeAssignment, AssignGoal, DraftGoal
from domain.plan.goal import Goal, Reading
from domain.plan.ground import Ground, ground_of
from domain.plan.mediation import DecideMediation, RequestMediation
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.objection import DecideObjection, ObjectToAssignment
from domain.plan.signing import SignPlan, SubmitPlan
from domain.plan.state import PlanState
from domain.plan.tracking import CheckIn
from domain.plan.withdrawing import WithdrawRevision
from domain.problems import DomainError
from domain.registry import DECIDERS
from domain.sealed import Sealed, Subject, map_sealed
from domain.values import SYSTEM, plan_id
from tests.support.calendars import NoCalendars, Weekdays
from tests.support.kept import kept
from tests.support.refusals import check_refusal

NAMES = UUID("00000000-0000-0000-0000-00000000abcd")
MONDAY = datetime(2027, 3, 1, 9, tzinfo=UTC)
"""A Monday a month before the quarter begins."""
QUARTER = Period(starts=datetime(2027, 4, 1, tzinfo=UTC), ends=datetime(2027, 7, 1, tzinfo=UTC))


@cache
def who(name: str) -> UUID:
    """A person, team, goal or measure by a name of the test's own."""
    return uuid5(NAMES, name)


WITNESSES: list[Callable[[Event], None]] = []
"""Told of every event that any specification brings about: how golden payloads are found."""

LEAD, HEAD, STAFF, OTHER, TEAM = who("lead"), who("head"), who("staff"), who("other"), who("team")
BOARD = (who("board 1"), who("board 2"))


@dataclass
class World:
    """Streams as folded states; every event goes through its canonical bytes, as it would through the log."""

    now: datetime = MONDAY
    cycle: UUID = field(default_factory=lambda: who("cycle"))
    states: dict[Ref, Any] = field(default_factory=dict)
    events: list[tuple[Ref, UUID, datetime, Event]] = field(default_factory=list)
    calendar: Calendars = field(default_factory=Weekdays)
    agendas: dict[Ref, tuple[Any, Agenda]] = field(default_factory=dict, compare=False, repr=False)
    """The last of each stream, with the states and the instant that it was worked out for."""

    # --- the streams ---

    @property
    def cycle_ref(self) -> Ref:
        return Ref("cycle", self.cycle)

    def plan_ref(self, owner: UUID = STAFF) -> Ref:
        return Ref("plan", plan_id(self.cycle, owner))

    def state(self, ref: Ref) -> Any:
        return self.states.get(ref, DECIDERS[ref.kind].initial)

    @property
    def directory(self) -> DirectoryState:
        found: DirectoryState = self.state(DIRECTORY)
        return found

    def the_cycle(self) -> CycleState:
        found: CycleState = self.state(self.cycle_ref)
        return found

    def plan(self, owner: UUID = STAFF) -> PlanState:
        found: PlanState = self.state(self.plan_ref(owner))
        return found

    def goal(self, name: str = "okr", owner: UUID = STAFF) -> Goal:
        return self.plan(owner).goal(who(name))

    def hash(self, owner: UUID = STAFF) -> str:
        return self.plan(owner).content_hash(self.the_cycle().policy.scoring.hash)

    # --- when, then ---

    def when(self, actor: UUID, ref: Ref, command: Command, at: datetime | None = None) -> list[Event]:
        """Decide and fold, with what the command spreads to; returns the events. Raises DomainError."""
        if at is not None:
            self.now = at
        states, count = dict(self.states), len(self.events)
        try:
            decided = self._decide(actor, ref, command)
            for part in command.spread(ref.stream):
                try:
                    decided += self._decide(actor, part.ref, part.command)
                except DomainError as refusal:
                    raise refusal.under(part.pointer) from None
        except DomainError:
            self.states = states
            del self.events[count:]
            raise
        return decided

    def _decide(self, actor: UUID, ref: Ref, command: Command) -> list[Event]:
        decider = DECIDERS[ref.kind]
        before = self.state(ref)
        sealed = _sealed(command, decider.owner_of(before, command), actor, ref.stream)
        decided = decider.decide(before, sealed, self._context(ref, command, actor))
        for event in decided:
            stored = type(event).model_validate_json(canonical_bytes(event))
            assert stored == event, f"{type(event).__name__} is not what its bytes say"
            self.states[ref] = decider.evolve(self.state(ref), stored)
            self.remember(ref, actor, self.now, stored)
        return decided

    def remember(self, ref: Ref, actor: UUID, at: datetime, event: Event) -> None:
        self.events.append((ref, actor, at, event))
        for witness in WITNESSES:
            witness(event)

    def refused(self, code: str, actor: UUID, ref: Ref, command: Command) -> DomainError:
        """The command is refused with this code, and nothing has happened."""
        before = len(self.events)
        with pytest.raises(DomainError) as refusal:
            self.when(actor, ref, command)
        assert refusal.value.code == code
        assert len(self.events) == before
        check_refusal(refusal.value, command)
        return refusal.value

    def types(self) -> list[str]:
        return [type(event).__name__ for _, _, _, event in self.events]

    def last(self, kind: type[Event]) -> Any:
        """The last event of a type."""
        return next(event for _, _, _, event in reversed(self.events) if isinstance(event, kind))

    def agenda(self, ref: Ref) -> Agenda:
        """What a stream owes now; worked out anew where anything at all has changed since it was asked last."""
        last = self.agendas.get(ref)
        if last is not None and last[0][0] == self.now and same(last[0][1], self.states.values()):
            return last[1]
        found = DECIDERS[ref.kind].agenda(self.state(ref), self._context(ref, None, SYSTEM, NoCalendars()), self.now)
        assert found.next_due is None or found.next_due > self.now
        self.agendas[ref] = ((self.now, tuple(self.states.values())), found)
        return found

    def ground(self, owner: UUID = STAFF) -> Ground:
        """What a rule of the owner's plan would stand on now."""
        ref = self.plan_ref(owner)
        context = self._context(ref, DraftGoal(cycle=self.cycle, owner=owner, goal=who("any"), definition=okr()), owner)
        return ground_of(owner, self.the_cycle(), directory_at(context))

    def failing_checks(self) -> list[str]:
        """The checks of the present gate that fail."""
        return [item.check for item in blockers(self.the_cycle(), self._context(self.cycle_ref, AdvancePhase(), LEAD))]

    def perform(self, ref: Ref) -> list[str]:
        """Do what is due, as the workflow would; returns the kinds of duties."""
        due = self.agenda(ref).due
        for duty in due:
            self.when(SYSTEM, ref, duty.command)
        return [duty.key.split(":")[0] for duty in due]

    def wait(self, **duration: float) -> World:
        self.now += timedelta(**duration)
        return self

    def _context(self, ref: Ref, command: Command | None, actor: UUID, calendar: Calendars | None = None) -> Context:
        needs = DECIDERS[ref.kind].needs
        states: dict[Ref, Any] = {}
        while asked := [one for one in needs(command, ref.stream, self.state(ref), states) if one not in states]:
            states |= {one: self.state(one) for one in asked}
        return Context(
            organization=who("organization"),
            actor=actor,
            at=self.now,
            stream=ref.stream,
            states=states,
            calendar=calendar or self.calendar,
        )

    # --- given ---

    @kept
    def founded(self) -> World:
        """A lead, a head below, two staff below the head, a team led by one of them, and two board approvers."""
        self.when(
            LEAD,
            DIRECTORY,
            FoundOrganization(name="Harbour Works", first_person=FirstPerson(id=LEAD, name="Lin")),
        )
        for person, manager in ((HEAD, LEAD), (STAFF, HEAD), (OTHER, HEAD)):
            self.when(LEAD, DIRECTORY, AddPerson(person=person, name="Somebody", manager=manager))
        for person in BOARD:
            self.when(LEAD, DIRECTORY, AddPerson(person=person, name="Board", roles=(Role.BOARD_APPROVER,)))
        self.when(LEAD, DIRECTORY, AddTeam(team=TEAM, name="Crew", lead=OTHER))
        return self

    @kept
    def opened(
        self,
        *participants: UUID,
        policy: Policy | None = None,
        framework: Framework = Framework.COMPOSITE,
        windows: Windows | None = None,
    ) -> World:
        """A cycle for these owners (default: one of the staff)."""
        self.when(
            LEAD,
            self.cycle_ref,
            OpenCycle(
                name="2027 Q2",
                framework=framework,
                facilitator=LEAD,
                period=QUARTER,
                policy=policy,
                windows=windows or Windows(),
                participants=participants or (STAFF,),
            ),
        )
        return self

    @kept
    def drafted(self, name: str = "okr", owner: UUID = STAFF, definition: Okr | None = None) -> World:
        person = self.directory.responsible(owner)
        drafting = DraftGoal(cycle=self.cycle, owner=owner, goal=who(name), definition=definition or okr())
        self.when(person, self.plan_ref(owner), drafting)
        return self

    @kept
    def assigned(self, name: str = "kpi", owner: UUID = STAFF, definition: Kpi | None = None) -> World:
        assigning = AssignGoal(cycle=self.cycle, owner=owner, goal=who(name), definition=definition or kpi())
        self.when(HEAD, self.plan_ref(owner), assigning)
        return self

    @kept
    def proposed(self, actor: UUID = STAFF, name: str = "okr", owner: UUID = STAFF, **changes: Any) -> World:
        """Put the goal, with changes to its definition, on the table."""
        reasons = changes.pop("reasons", {})
        definition = self.goal(name, owner).definition.model_copy(update=changes)
        self.when(actor, self.plan_ref(owner), ProposeRevision(goal=who(name), definition=definition, reasons=reasons))
        return self

    @kept
    def accepted(self, actor: UUID = HEAD, name: str = "okr", owner: UUID = STAFF) -> World:
        self.when(actor, self.plan_ref(owner), AcceptRevision(goal=who(name), hash=self.goal(name, owner).hash))
        return self

    @kept
    def withdrawn(self, actor: UUID = STAFF, name: str = "okr", owner: UUID = STAFF) -> World:
        self.when(actor, self.plan_ref(owner), WithdrawRevision(goal=who(name), hash=self.goal(name, owner).hash))
        return self

    @kept
    def commented(self, actor: UUID = HEAD, comment: str = "comment", name: str = "okr", **more: Any) -> World:
        said = {"goal": who(name), "hash": self.goal(name).hash, "comment": who(comment), "text": "Why so few?"}
        self.when(actor, self.plan_ref(), CommentOnRevision.model_validate(said | more))
        return self

    @kept
    def resolved(
        self, actor: UUID = HEAD, comment: str = "comment", name: str = "okr", answer: str | None = None
    ) -> World:
        settling = {"goal": who(name), "comment": who(comment), "answer": answer}
        self.when(actor, self.plan_ref(), ResolveComment.model_validate(settling))
        return self

    @kept
    def mediated(self, actor: UUID = STAFF, name: str = "okr", owner: UUID = STAFF) -> World:
        """A side asks for mediation."""
        asking = RequestMediation(goal=who(name), hash=self.goal(name, owner).hash, reason="We are stuck")
        self.when(actor, self.plan_ref(owner), asking)
        return self

    @kept
    def decided(self, actor: UUID, outcome: str, name: str = "okr", owner: UUID = STAFF, **more: Any) -> World:
        """A mediator's decision."""
        said = {"goal": who(name), "hash": self.goal(name, owner).hash, "outcome": outcome, "reason": "I heard both"}
        self.when(actor, self.plan_ref(owner), DecideMediation.model_validate(said | more))
        return self

    @kept
    def objected(self, counter: str = "90", name: str = "kpi", owner: UUID = STAFF, **more: Any) -> World:
        said = {
            "goal": who(name),
            "hash": self.goal(name, owner).hash,
            "counter": counter,
            "reason": "The yard is shut",
        }
        person = self.directory.responsible(owner)
        self.when(person, self.plan_ref(owner), ObjectToAssignment.model_validate(said | more))
        return self

    @kept
    def judged(self, actor: UUID, outcome: str, name: str = "kpi", owner: UUID = STAFF, **more: Any) -> World:
        """A decision on an objection."""
        said = {"goal": who(name), "hash": self.goal(name, owner).hash, "outcome": outcome, "reason": "I looked at it"}
        self.when(actor, self.plan_ref(owner), DecideObjection.model_validate(said | more))
        return self

    @kept
    def acknowledged(self, name: str = "kpi", owner: UUID = STAFF) -> World:
        person = self.directory.responsible(owner)
        self.when(person, self.plan_ref(owner), AcknowledgeAssignment(goal=who(name), hash=self.goal(name, owner).hash))
        return self

    @kept
    def agreed(self, owner: UUID = STAFF) -> World:
        """One OKR, drafted, proposed and accepted."""
        person = self.directory.responsible(owner)
        return self.drafted(owner=owner).proposed(person, owner=owner).accepted(owner=owner)

    @kept
    def submitted(self, owner: UUID = STAFF) -> World:
        person = self.directory.responsible(owner)
        self.when(person, self.plan_ref(owner), SubmitPlan(hash=self.hash(owner)))
        return self

    @kept
    def signed(self, *signers: UUID, owner: UUID = STAFF) -> World:
        for signer in signers or (HEAD, LEAD):
            self.when(signer, self.plan_ref(owner), SignPlan(hash=self.hash(owner)))
        return self

    @kept
    def advanced(self, to: Phase) -> World:
        """The facilitator closes phase after phase."""
        while self.the_cycle().phase is not to:
            self.when(LEAD, self.cycle_ref, AdvancePhase())
            self.perform(self.cycle_ref)
        return self

    @kept
    def closed(self) -> World:
        self.when(LEAD, self.cycle_ref, CloseCycle())
        closing = self.the_cycle().closing
        assert closing is not None
        self.when(SYSTEM, self.cycle_ref, FinishClosing(phase=closing.phase, since=closing.version))
        return self

    @kept
    def in_commit(self) -> World:
        """An agreed plan, the cycle in commit."""
        return self.founded().opened().agreed().advanced(Phase.COMMIT)

    @kept
    def in_track(self) -> World:
        """A signed plan, the cycle in track."""
        return self.in_commit().submitted().signed().advanced(Phase.TRACK)


def final_values(world: World, berths: str = "15") -> World:
    """The owner's last check-in of the one OKR: halfway, and one milestone of three."""
    readings = (Reading(measure=who("berths"), value=berths), Reading(measure=who("steps"), done=(who("steps 0"),)))
    report = CheckIn(goal=who("okr"), readings=readings, confidence="0.6", status="on_track", final=True)
    world.when(STAFF, world.plan_ref(), report)
    return world


def okr(weight: str = "100", title: str = "Win the harbour", **more: Any) -> Okr:
    """An OKR with one key result from 10 to 20 and one of three milestones."""
    given: dict[str, Any] = {
        "kind": "okr",
        "title": title,
        "approach": "by asking every captain",
        "ambition": Ambition.ASPIRATIONAL,
        "weight": weight,
        "key_results": (increase(), milestones()),
    }
    return Okr(**(given | more))


def increase(name: str = "berths", baseline: str = "10", target: str = "20", weight: str = "1") -> Measured:
    return Measured(
        kind="increase" if float(target) > float(baseline) else "decrease",
        id=who(name),
        title="Berths used",
        unit="berths",
        baseline=baseline,
        target=target,
        weight=weight,
    )


def milestones(name: str = "steps", *weights: str) -> Milestones:
    steps = tuple(
        Milestone(id=who(f"{name} {place}"), title=f"Step {place}", weight=weight)
        for place, weight in enumerate(weights or ("1", "1", "2"))
    )
    return Milestones(kind="milestones", id=who(name), title="The pier", milestones=steps)


def kpi(weight: str = "100", **more: Any) -> Kpi:
    """A KPI with threshold 80, target 100 and stretch 120."""
    given: dict[str, Any] = {
        "kind": "kpi",
        "title": "Safety",
        "weight": weight,
        "unit": "%",
        "threshold": "80",
        "target": "100",
        "stretch": "120",
    }
    return Kpi(**(given | more))


def _sealed(command: Command, owner: UUID | None, actor: UUID, stream: UUID) -> Command:
    """The texts sealed like the handler does it, with a commitment that anybody can recompute."""
    subjects = {
        Subject.OWNER: owner or who("organization"),
        Subject.AUTHOR: actor,
        Subject.NAMED: command.named_person() or actor,
        Subject.ORGANIZATION: who("organization"),
    }
    scope = command.subject_scope() or stream

    def seal(value: Sealed, field: str) -> Sealed:
        if value.text is None:
            return value
        commitment = hashlib.sha256(f"{scope}|{field}|{value.text}".encode()).hexdigest()
        return type(value)(value.text, commitment, subjects[value.role])

    found: Command = map_sealed(command, seal)
    return found


def same(some: Collection[object], others: Collection[object]) -> bool:
    """Whether these are the very same objects."""
    return len(some) == len(others) and all(map(operator.is_, some, others))


def everybody() -> tuple[UUID, ...]:
    return (LEAD, HEAD, STAFF, OTHER, *BOARD)
