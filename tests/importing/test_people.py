"""Tables of people: what they say of a directory, and that the commands for it are allowed in the order they come."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.people.difference import Change, difference
from cli.people.exporting import tables_of
from cli.people.reading import read_one, read_tables
from cli.people.steps import steps_of
from cli.people.table import COLUMNS, PEOPLE, TEAMS
from cli.people.wanted import wanted_of
from cli.people.writing import csv_of, xlsx_of
from cli.tables import Row, Table, TableError
from domain.directory.calendar import Calendar
from domain.directory.founding import FirstPerson, FoundOrganization
from domain.directory.people import AddPerson, DeactivatePerson
from domain.directory.sites import AddSite
from domain.directory.state import DIRECTORY, DirectoryState, Role, directory
from domain.directory.teams import AddTeam
from domain.messages import Command
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, TEAM, World, who

MAY = datetime(2027, 5, 3, tzinfo=UTC)


def new_id(noun: str, key: str) -> UUID:
    return who(f"{noun} {key}")


@dataclass
class Organization:
    """A directory whose names are readable."""

    world: World = field(default_factory=World)
    opened: DirectoryState = field(default_factory=DirectoryState)

    def send(self, command: Command, actor: UUID = LEAD) -> None:
        for event in self.world.when(actor, DIRECTORY, command):
            self.opened = directory.evolve(self.opened, event)

    def compare(self, *tables: Table, **more: Any) -> tuple[Change, ...]:
        wanted = wanted_of({_kind(table): table for table in tables}, self.opened, new_id, self.world.now)
        return difference(self.opened, wanted, self.world.now, **more)

    def follow(self, *tables: Table, **more: Any) -> list[str]:
        """Import; returns the names of the commands."""
        steps = steps_of(self.compare(*tables, **more), self.opened, LEAD)
        for step in steps:
            self.send(step.command)
        return [type(step.command).__name__ for step in steps]


def harbour() -> Organization:
    """The organization of the specifications, with a name for each."""
    found = Organization()
    found.send(FoundOrganization(name="Harbour Works", first_person=FirstPerson(id=LEAD, name="Lin")))
    for person, name, manager in ((HEAD, "Head", LEAD), (STAFF, "Staff", HEAD), (OTHER, "Other", HEAD)):
        found.send(AddPerson(person=person, name=name, manager=manager))
    found.send(AddPerson(person=BOARD[0], name="B1", roles=(Role.BOARD_APPROVER,)))
    found.send(AddTeam(team=TEAM, name="Crew", lead=OTHER))
    return found


def _kind(table: Table) -> str:
    return TEAMS if "lead" in table.spelled else PEOPLE


def people(*lines: str) -> Table:
    return read_one("\n".join(lines).encode(), PEOPLE)


def teams(*lines: str) -> Table:
    return read_one("\n".join(lines).encode(), TEAMS)


def codes(error: TableError) -> list[tuple[int, str]]:
    return [(found.row, found.code) for found in error.faults]


def refused(*tables: Table, **more: Any) -> list[tuple[int, str]]:
    with pytest.raises(TableError) as refusal:
        harbour().compare(*tables, **more)
    return codes(refusal.value)


# --- files ---


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_csv_is_read_however_a_spreadsheet_wrote_it(delimiter: str, mark: bytes) -> None:
    text = f'Name{delimiter} KEY \r\n"Lin, ""the"" Wei\nof\tOslo;"{delimiter}007\r\n\r\n刘{delimiter}x\r\n'
    table = read_one(mark + text.encode(), PEOPLE)
    assert tuple(table.spelled) == ("name", "key")
    assert [(row.number, row.of("name"), row.of("key")) for row in table.rows] == [
        (2, 'Lin, "the" Wei\nof\tOslo;', "007"),
        (4, "刘", "x"),
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"name\nL\xe9a", [(2, "table.not_utf8")]),
        (b"", [(1, "table.empty")]),
        (b"name,boss\nLin,x", [(1, "table.column_unknown")]),
        (b"name,name\nLin,x", [(1, "table.column_twice")]),
        (b"team\nx", [(1, "people.column_missing")]),
        (b"name\nLin\nA,b", [(3, "table.cell_beyond")]),
        (b'name\n"Lin', [(1, "table.malformed")]),
        (b"PK\x03\x04 no archive", [(1, "table.malformed")]),
    ],
)
def test_a_file_that_is_no_table_is_refused_by_line(data: bytes, expected: list[tuple[int, str]]) -> None:
    with pytest.raises(TableError) as refusal:
        read_tables(data)
    assert codes(refusal.value) == expected


cells = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12).map(str.strip)
dangerous = st.sampled_from(
    ["=1+1", "+49 30", "-5", "@x", "'=1", "''@", "007", "1.0", "2027-05-01", "TRUE", "a;b", '"']
)


@given(st.lists(st.tuples(st.one_of(cells, dangerous), st.one_of(cells, dangerous)), max_size=4))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_again_cell_by_cell(pairs: list[tuple[str, str]]) -> None:
    filled = [pair for pair in pairs if any(pair)]
    rows = tuple(Row(line, {"key": a, "name": b}) for line, (a, b) in enumerate(filled, start=2))
    table = Table({"key": "key", "name": "name"}, rows)
    for read in (read_one(csv_of(table), PEOPLE), read_tables(xlsx_of({PEOPLE: table}))[PEOPLE]):
        assert [(row.of("key"), row.of("name")) for row in read.rows] == filled


def test_no_cell_of_a_csv_is_run_by_a_spreadsheet() -> None:
    row = Row(2, {"name": '=HYPERLINK("http://example.org")', "key": "-1"})
    text = csv_of(Table({"key": "key", "name": "name"}, (row,))).decode("utf-8-sig")
    assert text.splitlines()[1] == '\'-1,"\'=HYPERLINK(""http://example.org"")"'


def test_a_spreadsheets_numbers_dates_and_truths_are_what_somebody_typed() -> None:
    from xlsxwriter import Workbook

    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("People")
        for place, column in enumerate(("key", "name", "active", "valid_from")):
            sheet.write(0, place, column)
        sheet.write_number(2, 0, 17)
        sheet.write_number(2, 1, 1.5)
        sheet.write_boolean(2, 2, False)
        sheet.write_datetime(2, 3, datetime(2027, 5, 3), book.add_format({"num_format": "yyyy-mm-dd"}))
    (row,) = read_tables(out.getvalue())[PEOPLE].rows
    assert (row.number, dict(row.cells)) == (
        3,
        {"key": "17", "name": "1.5", "active": "false", "valid_from": "2027-05-03"},
    )


# --- who is who ---


def test_an_export_read_again_is_no_difference() -> None:
    found = harbour()
    found.send(AddSite(site=who("pier"), name="The pier", calendar=Calendar()))
    found.follow(
        people("id,name,team,site,roles", f"{STAFF},Staff,Crew,the pier,auditor@crew;finance"),
        teams("key,name,lead,parent,legal_entity", "port,Port,lin,,yes", "yard,Yard,Head,port,"),
    )
    tables = tables_of(found.opened)
    assert found.compare(*tables.values()) == ()
    assert found.compare(*read_tables(xlsx_of(tables)).values()) == ()
    row = next(row for row in tables[PEOPLE].rows if row.of("name") == "Staff")
    assert dict(row.cells) == {
        "id": str(STAFF),
        "name": "Staff",
        "manager": "Head",
        "functional_manager": "",
        "team": "Crew",
        "site": "The pier",
        "roles": "finance;auditor@Crew",
        "account_of": "",
        "active": "yes",
    }


def test_two_of_one_name_are_told_apart_by_key_or_id() -> None:
    found = harbour()
    assert refused(people("key,name", "s2,Staff")) == [(2, "people.same_name")]
    assert refused(people("name", "Staff", "staff")) == [(2, "people.twice"), (3, "people.twice")]
    found.follow(people("key,id,name", "s2,new,Staff"))
    assert new_id("person", "s2") in found.opened.people
    with pytest.raises(TableError) as refusal:
        found.compare(people("name,manager", "Anna,Staff"))
    assert codes(refusal.value) == [(2, "people.ambiguous")]
    found.follow(people("key,name,manager", "S2,Staff,", "a,Anna,s2", f"b,Bo,{STAFF}"))
    assert found.opened.people[new_id("person", "a")].manager == new_id("person", "s2")
    assert found.opened.people[new_id("person", "b")].manager == STAFF


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (("name,manager", "Anna,Nobody"), "person_unknown"),
        (("name,team", "Anna,Nowhere"), "team_unknown"),
        (("name,site", "Anna,Nowhere"), "site_unknown"),
        (("name,roles", "Anna,king"), "role_unknown"),
        (("name,roles", "Anna,unit_hr@Nowhere"), "team_unknown"),
        (("name,active", "Anna,perhaps"), "cell_invalid"),
        (("name,valid_from", "Staff,soon"), "cell_invalid"),
        (("key,name,manager", "k,,Lin"), "name_missing"),
        (("name,manager", ",Lin"), "nobody"),
        (("id,name", "17,Anna"), "id_invalid"),
        (("name,valid_from", "Anna,2099-01-01"), "joins_later"),
        (("name,active,valid_from", "Staff,no,2099-01-01"), "end_date_future"),
        (("name,roles,valid_from", "Staff,finance,2099-01-01"), "roles_undated"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused(lines: tuple[str, ...], code: str) -> None:
    assert refused(people(*lines)) == [(2, f"people.{code}")]


def test_all_lines_are_judged_at_once() -> None:
    assert refused(people("name,manager,team", "Anna,X,Crew", "Bo,Lin,Y", "Cy,Z,")) == [
        (2, "people.person_unknown"),
        (3, "people.team_unknown"),
        (4, "people.person_unknown"),
    ]
    assert refused(teams("name,lead", "Port,", "Yard,Nobody")) == [
        (2, "people.lead_missing"),
        (3, "people.person_unknown"),
    ]


# --- the difference ---


def test_the_difference_says_who_comes_changes_and_leaves_with_before_and_after() -> None:
    table = people("name,manager,team,active", "Lin,,,yes", "Staff,Lin,Crew,", "Other,Head,,no", "Anna,Staff,,yes")
    changes = harbour().compare(table)
    assert [(one.what, one.name, one.row) for one in changes] == [
        ("changed", "Staff", 3),
        ("leaves", "Other", 4),
        ("added", "Anna", 5),
    ]
    assert [(one.field, one.before, one.after) for one in changes[0].fields] == [
        ("manager", HEAD, LEAD),
        ("team", None, TEAM),
    ]


def test_a_column_that_is_not_there_changes_nothing_and_an_empty_cell_means_none() -> None:
    found = harbour()
    found.follow(people("name,team,roles", "Staff,Crew,finance"))
    assert found.compare(people("name", "Staff")) == ()
    assert found.follow(people("name,team,roles", "Staff,,")) == ["ChangePerson", "RevokeRole"]
    staff = found.opened.people[STAFF]
    assert (staff.team, staff.roles, staff.manager) == (None, frozenset(), HEAD)


def test_who_is_not_in_the_table_stays_unless_missing_means_left() -> None:
    found = harbour()
    table = people("name", "Lin", "Head")
    assert found.compare(table) == ()
    gone = found.compare(table, deactivate_missing=True)
    assert {(one.what, one.id, one.row) for one in gone} == {
        ("leaves", id, 0) for id in found.opened.people if id not in (LEAD, HEAD)
    }


def test_a_line_with_a_date_takes_effect_on_that_day_at_the_persons_site_and_again_changes_nothing() -> None:
    found = harbour()
    found.send(AddSite(site=who("pier"), name="Pier", calendar=Calendar(zone="Asia/Shanghai")))
    found.follow(people("name,site", "Staff,Pier"))
    moving = people("name,manager,team,valid_from", "Staff,Lin,Crew,2027-05-03")
    assert found.follow(moving) == ["SetManager", "ChangePerson"]
    due = datetime(2027, 5, 2, 16, tzinfo=UTC)  # the third of May begins in Shanghai
    assert [one.due for one in found.opened.pending] == [due, due]
    assert found.opened.people[STAFF].manager == HEAD
    assert found.compare(moving) == ()
    past = people("name,manager,valid_from", "Staff,Lin,2020-01-01")
    (change,) = found.compare(past)
    assert change.valid_from is None
    found.follow(past)
    assert found.opened.people[STAFF].manager == LEAD


def test_who_left_returns_and_holds_what_the_line_says() -> None:
    found = harbour()
    found.follow(people("name,roles", "Other,finance"))
    found.send(DeactivatePerson(person=OTHER))
    assert found.compare(people("name,active", "Other,no")) == ()
    with pytest.raises(TableError) as refusal:
        found.compare(people("name,manager", "Other,Lin"))
    assert codes(refusal.value) == [(2, "people.has_left")]
    back = people("name,manager,roles,active", "Other,Lin,auditor,yes")
    assert found.follow(back) == ["ChangePerson", "SetManager", "GrantRole"]
    other = found.opened.people[OTHER]
    assert (other.active, other.manager, other.roles) == (True, LEAD, frozenset({Role.AUDITOR}))


def test_an_erased_name_is_not_written_again() -> None:
    found = harbour()
    staff = found.opened.people[STAFF]
    erased = staff.model_copy(update={"name": type(staff.name)(None, "ab", STAFF)})
    found.opened = found.opened.model_copy(update={"people": {**found.opened.people, STAFF: erased}})
    assert found.compare(people("id,name", f"{STAFF},Staff")) == ()


# --- the order of the commands ---


def test_managers_swap_places_without_a_circle_on_the_way() -> None:
    found = harbour()
    assert found.follow(people("name,manager", "Staff,", "Head,Staff", "Lin,Head")) == ["SetManager"] * 3
    assert list(found.opened.line_above(LEAD)) == [HEAD, STAFF]


def test_teams_swap_places_without_a_circle_on_the_way() -> None:
    found = harbour()
    found.follow(teams("name,lead,parent", "A,Lin,", "B,Lin,A"))
    assert found.follow(teams("name,lead,parent", "A,Lin,B", "B,Lin,")) == ["ChangeTeam"] * 2


def test_new_people_and_new_teams_that_name_each_other_come_in_one_order() -> None:
    found = harbour()
    table = people("key,name,manager,team", "c,Cy,b,yard", "b,Bo,a,yard", "a,Anna,Lin,port")
    made = teams("key,name,lead,parent", "yard,Yard,b,port", "port,Port,a,")
    found.follow(table, made)
    assert found.compare(table, made) == ()


def test_who_imports_loses_their_own_role_last() -> None:
    found = harbour()
    table = people("name,roles", "Lin,", "Head,admin", "Staff,finance", "B1,")
    assert found.follow(table) == ["GrantRole", "GrantRole", "RevokeRole", "RevokeRole"]
    assert found.opened.holders(Role.ADMIN) == {HEAD}


EVERYBODY = 7


@st.composite
def directories(draw: st.DrawFn) -> tuple[Table, Table]:
    """Any people and teams without circles, named in any order."""
    order = draw(st.permutations(range(EVERYBODY)))
    rank = {one: place for place, one in enumerate(order)}
    crews = draw(st.permutations(range(3)))

    def above(one: int) -> str:
        found = draw(st.sampled_from([None, *(other for other in rank if rank[other] < rank[one])]))
        return "lin" if found is None else f"p{found}"

    def parent(one: int) -> str:
        found = draw(st.sampled_from([None, *crews[: crews.index(one)]]))
        return "" if found is None else f"t{found}"

    roles = st.sampled_from(["", "finance", "unit_hr@t0", "auditor@t1;finance", "board_approver"])
    staff = [
        {
            "key": f"p{one}",
            "name": f"Person {one} {draw(st.sampled_from('ab'))}",
            "manager": above(one),
            "functional_manager": draw(st.sampled_from(["", "lin"])) if one else "",
            "team": draw(st.sampled_from(["", "t0", "t1", "t2", "crew"])),
            "roles": draw(roles),
            "account_of": "p0" if one == 6 and draw(st.booleans()) else "",
        }
        for one in draw(st.permutations(range(EVERYBODY)))
    ]
    crew = [
        {
            "key": f"t{one}",
            "name": f"Team {one}",
            "lead": draw(st.sampled_from(["lin", *(f"p{place}" for place in range(EVERYBODY))])),
            "parent": parent(one),
            "legal_entity": draw(st.sampled_from(["yes", "no"])),
        }
        for one in crews
    ]
    return _table(PEOPLE, staff), _table(TEAMS, crew)


def _table(name: str, rows: list[dict[str, str]]) -> Table:
    columns = {column: column for column in COLUMNS[name] if column in rows[0]}
    return Table(columns, tuple(Row(line, cells) for line, cells in enumerate(rows, start=2)))


@given(directories(), directories())
@settings(max_examples=60, deadline=None)
def test_any_directory_becomes_any_other_by_commands_that_are_all_allowed(
    first: tuple[Table, Table], second: tuple[Table, Table]
) -> None:
    found = harbour()
    for tables in (first, second):
        found.follow(*tables)
        assert found.compare(*tables) == ()
        assert found.follow(*tables) == []
