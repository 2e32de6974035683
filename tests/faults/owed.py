"""What was owed when: the log folded event by event, and the agenda asked as the duty's own performer had to ask it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from cli.composition import CODEC
from domain.agenda import Agenda, Duty
from domain.decider import Context, Ref
from domain.directory.state import DIRECTORY
from domain.registry import DECIDERS
from domain.values import SYSTEM
from eventlog.calendars import SiteCalendars
from eventlog.identity import duty_id
from eventlog.log import Recorded


@dataclass
class World:
    """Every stream's state after the events applied so far."""

    organization: UUID
    states: dict[Ref, Any] = field(default_factory=dict)

    def state(self, ref: Ref) -> Any:
        return self.states.get(ref, DECIDERS[ref.kind].initial)

    def apply(self, event: Recorded) -> None:
        ref = Ref(event.kind, event.stream)
        self.states[ref] = DECIDERS[ref.kind].evolve(self.state(ref), CODEC.decode(event))

    def agenda(self, ref: Ref, at: datetime) -> Agenda:
        """What a stream owes at an instant."""
        decider, own = DECIDERS[ref.kind], self.state(ref)
        states: dict[Ref, Any] = {}
        while asked := [other for other in decider.needs(None, ref.stream, own, states) if other not in states]:
            states |= {other: self.state(other) for other in asked}
        context = Context(
            organization=self.organization,
            actor=SYSTEM,
            at=at,
            stream=ref.stream,
            states=states,
            calendar=SiteCalendars(lambda: self.state(DIRECTORY)),
        )
        return decider.agenda(own, context, at)


@dataclass(frozen=True)
class PerformedDuty:
    """The first event of a duty, and the duty that was owed just before it."""

    event: Recorded
    duty: Duty | None


def performed_duties(organization: UUID, events: Sequence[Recorded]) -> Iterator[PerformedDuty]:
    """Every duty of a log: by its command id, among what its stream owed at its instant."""
    world, last = World(organization), None
    for event in events:
        if event.actor == SYSTEM and event.command_id != last:
            due = world.agenda(Ref(event.kind, event.stream), event.at).due
            found = (duty for duty in due if duty_id(organization, event.stream, duty.key) == event.command_id)
            yield PerformedDuty(event, next(found, None))
        last = event.command_id
        world.apply(event)
