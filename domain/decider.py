"""The decider pattern: each kind of stream is a state and a few pure functions.

`needs` says which other streams a rule reads, `decide` turns a command into events or refuses it, `evolve` folds an
event into the state, `agenda` is the whole timetable. Rules register themselves beside the messages they speak of:

    @plan.decides(SignPlan)
    def sign_plan(state, command, context): ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar, cast
from uuid import UUID

from domain.access.verdict import GOALCYCLE, NOBODY, Allow, Deny, Facts, Grants, authorize
from domain.agenda import Agenda
from domain.calendars import Calendars
from domain.messages import Command, Event, Kind
from domain.values import SYSTEM, Duration

S = TypeVar("S")
C = TypeVar("C", bound=Command)
E = TypeVar("E", bound=Event)


class Ref(NamedTuple):
    """A stream of an organization."""

    kind: Kind
    stream: UUID


@dataclass(frozen=True)
class Context:
    """Everything a rule may know besides its own stream's state.

    `at` is the instant of the command; rules know no other clock.
    """

    organization: UUID
    actor: UUID
    at: datetime
    stream: UUID
    states: Mapping[Ref, Any]
    calendar: Calendars
    command_id: UUID = SYSTEM
    memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """What one decision works out and needs again: it lives as long as the context."""

    def after(self, start: datetime, duration: Duration, site: UUID | None = None) -> datetime:
        """The instant a duration after another, by the calendar of a site or the organization's own."""
        return self.calendar.after(start, duration, site)

    def state(self, kind: Kind, stream: UUID) -> Any:
        """The state that `needs` named; a stream without events has its kind's initial state."""
        return self.states[Ref(kind, stream)]


Decide = Callable[[Any, Any, Context], list[Event]]
Evolve = Callable[[Any, Any], Any]
"""In an evolve step `state.version + 1` is the version of the event itself."""
Needs = Callable[[Command | None, UUID, Any, Mapping[Ref, Any]], Sequence[Ref]]
"""`needs(command, stream, state, states)`: command None asks what the agenda reads."""


@dataclass
class Decider(Generic[S]):
    """One kind of stream: its initial state and the rules registered for it."""

    kind: Kind
    initial: S
    needs: Needs
    agenda: Callable[[S, Context, datetime], Agenda] = field(init=False)
    """`agenda(state, context, now)`; set by the module that writes the timetable."""
    owner_of: Callable[[S, Command | None], UUID | None] = field(default=lambda _state, _command: None)
    """Whose key seals `OwnerText`; None: the organization's."""
    parent_of: Callable[[S], UUID | None] = field(default=lambda _state: None)
    """The stream above this one, for wakes."""
    facts: Callable[[S, Any, Context], Facts] = field(default=lambda _state, _command, _context: NOBODY)
    """`facts(state, command, context)`: how who acts stands to the stream; set by the kind's access.py."""
    grants: Mapping[str, Grants] = field(default_factory=dict)
    """Who may give which command. What is not granted is refused."""
    overdue: Callable[[S, datetime], list[Event]] = field(default=lambda _state, _at: [])
    """What a date has brought and no event has said yet: it is said before anything else happens."""
    rests_on: Callable[[S], frozenset[UUID]] = field(default=lambda _state: frozenset())
    """Streams beside this one whose facts may change its agenda: they wake it, too."""
    commands: dict[type[Command], Decide] = field(default_factory=dict)
    events: dict[type[Event], Evolve] = field(default_factory=dict)

    def decides(self, command: type[C]) -> Callable[[Callable[[S, C, Context], list[Event]]], Decide]:
        """Register the rule for a command."""

        def register(rule: Callable[[S, C, Context], list[Event]]) -> Decide:
            if command in self.commands:
                raise ValueError(f"{command.__name__} is decided twice")
            self.commands[command] = rule
            return rule

        return register

    def evolves(self, event: type[E]) -> Callable[[Callable[[S, E], S]], Evolve]:
        """Register how an event changes the state."""

        def register(step: Callable[[S, E], S]) -> Evolve:
            if event in self.events:
                raise ValueError(f"{event.__name__} is evolved twice")
            self.events[event] = step
            return step

        return register

    def decide(self, state: S, command: Command, context: Context) -> list[Event]:
        """The events a command leads to; the first says which rule allowed it (R8). Raises `DomainError` where nothing
        allows it, or a rule refuses it.
        """
        overdue = self.overdue(state, context.at)
        for event in overdue:
            state = self.evolve(state, event)
        verdict = self.authorize(state, command, context)
        if not isinstance(verdict, Allow):
            raise verdict.error()
        events = self.commands[type(command)](state, command, context)
        if events:
            events[0] = events[0].model_copy(update={"allowed_by": verdict.rule})
        return [*overdue, *events]

    def authorize(self, state: S, command: Command, context: Context) -> Allow | Deny:
        """Whether who acts may give this command at all. Raises `DomainError` where the stream is unknown."""
        if context.actor == SYSTEM:
            facts = GOALCYCLE
        else:
            facts = NOBODY if command.system else self.facts(state, command, context)
        return authorize(type(command).__name__, facts, self.grants)

    def evolve(self, state: S, event: Event) -> S:
        """The state after an event; states count their events in `version`."""
        evolved = self.events[type(event)](state, event)
        return cast("S", evolved.model_copy(update={"version": evolved.version + 1}))
