"""An organization with plans in the phase that a row needs, made by real commands through the handler.

A plan is of the size that rules.md calls usual: three OKRs of two key results (R3.5) and two KPIs. Each owner reports
to the head, the head to the lead, so a plan's chain has the two steps of the *formal* preset.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from cli.composition import Engine
from domain.cycle.closing import AdvancePhase
from domain.cycle.opening import OpenCycle
from domain.cycle.policy import Policy
from domain.cycle.state import CycleState
from domain.cycle.windows import Period
from domain.decider import Ref
from domain.directory.founding import FirstPerson, FoundOrganization
from domain.directory.people import AddPerson
from domain.directory.state import DIRECTORY
from domain.goals import Ambition, Kpi, Okr
from domain.key_results import Measured
from domain.messages import Command
from domain.plan.drafting import AcknowledgeAssignment, AssignGoal, DraftGoal
from domain.plan.goal import Reading
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.signing import SignPlan, SubmitPlan
from domain.plan.state import PlanState
from domain.plan.tracking import CheckIn
from domain.values import plan_id
from eventlog.handler import Answer, Order, Step

BATCH = 100
"""Commands in one order while a plan is filled."""


@dataclass
class Quarter:
    """One organization with one cycle."""

    engine: Engine
    organization: UUID = field(default_factory=uuid4)
    cycle: UUID = field(default_factory=uuid4)
    lead: UUID = field(default_factory=uuid4)
    head: UUID = field(default_factory=uuid4)
    owners: list[UUID] = field(default_factory=list)
    objectives: tuple[str, ...] = ("40", "30", "30")
    """The weights of each plan's OKRs."""
    indicators: tuple[str, ...] = ("60", "40")
    """The weights of each plan's KPIs."""

    @property
    def cycle_ref(self) -> Ref:
        return Ref("cycle", self.cycle)

    def plan_ref(self, owner: UUID) -> Ref:
        return Ref("plan", plan_id(self.cycle, owner))

    async def act(self, actor: UUID, ref: Ref, *commands: Command) -> Answer:
        """Somebody sends commands to one stream, all or nothing."""
        steps = tuple(Step(ref, command) for command in commands)
        return await self.engine.handler.execute(Order(self.organization, actor, uuid4(), steps, body=b"bench"))

    def next(self) -> Quarter:
        """Another cycle of the same people."""
        return replace(self, cycle=uuid4())

    async def plan(self, owner: UUID) -> PlanState:
        """An owner's plan as it stands."""
        state: PlanState = (await self.engine.handler.cache.load(self.organization, self.plan_ref(owner))).state
        return state

    async def found(self, owners: int = 0) -> None:
        """The organization with its people."""
        first = FirstPerson(id=self.lead, name="Lin Yao")
        await self.act(self.lead, DIRECTORY, FoundOrganization(name="Harbour Works", first_person=first))
        self.owners = [uuid4() for _ in range(owners)]
        people = [AddPerson(person=self.head, name="Amara Okafor", manager=self.lead)]
        people += [AddPerson(person=owner, name=f"Owner {n}", manager=self.head) for n, owner in enumerate(self.owners)]
        for start in range(0, len(people), 100):
            await self.act(self.lead, DIRECTORY, *people[start : start + 100])

    async def open(self) -> None:
        """The cycle, for everybody but the two above; nothing falls due while a row is measured."""
        starts = datetime.now(UTC) + timedelta(days=60)
        period = Period(starts=starts, ends=starts + timedelta(days=90))
        opening = OpenCycle(name="2027 Q1", facilitator=self.lead, period=period, participants=tuple(self.owners))
        await self.act(self.lead, self.cycle_ref, opening)

    async def state(self) -> CycleState:
        """The cycle as the log has it now."""
        state: CycleState = (await self.engine.handler.cache.refresh(self.organization, self.cycle_ref)).state
        return state

    async def agree(self, owner: UUID, after_each: Callable[[], Awaitable[None]] | None = None) -> None:
        """A plan whose goals are all agreed."""
        rest = after_each or _at_once
        ref, shown = self.plan_ref(owner), {"cycle": self.cycle, "owner": owner}
        drafted = {uuid4(): objective(weight) for weight in self.objectives}
        for goal, definition in drafted.items():
            await self.act(owner, ref, DraftGoal(goal=goal, definition=definition, **shown))
            await rest()
        for goal, definition in drafted.items():
            await self.act(owner, ref, ProposeRevision(goal=goal, definition=definition))
            await rest()
        for goal in drafted:
            await self.act(self.head, ref, AcceptRevision(goal=goal, hash=(await self.plan(owner)).goals[goal].hash))
            await rest()
        assigned = {uuid4(): indicator(weight) for weight in self.indicators}
        for goal, measure in assigned.items():
            await self.act(self.head, ref, AssignGoal(goal=goal, definition=measure, **shown))
            await rest()
        for goal in assigned:
            await self.act(owner, ref, AcknowledgeAssignment(goal=goal, hash=(await self.plan(owner)).goals[goal].hash))
            await rest()

    async def submit(self, owner: UUID) -> str:
        """The owner submits the plan; returns the hash that its chain signs."""
        shown = (await self.plan(owner)).content_hash(Policy().scoring.hash)
        await self.act(owner, self.plan_ref(owner), SubmitPlan(hash=shown))
        return shown

    async def commit(self, owners: int) -> None:
        """A cycle in commit whose plans are agreed."""
        if not self.owners:
            await self.found(owners)
        await self.open()
        for owner in self.owners:
            await self.agree(owner)
        await self.advance()
        await self.advance()

    async def track(self, owners: int) -> None:
        """A cycle in track whose plans are signed."""
        await self.commit(owners)
        for owner in self.owners:
            shown = await self.submit(owner)
            for signer in (self.head, self.lead):
                await self.act(signer, self.plan_ref(owner), SignPlan(hash=shown))
        await self.advance()

    async def report_finally(self, owner: UUID) -> None:
        """The owner's last values of every goal, in one request."""
        reports = []
        for goal in (await self.plan(owner)).goals.values():
            listed = goal.definition.key_results if isinstance(goal.definition, Okr) else (goal,)
            readings = tuple(Reading(measure=item.id, value=Decimal(15)) for item in listed)
            reports.append(
                CheckIn(goal=goal.id, readings=readings, confidence=Decimal("0.8"), status="done", final=True)
            )
        await self.act(owner, self.plan_ref(owner), *reports)

    async def fill(self, owner: UUID, events: int) -> None:
        """Check-ins until the owner's plan has so many events."""
        ref = self.plan_ref(owner)
        version = (await self.engine.handler.cache.load(self.organization, ref)).head.version
        plan = await self.plan(owner)
        reports = [check_in(plan, number) for number in range(events - version)]
        for start in range(0, len(reports), BATCH):
            await self.act(owner, ref, *reports[start : start + BATCH])

    async def advance(self) -> None:
        """The facilitator closes the phase early; the duty that a workflow would perform finishes it."""
        await self.act(self.lead, self.cycle_ref, AdvancePhase())
        now = datetime.now(UTC)
        reading = await self.engine.agendas.read_agenda(self.organization, self.cycle_ref, now)
        for duty in reading.agenda.due:
            await self.engine.agendas.perform(self.organization, self.cycle_ref, duty.key, now)


async def _at_once() -> None:
    return


def objective(weight: str = "100") -> Okr:
    """An OKR with two measured key results."""
    results = tuple(
        Measured(kind="increase", id=uuid4(), title=title, unit="berths", baseline=Decimal(10), target=Decimal(20))
        for title in ("Berths used on a weekday", "Captains who come back within a month")
    )
    return Okr(
        kind="okr",
        title="Bring the harbour back to life",
        approach="Ask every captain, mend what they name first, and tell them so",
        ambition=Ambition.COMMITTED,
        weight=Decimal(weight),
        key_results=results,
    )


def indicator(weight: str = "100") -> Kpi:
    """A KPI with its three points."""
    return Kpi(
        kind="kpi",
        title="Safe landings",
        weight=Decimal(weight),
        unit="%",
        threshold=Decimal(80),
        target=Decimal(100),
        stretch=Decimal(120),
    )


def check_in(plan: PlanState, number: int = 0) -> CheckIn:
    """A check-in of one of the plan's OKRs: both key results, a confidence and a status."""
    goals = [goal for goal in plan.goals.values() if isinstance(goal.definition, Okr)]
    goal = goals[number % len(goals)]
    assert isinstance(goal.definition, Okr)
    readings = tuple(Reading(measure=item.id, value=Decimal(11 + number % 9)) for item in goal.definition.key_results)
    return CheckIn(goal=goal.id, readings=readings, confidence=Decimal("0.7"), status="on_track")
