"""A small world for tests of the machinery: the real directory, a cycle that freezes, plans that align and are signed.

The rules are few and made up; what they exercise is real: reads across streams, duties, sealed texts, waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

import domain.directory.access
import domain.directory.agenda
import domain.directory.people  # noqa: F401 - a module registers its rules when it is loaded
from domain.access.grants import DUTY, may
from domain.access.verdict import Facts, Stand
from domain.agenda import Agenda, Duty, agenda_of
from domain.decider import Context, Decider, Ref
from domain.directory.founding import FirstPerson, FoundOrganization
from domain.directory.state import DIRECTORY, directory
from domain.messages import Command, Event, Kind, Wake
from domain.problems import problem
from domain.sealed import AuthorText, CommonName, OwnerText, PersonName
from domain.spreading import Part
from domain.values import Duration, Elapsed, Frozen, Instant
from eventlog.appender import Appender
from eventlog.codec import Codec
from eventlog.handler import Answer, CommandHandler, Order, Step, system_clock
from eventlog.keyring import MemoryKeyring
from eventlog.log import AppendRequest, AppendResult, Log
from eventlog.memory import MemoryLog

CIRCLE = problem("toy.circle", 409, "This would be a circle.")
SIGNED = problem("toy.signed", 409, "This is signed already.")
FROZEN = problem("toy.frozen", 409, "The cycle is frozen.", transient=True)


class ToyCycle(Frozen):
    version: int = 0
    open: bool = False
    frozen: bool = False
    closed: bool = False


class ToyPlan(Frozen):
    version: int = 0
    cycle: UUID | None = None
    owner: UUID | None = None
    text: OwnerText | None = None
    note: AuthorText | None = None
    aligned: UUID | None = None
    signed: bool = False
    remind_at: Instant | None = None
    reminded: bool = False


class Open(Command):
    opens: ClassVar[bool] = True
    name: CommonName


class Freeze(Command):
    pass


class Thaw(Command):
    pass


class Close(Command):
    pass


class Draft(Command):
    opens: ClassVar[bool] = True
    cycle: UUID
    owner: UUID
    text: OwnerText
    note: AuthorText | None = None
    remind_in: Duration = Elapsed(seconds=3600)


class Align(Command):
    to: UUID


class Sign(Command):
    """Signing waits while the cycle is frozen, and is refused when done."""


class SignAll(Command):
    """To the cycle: every one of these plans is signed, or none."""

    plans: tuple[UUID, ...]

    def spread(self, stream: UUID) -> tuple[Part, ...]:
        return tuple(Part(Ref("plan", one), Sign(), f"/plans/{place}") for place, one in enumerate(self.plans))


class Touch(Command):
    """Does nothing: an order without events."""


class Remind(Command):
    system: ClassVar[bool] = True
    since: int


class Opened(Event):
    name: CommonName


class Froze(Event):
    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})


class Thawed(Event):
    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})


class Closed(Event):
    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})


class Drafted(Event):
    cycle: UUID
    owner: UUID
    text: OwnerText
    note: AuthorText | None = None
    remind_at: Instant


class Aligned(Event):
    to: UUID


class Signed(Event):
    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT})


class Reminded(Event):
    notice: ClassVar[bool] = True
    since: int


def _plan_needs(command: Command | None, stream: UUID, state: Any, states: Mapping[Ref, Any]) -> Sequence[Ref]:
    cycle = state.cycle or getattr(command, "cycle", None)
    asked = [DIRECTORY] if cycle is None else [DIRECTORY, Ref("cycle", cycle)]
    if isinstance(command, Align):
        above: UUID | None = command.to
        while above is not None and above != stream:
            asked.append(Ref("plan", above))
            known = states.get(Ref("plan", above))
            above = known.aligned if known else None
    return asked


def anybody(_state: Any, _command: Command, _context: Context) -> Facts:
    return Facts(frozenset({Stand.MEMBER}))


TAKEN = (Open, Freeze, Thaw, Close, SignAll, Draft, Align, Sign, Touch)
ANYBODY = {command.__name__: may(Stand.MEMBER) for command in TAKEN}
toy_cycle: Decider[ToyCycle] = Decider(
    kind="cycle",
    initial=ToyCycle(),
    facts=anybody,
    grants=ANYBODY,
    needs=lambda _command, _stream, _state, _states: [DIRECTORY],
    parent_of=lambda _state: DIRECTORY.stream,
)
toy_plan: Decider[ToyPlan] = Decider(
    kind="plan",
    initial=ToyPlan(),
    facts=anybody,
    grants={**ANYBODY, "Remind": DUTY},
    needs=_plan_needs,
    owner_of=lambda state, command: state.owner or getattr(command, "owner", None),
    parent_of=lambda state: state.cycle,
)


@toy_cycle.decides(Open)
def open_cycle(state: ToyCycle, command: Open, context: Context) -> list[Event]:
    return [Opened(name=command.name)]


@toy_cycle.decides(Freeze)
def freeze(state: ToyCycle, command: Freeze, context: Context) -> list[Event]:
    return [] if state.frozen else [Froze()]


@toy_cycle.decides(Thaw)
def thaw(state: ToyCycle, command: Thaw, context: Context) -> list[Event]:
    return [Thawed()] if state.frozen else []


@toy_cycle.decides(SignAll)
def sign_all(state: ToyCycle, command: SignAll, context: Context) -> list[Event]:
    return []


@toy_cycle.decides(Close)
def close(state: ToyCycle, command: Close, context: Context) -> list[Event]:
    return [Closed()]


@toy_plan.decides(Draft)
def draft(state: ToyPlan, command: Draft, context: Context) -> list[Event]:
    assert command.text.text, "a rule may look at the plain text of its command"
    due = context.after(context.at, command.remind_in)
    return [Drafted(cycle=command.cycle, owner=command.owner, text=command.text, note=command.note, remind_at=due)]


@toy_plan.decides(Align)
def align(state: ToyPlan, command: Align, context: Context) -> list[Event]:
    above: UUID | None = command.to
    while above is not None:
        if above == context.stream:
            raise CIRCLE()
        above = context.state("plan", above).aligned
    return [Aligned(to=command.to)]


@toy_plan.decides(Sign)
def sign(state: ToyPlan, command: Sign, context: Context) -> list[Event]:
    if state.cycle is not None and context.state("cycle", state.cycle).frozen:
        raise FROZEN()
    if state.signed:
        raise SIGNED()
    return [Signed()]


@toy_plan.decides(Touch)
def touch(state: ToyPlan, command: Touch, context: Context) -> list[Event]:
    return []


@toy_plan.decides(Remind)
def remind(state: ToyPlan, command: Remind, context: Context) -> list[Event]:
    return [] if state.reminded else [Reminded(since=command.since)]


toy_cycle.evolves(Opened)(lambda state, event: state.model_copy(update={"open": True}))
toy_cycle.evolves(Froze)(lambda state, event: state.model_copy(update={"frozen": True}))
toy_cycle.evolves(Thawed)(lambda state, event: state.model_copy(update={"frozen": False}))
toy_cycle.evolves(Closed)(lambda state, event: state.model_copy(update={"closed": True}))
toy_plan.evolves(Drafted)(
    lambda state, event: state.model_copy(
        update={name: getattr(event, name) for name in ("cycle", "owner", "text", "note", "remind_at")}
    )
)
toy_plan.evolves(Aligned)(lambda state, event: state.model_copy(update={"aligned": event.to}))
toy_plan.evolves(Signed)(lambda state, event: state.model_copy(update={"signed": True}))
toy_plan.evolves(Reminded)(lambda state, event: state.model_copy(update={"reminded": True}))


def _cycle_agenda(state: ToyCycle, context: Context, now: datetime) -> Agenda:
    return Agenda(closed=state.closed, watching=state.frozen)


def _plan_agenda(state: ToyPlan, context: Context, now: datetime) -> Agenda:
    if state.cycle is not None and context.state("cycle", state.cycle).closed:
        return Agenda(closed=True)
    if state.remind_at is None or state.reminded or state.signed:
        return Agenda()
    return agenda_of([Duty(remind_key(state.remind_at), state.remind_at, Remind(since=1))], now)


def remind_key(due: datetime) -> str:
    return f"Remind:v1:{due.isoformat()}"


toy_cycle.agenda = _cycle_agenda
toy_plan.agenda = _plan_agenda

DECIDERS: dict[Kind, Decider[Any]] = {"directory": directory, "cycle": toy_cycle, "plan": toy_plan}
CODEC = Codec({event.__name__: event for decider in DECIDERS.values() for event in decider.events})


@dataclass
class Losing:
    """An appender whose next answers are lost on the way back: the append happens, the caller hears nothing."""

    inner: Appender
    losses: int = 0

    async def submit(self, organization: UUID, request: AppendRequest) -> AppendResult:
        result = await self.inner.submit(organization, request)
        if self.losses:
            self.losses -= 1
            raise ConnectionError("the answer was lost")
        return result


@dataclass
class World:
    """An organization with one person, and as many handlers on its log as a test wants processes."""

    log: Log = field(default_factory=MemoryLog)
    keyring: MemoryKeyring = field(default_factory=MemoryKeyring)
    clock: Callable[[], datetime] = system_clock
    organization: UUID = field(default_factory=uuid4)
    person: UUID = field(default_factory=uuid4)
    cycle: UUID = field(default_factory=uuid4)
    appenders: list[Appender] = field(default_factory=list)

    def handler(self, appender: Any = None) -> CommandHandler:
        return CommandHandler(self.log, appender or self.appender(), DECIDERS, CODEC, self.keyring, self.clock)

    def appender(self) -> Appender:
        self.appenders.append(Appender(self.log))
        return self.appenders[-1]

    async def close(self) -> None:
        for appender in self.appenders:
            await appender.close()

    def order(self, ref: Ref, command: Command, **more: Any) -> Order:
        steps = (Step(ref, command, expected=more.pop("expected", None)),)
        given: dict[str, Any] = {
            "actor": self.person,
            "command_id": uuid4(),
            "body": repr((ref, type(command))).encode(),
        } | more
        return Order(organization=self.organization, steps=steps, **given)

    async def found(self, handler: CommandHandler, **more: Any) -> Answer:
        command = FoundOrganization(
            name=CommonName("Acme"),
            first_person=FirstPerson(id=self.person, name=PersonName("Ada Lovelace")),
            **more,
        )
        return await handler.execute(self.order(DIRECTORY, command))

    async def begin(self, handler: CommandHandler, **more: Any) -> None:
        """An organization with an open cycle."""
        await self.found(handler, **more)
        await handler.execute(self.order(Ref("cycle", self.cycle), Open(name=CommonName("2027 Q1"))))

    async def draft(self, handler: CommandHandler, text: str = "grow", **more: Any) -> Ref:
        """A new plan."""
        ref = Ref("plan", uuid4())
        command = Draft(cycle=self.cycle, owner=self.person, text=OwnerText(text), **more)
        await handler.execute(self.order(ref, command))
        return ref
