"""Every command there is, in any order, by anybody, from any phase on: what `walks.always` says is true after each.

`GOALCYCLE_HYPOTHESIS=deep` runs it for long.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta
from random import Random, SystemRandom
from typing import ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings

from domain.cycle.policy import ApprovalStep
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.messages import Command
from domain.problems import DomainError
from domain.values import SYSTEM
from tests.support.calendars import Weekdays
from tests.support.given import World
from tests.walks.always import Always
from tests.walks.walk import Walk, stroll_until_all_are_taken


class Everything(Walk):
    """A walk over the rules alone."""

    acknowledged: ClassVar[Counter[str]] = Counter()
    tried: ClassVar[Counter[str]] = Counter()

    def stand(self, chain: tuple[ApprovalStep, ...]) -> None:
        self.world = World()
        self.always = Always(self.world)
        super().stand(chain)

    def send(self, actor: UUID, ref: Ref, command: Command) -> bool:
        known = len(self.world.events)
        try:
            decided = self.world.when(actor, ref, command)
        except DomainError:
            assert actor != SYSTEM, "a duty was refused instead of being no longer owed"
            assert len(self.world.events) == known
            return False
        if decided:
            self.took(command)
            for part in command.spread(ref.stream):
                self.took(part.command)
        self.always.look()
        return bool(decided)

    def perform_due(self, ref: Ref) -> bool:
        due = self.world.agenda(ref).due
        for duty in due:
            self.send(SYSTEM, ref, duty.command)
        return bool(due)

    def tries(self, name: str, seed: int) -> bool:
        if name == "RecomputeDeadlines":  # no command of the directory changes the world's own working days
            ends = self.world.the_cycle().deadlines.values()
            off = ((due - timedelta(days=1 + seed % 3)).date() for due in ends if seed % 4)
            self.world.calendar = Weekdays(off=frozenset(off))
        return super().tries(name, seed)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.comes_to_rest()


DEEP = os.environ.get("GOALCYCLE_HYPOTHESIS") == "deep"
Everything.TestCase.settings = settings(
    max_examples=1500 if DEEP else 15,
    stateful_step_count=80 if DEEP else 25,
    deadline=None,
    derandomize=not DEEP,
    suppress_health_check=[HealthCheck.too_slow],
)
TestEverything = pytest.mark.timeout(3600 if DEEP else 120)(Everything.TestCase)


class Strolling(Everything):
    """Counts for itself."""

    acknowledged: ClassVar[Counter[str]] = Counter()
    tried: ClassVar[Counter[str]] = Counter()


@pytest.mark.timeout(120)
def test_every_command_is_taken_in_some_walk() -> None:
    """A command that is always refused would prove nothing."""
    stroll_until_all_are_taken(Strolling)


@pytest.mark.hypothesis
@pytest.mark.skipif(not DEEP, reason="takes minutes")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("start", Phase)
def test_it_holds_along_long_strolls(start: Phase) -> None:
    """Hypothesis prefers short walks; these go on until most commands were tried in one organization."""
    seed = SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = Random(seed)
    for _ in range(100):
        walk = Strolling()
        walk.stroll(start, 300, chance)
        walk.teardown()
