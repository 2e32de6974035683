"""An honest small run in memory and the facts of it: what test_checker plants violations into."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from activities.signatures import StreamName
from cli.composition import CODEC, Engine
from domain.agenda import Agenda
from domain.decider import Ref
from domain.messages import Command
from domain.registry import DECIDERS
from eventlog.agendas import Agendas
from eventlog.appender import Appender
from eventlog.handler import Answer, CommandHandler
from eventlog.keyring import MemoryKeyring
from eventlog.log import Recorded
from eventlog.memory import MemoryLog
from eventlog.projection import Projection
from tests.faults.facts import Facts, StreamRow, WorkflowFact
from tests.faults.ground import BRIEF, POLICY
from tests.faults.owed import World
from tests.faults.sent import Sent, Try, Verdict
from tests.support.quarter import Quarter, windows
from workflows.ids import workflow_id

HOURS = windows(*(hour * 3600 for hour in range(1, 6)))


@dataclass
class Clock:
    now: datetime = datetime(2027, 3, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


class Unwritten:
    """No relay looks at these rows."""

    async def write_back(self, organization: UUID, ref: Ref, version: int, position: int, agenda: Agenda) -> None:
        del organization, ref, version, position, agenda


@dataclass
class Remembering(Quarter):
    """A quarter whose people remember what they sent."""

    sent: list[Sent] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)

    async def act(self, actor: UUID, ref: Ref, *commands: Command, key: UUID | None = None) -> Answer:
        command_id, began = key or uuid4(), self.clock()
        answer = await super().act(actor, ref, *commands, key=command_id)
        reading = next(iter(getattr(commands[0], "readings", ())), None)
        marker = str(reading.value) if reading else None
        done = Try(Verdict.ACKNOWLEDGED, began, self.clock(), "", answer.first_position, answer.last_position)
        self.sent.append(Sent(command_id, type(commands[0]).__name__, actor, ref.stream, marker, [done]))
        return answer


@dataclass(frozen=True)
class Run:
    """What was sent, and the facts afterwards."""

    facts: Facts
    sent: list[Sent]


async def honest_run() -> Run:
    """A plan in commit whose signature was reminded, and a brief cycle that duties closed."""
    clock = Clock()
    log, keyring = MemoryLog(clock), MemoryKeyring()
    handler = CommandHandler(log, Appender(log), DECIDERS, CODEC, keyring, clock)
    agendas = Agendas(log, handler, DECIDERS, Unwritten(), clock)
    engine = Engine(cast("Any", None), cast("Any", log), keyring, Appender(log), handler, agendas)
    quarter = Remembering(engine, clock=clock)
    await quarter.found()
    brief = replace(quarter, cycle=uuid4(), staff=())
    await brief.open(timetable=BRIEF, policy=POLICY)
    await quarter.open(timetable=HOURS, policy=POLICY)
    for owner in quarter.staff:
        await quarter.draft(owner)
        await quarter.agree(owner)
    await quarter.advance()
    await quarter.advance()
    for owner in quarter.staff:
        await quarter.submit(owner)
    await _pass(brief, 11)
    await brief.publish()
    while await brief.perform_due(brief.cycle_ref):
        pass
    await quarter.perform_due(quarter.plan_ref(quarter.staff[1]))
    await quarter.sign(quarter.staff[0])
    await quarter.sign(quarter.staff[1])
    while await quarter.perform_due(quarter.plan_ref(quarter.staff[1])):
        pass
    await quarter.advance()
    await quarter.check_in(quarter.staff[0], final=False)
    return Run(await _facts(log, quarter.organization, clock.now), quarter.sent)


async def _pass(quarter: Remembering, seconds: int) -> None:
    for _ in range(seconds):
        quarter.clock.now += timedelta(seconds=1)
        while await quarter.perform_due(quarter.cycle_ref):
            pass


async def _facts(log: MemoryLog, organization: UUID, now: datetime) -> Facts:
    events = await log.read_feed(organization, limit=10_000)
    world = World(organization)
    for event in events:
        world.apply(event)
    streams = {stream: _row(world, [one for one in events if one.stream == stream], now) for stream in _streams(events)}
    rows = await Projection(log, DECIDERS, CODEC).rows(organization, events, [])
    answers: dict[UUID, list[int]] = {}
    for event in events:
        answers.setdefault(event.command_id, [event.position])
    return Facts(
        organization=organization,
        founded_at=0,
        now=now,
        last_position=len(events),
        events=events,
        answers=answers,
        streams=streams,
        views_position=len(events),
        views={
            "cycle_rows": {str(cycle): row.model_dump(mode="json") for cycle, row in rows.cycles.items()},
            "board_rows": {f"{cycle}/{plan}": row.model_dump(mode="json") for (cycle, plan), row in rows.plans.items()},
            "inbox_rows": {
                f"{source}/{wait.person}/{wait.key}": wait.model_dump(mode="json")
                for source, waits in rows.waits.items()
                for wait in waits
            },
        },
        workflows=[
            WorkflowFact(
                workflow_id(StreamName(organization=organization, kind=row.kind, stream=stream)),
                seen=row.delivered_position,
                wakes_at=row.next_due,
            )
            for stream, row in streams.items()
            if not row.closed
        ],
    )


def _streams(events: list[Recorded]) -> list[UUID]:
    return list(dict.fromkeys(event.stream for event in events))


def _row(world: World, events: list[Recorded], now: datetime) -> StreamRow:
    last = events[-1]
    agenda = world.agenda(Ref(last.kind, last.stream), now)
    return StreamRow(
        kind=last.kind,
        version=last.version,
        fact_version=max((event.version for event in events if event.fact), default=0),
        hash=last.hash,
        last_position=last.position,
        next_due=agenda.next_due,
        wake_position=last.position,
        delivered_position=last.position,
        closed=agenda.closed,
    )
