"""Beginnings are kept: a world that takes a step that was taken from the same states goes on from what came of it.

States are frozen and rules are functions, so the same step leads to the same states and events. What differs in a
state, the clock, the calendar or an argument is another step.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast
from uuid import UUID

from domain.decider import Ref
from domain.messages import Event

if TYPE_CHECKING:
    from tests.support.given import World

Step = TypeVar("Step", bound=Callable[..., "World"])
Told = tuple[Ref, UUID, datetime, Event]
MOST = 4000
"""Steps that are kept at a time."""


class Taken(NamedTuple):
    """What a step started from, and what came of it."""

    before: tuple[Any, ...]
    """The states, held so that no other one can come to have their identity."""
    states: dict[Ref, Any]
    events: list[Told]
    now: datetime


TAKEN: dict[Any, Taken] = {}


def kept(step: Step) -> Step:
    """A step of a world's beginning, taken once for each start and arguments; a refused one is not kept."""

    @wraps(step)
    def take(world: World, *args: Any, **kwargs: Any) -> World:
        start = tuple((ref, id(state)) for ref, state in world.states.items())
        key = (step, type(world), world.now, world.cycle, world.calendar, start, args, tuple(kwargs.items()))
        try:
            found = TAKEN.get(key)
        except TypeError:  # an argument that cannot be a key, such as a policy with a table in it
            return step(world, *args, **kwargs)
        if found is None:
            before, known = tuple(world.states.values()), len(world.events)
            step(world, *args, **kwargs)
            if len(TAKEN) >= MOST:
                TAKEN.clear()
            TAKEN[key] = Taken(before, dict(world.states), world.events[known:], world.now)
        else:
            world.states, world.now = dict(found.states), found.now
            for told in found.events:
                world.remember(*told)
        return world

    return cast("Step", take)
