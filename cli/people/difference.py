"""What the tables would change in the directory: who comes, changes, returns and leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal
from uuid import UUID

from cli.people.names import name_of
from cli.people.table import PEOPLE, PeopleError, fault
from cli.people.wanted import Held, Wanted, WantedPerson, WantedTeam
from cli.tables import Fault
from domain.directory.effects import in_effect
from domain.directory.state import DirectoryState, Person, Team


@dataclass(frozen=True)
class FieldChange:
    """One field that would be another."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    """One person or team that would not be as before."""

    kind: Literal["person", "team"]
    what: Literal["added", "changed", "returns", "leaves"]
    id: UUID
    name: str
    row: int
    """0: it stands in no row."""
    fields: tuple[FieldChange, ...] = ()
    valid_from: datetime | None = None

    def after(self, field: str) -> Any:
        """What a field would be; None where it stays or would be empty."""
        return next((one.after for one in self.fields if one.field == field), None)

    def changes(self, field: str) -> bool:
        """Whether it would change a field."""
        return any(one.field == field for one in self.fields)


def difference(
    directory: DirectoryState, wanted: Wanted, now: datetime, *, deactivate_missing: bool = False
) -> tuple[Change, ...]:
    """The changes that make an opened directory what the tables say, teams first, in the order of the rows.

    A row with a date is compared with what is decided for that date. Raises PeopleError where a row asks for what
    cannot be.
    """
    at = cache(lambda instant: in_effect(directory, instant))
    faults: list[Fault] = []
    changes = [_team(at, one, now) for one in wanted.teams]
    changes += [_person(at, one, now, faults) for one in wanted.people]
    if faults:
        raise PeopleError(PEOPLE, faults)
    missing = _missing(at(now), wanted.people) if deactivate_missing else ()
    return (*(change for change in changes if change is not None), *missing)


def _missing(directory: DirectoryState, people: Iterable[WantedPerson]) -> Iterator[Change]:
    there = {one.id for one in people}
    for person in directory.people.values():
        if person.active and person.id not in there:
            yield Change("person", "leaves", person.id, name_of(person.name), 0)


def _team(at: Callable[[datetime], DirectoryState], wanted: WantedTeam, now: datetime) -> Change | None:
    found = at(wanted.valid_from or now).teams.get(wanted.id)
    asked = {**wanted.places}
    if wanted.lead is not None:
        asked["lead"] = wanted.lead
    fields = [*_name(found, wanted.name), *_fields(found, asked)]
    legal = found is not None and found.legal_entity
    if wanted.legal_entity is not None and wanted.legal_entity != legal:
        fields.append(FieldChange("legal_entity", legal, wanted.legal_entity))
    if found is not None and not fields:
        return None
    what: Literal["added", "changed"] = "added" if found is None else "changed"
    name = wanted.name or name_of(found.name if found is not None else None)
    return Change("team", what, wanted.id, name, wanted.row, tuple(fields), wanted.valid_from)


def _person(
    at: Callable[[datetime], DirectoryState], wanted: WantedPerson, now: datetime, faults: list[Fault]
) -> Change | None:
    found = at(wanted.valid_from or now).people.get(wanted.id)
    name = wanted.name or name_of(found.name if found is not None else None)
    if wanted.active is False:
        leaves = found is not None and found.active
        return Change("person", "leaves", wanted.id, name, wanted.row) if leaves else None
    what: Literal["added", "changed", "returns"] = "changed"
    if found is None:
        what = "added"
    elif not found.active and wanted.active:
        what = "returns"
    fields = [*_name(found, wanted.name), *_fields(found, wanted.places)]
    # Who returns has none of the roles they had.
    held = _held(found) if found is not None and what == "changed" else frozenset()
    if wanted.roles is not None and wanted.roles != held:
        fields.append(FieldChange("roles", held, wanted.roles))
        if wanted.valid_from is not None:
            message = "Roles change at once: leave valid_from empty, or put the other changes on another day."
            faults.append(fault(wanted.row, "roles", "roles_undated", message))
    if what == "changed" and not fields:
        return None
    if what == "changed" and found is not None and not found.active:
        faults.append(fault(wanted.row, "active", "has_left", f"{name} has left: say yes here to return."))
    return Change("person", what, wanted.id, name, wanted.row, tuple(fields), wanted.valid_from)


def _held(person: Person) -> frozenset[Held]:
    whole: frozenset[Held] = frozenset((role, None) for role in person.roles)
    return whole | {(grant.role, grant.team) for grant in person.grants}


def _name(found: Person | Team | None, wanted: str) -> Iterator[FieldChange]:
    """A name that was erased stays so, whatever a file still says."""
    before = name_of(found.name).strip() if found is not None else ""
    if wanted and before != wanted and (found is None or before):
        yield FieldChange("name", before, wanted)


def _fields(found: Person | Team | None, asked: Any) -> Iterator[FieldChange]:
    for field, after in asked.items():
        before = getattr(found, field) if found is not None else None
        if before != after:
            yield FieldChange(field, before, after)
