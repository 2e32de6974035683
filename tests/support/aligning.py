"""Alignments in a world of `given`: asked, answered, explained."""

from __future__ import annotations

from uuid import UUID

from domain.messages import Event
from domain.plan.alignment import RequestAlignment
from domain.plan.alignment_answers import AcceptAlignment, DeclineAlignment
from domain.plan.ground import ground_of
from domain.plan.links import End
from domain.sealed import OwnerText
from domain.waiting import Wait, What, plan_waits
from tests.support.given import OTHER, STAFF, World, who

ABOVE = ("above", OTHER)


def two_plans() -> World:
    """A plan of STAFF with the goal `okr`, and one of OTHER with the goal `above`."""
    return World().founded().opened(STAFF, OTHER).drafted().drafted("above", OTHER)


def end(world: World, goal: str, owner: UUID, key_result: str | None = None) -> End:
    return End(plan=world.plan_ref(owner).stream, goal=who(goal), key_result=who(key_result) if key_result else None)


def asking(
    world: World,
    name: str = "okr",
    *,
    edge: str = "edge",
    key_result: str | None = None,
    parent: tuple[str, UUID] | tuple[str, UUID, str] = ABOVE,
    hash: str | None = None,
) -> RequestAlignment:
    """A request as it is to be sent, with the parent's present hash."""
    return RequestAlignment(
        edge=who(edge),
        goal=who(name),
        key_result=who(key_result) if key_result else None,
        parent=end(world, *parent),
        parent_hash=hash or world.goal(parent[0], parent[1]).hash,
    )


def request(
    world: World,
    name: str = "okr",
    owner: UUID = STAFF,
    *,
    actor: UUID | None = None,
    edge: str = "edge",
    key_result: str | None = None,
    parent: tuple[str, UUID] | tuple[str, UUID, str] = ABOVE,
) -> list[Event]:
    """The owner asks."""
    asked = asking(world, name, edge=edge, key_result=key_result, parent=parent)
    return world.when(actor or world.directory.responsible(owner), world.plan_ref(owner), asked)


def accept(world: World, actor: UUID, edge: str = "edge", owner: UUID = STAFF) -> list[Event]:
    """Somebody accepts an alignment of the owner's plan."""
    goal = world.plan(owner).edges[who(edge)].goal
    hash = world.plan(owner).goal(goal).hash
    return world.when(actor, world.plan_ref(owner), AcceptAlignment(edge=who(edge), hash=hash))


def decline(world: World, actor: UUID, edge: str = "edge", owner: UUID = STAFF) -> list[Event]:
    return world.when(actor, world.plan_ref(owner), DeclineAlignment(edge=who(edge), reason="It does not fit"))


def align(
    world: World,
    name: str = "okr",
    owner: UUID = STAFF,
    *,
    edge: str = "edge",
    key_result: str | None = None,
    parent: tuple[str, UUID] | tuple[str, UUID, str] = ABOVE,
) -> World:
    """Asked and accepted."""
    request(world, name, owner, edge=edge, key_result=key_result, parent=parent)
    accept(world, world.directory.responsible(parent[1]), edge, owner)
    return world


def aligned() -> World:
    """Two plans, the goal of one a child of the other's."""
    return align(two_plans())


def explain(world: World, owner: UUID = STAFF, name: str = "okr") -> list[Event]:
    """The owner says why a goal has no parent."""
    reason = RequestAlignment(goal=who(name), reason="Nobody above plans for this yet")
    return world.when(owner, world.plan_ref(owner), reason)


def waits(world: World, owner: UUID = STAFF) -> list[Wait]:
    """What a plan asks of people because of its alignments."""
    found = ground_of(owner, world.the_cycle(), world.directory)
    every = plan_waits(world.plan(owner), found, owner, world.plan_ref(owner).stream)
    return [wait for wait in every if wait.what in (What.ANSWER_ALIGNMENT, What.LOOK_AT_PARENT)]


def revise(world: World, title: str, actor: UUID = OTHER, name: str = "above", owner: UUID = OTHER) -> World:
    """One side proposes another title."""
    return world.proposed(actor, name, owner, title=OwnerText(title))
