"""Who is who, and what is told when it does not fit together."""

from pathlib import Path

import pytest

from cli.importing import DirectoryError, read_directory
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
