"""GET of what a goal serves and what serves it: parents, children, and the roll-up with its formula (R3.7).

Parents and scores come from the log itself; which goals are children is told by the read models, and whether they still
are by their own plans. A parent that the caller may not see appears untitled, a child does not appear (R8).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api.access import require_reader, sight_of, sights_of
from api.alignment_shapes import AlignmentAnswer
from api.auth import Asking, Caller, Serving, shows
from api.lists import MinPosition, caught_up, listed
from api.openapi import PROBLEMS
from api.rendering import plain, rendered
from api.services import Services
from domain.access.refusals import GOAL_UNKNOWN
from domain.directory.state import DirectoryState
from domain.goals import Okr
from domain.plan.alignment import standing
from domain.plan.goal import Goal
from domain.plan.links import Edge
from domain.plan.seeing import Sight
from domain.rollup import Child, rollup

router = APIRouter(prefix="/v1/organizations/{organization}", tags=["plan"], responses={"default": PROBLEMS})
MOST_CHILDREN = 1_000
"""Alignments to one goal that are looked at."""
Sights = Mapping[UUID, Sight | None]
"""What the caller sees, by plan."""


class Link(NamedTuple):
    """An alignment of the goal, up or down."""

    edge: Edge
    plan: UUID
    """The child's."""
    owner: UUID
    """Whose plan the goal at the other end is in."""
    goal: Goal | None
    """The goal at the other end; None where it is gone, or the caller may not see it."""


@router.get(
    "/plans/{plan}/goals/{goal}/alignment",
    operation_id="get_alignment",
    summary="Alignment",
    response_model=AlignmentAnswer,
    openapi_extra=shows("see.alignment"),
)
async def get_alignment(
    services: Serving, caller: Asking, plan: UUID, goal: UUID, min_position: MinPosition = None
) -> Response:
    """The parents of a goal, its children, and how far these have come together: of the goal, and of each of its key
    results that has children of its own. Only children that the caller may see count, as the formula shows.
    """
    directory = await require_reader(services, caller)
    await caught_up(services, caller, min_position)
    sight = await sight_of(services, caller, directory, plan)
    found = sight.today.goals.get(goal)
    if found is None or not sight.sees(found):
        raise GOAL_UNKNOWN(goal=str(goal))
    below = await services.views.children(caller.organization, plan, goal, MOST_CHILDREN)
    edges = [edge for edge in sight.today.edges.values() if edge.goal == goal]
    plans = [*(edge.parent.plan for edge in edges), *(child for child, _ in below["items"])]
    sights = await _sights(services, caller, directory, sight, plan, plans)
    parents = [Link(edge, plan, edge.parent_owner, _parent(edge, sights)) for edge in edges]
    children = list(_children(below["items"], sights, plan, found))
    titles = {str(link.edge.id): link.goal.definition.title for link in (*parents, *children) if link.goal is not None}
    shown, _ = await rendered(services.opener(caller.organization), titles)
    document = {
        "plan": str(plan),
        "goal": str(goal),
        "parents": [_told(link, shown) for link in parents],
        "children": [_told(link, shown) for link in children],
        **_rollups(found, children, sights),
        "position": below["position"],
    }
    return await listed(services, caller, directory, document)


async def _sights(
    services: Services, caller: Caller, directory: DirectoryState, own: Sight, plan: UUID, others: Iterable[UUID]
) -> Sights:
    wanted = list(dict.fromkeys(other for other in others if other != plan))
    return {plan: own, **await sights_of(services, caller, directory, wanted)}


def _parent(edge: Edge, sights: Sights) -> Goal | None:
    sight = sights[edge.parent.plan]
    goal = standing(edge.parent, sight.today) if sight is not None else None
    return goal if sight is not None and goal is not None and sight.sees(goal) else None


def _children(rows: Iterable[tuple[UUID, UUID]], sights: Sights, plan: UUID, parent: Goal) -> Iterator[Link]:
    """Those that their own plans, which may be ahead of the read models, still align to the goal."""
    for child_plan, edge_id in rows:
        sight = sights[child_plan]
        edge = sight.today.edges.get(edge_id) if sight is not None else None
        if sight is None or edge is None or (edge.parent.plan, edge.parent.goal) != (plan, parent.id):
            continue
        goal = sight.today.goals.get(edge.goal)
        if edge.state != "declined" and goal is not None and sight.sees(goal):
            yield Link(edge, child_plan, sight.found.plan_owner, goal)


def _rollups(parent: Goal, children: Iterable[Link], sights: Sights) -> dict[str, Any]:
    accepted = [
        Child(link.edge, link.plan, link.goal, sight.found.cycle.policy.scoring)
        for link in children
        if link.edge.state == "accepted" and link.goal is not None and (sight := sights[link.plan]) is not None
    ]
    parts = {
        str(item.id): plain(rollup(child for child in accepted if child.edge.parent.key_result == item.id))
        for item in (parent.definition.key_results if isinstance(parent.definition, Okr) else ())
    }
    return {
        "rollup": plain(rollup(accepted)),
        "key_results": {item: part for item, part in parts.items() if part is not None},
    }


def _told(link: Link, titles: Mapping[str, str | None]) -> dict[str, Any]:
    edge = link.edge
    return {
        "edge": str(edge.id),
        "state": edge.state,
        "plan": str(link.plan),
        "goal": str(edge.goal),
        "key_result": str(edge.key_result) if edge.key_result else None,
        "parent": plain(edge.parent),
        "owner": str(link.owner),
        "title": titles.get(str(edge.id)),
        "changed": edge.waits_for_look,
        "dropped": edge.dropped,
        "moved_to": str(edge.moved_to) if edge.moved_to else None,
    }
