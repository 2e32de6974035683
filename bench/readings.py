"""The smallest domain in which one command leads to many events: a metric's readings, imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from cli.composition import Engine
from domain.access.grants import may
from domain.access.verdict import Facts, Stand
from domain.agenda import Agenda
from domain.decider import Context, Decider, Ref
from domain.messages import Command, Event
from domain.registry import DECIDERS, EVENTS
from domain.upcasting import UPCASTERS
from domain.values import Frozen, Instant, Number
from eventlog.codec import Codec
from eventlog.handler import CommandHandler

FIRST_DAY = datetime(2027, 1, 1, tzinfo=UTC)


class MeasuredValue(Frozen):
    """One value of a metric."""

    value: Number
    measured_at: Instant


class ImportReadings(Command):
    """Record many values of a metric at once."""

    opens = True

    source: str
    readings: tuple[MeasuredValue, ...]


class ReadingImported(Event):
    """The metric has a value."""

    source: str
    imported_by: UUID
    value: Number
    measured_at: Instant


class MetricState(Frozen):
    """A metric's last value."""

    version: int = 0
    readings: int = 0
    value: Number | None = None
    measured_at: Instant | None = None


def _needs(_command: Command | None, _stream: UUID, _state: Any, _states: Mapping[Ref, Any]) -> Sequence[Ref]:
    return ()


metric: Decider[MetricState] = Decider("metric", MetricState(), _needs)
metric.facts = lambda _state, _command, _context: Facts(frozenset({Stand.MEMBER}))
metric.grants = {"ImportReadings": may(Stand.MEMBER)}
metric.agenda = lambda _state, _context, _now: Agenda()


@metric.decides(ImportReadings)
def import_readings(state: MetricState, command: ImportReadings, context: Context) -> list[Event]:
    """No metric of this row falls below zero."""
    del state
    if any(item.value < 0 for item in command.readings):
        raise ValueError("a value is below zero")
    return [
        ReadingImported(
            source=command.source, imported_by=context.actor, value=item.value, measured_at=item.measured_at
        )
        for item in command.readings
    ]


@metric.evolves(ReadingImported)
def reading_imported(state: MetricState, event: ReadingImported) -> MetricState:
    """The newest value counts."""
    return state.model_copy(
        update={"readings": state.readings + 1, "value": event.value, "measured_at": event.measured_at}
    )


def import_of(count: int) -> ImportReadings:
    """So many daily readings."""
    readings = tuple(
        MeasuredValue(value=Decimal(80 + number % 40), measured_at=FIRST_DAY + timedelta(days=number))
        for number in range(count)
    )
    return ImportReadings(source="warehouse", readings=readings)


def handler_with_readings(engine: Engine) -> CommandHandler:
    """The engine's command handler, with metrics besides the real kinds."""
    deciders = {**DECIDERS, metric.kind: metric}
    codec = Codec({**EVENTS, ReadingImported.__name__: ReadingImported}, UPCASTERS)
    return CommandHandler(engine.log, engine.appender, deciders, codec, engine.keyring)
