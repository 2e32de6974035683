"""What somebody may see of a plan (R8): the rest does not appear, as though it were not there.

Today's rights hold for answers about the past too, and what was a draft at that time stays one: a goal of an earlier
state is seen only where both today's audience and the state of then allow it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from domain.access.grants import SEEING
from domain.access.verdict import Allow, Facts, Stand, authorize
from domain.goals import metrics_of
from domain.messages import Event
from domain.plan.comments import CommentResolved
from domain.plan.goal import Goal
from domain.plan.ground import Ground
from domain.plan.stands import OF_GOAL, Asking, stands_of
from domain.plan.state import PlanState
from domain.sealed import all_sealed

ENTIRE = frozenset({Stand.OWNER, Stand.AUDITOR})
"""Who sees every goal of a plan, whatever its audience."""


@dataclass(frozen=True)
class Sight:
    """One person's view of one plan, by today's directory, cycle and plan."""

    person: UUID
    found: Ground
    today: PlanState

    @cached_property
    def stands(self) -> frozenset[Stand]:
        """How the person stands to the plan as a whole."""
        if not self.found.directory.is_active(self.person):
            return frozenset()
        return stands_of(Asking(self.person, self.found, self.today, None), PLAN_STANDS)

    @property
    def entire(self) -> bool:
        """Whether nothing of the plan is hidden from them."""
        return not ENTIRE.isdisjoint(self.stands)

    @property
    def scorecard(self) -> bool:
        """Whether they may see what the plan's goals came to."""
        return isinstance(authorize("see.scorecard", Facts(self.stands), SEEING), Allow)

    @cached_property
    def _now(self) -> dict[UUID, Goal]:
        return goals_of(self.today)

    def sees(self, goal: Goal) -> bool:
        """Whether they may see a goal as it stands in some state of the plan."""
        return self._reads(goal, {goal.first_author, goal.author}, proposed=goal.proposed)

    def _sees_draft(self, goal: Goal) -> bool:
        """Whether they may see what a goal was before it was proposed."""
        writers = {goal.first_author}
        if goal.before is not None and goal.before.is_draft:
            writers.add(goal.before.author)  # who wrote what was on the table since then wrote nothing of the draft
        return self._reads(goal, writers, proposed=False)

    def _reads(self, goal: Goal, writers: Set[UUID], *, proposed: bool) -> bool:
        now = self._now.get(goal.id, goal)
        if not self.stands:
            return False
        # Who wrote a later revision did not write this one.
        about = stands_of(Asking(self.person, self.found, self.today, now), OF_GOAL) - {Stand.AUTHOR}
        if self.person in writers:
            about |= {Stand.AUTHOR}
        facts = Facts(
            self.stands | about,
            kind=goal.definition.kind,
            proposed=proposed and now.proposed,
            audience=now.audience,
        )
        return isinstance(authorize("see.goal", facts, SEEING), Allow)

    def plan(self, state: PlanState) -> PlanState | None:
        """The plan as of some state with what the person may see of it; None: there is no such plan for them."""
        if self.entire:
            return state
        goals = {goal.id: self._uncovered(goal) for goal in state.goals.values() if self.sees(goal)}
        if not goals and not any(self.sees(goal) for goal in state.in_force.values()):
            return None
        hidden = frozenset(goal.id for goal in goals_of(state).values() if not self.sees(goal))
        shown: PlanState = _without(state, hidden) if hidden else state
        departed = {
            id: gone.model_copy(update={"goal": self._uncovered(gone.goal)}) for id, gone in shown.departed.items()
        }
        more: dict[str, Any] = {"departed": departed, "receipt": state.receipt if self.scorecard else None}
        # What a key result said when it left may have been said in a draft alone: events tell where it went.
        more["gone_key_results"] = {}
        if shown.metrics:
            named = {one.metric for goal in goals.values() for one in metrics_of(goal.definition)}
            more["metrics"] = {id: look for id, look in shown.metrics.items() if id in named}
        return shown.model_copy(update={"goals": goals, **more})

    def _uncovered(self, goal: Goal) -> Goal:
        """The goal without the draft that its first proposal replaced, and what was said of it."""
        replaced = goal.definition.kind == "okr" and goal.before is not None and goal.before.is_draft
        comments = {id: said for id, said in goal.comments.items() if not said.on_draft}
        if (not replaced and len(comments) == len(goal.comments)) or self._sees_draft(goal):
            return goal
        return goal.model_copy(update={"before": None if replaced else goal.before, "comments": comments})

    def event(self, event: Event, before: PlanState, after: PlanState) -> Event | None:
        """The event as the person may see it, between the states that it leads from and to; None: not at all.

        Told is what speaks only of goals that they see. A text about the plan as a whole may speak of any goal, so it
        needs the sight of all.
        """
        if self.entire:
            return event
        known = {**goals_of(before), **goals_of(after)}
        edge = after.edges.get(getattr(event, "edge", None)) or before.edges.get(getattr(event, "edge", None))  # type: ignore[arg-type]
        ids = (*_ids(event), *((edge.goal,) if edge is not None else ()))
        about = [known[item] for item in ids if item in known]
        named = getattr(event, "goal", None)
        if (named is not None and named not in known) or not all(self.sees(goal) for goal in about):
            return None
        if not about and any(True for _ in all_sealed(event)) and not all(self.sees(goal) for goal in known.values()):
            return None
        if not self.scorecard and hasattr(event, "result"):
            return None
        if isinstance(event, CommentResolved) and self._of_draft(known[event.goal], event.comment):
            return None
        old = before.goals.get(named) if named is not None else None
        if old is not None and getattr(event, "changes", None) and not self.sees(old):
            return event.model_copy(update={"changes": ()})
        return event

    def _of_draft(self, goal: Goal, comment: UUID) -> bool:
        """Whether a comment is on a draft that they may not see."""
        said = goal.comments.get(comment)
        return said is not None and said.on_draft and not self._sees_draft(goal)


def goals_of(state: PlanState) -> dict[UUID, Goal]:
    """Every goal that a plan knows of: those that left it, those in force while it is amended, and its present ones."""
    return {**{id: gone.goal for id, gone in state.departed.items()}, **state.in_force, **state.goals}


def _without(model: Any, hidden: frozenset[UUID]) -> Any:
    """The model less every item of its lists and tables that speaks of a hidden goal, at any depth."""
    kept: dict[str, Any] = {}
    for name, value in model:
        if isinstance(value, Mapping):
            kept[name] = {key: item for key, item in value.items() if hidden.isdisjoint(_ids({key: item}))}
        elif isinstance(value, tuple | frozenset):
            kept[name] = type(value)(item for item in value if hidden.isdisjoint(_ids(item)))
        elif isinstance(value, BaseModel):
            kept[name] = _without(value, hidden)
    return model.model_copy(update=kept)


def _ids(value: Any) -> Iterator[UUID]:
    if isinstance(value, UUID):
        yield value
    elif isinstance(value, BaseModel):
        for _, item in value:
            yield from _ids(item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _ids(key)
            yield from _ids(item)
    elif isinstance(value, tuple | list | frozenset):
        for item in value:
            yield from _ids(item)


PLAN_STANDS = tuple(stand for stand in SEEING["see.goal"].stands if stand not in OF_GOAL)
