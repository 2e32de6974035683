"""A file of goals taken through negotiation and signing by its people, over the real importer and the real handler.

Who signs is told by a second book: the lines of the directory file, and board approvers where they end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from cli.composition import CODEC, Engine
from cli.importing import Directory, ImportPlan, PlannedOwner, run_import
from domain.cycle.closing import AdvancePhase, FinishClosing
from domain.cycle.state import CycleState
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.directory.state import Role
from domain.goals import Ambition, Okr
from domain.messages import Command, Event
from domain.plan.goal import Goal
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.signing import SignPlan, SubmitPlan
from domain.plan.state import PlanState
from domain.problems import DomainError
from domain.values import SYSTEM
from eventlog.orders import Order, Step
from tests.importing.imports import ORGANIZATION, plan_for

ODD = "先做三家标杆客户；“引号”, it’s 👩\u200d🔧, e\u0301 ≠ \u00e9, \u05e2\u05d1\u05e8, =1+1, <b> \\ {commitment}"
"""What no step on the way may alter: neither compose, nor escape, nor cut."""
REASON = f"因为码头三月关闭 {ODD}"
SHIFT = Decimal(1)
"""Percentage points that a counter-proposal moves from a plan's first goal to its second."""


@dataclass
class SignedQuarter:
    """One file, imported, negotiated, submitted, signed, and the commit phase closed."""

    engine: Engine
    imported: ImportPlan
    directory: Directory
    unreasoned: set[str] = field(default_factory=set)
    """The codes of the refusals of counter-proposals that gave no reasons."""
    own: set[str] = field(default_factory=set)
    """... of signatures on one's own plan."""
    twice: set[str] = field(default_factory=set)
    """... of a second signature of one person."""
    blocked: str = ""
    """The code of the refusal to close commit while the last signature was missing."""

    @classmethod
    async def play(cls, engine: Engine, data: bytes, directory: Directory) -> SignedQuarter:
        """Import, negotiate every goal, sign every plan, close commit."""
        imported = await plan_for(engine, data, directory)
        assert (await run_import(engine, imported)).outcome == "appended"
        quarter = cls(engine, imported, directory)
        await quarter.advance()
        for owner in imported.owners:
            await quarter.negotiate(owner)
        await quarter.advance()
        for owner in imported.owners:
            await quarter.sign(owner, last=owner is imported.owners[-1])
        await quarter.advance()
        return quarter

    @property
    def cycle_ref(self) -> Ref:
        return Ref("cycle", self.imported.options.cycle_id)

    @property
    def written(self) -> dict[UUID, Okr]:
        """Each goal as the file says it."""
        return {goal.goal: goal.definition for goal in self.imported.goals}

    def countered(self, plan: PlanState) -> dict[UUID, dict[str, Any]]:
        """What the other side changed of each goal of a plan."""
        return dict(zip(plan.goals, countered([self.written[goal] for goal in plan.goals]), strict=True))

    async def cycle(self) -> CycleState:
        found: CycleState = (await self.engine.handler.cache.refresh(ORGANIZATION, self.cycle_ref)).state
        return found

    async def plan(self, owner: PlannedOwner) -> PlanState:
        found: PlanState = (await self.engine.handler.cache.refresh(ORGANIZATION, Ref("plan", owner.plan))).state
        return found

    async def plans(self) -> list[tuple[PlannedOwner, PlanState]]:
        return [(owner, await self.plan(owner)) for owner in self.imported.owners]

    async def events(self, ref: Ref) -> list[Event]:
        """Everything that a stream holds, as the log has it."""
        return [CODEC.decode(record) for record in await self.engine.log.read_stream(ORGANIZATION, ref)]

    async def read(self, value: Any) -> Any:
        """A value as somebody reads it: with its texts."""
        return await self.engine.opener(ORGANIZATION).render(value)

    def signers(self, owner: PlannedOwner) -> tuple[UUID, UUID]:
        """Who signs an owner's plan, in order: the next two above, and board approvers where nobody is left."""
        people, ids = self.directory.people, self.imported.people
        key = next(key for key, id in ids.items() if id == owner.owner.responsible)
        line: list[str] = []
        while (manager := people[line[-1] if line else key].manager) is not None:
            line.append(manager)
        board = [one for one, entry in people.items() if Role.BOARD_APPROVER in entry.roles and one not in (key, *line)]
        first, second = (line + board)[:2]
        return ids[first], ids[second]

    async def act(self, actor: UUID, ref: Ref, command: Command) -> None:
        order = Order(ORGANIZATION, actor, uuid4(), (Step(ref, command),), repr(command).encode())
        assert (await self.engine.handler.execute(order)).outcome == "appended"

    async def refused(self, actor: UUID, ref: Ref, command: Command) -> str:
        with pytest.raises(DomainError) as refusal:
            await self.act(actor, ref, command)
        return refusal.value.code

    async def advance(self) -> None:
        """The facilitator closes the phase, and what a workflow would do finishes it."""
        await self.act(self.imported.actor, self.cycle_ref, AdvancePhase())
        state = await self.cycle()
        assert state.closing is not None
        await self.act(SYSTEM, self.cycle_ref, FinishClosing(phase=state.phase, since=state.closing.version))

    async def negotiate(self, owner: PlannedOwner) -> None:
        """The owner proposes every goal with an approach. The other side counters two, and accepts the rest."""
        ref, (counterpart, _) = Ref("plan", owner.plan), self.signers(owner)
        for goal in (await self.plan(owner)).goals.values():
            await self.act(owner.owner.responsible, ref, await self.revision(goal, approach=approach(goal.id)))
        proposed = await self.plan(owner)
        for id, changes in self.countered(proposed).items():
            if changes:
                counter = await self.revision(proposed.goal(id), **changes)
                self.unreasoned.add(await self.refused(counterpart, ref, counter))
                reasons = dict.fromkeys(changes, REASON)
                await self.act(counterpart, ref, ProposeRevision.model_validate({**dict(counter), "reasons": reasons}))
            seen = (await self.plan(owner)).goal(id).hash
            answering = owner.owner.responsible if changes else counterpart
            await self.act(answering, ref, AcceptRevision(goal=id, hash=seen))

    async def revision(self, goal: Goal, **changes: Any) -> ProposeRevision:
        """The goal as a client reads it, every text in plain, with some fields altered."""
        definition = Okr.model_validate({**await self.read(goal.definition), **changes})
        return ProposeRevision(goal=goal.id, definition=definition)

    async def sign(self, owner: PlannedOwner, *, last: bool) -> None:
        """The owner submits the plan as it is, and both steps of the chain sign exactly that."""
        ref, rules = Ref("plan", owner.plan), (await self.cycle()).policy.scoring
        seen = (await self.plan(owner)).content_hash(rules.hash)
        await self.act(owner.owner.responsible, ref, SubmitPlan(hash=seen))
        first, second = self.signers(owner)
        self.own.add(await self.refused(owner.owner.responsible, ref, SignPlan(hash=seen)))
        await self.act(first, ref, SignPlan(hash=seen))
        self.twice.add(await self.refused(first, ref, SignPlan(hash=seen)))
        if last:
            assert (await self.cycle()).phase is Phase.COMMIT
            self.blocked = await self.refused(self.imported.actor, self.cycle_ref, AdvancePhase())
        await self.act(second, ref, SignPlan(hash=seen))


def approach(goal: UUID) -> str:
    """What the owner says of a goal that the file says none of."""
    return f"{ODD} {goal}"


def countered(definitions: Sequence[Okr]) -> list[dict[str, Any]]:
    """What the other side changes of each goal of a plan: the first is promised, or dated; the second weighs more."""
    changes: list[dict[str, Any]] = [{} for _ in definitions]
    first = definitions[0]
    changes[0] = {"due": "2099-03-20"} if first.ambition is Ambition.COMMITTED else {"ambition": "committed"}
    if len(definitions) > 1:
        changes[0]["weight"] = str(first.weight - SHIFT)
        changes[1] = {"weight": str(definitions[1].weight + SHIFT)}
    return changes
