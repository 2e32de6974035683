"""The directory as tables, such as an import reads: everybody by id, and named where only one has the name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cli.people.names import name_of
from cli.people.table import COLUMNS, PEOPLE, TEAMS
from cli.tables import Row, Table
from domain.directory.state import DirectoryState, Person, Team


def tables_of(directory: DirectoryState) -> dict[str, Table]:
    """People and teams of an opened directory as it is now; what is decided for a later date is not in it."""
    people, teams, sites = _called(directory.people), _called(directory.teams), _called(directory.sites)
    rows = [_person(person, people, teams, sites) for person in directory.people.values()]
    leads = [_team(team, people, teams) for team in directory.teams.values()]
    return {PEOPLE: _table(PEOPLE, rows), TEAMS: _table(TEAMS, leads)}


def _table(name: str, rows: list[dict[str, str]]) -> Table:
    columns = {column: column for column in COLUMNS[name] if column not in ("key", "valid_from")}
    return Table(columns, tuple(Row(number, cells) for number, cells in enumerate(rows, start=2)))


def _called(known: Mapping[UUID, Any]) -> dict[UUID | None, str]:
    """What an import finds each by: the name where no other has it, else the id."""
    times = Counter(name_of(one.name).casefold() for one in known.values())
    alone = {id: name_of(one.name) for id, one in known.items() if times[name_of(one.name).casefold()] == 1}
    return {None: "", **{id: alone.get(id) or str(id) for id in known}}


def _person(
    person: Person,
    people: Mapping[UUID | None, str],
    teams: Mapping[UUID | None, str],
    sites: Mapping[UUID | None, str],
) -> dict[str, str]:
    roles = [role.value for role in sorted(person.roles)]
    roles += sorted(f"{grant.role.value}@{teams[grant.team]}" for grant in person.grants)
    return {
        "id": str(person.id),
        "name": name_of(person.name),
        "manager": people[person.manager],
        "functional_manager": people[person.functional_manager],
        "team": teams[person.team],
        "site": sites[person.site],
        "roles": ";".join(roles),
        "account_of": people[person.account_of],
        "active": "yes" if person.active else "no",
    }


def _team(team: Team, people: Mapping[UUID | None, str], teams: Mapping[UUID | None, str]) -> dict[str, str]:
    return {
        "id": str(team.id),
        "name": name_of(team.name),
        "lead": people[team.lead],
        "parent": teams[team.parent],
        "legal_entity": "yes" if team.legal_entity else "no",
    }
