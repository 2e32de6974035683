"""Who may give which command, and when: one row a command, in the module of the rules that it belongs to.

Every module of this package brings a table `ROWS`; a command without a row fails `test_every_command_has_its_row`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from uuid import UUID

from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.messages import Command
from domain.registry import COMMANDS
from tests.support.given import World

BEFORE_TRACK = (Phase.DRAFT, Phase.NEGOTIATE, Phase.COMMIT)


@dataclass(frozen=True)
class Row:
    """A command, a world in which the allowed may give it, who they are, and the phases it belongs to."""

    command: Callable[[World], Command]
    given: Callable[[], World]
    allowed: frozenset[UUID]
    phases: tuple[Phase, ...]
    excused_too: bool = False
    """Also for the plan of somebody who is excused."""

    def target(self, world: World) -> Ref:
        return world.cycle_ref if COMMANDS[type(self.command(world)).__name__][0] == "cycle" else world.plan_ref()


def all_rows() -> dict[str, Row]:
    """The rows of every module here."""
    found: dict[str, Row] = {}
    for module in pkgutil.iter_modules(__path__):
        rows = import_module(f"{__name__}.{module.name}").ROWS
        assert not found.keys() & rows.keys(), f"{module.name} has a row that another module has"
        found |= rows
    return found
