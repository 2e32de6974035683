"""A small organization and its quarter, driven through the real command handler.

Six people in three levels (lead, head, two staff) with two board approvers; the staff have a plan each with an OKR and
a KPI. Time is the clock's, or a simulated organization's own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from cli.composition import Engine, assemble
from domain.cycle.closing import AdvancePhase, CloseCycle
from domain.cycle.opening import OpenCycle
from domain.cycle.policy import Policy
from domain.cycle.results import PublishResults
from domain.cycle.state import CycleState
from domain.cycle.windows import Period, Phase, Window, Windows
from domain.decider import Ref
from domain.directory.founding import FirstPerson, FoundOrganization
from domain.directory.people import AddPerson
from domain.directory.state import DIRECTORY, Role
from domain.goals import Ambition, Kpi, Okr
from domain.key_results import Measured
from domain.messages import Command
from domain.plan.drafting import AcknowledgeAssignment, AssignGoal, DraftGoal
from domain.plan.goal import Reading
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.result import AcknowledgeResult
from domain.plan.signing import SignPlan, SubmitPlan
from domain.plan.state import PlanState
from domain.plan.tracking import CheckIn
from domain.values import Elapsed, plan_id
from eventlog.handler import Answer, Order, Step
from eventlog.keyring import Keyring, MemoryKeyring
from eventlog.postgres import PostgresLog, open_pool

SECRETS = ("Bring the harbour back", "by asking every captain", "Berths used", "Lin Yao", "Amara Okafor", "Mei Tanaka")
"""Texts that must be readable nowhere but through the keyring."""


@asynccontextmanager
async def open_engine_on(database_url: str, keyring: Keyring | None = None) -> AsyncIterator[Engine]:
    """An engine on a database, with keys that end with it unless those of another engine are given."""
    pool = await open_pool(database_url)
    log = PostgresLog(database_url, pool)
    engine = assemble(pool, log, keyring or MemoryKeyring())
    try:
        yield engine
    finally:
        await engine.appender.close()
        await log.close()
        await pool.close()


def closes_after(seconds: int) -> Window:
    """A phase that closes so many seconds after the opening."""
    return Window(anchor="opening", offset=Elapsed(seconds=seconds))


def windows(draft: int, negotiate: int, commit: int, track: int, retrospect: int) -> Windows:
    """A compressed calendar, in seconds after the opening."""
    return Windows(
        draft=closes_after(draft),
        negotiate=closes_after(negotiate),
        commit=closes_after(commit),
        track=closes_after(track),
        retrospect=closes_after(retrospect),
    )


@dataclass
class Quarter:
    """One organization with one cycle, and people who act through the handler."""

    engine: Engine
    organization: UUID = field(default_factory=uuid4)
    cycle: UUID = field(default_factory=uuid4)
    lead: UUID = field(default_factory=uuid4)
    head: UUID = field(default_factory=uuid4)
    staff: tuple[UUID, ...] = field(default_factory=lambda: (uuid4(), uuid4()))
    board: tuple[UUID, UUID] = field(default_factory=lambda: (uuid4(), uuid4()))
    simulated: bool = False
    now: datetime | None = None
    """The instant of the next command of a simulated organization."""

    @property
    def cycle_ref(self) -> Ref:
        return Ref("cycle", self.cycle)

    def plan_ref(self, owner: UUID) -> Ref:
        return Ref("plan", plan_id(self.cycle, owner))

    async def act(self, actor: UUID, ref: Ref, *commands: Command, key: UUID | None = None) -> Answer:
        """Somebody sends commands to one stream, all or nothing."""
        steps = tuple(Step(ref, command) for command in commands)
        order = Order(self.organization, actor, key or uuid4(), steps, body=repr(steps).encode(), now=self.now)
        return await self.engine.handler.execute(order)

    async def plan(self, owner: UUID) -> PlanState:
        """A plan as the log has it now."""
        state: PlanState = (await self.engine.handler.cache.refresh(self.organization, self.plan_ref(owner))).state
        return state

    async def state(self) -> CycleState:
        """The cycle as the log has it now."""
        state: CycleState = (await self.engine.handler.cache.refresh(self.organization, self.cycle_ref)).state
        return state

    # --- one act after the other ---

    async def found(self) -> None:
        """The organization and its people."""
        people = [
            AddPerson(person=self.head, name="Amara Okafor", manager=self.lead),
            AddPerson(person=self.staff[0], name="Mei Tanaka", manager=self.head),
            AddPerson(person=self.staff[1], name="Jonas Weber", manager=self.head),
            *(AddPerson(person=one, name="On the board", roles=(Role.BOARD_APPROVER,)) for one in self.board),
        ]
        first = FirstPerson(id=self.lead, name="Lin Yao")
        founding = FoundOrganization(name="Harbour Works", first_person=first, simulated=self.simulated)
        await self.act(self.lead, DIRECTORY, founding, *people)

    async def open(self, *, timetable: Windows, policy: Policy | None = None, period: Period | None = None) -> None:
        """The cycle for both staff, facilitated by the lead."""
        now = self.now or datetime.now(UTC)
        await self.act(
            self.lead,
            self.cycle_ref,
            OpenCycle(
                name="2027 Q1",
                facilitator=self.lead,
                period=period or Period(starts=now, ends=now + timedelta(days=90)),
                windows=timetable,
                policy=policy,
                participants=self.staff,
            ),
        )

    async def draft(self, owner: UUID) -> tuple[UUID, UUID]:
        """An owner drafts and proposes an OKR, the head assigns a KPI; returns both goals' ids."""
        okr, kpi = await self.draft_alone(owner), uuid4()
        assigning = AssignGoal(goal=kpi, definition=indicator(), cycle=self.cycle, owner=owner)
        await self.act(self.head, self.plan_ref(owner), assigning)
        return okr, kpi

    async def draft_alone(self, owner: UUID) -> UUID:
        """An owner drafts and proposes an OKR; returns its id."""
        okr, definition, ref = uuid4(), objective(), self.plan_ref(owner)
        await self.act(owner, ref, DraftGoal(goal=okr, definition=definition, cycle=self.cycle, owner=owner))
        await self.act(owner, ref, ProposeRevision(goal=okr, definition=definition))
        return okr

    async def agree(self, owner: UUID) -> None:
        """The head accepts the OKRs, the owner acknowledges the KPIs."""
        for goal in (await self.plan(owner)).goals.values():
            if goal.agreed:
                continue
            if goal.definition.kind == "okr":
                await self.act(self.head, self.plan_ref(owner), AcceptRevision(goal=goal.id, hash=goal.hash))
            else:
                await self.act(owner, self.plan_ref(owner), AcknowledgeAssignment(goal=goal.id, hash=goal.hash))

    async def submit(self, owner: UUID) -> str:
        """The owner submits the plan as it is; returns its hash."""
        shown = (await self.plan(owner)).content_hash((await self.state()).policy.scoring.hash)
        await self.act(owner, self.plan_ref(owner), SubmitPlan(hash=shown))
        return shown

    async def sign(self, owner: UUID, *signers: UUID) -> None:
        """Signers sign the plan as it is (default: the head, then the lead)."""
        for signer in signers or (self.head, self.lead):
            shown = (await self.plan(owner)).content_hash((await self.state()).policy.scoring.hash)
            await self.act(signer, self.plan_ref(owner), SignPlan(hash=shown))

    async def check_in(self, owner: UUID, *, final: bool = True, share: float = 0.5) -> None:
        """The owner reports every goal."""
        for goal in (await self.plan(owner)).goals.values():
            readings: Any
            if isinstance(goal.definition, Okr):
                readings = tuple(Reading(measure=item.id, value=15) for item in goal.definition.key_results)
            else:
                readings = (Reading(measure=goal.id, value=95),)
            report = CheckIn(goal=goal.id, readings=readings, confidence=str(share), status="on_track", final=final)
            await self.act(owner, self.plan_ref(owner), report)

    async def advance(self) -> None:
        """The facilitator closes the phase early, and the duty that a workflow would perform finishes it."""
        last = (await self.state()).phase is Phase.RETROSPECT
        await self.act(self.lead, self.cycle_ref, CloseCycle() if last else AdvancePhase())
        await self.perform_due(self.cycle_ref)

    async def perform_due(self, ref: Ref) -> list[str]:
        """Do what a workflow would do now; returns the keys of the duties."""
        now = self.now or datetime.now(UTC)
        reading = await self.engine.agendas.read_agenda(self.organization, ref, now)
        for duty in reading.agenda.due:
            await self.engine.agendas.perform(self.organization, ref, duty.key, now)
        return [duty.key for duty in reading.agenda.due]

    async def publish(self) -> None:
        """The facilitator publishes the results."""
        await self.act(self.lead, self.cycle_ref, PublishResults())

    async def receive(self, owner: UUID) -> None:
        """The owner acknowledges the result."""
        result = (await self.state()).results[self.plan_ref(owner).stream]
        await self.act(owner, self.plan_ref(owner), AcknowledgeResult(result=result.hash, how="assent"))


def objective(target: int = 20) -> Okr:
    """An OKR with one measured key result from 10 to `target`."""
    result = Measured(
        kind="increase", id=uuid4(), title="Berths used", unit="berths", baseline="10", target=str(target)
    )
    return Okr(
        kind="okr",
        title="Bring the harbour back",
        approach="by asking every captain",
        ambition=Ambition.ASPIRATIONAL,
        weight="100",
        key_results=(result,),
    )


def indicator() -> Kpi:
    """A KPI with its three points at 80, 100 and 120."""
    return Kpi(kind="kpi", title="Safety", weight="100", unit="%", threshold="80", target="100", stretch="120")
