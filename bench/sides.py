"""What is compared: the append function and the whole command handler against the plainest INSERT there is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg

from cli.composition import Engine
from domain.cycle.exceptions import ExtendDeadline
from domain.cycle.opening import OpenCycle
from domain.cycle.windows import Period, Phase
from domain.decider import Ref
from domain.directory.people import RoleGranted
from domain.directory.state import Role
from domain.messages import Command
from eventlog.appender import Appender
from eventlog.codec import chain
from eventlog.handler import Order
from eventlog.handler import Step as OrderStep
from eventlog.log import EMPTY_HASH, AppendRequest, Outcome, StreamAppend
from eventlog.postgres import PostgresLog

CLIENTS = 64
CONNECTIONS = 32

PLAIN_TABLE = """
create table if not exists public.plain_events (
    id bigint generated always as identity primary key, stream uuid, version bigint, payload bytea)
"""
PLAIN_INSERT = "insert into public.plain_events (stream, version, payload) values ($1, $2, $3)"

Step = Callable[[], Awaitable[None]]


async def _rate(seconds: float, steps: list[Step]) -> float:
    """How many steps a second many clients take together."""
    loop = asyncio.get_running_loop()
    end, done = loop.time() + seconds, 0

    async def client(step: Step) -> None:
        nonlocal done
        while loop.time() < end:
            await step()
            done += 1

    begun = loop.time()
    await asyncio.gather(*(client(step) for step in steps))
    return done / (loop.time() - begun)


class PlainInsert:
    """A prepared one-row INSERT of ready bytes, each client on a connection of its own, autocommit."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url

    async def __call__(self, seconds: float) -> float:
        async with AsyncExitStack() as stack:
            steps: list[Step] = []
            for _ in range(CONNECTIONS):
                connection = await asyncpg.connect(self._database_url)
                stack.push_async_callback(connection.close)
                await connection.execute(PLAIN_TABLE)
                steps.append(_plain_step(await connection.prepare(PLAIN_INSERT), uuid4()))
            return await _rate(seconds, steps)


def _plain_step(insert: asyncpg.prepared_stmt.PreparedStatement[asyncpg.Record], stream: UUID) -> Step:
    payload, version = b'{"person":"00000000-0000-0000-0000-000000000000","role":"auditor"}', 0

    async def step() -> None:
        nonlocal version
        version += 1
        await insert.fetch(stream, version, payload)

    return step


class AppendFunction:
    """The append function through the appender: ready bytes, each client on a stream of its own."""

    def __init__(self, log: PostgresLog, organization: UUID) -> None:
        self._log = log
        self._organization = organization

    async def __call__(self, seconds: float) -> float:
        appender = Appender(self._log)
        rate = await _rate(seconds, [self._step(appender) for _ in range(CLIENTS)])
        await appender.close()
        return rate

    def _step(self, appender: Appender) -> Step:
        ref, version, head = Ref("metric", uuid4()), 0, EMPTY_HASH

        async def step() -> None:
            nonlocal version, head
            actor, command, at = uuid4(), uuid4(), datetime.now(UTC)
            events = chain(
                [RoleGranted(person=actor, role=Role.AUDITOR)],
                organization=self._organization,
                ref=ref,
                after_version=version,
                after_hash=head,
                actor=actor,
                command_id=command,
                causation=None,
                at=at,
            )
            request = AppendRequest(command, bytes(32), actor, at, (StreamAppend(ref, version, head, events),))
            result = await appender.submit(self._organization, request)
            assert result.outcome is Outcome.APPENDED, result
            version, head = version + 1, events[-1].hash

        return step


class Handler:
    """The whole command handler: decide, seal a reason, canonical bytes, hash, append; each client on its own cycle."""

    def __init__(self, engine: Engine, organization: UUID, admin: UUID) -> None:
        self._engine = engine
        self._organization = organization
        self._admin = admin

    async def __call__(self, seconds: float) -> float:
        cycles = [await self._open_cycle() for _ in range(CLIENTS)]
        return await _rate(seconds, [self._step(*cycle) for cycle in cycles])

    async def _open_cycle(self) -> tuple[Ref, datetime]:
        ref, starts = Ref("cycle", uuid4()), datetime.now(UTC) + timedelta(days=60)
        period = Period(starts=starts, ends=starts + timedelta(days=90))
        await self._execute(ref, OpenCycle(name="Bench", facilitator=self._admin, period=period))
        return ref, starts

    def _step(self, ref: Ref, until: datetime) -> Step:
        async def step() -> None:
            nonlocal until
            until += timedelta(seconds=1)
            await self._execute(ref, ExtendDeadline(phase=Phase.DRAFT, until=until, reason="Once more"))

        return step

    async def _execute(self, ref: Ref, command: Command) -> None:
        order = Order(self._organization, self._admin, uuid4(), (OrderStep(ref, command),), body=b"bench")
        await self._engine.handler.execute(order)
