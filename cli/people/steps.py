"""The commands that bring a difference about, in an order in which each is allowed.

Whoever is named stands there before: people from the top of the line down, a team once its lead is there. Lines are
changed from the top down as well, so that no circle is made on the way, and whoever imports loses their own place last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from cli.people.difference import Change
from cli.people.table import PEOPLE, TEAMS
from cli.people.wanted import PLACES
from domain.directory.lines import SetManager
from domain.directory.people import AddPerson, ChangePerson, DeactivatePerson
from domain.directory.roles import GrantRole, RevokeRole
from domain.directory.state import DIRECTORY, DirectoryState
from domain.directory.teams import AddTeam, ChangeTeam
from domain.messages import Command
from domain.sealed import CommonName, PersonName
from eventlog.orders import Step

LINES = {"manager": "reporting", "functional_manager": "functional"}


def steps_of(changes: Iterable[Change], directory: DirectoryState, actor: UUID) -> tuple[Step, ...]:
    """The steps of one order. Each step's pointer is its table and row."""
    return tuple(_Ordering(tuple(changes), directory, actor).steps())


class _Ordering:
    def __init__(self, changes: tuple[Change, ...], directory: DirectoryState, actor: UUID) -> None:
        self.actor = actor
        people = [change for change in changes if change.kind == "person"]
        teams = [change for change in changes if change.kind == "team"]
        managers = {id: person.manager for id, person in directory.people.items()} | _moved(people, "manager")
        parents = {id: team.parent for id, team in directory.teams.items()} | _moved(teams, "parent")
        self.people = sorted(people, key=lambda change: _depth(managers, change.id))
        self.teams = sorted(teams, key=lambda change: _depth(parents, change.id))
        self.new_teams = {change.id: change for change in self.teams if change.what == "added"}
        self.there = {*directory.people, *directory.teams, *directory.sites}

    def steps(self) -> Iterator[Step]:
        for change in self._people("returns"):
            yield _step(change, ChangePerson(person=change.id, returns=True))
        late: list[tuple[Change, str]] = []
        for change in self._people("added"):
            yield from self._team_of(change)
            yield self._added(change)
            late += [(change, place) for place in PLACES if (at := change.after(place)) and at not in self.there]
            self.there.add(change.id)
        for team in list(self.new_teams):
            yield from self._new_team(team, at_last=True)
        for change, place in late:
            yield from self._placed(change, place)
        for change in self.teams:
            if change.what == "changed":
                yield _step(change, _team_change(change))
        for place in LINES:
            for change in (*self._people("returns"), *self._people("changed")):
                if change.changes(place):
                    yield from self._placed(change, place)
        for change in (*self._people("returns"), *self._people("changed")):
            if any(change.changes(field) for field in ("name", "team", "site", "account_of")):
                yield _step(change, _person_change(change))
        yield from self._roles_and_leavers()

    def _people(self, what: str) -> list[Change]:
        return [change for change in self.people if change.what == what]

    def _team_of(self, change: Change) -> Iterator[Step]:
        team = change.after("team")
        if team in self.new_teams and self.new_teams[team].after("lead") in self.there:
            yield from self._new_team(team)

    def _new_team(self, team: UUID, *, at_last: bool = False) -> Iterator[Step]:
        """The team, behind the teams above it: as far as they are new, and their leads are there. `at_last`, a rule
        shall say what is missing.
        """
        above: list[Change] = []
        while team in self.new_teams and self.new_teams[team] not in above:
            above.append(self.new_teams[team])
            team = above[-1].after("parent")
        for change in reversed(above):
            named = {change.after("lead"), change.after("parent")} - {None}
            if not at_last and not named <= self.there:
                return
            del self.new_teams[change.id]
            self.there.add(change.id)
            added = AddTeam(
                team=change.id,
                name=CommonName(change.name),
                lead=change.after("lead"),
                parent=change.after("parent"),
                legal_entity=bool(change.after("legal_entity")),
            )
            yield _step(change, added)

    def _added(self, change: Change) -> Step:
        places = {place: at for place in PLACES if (at := change.after(place)) in self.there}
        whole = sorted(role for role, team in change.after("roles") or () if team is None)
        name = PersonName(change.name)
        return _step(change, AddPerson(person=change.id, name=name, roles=tuple(whole), **places))

    def _placed(self, change: Change, place: str) -> Iterator[Step]:
        at = change.after(place)
        if place in LINES:
            command: dict[str, Any] = {"line": LINES[place], "manager": at}
            yield _step(change, SetManager(person=change.id, valid_from=change.valid_from, **command))
        else:
            yield _step(change, ChangePerson.model_validate({"person": change.id, place: at}))

    def _roles_and_leavers(self) -> Iterator[Step]:
        own = [change for change in self.people if change.id == self.actor]
        others = [change for change in self.people if change.id != self.actor]
        for change in (*others, *own):
            added = frozenset() if change.what != "added" else _whole(change.after("roles"))
            for role, team in _sorted(_after(change) - _before(change) - added):
                yield _step(change, GrantRole(person=change.id, role=role, team=team))
        for change in (*others, *own):
            for role, team in _sorted(_before(change) - _after(change)):
                yield _step(change, RevokeRole(person=change.id, role=role, team=team))
            if change.what == "leaves":
                yield _step(change, DeactivatePerson(person=change.id))


def _moved(changes: Iterable[Change], place: str) -> dict[UUID, UUID | None]:
    return {change.id: change.after(place) for change in changes if change.changes(place) or change.what == "added"}


def _depth(above: Mapping[UUID, UUID | None], one: UUID) -> int:
    """How many stand above; one who stands in a circle stands below all others, and a rule refuses them."""
    seen: set[UUID] = set()
    up: UUID | None = one
    while up is not None and up not in seen:
        seen.add(up)
        up = above.get(up)
    return len(seen) if up is None else len(above)


def _before(change: Change) -> frozenset[Any]:
    return next((one.before for one in change.fields if one.field == "roles"), frozenset())


def _after(change: Change) -> frozenset[Any]:
    return next((one.after for one in change.fields if one.field == "roles"), frozenset())


def _whole(roles: Iterable[Any] | None) -> frozenset[Any]:
    return frozenset((role, team) for role, team in roles or () if team is None)


def _sorted(roles: Iterable[Any]) -> list[Any]:
    return sorted(roles, key=str)


def _team_change(change: Change) -> ChangeTeam:
    asked: dict[str, Any] = {field: change.after(field) for field in ("lead", "legal_entity")}
    if change.changes("parent"):
        asked["parent"] = change.after("parent") or "none"
    name = CommonName(change.after("name")) if change.changes("name") else None
    return ChangeTeam(team=change.id, name=name, valid_from=change.valid_from, **asked)


def _person_change(change: Change) -> ChangePerson:
    places = {field: change.after(field) or "none" for field in ("team", "site", "account_of") if change.changes(field)}
    name = PersonName(change.after("name")) if change.changes("name") else None
    return ChangePerson.model_validate({"person": change.id, "name": name, "valid_from": change.valid_from, **places})


def _step(change: Change, command: Command) -> Step:
    table = PEOPLE if change.kind == "person" else TEAMS
    return Step(DIRECTORY, command, f"/{table}/{change.row}")
