"""Every text is a sentinel; after each step everybody asks every GET, and reads only what the table lets them (R8)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.sentinel_moves import MOVES, walk

STORY = (
    "staff draft",
    "head drafts",
    "head assigns",
    "staff comment",
    "staff propose",
    "staff withdraw",
    "staff propose",
    "head counters",
    "lead comments",
    "head accepts",
    "only the chain",
    "in private",
    "shown to a peer",
    "as by default",
    "head comments on the kpi",
    "the kpi to all",
    "the kpi hidden again",
    "head revises the kpi",
    "staff abandon",
)


def test_r8_what_one_may_not_see_appears_in_no_answer_along_a_story() -> None:
    book = walk(STORY)
    readers = {person for person, _ in book.seen}
    assert readers == {"admin", "lead", "head", "staff", "peer", "auditor", "facilitator"}
    assert {text for person, text in book.seen if person == "auditor"} == set(book.texts)
    unread = set(book.texts) - {text for person, text in book.seen if person == "peer"}
    assert unread, "a story in which everybody reads everything proves nothing"


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(sorted(MOVES)), min_size=4, max_size=16))
def test_r8_what_one_may_not_see_appears_in_no_answer_after_any_walk(moves: list[str]) -> None:
    walk(moves, looking=False)
