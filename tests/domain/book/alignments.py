"""What the second book holds alignments to: who answers, what the child knows, no circle."""

from __future__ import annotations

from uuid import UUID

from domain.messages import Event
from domain.plan import (
    alignment,
)
from domain.values import plan_id
from tests.domain.book.kept import Book, Plan


def aligned(book: Book, plan: Plan, actor: UUID, event: Event) -> None:
    match event:
        case alignment.AlignmentRequested():
            assert actor == plan.person, "somebody else asked"
            assert event.edge not in book.above, "asked, although it holds"
            answers = book.teams.get(event.parent_owner, event.parent_owner)
            book.asked[event.edge] = event.goal, event.parent.goal, answers
            book.parent_in[event.edge] = event.parent.plan
            assert event.parent_hash == hash_of_parent(book, event.edge)
            book.hashes[event.edge] = event.parent_hash
        case alignment.AlignmentAccepted():
            child, parent, answers = book.asked[event.edge]
            assert actor == answers, "somebody else accepted"
            assert event.hash == plan.goals[child].hash
            book.above[event.edge] = child, parent
            _assert_no_circle(book, child)
        case alignment.AlignmentConfirmed():
            assert event.edge in book.above
            assert event.parent_hash == hash_of_parent(book, event.edge)
            book.hashes[event.edge] = event.parent_hash


def hash_of_parent(book: Book, edge: UUID) -> str | None:
    """The parent's as it is where the alignment found it: a goal that went elsewhere is gone."""
    where, goal = book.parent_in[edge], book.asked[edge][1]
    goals = next((plan.goals for owner, plan in book.plans.items() if plan_id(book.cycle, owner) == where), {})
    return goals[goal].hash if goal in goals else None


def _assert_no_circle(book: Book, child: UUID) -> None:
    """Step by step upwards from the child: however far, it is never reached again."""
    reached, step = set[UUID](), {child}
    while step:
        step = {parent for below, parent in book.above.values() if below in step} - reached
        reached |= step
    assert child not in reached, "alignments run in a circle"
