"""What ties a goal to others: its alignments, kept in the child's plan (R3.7), and the people who share it (R3.9).

Invariant: accepted alignments run in no circle. A goal's content hash covers none of this, so none of it voids a
signature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple
from uuid import UUID

from domain.values import Frozen, Instant, Share

MOST_PLANS = 1_000
"""Plans that lie above one goal, at most: a deeper alignment could not be looked through in one go."""


class End(Frozen):
    """One end of an alignment: a goal of a plan, or one of its key results."""

    plan: UUID
    goal: UUID
    key_result: UUID | None = None


class Edge(Frozen):
    """An alignment of one of the plan's goals to a parent."""

    id: UUID
    goal: UUID
    key_result: UUID | None = None
    """Of the child, where only this key result is aligned."""
    parent: End
    parent_owner: UUID
    """Whose plan the parent is in, a person or a team: whoever answers for it answers the request."""
    state: Literal["requested", "accepted", "declined"]
    seen_hash: str
    """The parent goal's revision that the child saw last."""
    changed_hash: str | None = None
    """The parent goal's revision that waits for the child's look."""
    dropped: bool = False
    """The parent is gone, and this waits for the child's look."""
    moved_to: UUID | None = None
    """The plan that a parent which is gone went to: the goal, or the key result (R3.9)."""
    at: Instant
    """When it was requested, then when it was accepted."""
    since: int
    """The plan's version that last altered this."""
    due: Instant
    """When who has not answered is reminded."""
    reminded: bool = False

    @property
    def waits_for_look(self) -> bool:
        """Whether the parent has changed since the child saw it, and the child was told."""
        return self.dropped or self.changed_hash is not None


class Contributor(Frozen):
    """Somebody who carries a part of a goal that another person answers for (R3.9)."""

    share: Share
    accepted: bool = False
    """False while they have not answered."""
    since: int
    """The plan's version that asked them, or at which they accepted."""


NOTHING_NEW: Mapping[str, bool | None] = {"changed_hash": None, "dropped": False, "moved_to": None}
"""What an alignment says of its parent while the child has seen it as it is."""


class Place(NamedTuple):
    """A goal of a plan: where a walk stands. A key result counts as its goal."""

    plan: UUID
    goal: UUID


class Lineage(NamedTuple):
    """What lies above a goal."""

    places: frozenset[Place]
    """The goal itself and every goal above it, as far as is known."""
    unknown: frozenset[UUID]
    """Plans on the way whose alignments are not known yet."""


def lineage(start: End, edges_of: Callable[[UUID], Mapping[UUID, Edge] | None]) -> Lineage:
    """Walk up every accepted alignment; `edges_of` tells a plan's, None where it is not known yet.

    Looks at no more than MOST_PLANS plans: beyond, whatever comes is unknown.
    """
    places, unknown, plans = set[Place](), set[UUID](), set[UUID]()
    ahead = [Place(start.plan, start.goal)]
    while ahead:
        place = ahead.pop()
        if place in places:
            continue
        places.add(place)
        edges = edges_of(place.plan) if place.plan in plans or len(plans) < MOST_PLANS else None
        if edges is None:
            unknown.add(place.plan)
            continue
        plans.add(place.plan)
        ahead += parents(edges.values(), place.goal)
    return Lineage(frozenset(places), frozenset(unknown))


def parents(edges: Iterable[Edge], goal: UUID) -> list[Place]:
    """The goals right above one of the plan's goals."""
    accepted = (edge for edge in edges if edge.state == "accepted" and edge.goal == goal)
    return [Place(edge.parent.plan, edge.parent.goal) for edge in accepted]
