"""A talk that waits for somebody above its sides: how it comes to that, and what is asked of whom."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from domain.directory.state import DIRECTORY
from domain.goals import Ambition
from domain.messages import Command
from domain.plan.going_up import DecisionEscalated
from domain.plan.mediation import DecideMediation
from domain.plan.objection import DecideObjection
from domain.waiting import Wait, What, plan_waits
from tests.support.given import BOARD, STAFF, World, okr, who

FIRST, SECOND = sorted(BOARD)
COMMITTED = okr(ambition=Ambition.COMMITTED)


def mediated() -> World:
    """The sides are the staff and the head; the lead mediates."""
    return World().founded().opened().drafted().proposed().mediated()


def objected() -> World:
    return World().founded().opened().assigned().objected()


def silent(world: World) -> DecisionEscalated:
    """Nobody says a word until it has gone up once more: to the instant when, and once."""
    target = world.plan_ref()
    for duty in ("Remind", "Escalate"):
        due = world.agenda(target).next_due
        assert due is not None, duty
        world.now = due - timedelta(microseconds=1)
        assert world.perform(target) == []
        world.now = due
        assert world.perform(target) == [duty]
        assert world.agenda(target).due == ()
    found: DecisionEscalated = world.last(DecisionEscalated)
    return found


def waits(world: World) -> list[Wait]:
    return list(plan_waits(world.plan(), world.ground(), STAFF, world.plan_ref().stream))


def asked(world: World) -> list[tuple[UUID, What, str | None]]:
    return [(item.person, item.what, item.reason) for item in waits(world)]


def deciding(world: World, name: str = "okr") -> Command:
    said = {"goal": who(name), "hash": world.goal(name).hash, "reason": "I heard both"}
    if name == "okr":
        return DecideMediation.model_validate(said | {"outcome": "return"})
    return DecideObjection.model_validate(said | {"outcome": "rejected"})


def left(world: World, *people: UUID) -> World:
    """They are gone, and no plan has been looked at since."""
    gone = {one: world.directory.people[one].model_copy(update={"active": False}) for one in people}
    world.states[DIRECTORY] = world.directory.model_copy(update={"people": {**world.directory.people, **gone}})
    return world
