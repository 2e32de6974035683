"""A metric's changed definition asks the plans that use it for a look, and never changes what they signed (R3.10).

A plan is told once of each definition that begins before its period ends, whichever of its goals name an older one.
Its owner then has the goal revised to the new version, or says that it stays with what it names (KeepDefinition).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, NamedTuple
from uuid import UUID

from domain.cycle.windows import ALIGNABLE
from domain.decider import Context
from domain.goals import metrics_of
from domain.measuring import MetricVersion
from domain.messages import Event
from domain.metric.state import Defined, MetricState
from domain.plan.goal import Goal
from domain.plan.ground import Ground, admitted
from domain.plan.looks import NO_LOOK, MetricLook
from domain.plan.state import PlanCommand, PlanState, plan
from domain.problems import problem
from domain.sealed import AuthorText

NOT_NAMED = problem(
    "goal.metric_not_named", 409, "The goal does not name this metric.", "Look at the goal for the metrics it names."
)
STALE_DEFINITION = problem(
    "metric.stale_definition",
    409,
    "The metric's definition is not the one you saw: in this period its version {now} counts.",
    "Look at that definition and decide on it.",
)


class KeepDefinition(PlanCommand):
    """Stay with the definition that a goal names, having seen the one that counts now (R3.10)."""

    goal: UUID
    seen: MetricVersion
    """The metric, and the version that counts in the cycle's period."""
    reason: AuthorText | None = None

    def subject_scope(self) -> UUID | None:
        return self.goal


class DefinitionChanged(Event):
    """The plan was told that a metric is not defined as its goals say, or no longer counted. A notice: what to do about
    it is the owner's to say.
    """

    notice: ClassVar[bool] = True

    now: MetricVersion
    """The definition that counts in the cycle's period."""
    retired: bool | None = None
    goals: tuple[UUID, ...]
    """Those that say otherwise."""


class DefinitionKept(Event):
    """A goal stays with the definition that it names."""

    goal: UUID
    seen: MetricVersion
    retired: bool | None = None
    """The metric was no longer counted by then, and the owner kept it all the same."""
    reason: AuthorText | None = None


class News(NamedTuple):
    """What a plan has not been told of a metric."""

    now: MetricVersion
    retired: bool
    decided_at: datetime
    goals: tuple[UUID, ...]


def counting(found: Ground, state: MetricState) -> Defined:
    """The definition that counts in a plan's period: one that begins later is the next cycle's concern."""
    period = found.cycle.period
    return state.latest if period is None else state.counting(period.ends)


def news(state: PlanState, found: Ground, metric: UUID, metric_state: MetricState) -> News | None:
    """What the plan is to be told of a metric; None where it was told, or no goal says otherwise."""
    look, now = state.metrics[metric], counting(found, metric_state)
    retired = metric_state.retired_at is not None
    if now.version <= look.version and retired <= look.retired:
        return None
    goals = tuple(sorted(goal.id for goal in _otherwise(state, metric, now.version, retired=retired)))
    if not goals:
        return None
    decided_at = metric_state.retired_at or now.decided_at
    return News(MetricVersion(metric=metric, version=now.version), retired, decided_at, goals)


def unsettled(state: PlanState) -> Iterator[tuple[Goal, MetricVersion]]:
    """The goals that say otherwise than their plan was told and are not kept so, each with what it was told of."""
    for metric, look in state.metrics.items():
        if look.version:
            for goal in _otherwise(state, metric, look.version, retired=look.retired):
                if goal.id not in look.kept:
                    yield goal, MetricVersion(metric=metric, version=look.version)


def _otherwise(state: PlanState, metric: UUID, version: int, *, retired: bool) -> Iterator[Goal]:
    """The goals that name an older version of a metric, or a retired one at all."""
    for goal in state.goals.values():
        if any(one.metric == metric and (retired or one.version < version) for one in metrics_of(goal.definition)):
            yield goal


@plan.decides(KeepDefinition)
def keep_definition(state: PlanState, command: KeepDefinition, context: Context) -> list[Event]:
    """The owner, of what counts now; where the goal says that already, there is nothing to keep."""
    found = admitted(state, context, *ALIGNABLE)
    goal, metric = state.goal(command.goal), command.seen.metric
    if all(one.metric != metric for one in metrics_of(goal.definition)):
        raise NOT_NAMED("/seen/metric")
    metric_state: MetricState = context.state("metric", metric)
    now, retired = counting(found, metric_state).version, metric_state.retired_at is not None
    if command.seen.version != now:
        raise STALE_DEFINITION("/seen/version", now=now)
    look = state.metrics[metric]
    is_kept = (look.version, look.retired) == (now, retired) and goal.id in look.kept
    if is_kept or all(one.id != goal.id for one in _otherwise(state, metric, now, retired=retired)):
        return []
    return [DefinitionKept(goal=goal.id, seen=command.seen, retired=retired or None, reason=command.reason)]


@plan.evolves(DefinitionChanged)
def definition_changed(state: PlanState, event: DefinitionChanged) -> PlanState:
    return _looked(state, event.now, retired=bool(event.retired))


@plan.evolves(DefinitionKept)
def definition_kept(state: PlanState, event: DefinitionKept) -> PlanState:
    look, retired = state.metrics.get(event.seen.metric, NO_LOOK), bool(event.retired)
    if (look.version, look.retired) != (event.seen.version, retired):  # the owner was faster than the duty
        state = _looked(state, event.seen, retired=retired)
        look = state.metrics[event.seen.metric]
    kept = look.model_copy(update={"kept": look.kept | {event.goal}})
    return state.model_copy(update={"metrics": {**state.metrics, event.seen.metric: kept}})


def _looked(state: PlanState, now: MetricVersion, *, retired: bool) -> PlanState:
    """The plan that knows this of a metric: what it kept before, it kept without knowing."""
    look = MetricLook(version=now.version, retired=retired, since=state.version + 1)
    return state.model_copy(update={"metrics": {**state.metrics, now.metric: look}})
