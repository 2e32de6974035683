"""What the rows of the tables ask for: who each row is, and whom and what its cells name. All faults at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from cli.people.names import Names, name_of
from cli.people.table import PEOPLE, TEAMS, PeopleError, fault
from cli.tables import Fault, Row, Table
from domain.directory.state import DirectoryState, Role
from eventlog.calendars.days import first_instant, zone_of

TRUTHS = {"": None, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
NOTHING = Table({}, ())
PLACES = ("manager", "functional_manager", "team", "site", "account_of")

Held = tuple[Role, UUID | None]
"""A role, and the team it is held in; None: in the whole organization."""


@dataclass(frozen=True)
class WantedPerson:
    """What a row asks for of a person."""

    row: int
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

    row: int
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


def wanted_of(
    tables: Mapping[str, Table], directory: DirectoryState, new_id: Callable[[str, str], UUID], now: datetime
) -> Wanted:
    """What the tables ask for of an opened directory. Raises PeopleError for the first table with faults."""
    return _Reading(tables, directory, new_id, now).wanted()


class _Reading:
    def __init__(
        self,
        tables: Mapping[str, Table],
        directory: DirectoryState,
        new_id: Callable[[str, str], UUID],
        now: datetime,
    ) -> None:
        self.directory, self.now = directory, now
        self.people = tables.get(PEOPLE, NOTHING)
        self.teams = tables.get(TEAMS, NOTHING)
        known: dict[str, dict[UUID, Any]] = {
            "person": dict(directory.people),
            "team": dict(directory.teams),
            "site": dict(directory.sites),
        }
        self.names = {
            noun: Names(noun, {id: name_of(one.name) for id, one in found.items()}, new_id)
            for noun, found in known.items()
        }
        self.faults: list[Fault] = []

    def wanted(self) -> Wanted:
        self._check(PEOPLE, self.names["person"].read(self.people))
        self._check(TEAMS, self.names["team"].read(self.teams))
        people = tuple(self._person(row) for row in self.people.rows)
        self._check(PEOPLE)
        teams = tuple(self._team(row) for row in self.teams.rows)
        self._check(TEAMS)
        return Wanted(people, teams)

    def _check(self, table: str, more: Iterable[Fault] = ()) -> None:
        self.faults += more
        if self.faults:
            raise PeopleError(table, self.faults)

    def _person(self, row: Row) -> WantedPerson:
        id = self.names["person"].rows[row.number]
        nouns = {"team": "team", "site": "site"}
        places = {
            column: self._find(row, column, nouns.get(column, "person"))
            for column in PLACES
            if column in self.people.spelled
        }
        found = self.directory.people.get(id)
        active = self._truth(row, "active") is not False if "active" in self.people.spelled else None
        valid_from = self._date(row, places.get("site", found.site if found is not None else None))
        if valid_from is not None and active is False:
            self._wrong(row, "valid_from", "end_date_future", "Nobody leaves on a later date: import it on that day.")
        if valid_from is not None and active is not False and (found is None or not found.active):
            self._wrong(row, "valid_from", "joins_later", "Nobody joins on a later date: import it on that day.")
        roles = frozenset(self._roles(row)) if "roles" in self.people.spelled else None
        return WantedPerson(row.number, id, row.of("name"), places, roles, active, valid_from)

    def _team(self, row: Row) -> WantedTeam:
        id = self.names["team"].rows[row.number]
        places = {"parent": self._find(row, "parent", "team")} if "parent" in self.teams.spelled else {}
        lead = self._find(row, "lead", "person")
        if not row.of("lead") and id not in self.directory.teams:
            self._wrong(row, "lead", "lead_missing", "A new team needs a lead.")
        found = self.directory.people.get(lead) if lead is not None else None
        valid_from = self._date(row, found.site if found is not None else None)
        if valid_from is not None and id not in self.directory.teams:
            self._wrong(row, "valid_from", "joins_later", "No team begins on a later date: import it on that day.")
        legal = self._truth(row, "legal_entity")
        if legal is None and "legal_entity" in self.teams.spelled:
            legal = False
        return WantedTeam(row.number, id, row.of("name"), lead, places, legal, valid_from)

    def _find(self, row: Row, column: str, noun: str, text: str | None = None) -> UUID | None:
        text = row.of(column) if text is None else text
        if not text:
            return None
        found = self.names[noun].find(text)
        if isinstance(found, UUID):
            return found
        several = f"Several are called {text}: use a key or an id."
        nobody = f"There is no {noun} {text}, neither in the tables nor in the directory."
        self._wrong(row, column, found, several if found == "ambiguous" else nobody)
        return None

    def _roles(self, row: Row) -> Iterator[Held]:
        for one in filter(None, (part.strip() for part in row.of("roles").split(";"))):
            name, _, team = one.partition("@")
            try:
                role = Role(name.strip().casefold().replace(" ", "_"))
            except ValueError:
                known = ", ".join(Role)
                self._wrong(row, "roles", "role_unknown", f"There is no role {name.strip()}; there are {known}.")
            else:
                yield role, self._find(row, "roles", "team", team.strip()) if team else None

    def _truth(self, row: Row, column: str) -> bool | None:
        text = row.of(column).casefold()
        if text not in TRUTHS:
            self._wrong(row, column, "cell_invalid", f"{column} is yes or no, not {row.of(column)}.")
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
            self._wrong(row, "valid_from", "cell_invalid", f"valid_from is a date such as 2027-05-01, not {text}.")
            return None
        return begins if begins > self.now else None

    def _wrong(self, row: Row, column: str, code: str, message: str) -> None:
        self.faults.append(fault(row.number, column, code, message))
