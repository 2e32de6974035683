"""What somebody of a random organization may try next: one move for every command that a caller may send.

A move looks at the world as it is and makes a command that fits it, so that most are taken; who sends it is mostly
somebody who may, sometimes anybody. What a move is refused for, and what comes of one, is the rules' own business.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib import import_module
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from domain.access.verdict import Allow
from domain.decider import Ref
from domain.messages import Command
from domain.plan.goal import Goal
from domain.problems import DomainError
from domain.registry import CALLABLE, DECIDERS
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, TEAM, World, who

T = TypeVar("T")
OWNERS = (STAFF, OTHER, TEAM, HEAD)
"""Those with a plan: the head's goals lie above the others', and a team's plan is one of its lead's."""
PEOPLE = (LEAD, HEAD, STAFF, OTHER, *BOARD)
SLOTS = ("first", "second", "third")
"""An owner's OKRs by name; the KPIs are `safety` and `speed`."""
KPIS = ("safety", "speed")
TEXT = "secret"
"""What everybody says: it must stand in no event."""
NOTHING = "1" * 64
"""A hash of nothing."""


class NoMove(Exception):
    """There is nothing here to send this command about."""


@dataclass(frozen=True)
class Scene:
    """Where a move is chosen: the world, and the chances."""

    world: World
    chance: Random

    def one(self, items: Collection[T]) -> T:
        """One of these. Raises NoMove where there is none."""
        if not items:
            raise NoMove
        return self.chance.choice(list(items))

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    def goal(self, fits: Callable[[Goal], bool] = lambda _: True) -> tuple[UUID, Goal]:
        """A goal that fits, with its plan's owner. Raises NoMove."""
        return self.one(
            [(owner, goal) for owner in OWNERS for goal in self.world.plan(owner).goals.values() if fits(goal)]
        )

    def seen(self, hash: str) -> str:
        """What somebody believes to be the present hash: mostly they are right."""
        return hash if self.often(0.95) else NOTHING


Sending = tuple[Ref, Command]
Move = Callable[[Scene], Sending]
MOVES: dict[str, Move] = {}


def sends(command: type[Command]) -> Callable[[Move], Move]:
    """Register the move that sends a command."""

    def register(move: Move) -> Move:
        assert command.__name__ not in MOVES, f"two moves send {command.__name__}"
        MOVES[command.__name__] = move
        return move

    return register


def goal_id(owner: UUID, name: str) -> UUID:
    return who(f"{name} of {owner}")


def drawn(name: str, world: World, seed: int) -> tuple[UUID, Ref, Command] | None:
    """Who sends what where; None where there is nothing to send it about, or mostly where nobody may."""
    scene = Scene(world, Random(f"{name} {seed}"))
    try:
        ref, command = MOVES[name](scene)
    except NoMove:
        return None
    likely = scene.often(0.85)
    actors = allowed_to(world, ref, command) if likely else everybody(world)
    return (scene.one(actors), ref, command) if actors else None


def everybody(world: World) -> list[UUID]:
    return sorted(world.directory.people)


def allowed_to(world: World, ref: Ref, command: Command) -> list[UUID]:
    """Whom a grant lets send it."""
    state, decider = world.state(ref), DECIDERS[ref.kind]

    def may(person: UUID) -> bool:
        try:
            context: Any = world._context(ref, command, person)
            return isinstance(decider.authorize(state, command, context), Allow)
        except DomainError:
            return False

    return [person for person in everybody(world) if may(person)]


for _module in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
_missing = {name for name, (_, command) in CALLABLE.items() if not command.founds} - MOVES.keys()
assert not _missing, f"no move sends {sorted(_missing)}"
