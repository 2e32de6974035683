"""Command ids: equal for equal wishes, and a duty's is out of every caller's reach."""

import json
from uuid import UUID, uuid4, uuid5

from hypothesis import given
from hypothesis import strategies as st

from domain.values import SYSTEM
from eventlog.identity import CALLERS, DUTIES, command_id, duty_id

text = st.text(max_size=40)


def test_the_same_wish_has_the_same_id_and_every_part_counts() -> None:
    organization, actor = uuid4(), uuid4()
    first = command_id(organization, actor, "plans/sign", "k")
    assert first == command_id(organization, actor, "plans/sign", "k")
    others = {
        command_id(uuid4(), actor, "plans/sign", "k"),
        command_id(organization, uuid4(), "plans/sign", "k"),
        command_id(organization, actor, "plans/reject", "k"),
        command_id(organization, actor, "plans/sign", "K"),
    }
    assert len(others | {first}) == 5


@given(text, text, text, text)
def test_no_two_route_and_key_pairs_run_together(route: str, key: str, other_route: str, other_key: str) -> None:
    organization, actor = UUID(int=1), UUID(int=2)
    same = (route, key) == (other_route, other_key)
    ids = command_id(organization, actor, route, key), command_id(organization, actor, other_route, other_key)
    assert (ids[0] == ids[1]) is same


def test_parts_that_would_run_together_without_framing_stay_apart() -> None:
    organization, actor = uuid4(), uuid4()
    assert command_id(organization, actor, "a", "bc") != command_id(organization, actor, "ab", "c")
    assert command_id(organization, actor, 'a","b', "c") != command_id(organization, actor, "a", 'b","c')


@given(st.uuids(), text, text, text)
def test_no_caller_reaches_a_duty(actor: UUID, route: str, key: str, duty: str) -> None:
    """Not even a caller who could send as SYSTEM, and whose name under the namespace is the duty's, byte for byte."""
    organization, stream = UUID(int=1), UUID(int=3)
    target = duty_id(organization, stream, duty)
    name = json.dumps([str(organization), str(stream), duty], separators=(",", ":"))
    assert target == uuid5(DUTIES, name)
    for forged in (key, duty, name):
        assert command_id(organization, actor, route, forged) != target
        assert command_id(organization, SYSTEM, forged, key) != target


def test_the_namespaces_differ_so_equal_names_give_different_ids() -> None:
    assert CALLERS != DUTIES
    assert uuid5(CALLERS, "one name") != uuid5(DUTIES, "one name")
