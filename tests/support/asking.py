"""Alignments in a quarter that is driven through the real handler."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from domain.plan.alignment import RequestAlignment
from domain.plan.alignment_answers import AcceptAlignment, DeclineAlignment
from domain.plan.links import End
from tests.support.quarter import Quarter


@dataclass(frozen=True)
class Ask:
    """One request: an owner's goal asks for another owner's as its parent."""

    owner: UUID
    goal: UUID
    parent_owner: UUID
    parent: UUID
    edge: UUID


async def ask(quarter: Quarter, child: tuple[UUID, UUID], parent: tuple[UUID, UUID]) -> Ask:
    """Both ends as owner and goal; the parent is named as it is now."""
    asked = Ask(*child, *parent, uuid4())
    seen = (await quarter.plan(asked.parent_owner)).goal(asked.parent).hash
    end = End(plan=quarter.plan_ref(asked.parent_owner).stream, goal=asked.parent)
    request = RequestAlignment(edge=asked.edge, goal=asked.goal, parent=end, parent_hash=seen)
    await quarter.act(asked.owner, quarter.plan_ref(asked.owner), request)
    return asked


async def accept(quarter: Quarter, asked: Ask, hash: str | None = None) -> None:
    """The parent's owner accepts the child: as it is now, unless a hash is given."""
    seen = hash or (await quarter.plan(asked.owner)).goal(asked.goal).hash
    await quarter.act(asked.parent_owner, quarter.plan_ref(asked.owner), AcceptAlignment(edge=asked.edge, hash=seen))


async def end_it(quarter: Quarter, asked: Ask, by: UUID) -> None:
    """Declined by the parent's owner, or withdrawn by the child's."""
    decline = DeclineAlignment(edge=asked.edge, reason="It does not fit")
    await quarter.act(by, quarter.plan_ref(asked.owner), decline)
