"""A second, smaller book of a cycle, kept from nothing but the events: what must be true of each when it is written.

It shares no rule with the domain: who may sign is looked up in a line of its own, whether a gate holds is counted from
its own goals and signatures. What both books disagree on is a bug in one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.decider import Ref
from domain.messages import Event
from domain.values import SYSTEM
from tests.domain.book.kept import LAPSE, Book, Plan
from tests.domain.book.metrics import told_metric
from tests.domain.book.people import dates_come, told_directory
from tests.domain.book.phases import told_cycle
from tests.domain.book.plans import told_plan


@dataclass
class Model(Book):
    """Told of every event in order; raises AssertionError where one should not have happened."""

    def see(self, ref: Ref, actor: UUID, at: datetime, event: Event) -> None:
        assert self.last_at is None or at >= self.last_at, "time went backwards"
        self.last_at = at
        dates_come(self, at)
        if ref.kind == "directory":
            told_directory(self, event)
        elif ref.kind == "cycle":
            told_cycle(self, actor, at, event)
        elif ref.kind == "metric":
            told_metric(self, ref.stream, actor, at, event)
        else:
            assert not self.closed or getattr(event, "late", None), "a plan moved in a closed cycle"
            assert actor == SYSTEM or self.closing_since is None or at >= self.closing_since + LAPSE, (
                "a plan moved while its phase closed"
            )
            told_plan(self, self.plan_of(ref, event), actor, at, event)

    def whole(self) -> None:
        """What is true after every command."""
        for plan in self.plans.values():
            if plan.submitted:
                assert all(goal.agreed for goal in plan.goals.values()), "submitted, and not agreed"
            assert len(set(plan.signers)) == len(plan.signers), "somebody signed twice"
        if self.phase in ("track", "retrospect"):
            plans = [self.plans.get(owner, Plan(owner, owner)) for owner in self.taking_part()]
            assert all(plan.signed or plan.base or self.catches_up(plan) for plan in plans), "tracked, and not signed"
