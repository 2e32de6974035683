"""Who is who, and what is told when it does not fit together."""

from datetime import date
from pathlib import Path

import pytest

from cli.importing import DirectoryError, read_directory
from domain.directory.calendar import Calendar, Day
from domain.directory.state import Role

HARBOUR = Path(__file__).resolve().parents[2] / "examples" / "harbour" / "directory.toml"
HEAD = b'[organization]\nname = "O"\n'


def refusals(data: bytes) -> list[tuple[int, str]]:
    with pytest.raises(DirectoryError) as caught:
        read_directory(data)
    return [(found.line, found.code) for found in caught.value.problems]


def test_the_example_has_three_levels_and_two_approvers_where_the_line_ends() -> None:
    directory = read_directory(HARBOUR.read_bytes())
    people = directory.people
    assert directory.first == "lin"
    assert len(people) == 12
    assert sum(Role.BOARD_APPROVER in person.roles for person in people.values()) == 2
    third = [key for key, person in people.items() if person.manager and people[person.manager].manager]
    assert len(third) == 6
    order = directory.by_line_of_command(founding=True)
    assert order[0] == "lin"
    assert all(order.index(people[key].manager or "lin") <= order.index(key) for key in order)


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        pytest.param(b"[people.a]\nname = ", [(4, "directory.not_toml")], id="no TOML"),
        pytest.param(b"", [(1, "directory.invalid")], id="nobody"),
        pytest.param(b"[people.a]\nnam = 'A'\n", [(3, "directory.invalid")] * 2, id="unknown field"),
        pytest.param(b"[people.a]\nname = ' '\n", [(3, "directory.invalid")], id="empty name"),
        pytest.param(b"[people.a]\nname = 'A'\nmanager = 'b'\n", [(3, "directory.unknown")], id="unknown manager"),
        pytest.param(
            b"[people.a]\nname = 'A'\nmanager = 'b'\n[people.b]\nname = 'B'\nmanager = 'a'\n",
            [(3, "directory.line_circle"), (6, "directory.line_circle")],
            id="circle",
        ),
        pytest.param(
            b"[people.a]\nname = 'A'\n[teams.t]\nname = 'T'\nlead = 'x'\n",
            [(5, "directory.unknown")],
            id="unknown lead",
        ),
        pytest.param(b"[people.a]\nname = 'A'\n[tags]\nDR = 'x'\n", [(6, "directory.unknown")], id="tag of nobody"),
        pytest.param(
            b"[people.a]\nname = 'A'\n[teams.A]\nname = 'T'\nlead = 'a'\n", [(5, "directory.key_twice")], id="one key"
        ),
        pytest.param(
            b"[people.a]\nname = 'A'\nfirst = true\n[people.b]\nname = 'B'\nfirst = true\n",
            [(3, "directory.first_twice")],
            id="two firsts",
        ),
    ],
)
def test_what_does_not_fit_is_told_by_line(rest: bytes, expected: list[tuple[int, str]]) -> None:
    assert refusals(HEAD + rest) == expected


def test_a_time_zone_that_is_none_is_refused() -> None:
    data = b"[organization]\nname = 'O'\nzone = 'Europe/Rotterdam'\n[people.a]\nname = 'A'\n"
    assert refusals(data) == [(3, "directory.zone_unknown")]


SITES = b"""[organization]
name = "O"
zone = "Europe/Amsterdam"
country = "NL"

[sites.ningbo]
name = "Ningbo"
zone = "Asia/Shanghai"
country = "CN"
week = [0, 1, 2, 3, 4, 5]
exceptions = [{ on = 2027-03-12, works = false }]

[people.a]
name = "A"
site = "ningbo"
"""


def test_r2_2_sites_have_calendars_of_their_own() -> None:
    directory = read_directory(SITES)
    assert directory.organization.country == "NL"
    assert directory.people["a"].site == "ningbo"
    assert directory.sites["ningbo"].calendar == Calendar(
        zone="Asia/Shanghai",
        country="CN",
        week=(0, 1, 2, 3, 4, 5),
        exceptions=(Day(on=date(2027, 3, 12), works=False),),
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b'site = "ningbo"', b'site = "nanjing"', [(13, "directory.unknown")]),
        (b'"Asia/Shanghai"', b'"Mars/Olympus"', [(6, "directory.zone_unknown")]),
        (b'"CN"', b'"XX"', [(6, "directory.country_unknown")]),
        (b'"NL"', b'"XX"', [(4, "directory.country_unknown")]),
        (b'country = "NL"', b'subdivision = "BY"', [(1, "directory.invalid")]),
        (b"4, 5]", b"4, 7]", [(6, "directory.invalid")]),
        (b"[people.a]", b"[people.Ningbo]", [(13, "directory.key_twice")]),
    ],
)
def test_r2_2_a_site_that_means_nothing_is_told_with_its_line(
    old: bytes, new: bytes, expected: list[tuple[int, str]]
) -> None:
    assert old in SITES
    assert refusals(SITES.replace(old, new)) == expected
