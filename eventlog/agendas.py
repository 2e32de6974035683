"""What a workflow asks of the log: the agenda of its stream, and one duty performed.

Invariant: an agenda is read at or after the position that it is labelled with, in every stream that it looks at, so a
workflow that has seen position p owes nothing that an event up to p made due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

import asyncpg
import structlog

from domain.agenda import Agenda, Duty
from domain.decider import Context, Decider, Ref
from domain.directory.state import DIRECTORY
from domain.messages import Kind
from domain.problems import DomainError
from domain.values import SYSTEM
from eventlog.calendars import SiteCalendars
from eventlog.handler import CommandHandler, system_clock
from eventlog.identity import duty_id
from eventlog.log import Head, Log
from eventlog.orders import Order, Step
from eventlog.states import Cached, StateCache

logger = structlog.get_logger(__name__)

ROUNDS = 10
"""How often one turn looks for what has fallen due by its own doing: the closing of a phase takes two looks and one."""


WRITE_BACK = """
update goalcycle.streams s
   set read_position = $4,
       looks_at = $5::timestamptz,
       wake_position = case when s.version > $3 and s.next_due < coalesce($5, 'infinity')
                            then greatest(s.wake_position, s.last_position) else s.wake_position end,
       next_due = case when s.version = $3 then $5 else s.next_due end,
       watching = case when s.version = $3 then $6 else s.watching end,
       closed = case when s.version = $3 then $7 else s.closed end
 where s.organization = $1 and s.stream = $2 and s.read_position <= $4
"""


class LogBehindError(Exception):
    """The log has not reached the position that the caller has been told of: a restored copy, or a lagging reader."""


@dataclass(frozen=True, slots=True)
class AgendaReading:
    """An agenda and how fresh it is."""

    agenda: Agenda
    position: int
    """Every event of the organization up to here is considered."""
    head: Head
    """Of the stream itself."""
    events_read: int
    """How many events had to be read for it."""


@dataclass(frozen=True, slots=True)
class Performed:
    """How performing a duty ended. `no_longer_owed` is success: what it was for is settled otherwise."""

    outcome: Literal["performed", "unchanged", "no_longer_owed"]
    position: int = 0
    """The last position that the duty appended, else the one it was judged at."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What was done of what was due, and the agenda after it."""

    reading: AgendaReading
    performed: tuple[str, ...]
    """Keys. What was owed, and is no longer, counts as performed."""


class AgendaStore(Protocol):
    """Where the relay looks for what is due."""

    async def write_back(self, organization: UUID, ref: Ref, version: int, position: int, agenda: Agenda) -> None:
        """Note what a workflow was told at `position`, of its stream at `version`: until when it will sleep.

        A stream that is past that version is woken where it owes something earlier; what was read before what is noted
        already is not noted.
        """
        ...


class PostgresAgendaStore:
    """The relay's columns of `goalcycle.streams`."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool

    async def write_back(self, organization: UUID, ref: Ref, version: int, position: int, agenda: Agenda) -> None:
        await self._pool.execute(
            WRITE_BACK,
            organization,
            ref.stream,
            version,
            position,
            agenda.next_due,
            agenda.watching,
            agenda.closed,
        )


class Agendas:
    """Reads agendas and performs duties for workflows."""

    def __init__(
        self,
        log: Log,
        handler: CommandHandler,
        deciders: Mapping[Kind, Decider[Any]],
        store: AgendaStore,
        clock: Callable[[], datetime] = system_clock,
    ) -> None:
        self._log = log
        self._handler = handler
        self._deciders = deciders
        self._store = store
        self._clock = clock

    async def read_agenda(self, organization: UUID, ref: Ref, now: datetime, *, target: int = 0) -> AgendaReading:
        """The agenda of a stream. `now` is the workflow's time: the clock of a simulated organization, ignored by the
        others, whose duties are judged by the clock that their commands are stamped with.

        Raises LogBehindError where the log has not reached position `target`.
        """
        position = await self._log.last_position(organization)  # before the tails: they hold at least this much
        if position < target:
            raise LogBehindError(f"the log of {organization} ends at position {position}, before {target}")
        tails = _Tails(self._handler.cache, organization)
        await tails.load([ref, DIRECTORY])
        own, directory = tails.loaded[ref], tails.loaded[DIRECTORY]
        decider = self._deciders[ref.kind]
        states: dict[Ref, Any] = {}
        while asked := [other for other in decider.needs(None, ref.stream, own.state, states) if other not in states]:
            await tails.load(asked)
            states |= {other: tails.loaded[other].state for other in asked}
        at = max([self._now(directory.state, now), *tails.instants])
        context = Context(
            organization=organization,
            actor=SYSTEM,
            at=at,
            stream=ref.stream,
            states=states,
            calendar=SiteCalendars(lambda: directory.state),
        )
        agenda = decider.agenda(own.state, context, at)
        await self._store.write_back(organization, ref, own.head.version, position, agenda)
        return AgendaReading(agenda, position, own.head, tails.events_read)

    async def perform_due(self, organization: UUID, ref: Ref, now: datetime, *, target: int = 0) -> Turn:
        """Perform every duty that is due, also those that fall due by performing others, and read the agenda anew.

        A duty that a rule refuses stays due, and keeps no other from being performed. Raises LogBehindError, and
        DomainError where the refusal says that the log is too busy or its clock too far off: come back later.
        """
        tried: dict[str, bool] = {}
        for _ in range(ROUNDS):
            reading = await self.read_agenda(organization, ref, now, target=target)
            due = [duty.key for duty in reading.agenda.due if duty.key not in tried]
            if not due:
                break
            for key in due:
                tried[key] = await self._is_performed(organization, ref, key, now)
        return Turn(reading, tuple(key for key, performed in tried.items() if performed))

    async def _is_performed(self, organization: UUID, ref: Ref, key: str, now: datetime) -> bool:
        try:
            await self.perform(organization, ref, key, now)
        except DomainError as refusal:
            if refusal.problem.status >= 500:
                raise
            return False
        return True

    async def perform(self, organization: UUID, ref: Ref, duty_key: str, now: datetime) -> Performed:
        """Perform a duty that is due, at most once for ever. Raises DomainError where it is owed and refused."""
        duty, position = await self._owed(organization, ref, duty_key, now)
        if duty is None:
            return Performed("no_longer_owed", position)
        order = Order(
            organization=organization,
            actor=SYSTEM,
            command_id=duty_id(organization, ref.stream, duty_key),
            steps=(Step(ref, duty.command),),
            body=duty_key.encode(),  # the key, not the command: who is to be told may change between two tries
            now=now,
        )
        try:
            answer = await self._handler.execute(order)
        except DomainError as refusal:
            duty, position = await self._owed(organization, ref, duty_key, now)
            if duty is None:
                return Performed("no_longer_owed", position)
            logger.warning(
                "duty.refused",
                organization=str(organization),
                stream=str(ref.stream),
                duty=duty_key,
                code=refusal.code,
            )
            raise
        if answer.outcome == "unchanged":
            return Performed("unchanged", position)
        return Performed("performed", answer.last_position)

    async def _owed(self, organization: UUID, ref: Ref, duty_key: str, now: datetime) -> tuple[Duty | None, int]:
        reading = await self.read_agenda(organization, ref, now)
        return next((duty for duty in reading.agenda.due if duty.key == duty_key), None), reading.position

    def _now(self, directory: Any, now: datetime) -> datetime:
        return now if getattr(directory, "simulated", False) else self._clock()


class _Tails:
    """Streams read up to their end, each once."""

    def __init__(self, cache: StateCache, organization: UUID) -> None:
        self._cache = cache
        self._organization = organization
        self.loaded: dict[Ref, Cached] = {}
        self.events_read = 0

    @property
    def instants(self) -> list[datetime]:
        return [cached.head.at for cached in self.loaded.values() if cached.head.at is not None]

    async def load(self, refs: Iterable[Ref]) -> None:
        """Read on in those not read yet, in all of them at once."""
        missing = [ref for ref in dict.fromkeys(refs) if ref not in self.loaded]
        known = {ref: self._cache.peek(self._organization, ref) for ref in missing}
        for ref, found in (await self._cache.refresh_each(self._organization, missing)).items():
            before = known[ref]
            self.loaded[ref] = found
            self.events_read += max(0, found.head.version - (before.head.version if before else 0))
