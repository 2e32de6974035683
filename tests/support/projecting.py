"""Read models beside a quarter: projectors, what they wrote, and people who do anything at random."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import asyncpg

from cli.composition import CODEC, Engine
from domain.cycle.closing import AdvancePhase
from domain.cycle.exceptions import ExtendDeadline, ReopenPhase
from domain.cycle.participation import EnrolParticipant, ExcuseParticipant
from domain.cycle.windows import Phase
from domain.directory.lines import SetManager
from domain.directory.people import AddPerson, DeactivatePerson
from domain.directory.roles import GrantRole, RevokeRole
from domain.directory.state import DIRECTORY, Role
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.sending_back import RecallPlan, RejectPlan
from domain.problems import DomainError
from domain.registry import DECIDERS
from domain.upcasting import UPCASTERS
from eventlog.codec import Codec
from eventlog.projector import Projector
from tests.support.quarter import Quarter, objective

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
TABLES = {
    "cycle_rows": "organization, cycle",
    "board_rows": "organization, cycle, plan",
    "inbox_rows": "organization, source, person, item",
    "alignment_rows": "organization, plan, edge",
    "view_checkpoints": "organization",
}


def projector_of(engine: Engine, *, generation: int | None = None, codec: Codec = CODEC) -> Projector:
    return Projector(engine.pool, engine.log, DECIDERS, codec, generation=generation)


async def caught_up(projector: Projector) -> int:
    """Work until nothing is left; returns how many events were applied."""
    applied = 0
    while worked := await projector.step():
        applied += worked
    return applied


async def live(pool: Pool) -> int:
    found: int = await pool.fetchval("select generation from goalcycle.view_generations where state = 'live'")
    return found


async def rows(pool: Pool, generation: int | None = None) -> dict[str, list[dict[str, Any]]]:
    """Every row of a generation (the live one), by table, without the generation's number."""
    wanted = generation or await live(pool)
    found: dict[str, list[dict[str, Any]]] = {}
    for table, order in TABLES.items():
        records = await pool.fetch(
            f"select to_jsonb(t) - 'generation' as row from goalcycle.{table} t where generation = $1 order by {order}",
            wanted,
        )
        found[table] = [json.loads(record["row"]) for record in records]
    return found


class Crowd:
    """Six people of a quarter who do what comes to their minds, with a seed; time moves on between."""

    def __init__(self, quarter: Quarter, seed: int) -> None:
        self.quarter = quarter
        self.random = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.people = [quarter.lead, quarter.head, *quarter.staff, *quarter.board]

    async def act(self, times: int) -> None:
        """So many attempts; what the rules refuse is refused."""
        acts: list[Callable[[], Awaitable[Any]]] = [
            self._draft, self._agree, self._agree, self._revise, self._revise, self._submit, self._submit, self._sign,
            self._sign, self._sign, self._turn_down, self._check_in, self._check_in, self._advance, self._advance,
            self._advance, self._publish, self._receive, self._exceptions, self._exceptions, self._directory,
            self._wait, self._likely, self._likely, self._likely, self._likely,
        ]  # fmt: skip
        for _ in range(times):
            act = self.random.choice(acts)
            try:
                await act()
            except DomainError:
                continue
            self.done[act.__name__] += 1

    def _owner(self) -> UUID:
        return self.random.choice(self.quarter.staff)

    async def _likely(self) -> None:
        """What the phase asks of an owner and the chain, so that a random walk gets somewhere."""
        owner = self._owner()
        phase, signing = (await self.quarter.state()).phase, (await self.quarter.plan(owner)).signing
        if phase in (Phase.DRAFT, Phase.NEGOTIATE):
            await self._draft()
            await self.quarter.agree(owner)
        elif phase is Phase.COMMIT and signing is None:
            await self.quarter.agree(owner)
            await self.quarter.submit(owner)
        elif phase is Phase.COMMIT:
            await self._sign()
        elif phase is Phase.TRACK:
            await self.quarter.check_in(owner, final=self.random.random() < 0.6)

    async def _draft(self) -> None:
        owner = self._owner()
        if not (await self.quarter.plan(owner)).goals:
            await self.quarter.draft(owner)

    async def _agree(self) -> None:
        await self.quarter.agree(self._owner())

    async def _revise(self) -> None:
        owner = self._owner()
        for goal in (await self.quarter.plan(owner)).goals.values():
            if goal.definition.kind == "okr":
                side = self.random.choice([owner, self.quarter.head])
                ref = self.quarter.plan_ref(owner)
                if self.random.random() < 0.5:
                    await self.quarter.act(side, ref, AcceptRevision(goal=goal.id, hash=goal.hash))
                    continue
                result = goal.definition.key_results[0]
                target = self.random.randint(15, 18)
                changed = objective(target).key_results[0].model_copy(update={"id": result.id})
                reasons: Any = {f"key_results.{result.id}.target": "Better so"}
                definition = objective().model_copy(update={"key_results": (changed,)})
                await self.quarter.act(side, ref, ProposeRevision(goal=goal.id, definition=definition, reasons=reasons))

    async def _submit(self) -> None:
        await self.quarter.submit(self._owner())

    async def _sign(self) -> None:
        owner = self._owner()
        for signer in self.random.sample(self.people, k=3):
            with suppress(DomainError):
                await self.quarter.sign(owner, signer)
                self.done["signed"] += 1

    async def _turn_down(self) -> None:
        owner = self._owner()
        signing = (await self.quarter.plan(owner)).signing
        ref = self.quarter.plan_ref(owner)
        if self.random.random() < 0.5 or signing is None:
            await self.quarter.act(owner, ref, RecallPlan(reason="Wait"))
        else:
            by = self.random.choice(self.people)
            await self.quarter.act(by, ref, RejectPlan(hash=signing.hash, reason="No"))

    async def _check_in(self) -> None:
        await self.quarter.check_in(self._owner(), final=self.random.random() < 0.6)

    async def _advance(self) -> None:
        if (await self.quarter.state()).phase is Phase.RETROSPECT:
            await self.quarter.advance()
        else:
            await self.quarter.act(self.quarter.lead, self.quarter.cycle_ref, AdvancePhase())
            await self.quarter.perform_due(self.quarter.cycle_ref)

    async def _publish(self) -> None:
        await self.quarter.publish()

    async def _receive(self) -> None:
        owner = self._owner()
        if self.quarter.plan_ref(owner).stream in (await self.quarter.state()).results:
            await self.quarter.receive(owner)

    async def _exceptions(self) -> None:
        quarter, owner = self.quarter, self._owner()
        assert quarter.now is not None
        until = quarter.now + timedelta(hours=self.random.randint(1, 4))
        phase = (await quarter.state()).phase
        await quarter.act(
            quarter.lead,
            quarter.cycle_ref,
            self.random.choice(
                [
                    ExtendDeadline(phase=phase, until=until, reason="More time"),
                    ReopenPhase(phase=self.random.choice([Phase.NEGOTIATE, Phase.COMMIT]), until=until, reason="Again"),
                    ExcuseParticipant(owner=owner, reason="On leave"),
                    *[EnrolParticipant(owner=owner, reason="A transfer")] * 3,
                ]
            ),
        )

    async def _directory(self) -> None:
        quarter = self.quarter
        board = self.random.choice(quarter.board)
        newcomer = uuid4()
        change = self.random.choice(
            [
                AddPerson(person=newcomer, name="A newcomer", manager=quarter.lead),
                AddPerson(person=newcomer, name="A newcomer", roles=(Role.BOARD_APPROVER,)),
                SetManager(person=self._owner(), manager=self.random.choice([quarter.head, quarter.lead])),
                SetManager(person=quarter.head, manager=self.random.choice([quarter.lead, None])),
                GrantRole(person=board, role=Role.BOARD_APPROVER),
                RevokeRole(person=board, role=Role.BOARD_APPROVER),
                *([DeactivatePerson(person=board)] if self.random.random() < 0.2 else []),
            ]
        )
        await quarter.act(quarter.lead, DIRECTORY, change)

    async def _wait(self) -> None:
        """Time passes, and the workflows do what has fallen due."""
        quarter = self.quarter
        assert quarter.now is not None
        quarter.now += timedelta(minutes=self.random.choice([1, 20, 90]))
        for ref in (quarter.cycle_ref, *map(quarter.plan_ref, quarter.staff)):
            if (await quarter.engine.handler.cache.refresh(quarter.organization, ref)).head.version:
                for _ in range(5):  # a closing that begins must be finished, or everybody waits for it
                    if not await quarter.perform_due(ref):
                        break


def log_codec_without(name: str) -> Codec:
    """A release that does not know an event type."""
    from domain.registry import EVENTS

    return Codec({known: kind for known, kind in EVENTS.items() if known != name}, UPCASTERS)
