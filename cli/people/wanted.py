"""What the rows of the tables ask for: who each row is, and whom and what its cells name. All problems at once."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from cli.outline import OutlineProblem
from cli.people.table import PEOPLE, TEAMS, Row, Table, TableError, problem
from domain.directory.state import DirectoryState, Role
from domain.sealed import MAX_TEXT, Sealed
from eventlog.calendars.days import first_instant, zone_of

NEW = "new"
"""In the column `id`: this is nobody who is there already, although somebody has the same name."""
TRUTHS = {"": None, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
UNREADABLE = re.compile(r"[\x00\ud800-\udfff]")
PLACES = ("manager", "functional_manager", "team", "site", "account_of")

Held = tuple[Role, UUID | None]
"""A role, and the team it is held in; None: in the whole organization."""


@dataclass(frozen=True)
class WantedPerson:
    """What a row asks for of a person."""

    line: int
    id: UUID
    name: str
    places: Mapping[str, UUID | None]
    """By field; only those that are columns."""
    roles: frozenset[Held] | None
    active: bool | None
    valid_from: datetime | None = None


@dataclass(frozen=True)
class WantedTeam:
    """What a row asks for of a team."""

    line: int
    id: UUID
    name: str
    lead: UUID | None
    places: Mapping[str, UUID | None]
    legal_entity: bool | None
    valid_from: datetime | None = None


@dataclass(frozen=True)
class Wanted:
    """What the tables ask for."""

    people: tuple[WantedPerson, ...] = ()
    teams: tuple[WantedTeam, ...] = ()


@dataclass
class Names:
    """Finds people, teams or sites by what a cell calls them: a key, an id, or a name that only one has."""

    noun: str
    known: Mapping[UUID, str]
    """Ids of the directory and their names; empty where erased."""
    new_id: Callable[[str, str], UUID]
    rows: Mapping[int, UUID] = field(default_factory=dict)
    """Line of the table and whose it is."""
    _keys: dict[str, UUID] = field(default_factory=dict)
    _named: dict[str, set[UUID]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        for id, name in self.known.items():
            self._named[name.casefold()].add(id)

    def read(self, table: Table) -> Iterator[OutlineProblem]:
        """Learn who each row is; yields what is wrong."""
        given = {row.of("id") for row in table.rows}
        found: dict[int, UUID] = {}
        for row in table.rows:
            who = self._of_row(row, given)
            if isinstance(who, UUID):
                found[row.line] = who
            else:
                yield who
        twice = {id for id, times in Counter(found.values()).items() if times > 1}
        for row in table.rows:
            if (id := found.get(row.line)) is None:
                continue
            if id in twice:
                yield problem(row.line, "twice", f"Several lines are about this {self.noun}: give each a key or an id.")
            if len(row.of("name")) > MAX_TEXT:
                yield problem(row.line, "name_too_long", f"A name has at most {MAX_TEXT} characters.")
            if UNREADABLE.search(row.of("name")):
                yield problem(row.line, "name_invalid", "The name has a character that no text can hold.")
            if id not in self.known and not row.of("name"):
                yield problem(row.line, "name_missing", f"A new {self.noun} needs a name.")
            if row.of("key"):
                self._keys[row.of("key").casefold()] = id
            if row.of("name"):
                self._named[row.of("name").casefold()].add(id)
        self.rows = found

    def _of_row(self, row: Row, given: set[str]) -> UUID | OutlineProblem:
        id, key, name = row.of("id"), row.of("key"), row.of("name")
        if not (id or key or name):
            return problem(row.line, "nobody", f"This line names no {self.noun}: it has neither key, id nor name.")
        if id and id.casefold() != NEW:
            return _uuid(id) or problem(row.line, "id_invalid", f"{id} is no id.")
        derived = self.new_id(self.noun, (key or name).casefold())
        if derived in self.known or id:
            return derived
        same = [one for one in self._named.get(name.casefold(), ()) if name and str(one) not in given]
        if not same:
            return derived
        if len(same) == 1 and not key:
            return same[0]
        return problem(
            row.line, "same_name", f"A {self.noun} called {name} is there already: give their id, or `{NEW}` as the id."
        )

    def find(self, text: str) -> UUID | str:
        """Whom a cell names; else the code of what is wrong."""
        sought = text.casefold()
        derived = self._keys.get(sought) or self.new_id(self.noun, sought)
        if sought in self._keys or derived in self.known:
            return derived
        id = _uuid(text)
        if id is not None and (id in self.known or id in self.rows.values()):
            return id
        named = self._named.get(sought, set())
        if len(named) == 1:
            return next(iter(named))
        return "ambiguous" if named else f"{self.noun}_unknown"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def wanted_of(
    tables: Mapping[str, Table], directory: DirectoryState, new_id: Callable[[str, str], UUID], now: datetime
) -> Wanted:
    """What the tables ask for of an opened directory. Raises TableError for the first table with problems."""
    return _Reading(tables, directory, new_id, now).wanted()


def name_of(name: Sealed | None) -> str:
    """A name as text, empty where it was erased."""
    return (name.text if name is not None else None) or ""


class _Reading:
    def __init__(
        self,
        tables: Mapping[str, Table],
        directory: DirectoryState,
        new_id: Callable[[str, str], UUID],
        now: datetime,
    ) -> None:
        self.directory, self.now = directory, now
        self.people = tables.get(PEOPLE, Table(PEOPLE))
        self.teams = tables.get(TEAMS, Table(TEAMS))
        known: dict[str, dict[UUID, Any]] = {
            "person": dict(directory.people),
            "team": dict(directory.teams),
            "site": dict(directory.sites),
        }
        self.names = {
            noun: Names(noun, {id: name_of(one.name) for id, one in found.items()}, new_id)
            for noun, found in known.items()
        }
        self.problems: list[OutlineProblem] = []

    def wanted(self) -> Wanted:
        self._check(PEOPLE, self.names["person"].read(self.people))
        self._check(TEAMS, self.names["team"].read(self.teams))
        people = tuple(self._person(row) for row in self.people.rows)
        self._check(PEOPLE)
        teams = tuple(self._team(row) for row in self.teams.rows)
        self._check(TEAMS)
        return Wanted(people, teams)

    def _check(self, table: str, more: Iterable[OutlineProblem] = ()) -> None:
        self.problems += more
        if self.problems:
            raise TableError(table, self.problems)

    def _person(self, row: Row) -> WantedPerson:
        id = self.names["person"].rows[row.line]
        nouns = {"team": "team", "site": "site"}
        places = {
            column: self._find(row, column, nouns.get(column, "person"))
            for column in PLACES
            if column in self.people.columns
        }
        found = self.directory.people.get(id)
        active = self._truth(row, "active") is not False if "active" in self.people.columns else None
        valid_from = self._date(row, places.get("site", found.site if found is not None else None))
        if valid_from is not None and active is False:
            self._wrong(row, "end_date_future", "Nobody leaves from a later date: import the line on that day.")
        if valid_from is not None and active is not False and (found is None or not found.active):
            self._wrong(row, "joins_later", "Nobody joins from a later date: import the line on that day.")
        roles = frozenset(self._roles(row)) if "roles" in self.people.columns else None
        return WantedPerson(row.line, id, row.of("name"), places, roles, active, valid_from)

    def _team(self, row: Row) -> WantedTeam:
        id = self.names["team"].rows[row.line]
        places = {"parent": self._find(row, "parent", "team")} if "parent" in self.teams.columns else {}
        lead = self._find(row, "lead", "person")
        if lead is None and id not in self.directory.teams:
            self._wrong(row, "lead_missing", "A new team needs a lead.")
        found = self.directory.people.get(lead) if lead is not None else None
        valid_from = self._date(row, found.site if found is not None else None)
        if valid_from is not None and id not in self.directory.teams:
            self._wrong(row, "joins_later", "No team begins on a later date: import the line on that day.")
        legal = self._truth(row, "legal_entity")
        if legal is None and "legal_entity" in self.teams.columns:
            legal = False
        return WantedTeam(row.line, id, row.of("name"), lead, places, legal, valid_from)

    def _find(self, row: Row, column: str, noun: str, text: str | None = None) -> UUID | None:
        text = row.of(column) if text is None else text
        if not text:
            return None
        found = self.names[noun].find(text)
        if isinstance(found, UUID):
            return found
        several = f"Several are called {text} in {column}: use a key or an id."
        nobody = f"There is no {noun} {text} ({column}), neither in the tables nor in the directory."
        self._wrong(row, found, several if found == "ambiguous" else nobody)
        return None

    def _roles(self, row: Row) -> Iterator[Held]:
        for one in filter(None, (part.strip() for part in row.of("roles").split(";"))):
            name, _, team = one.partition("@")
            try:
                role = Role(name.strip().casefold().replace(" ", "_"))
            except ValueError:
                known = ", ".join(Role)
                self._wrong(row, "role_unknown", f"There is no role {name.strip()}; there are {known}.")
            else:
                yield role, self._find(row, "roles", "team", team.strip()) if team else None

    def _truth(self, row: Row, column: str) -> bool | None:
        text = row.of(column).casefold()
        if text not in TRUTHS:
            self._wrong(row, "cell_invalid", f"{column} is yes or no, not {row.of(column)}.")
        return TRUTHS.get(text)

    def _date(self, row: Row, site: UUID | None) -> datetime | None:
        """The first instant of a day at somebody's site; None where it has come already."""
        text = row.of("valid_from")
        if not text:
            return None
        try:
            day = date.fromisoformat(text)
            begins = first_instant(day, zone_of(self.directory.calendar_of(site).zone))
        except (ValueError, OverflowError):
            self._wrong(row, "cell_invalid", f"valid_from is a date such as 2027-05-01, not {text}.")
            return None
        return begins if begins > self.now else None

    def _wrong(self, row: Row, code: str, message: str) -> None:
        self.problems.append(problem(row.line, code, message))
