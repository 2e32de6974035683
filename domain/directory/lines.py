"""Whom somebody reports to, and who leads their profession."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from domain.decider import Context
from domain.directory.edits import PersonEdit
from domain.directory.effects import applied, circles, from_when
from domain.directory.requiring import require_person
from domain.directory.state import DirectoryState, directory
from domain.messages import Command, Event, Wake
from domain.problems import problem
from domain.values import Instant

LINE_CIRCLE = problem(
    "directory.line_circle",
    422,
    "This would make a circle in the reporting line.",
    "Choose a manager who does not report to this person.",
)

Line = Literal["reporting", "functional"]


class SetManager(Command):
    """Change whom somebody reports to, or who leads their profession; from a date, if one is given."""

    edits: ClassVar[bool] = True

    person: UUID
    manager: UUID | None = None
    line: Line = "reporting"
    valid_from: Instant | None = None


class ManagerSet(Event):
    """Somebody reports to another manager, or to nobody."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    person: UUID
    manager: UUID | None = None
    line: Line | None = None
    """Absent: the reporting line."""
    valid_from: Instant | None = None
    """Absent: at once."""

    def woken(self) -> frozenset[Wake]:
        return self.wakes if self.valid_from is None else frozenset()


@directory.decides(SetManager)
def set_manager(state: DirectoryState, command: SetManager, context: Context) -> list[Event]:
    """A line has no circle, on the day it begins nor on any later one."""
    require_person(state, command.person, "/person")
    require_person(state, command.manager, "/manager")
    begins = from_when(context, command.valid_from)
    line = None if command.line == "reporting" else command.line
    event = ManagerSet(person=command.person, manager=command.manager, line=line, valid_from=begins)
    if command.manager is not None and circles(
        manager_set(state, event), command.person, _field(event), begins or context.at
    ):
        raise LINE_CIRCLE("/manager")
    return [event]


def _field(event: ManagerSet) -> str:
    return "manager" if event.line is None else "functional_manager"


@directory.evolves(ManagerSet)
def manager_set(state: DirectoryState, event: ManagerSet) -> DirectoryState:
    manager = event.manager if event.manager is not None else "none"
    change = PersonEdit.model_validate({"person": event.person, _field(event): manager})
    return applied(state, change, event.valid_from)
