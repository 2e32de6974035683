"""R3.7: whatever goals align to whatever goals, none ever lies above itself; the walk up finds all that lies above."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count, pairwise, product
from typing import Literal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.plan.links import MOST_PLANS, Edge, End, Place, lineage
from tests.support.given import who
from tests.support.sampling import sample

PLANS = [who(f"plan {place}") for place in range(5)]
GOALS = [who(f"goal {place}") for place in range(3)]
PLACES = [Place(*place) for place in product(PLANS, GOALS)]
KEY_RESULTS = [None, who("first"), who("second")]
NOON = datetime(2031, 1, 1, 12, tzinfo=UTC)
State = Literal["requested", "accepted", "declined"]
Books = dict[UUID, dict[UUID, Edge]]
"""Each plan's alignments."""

places = st.sampled_from(PLACES)
wishes = st.lists(st.tuples(places, st.sampled_from(KEY_RESULTS), places, st.sampled_from(KEY_RESULTS)), max_size=60)
numbers = count()


def edge(child: Place, part: UUID | None, parent: Place, of: UUID | None, state: State = "accepted") -> Edge:
    return Edge(
        id=who(f"edge {next(numbers)}"),
        goal=child.goal,
        key_result=part,
        parent=End(plan=parent.plan, goal=parent.goal, key_result=of),
        parent_owner=who("somebody"),
        state=state,
        seen_hash="0" * 64,
        at=NOON,
        since=1,
        due=NOON,
    )


def at(place: Place) -> End:
    return End(plan=place.plan, goal=place.goal)


def above(pairs: Iterable[tuple[Place, Place]], start: Place) -> set[Place]:
    """All that can be reached upwards, found by trying every pair until nothing new comes."""
    pairs, reached = list(pairs), {start}
    while more := {parent for child, parent in pairs if child in reached} - reached:
        reached |= more
    return reached


@sample(30)
@given(wishes)
def test_r3_7_guarded_by_the_walk_no_goal_ever_lies_above_itself(wishes: list[tuple[Place, UUID, Place, UUID]]) -> None:
    books: Books = {plan: {} for plan in PLANS}
    pairs: list[tuple[Place, Place]] = []
    for child, part, parent, of in wishes:
        refused = child in lineage(at(parent), books.get).places
        assert refused == (child in above(pairs, parent)), "refused without a circle, or a circle let through"
        if not refused:
            pairs.append((child, parent))
            made = edge(child, part, parent, of)
            books[child.plan][made.id] = made
    for child, parent in pairs:
        assert child not in above(pairs, parent)


@sample(30)
@given(wishes, places, st.sets(st.sampled_from(PLANS)))
def test_r3_7_plans_told_one_after_the_other_lead_to_the_same_as_all_at_once(
    wishes: list[tuple[Place, UUID, Place, UUID]], start: Place, told: set[UUID]
) -> None:
    """As the handler does: it asks for what the walk lacks until the walk lacks nothing. Circles do no harm to it."""
    books: Books = {plan: {} for plan in PLANS}
    for wish in wishes:
        made = edge(*wish)
        books[wish[0].plan][made.id] = made
    whole = lineage(at(start), books.get)
    assert not whole.unknown
    assert whole.places == above([(child, parent) for child, _, parent, _ in wishes], start)
    while lacks := lineage(at(start), {plan: books[plan] for plan in told}.get).unknown:
        assert lacks.isdisjoint(told)
        told |= lacks
    assert lineage(at(start), {plan: books[plan] for plan in told}.get) == whole


@sample(30)
@given(st.lists(st.tuples(places, places, st.sampled_from(["requested", "declined"])), max_size=20), places)
def test_r3_7_what_nobody_accepted_lies_above_nothing(
    wishes: list[tuple[Place, Place, Literal["requested", "declined"]]], start: Place
) -> None:
    books: Books = {plan: {} for plan in PLANS}
    for child, parent, state in wishes:
        made = edge(child, None, parent, None, state)
        books[child.plan][made.id] = made
    assert lineage(at(start), books.get).places == {start}


def test_r3_7_a_walk_looks_at_a_bounded_number_of_plans() -> None:
    chain = [Place(who(f"plan {place}"), who("goal")) for place in range(MOST_PLANS + 5)]
    books: Books = {
        below.plan: {(made := edge(below, None, next_one, None)).id: made} for below, next_one in pairwise(chain)
    }
    books[chain[-1].plan] = {}
    found = lineage(at(chain[0]), books.get)
    assert found.unknown == {chain[MOST_PLANS].plan}
    assert len(found.places) == MOST_PLANS + 1
    assert not lineage(at(chain[5]), books.get).unknown
