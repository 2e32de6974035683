"""Directory, cycle and plans together through the real handler: duplicates, replays and restarts change nothing (R5.1).

The walk of `test_everything`, over a log: the same command twice has one answer and one effect, a fold of the bytes is
what the caches hold, a process that starts anew goes on where the last one died, and whatever two processes do between
them, the chain holds and every event's rule allowed it. `GOALCYCLE_HYPOTHESIS=deep` runs it for long.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid5

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

import eventlog.handler
from cli.composition import CODEC
from domain.agenda import Agenda
from domain.cycle.policy import ApprovalStep
from domain.decider import Ref
from domain.messages import Command
from domain.problems import DomainError
from domain.registry import DECIDERS
from domain.sealed import all_sealed, map_sealed
from eventlog.agendas import Agendas
from eventlog.appender import Appender
from eventlog.handler import Answer, CommandHandler
from eventlog.identity import duty_id
from eventlog.keyring import MemoryKeyring
from eventlog.memory import MemoryLog
from eventlog.orders import Order, Step
from eventlog.rules import verify_rules
from eventlog.seal import Opener
from eventlog.verify import verify_chain
from tests.support.given import World, who
from tests.walks.always import Always
from tests.walks.walk import Walk, stroll_until_all_are_taken

T = TypeVar("T")
ORGANIZATION = who("organization")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A phase that is closing here ends by nobody else's doing: there is nothing to wait for."""
    monkeypatch.setattr(eventlog.handler, "PATIENCE", 0.0)


class Unwritten:
    """No relay looks at these rows."""

    async def write_back(self, organization: UUID, ref: Ref, version: int, position: int, agenda: Agenda) -> None:
        del organization, ref, version, position, agenda


@dataclass
class Process:
    """What one process has of its own: its queue and its caches."""

    appender: Appender
    handler: CommandHandler
    agendas: Agendas


class Engines(Walk):
    """Two processes on one log; `world` holds what a fold of the log gives, and nothing else."""

    acknowledged: ClassVar[Counter[str]] = Counter()
    tried: ClassVar[Counter[str]] = Counter()

    def stand(self, chain: tuple[ApprovalStep, ...]) -> None:
        self.runner = asyncio.Runner()
        self.world = World()
        self.always = Always(self.world)
        self.log, self.keyring = MemoryLog(lambda: self.world.now), MemoryKeyring()
        self.processes = [self.starts(), self.starts()]
        self.orders: list[tuple[Order, Answer]] = []
        self.refused: list[Order] = []
        self.duties: list[tuple[Ref, str]] = []
        self.stood: dict[int, tuple[Ref, Any]] = {}
        """By position: a state as it was then."""
        super().stand(chain)

    def starts(self) -> Process:
        """With empty caches."""
        appender = Appender(self.log)
        handler = CommandHandler(self.log, appender, DECIDERS, CODEC, self.keyring, lambda: self.world.now)
        return Process(appender, handler, Agendas(self.log, handler, DECIDERS, Unwritten(), lambda: self.world.now))

    def does(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @property
    def at_work(self) -> Process:
        """They take turns."""
        return self.processes[len(self.world.events) % len(self.processes)]

    # --- sending ---

    def send(self, actor: UUID, ref: Ref, command: Command) -> bool:
        key = uuid5(ORGANIZATION, f"{len(self.orders)} {len(self.refused)}")
        command = self.does(self.in_plain(command))
        steps = (Step(ref, command),)
        order = Order(ORGANIZATION, actor, key, steps, f"{ref} {command!r}".encode(), now=self.world.now)
        known = len(self.world.events)
        try:
            answer = self.does(self.at_work.handler.execute(order))
        except DomainError:
            self.refused.append(order)
            self.learn()
            assert len(self.world.events) == known, "what was refused left a trace"
            return False
        self.orders.append((order, answer))
        self.learn()
        self.took_place(command, ref, known, answer)
        return answer.outcome == "appended"

    async def in_plain(self, command: Command) -> Command:
        """The command as a person sends it, who was shown the texts: the states that moves are made of hold none."""
        hidden = tuple(found for found in all_sealed(command) if found.text is None)
        opened = await Opener(self.log, self.keyring, ORGANIZATION).open(hidden)
        texts = {found.commitment: found.text for found in opened}
        shown: Command = map_sealed(
            command, lambda found, _: type(found)(texts[found.commitment]) if found.text is None else found
        )
        return shown

    def took_place(self, command: Command, ref: Ref, known: int, answer: Answer) -> None:
        if answer.outcome == "appended":
            assert (answer.first_position, answer.last_position) == (known + 1, len(self.world.events))
            self.took(command)
            for part in command.spread(ref.stream):
                self.took(part.command)
        else:
            assert (answer.outcome, len(self.world.events)) == ("unchanged", known)

    def perform_due(self, ref: Ref) -> bool:
        agendas = self.at_work.agendas
        reading = self.does(agendas.read_agenda(ORGANIZATION, ref, self.world.now))
        for duty in reading.agenda.due:
            known = len(self.world.events)
            performed = self.does(agendas.perform(ORGANIZATION, ref, duty.key, self.world.now))
            self.learn()
            if performed.outcome == "performed":
                assert performed.position == len(self.world.events) > known, f"{duty.key} is owed again"
                self.took(duty.command)
                for part in duty.command.spread(ref.stream):
                    self.took(part.command)
                self.duties.append((ref, duty.key))
        return bool(reading.agenda.due)

    def learn(self) -> None:
        """Fold what is new in the log, event by event from its bytes; the cache that wrote it must say the same."""
        writer, touched = self.at_work, set[Ref]()
        for record in self.does(self.log.read_feed(ORGANIZATION, after=len(self.world.events))):
            event, ref = CODEC.decode(record), Ref(record.kind, record.stream)
            self.world.states[ref] = DECIDERS[ref.kind].evolve(self.world.state(ref), event)
            self.world.events.append((ref, record.actor, record.at, event))
            touched.add(ref)
        for ref in touched:
            self.stood[len(self.world.events)] = ref, self.world.state(ref)
            cached = self.does(writer.handler.cache.refresh(ORGANIZATION, ref))
            assert cached.state == self.world.state(ref), f"the cache holds another {ref.kind} than the log"
        self.always.look()

    # --- duplicates, restarts, replays ---

    @rule(pick=st.integers(0, 1 << 16), process=st.integers(0, 1))
    def an_answer_is_lost_and_the_order_comes_again(self, pick: int, process: int) -> None:
        """However late, to whichever process: the first answer, and no event."""
        order, first = self.orders[pick % len(self.orders)]
        again = self.does(self.processes[process].handler.execute(order)) if first.outcome == "appended" else first
        self.learn()
        assert again.outcome == ("duplicate" if first.outcome == "appended" else "unchanged")
        assert (again.first_position, again.last_position) == (first.first_position, first.last_position)
        assert again.versions == first.versions

    @rule(pick=st.integers(0, 1 << 16))
    def a_key_comes_with_another_body(self, pick: int) -> None:
        order, first = self.orders[pick % len(self.orders)]
        other = Order(ORGANIZATION, order.actor, order.command_id, order.steps, b"another", now=self.world.now)
        if first.outcome == "appended":
            with pytest.raises(DomainError) as refusal:
                self.does(self.at_work.handler.execute(other))
            assert refusal.value.code == "command.key_reused"

    @rule(pick=st.integers(0, 1 << 16), process=st.integers(0, 1))
    def a_duty_comes_again(self, pick: int, process: int) -> None:
        """A workflow that was told twice: it is no longer owed, and its own order would be answered as the first."""
        if self.duties:
            ref, key = self.duties[pick % len(self.duties)]
            again = self.does(self.processes[process].agendas.perform(ORGANIZATION, ref, key, self.world.now))
            assert again.outcome == "no_longer_owed"
            found = self.does(self.log.find_command(ORGANIZATION, duty_id(ORGANIZATION, ref.stream, key)))
            assert found is not None

    @rule(process=st.integers(0, 1))
    def a_process_dies_and_starts_anew(self, process: int) -> None:
        self.does(self.processes[process].appender.close())
        self.processes[process] = self.starts()

    @rule(both=st.tuples(st.integers(0, 1 << 16), st.integers(0, 1 << 16)))
    def two_copies_go_out_at_once(self, both: tuple[int, int]) -> None:
        """The same command under one id to both processes: one of them appends it."""
        if not self.refused:
            return
        order = self.refused[both[0] % len(self.refused)]
        known = len(self.world.events)

        async def at_once() -> list[Any]:
            sent = [process.handler.execute(order) for process in self.processes]
            return await asyncio.gather(*sent, return_exceptions=True)

        outcomes = sorted(getattr(one, "outcome", "refused") for one in self.does(at_once()))
        self.learn()
        assert outcomes in (["appended", "duplicate"], ["refused", "refused"], ["unchanged", "unchanged"])
        assert (len(self.world.events) > known) == ("appended" in outcomes)

    @rule(pick=st.integers(0, 1 << 16))
    def somebody_asks_how_it_stood(self, pick: int) -> None:
        """As of a position: what was true then, whatever came after."""
        position = sorted(self.stood)[pick % len(self.stood)]
        ref, then = self.stood[position]
        assert self.replayed(ref, position) == then

    def replayed(self, ref: Ref, position: int | None = None) -> Any:
        state = DECIDERS[ref.kind].initial
        for record in self.does(self.log.read_stream(ORGANIZATION, ref, up_to_position=position)):
            state = DECIDERS[ref.kind].evolve(state, CODEC.decode(record))
        return state

    def teardown(self) -> None:
        if not hasattr(self, "log"):
            return
        self.ends()
        for process in self.processes:
            self.does(process.appender.close())
        self.runner.close()

    def ends(self) -> None:
        """What an auditor would find."""
        chain = self.does(verify_chain(self.log, ORGANIZATION))
        assert chain.holds, chain.fault
        rules = self.does(verify_rules(self.log, CODEC, ORGANIZATION))
        assert rules.holds, rules.fault
        assert chain.events == rules.events == len(self.world.events)
        for ref, state in self.world.states.items():
            assert self.replayed(ref) == state


DEEP = os.environ.get("GOALCYCLE_HYPOTHESIS") == "deep"
Engines.TestCase.settings = settings(
    max_examples=500 if DEEP else 8,
    stateful_step_count=80 if DEEP else 25,
    deadline=None,
    derandomize=not DEEP,
    suppress_health_check=[HealthCheck.too_slow],
)
TestEngines = pytest.mark.timeout(3600 if DEEP else 120)(Engines.TestCase)


class Strolling(Engines):
    """Counts for itself."""

    acknowledged: ClassVar[Counter[str]] = Counter()
    tried: ClassVar[Counter[str]] = Counter()


@pytest.mark.hypothesis
@pytest.mark.skipif(not DEEP, reason="the same strolls over the rules alone have every command taken")
@pytest.mark.timeout(1200)
def test_every_command_is_taken_by_the_handler_in_some_walk() -> None:
    """A command that is always refused would prove nothing."""
    stroll_until_all_are_taken(Strolling)
