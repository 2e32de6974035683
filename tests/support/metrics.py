"""Metrics in the world of `given`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.decider import Ref
from domain.goals import Okr
from domain.key_results import Measured
from domain.measuring import MetricVersion
from domain.messages import Event
from domain.metric.defining import ChangeMetric, DefineMetric
from domain.metric.retiring import RetireMetric
from domain.metric.state import MetricDefinition, MetricState
from domain.plan.metric_change import KeepDefinition
from tests.support.given import LEAD, OTHER, STAFF, World, increase, okr, who


def metric_ref(name: str = "metric") -> Ref:
    return Ref("metric", who(name))


def at_version(version: int, name: str = "metric") -> MetricVersion:
    """A metric as a goal names it."""
    return MetricVersion(metric=who(name), version=version)


def counted(**more: Any) -> MetricDefinition:
    """Berths, the more the better."""
    given: dict[str, Any] = {"meaning": "Berths with a ship at noon", "unit": "berths", "direction": "higher"}
    return MetricDefinition(**(given | more))


def metric_state(world: World, name: str = "metric") -> MetricState:
    found: MetricState = world.state(metric_ref(name))
    return found


def define(world: World, which: str = "metric", actor: UUID = LEAD, **more: Any) -> World:
    """A metric whose data owner is one of the staff."""
    given: dict[str, Any] = {"name": "Berths used", "data_owner": OTHER, "definition": counted()}
    world.when(actor, metric_ref(which), DefineMetric(**(given | more)))
    return world


def change(world: World, which: str = "metric", actor: UUID = OTHER, **more: Any) -> list[Event]:
    """What is counted, in other words; or whatever is given."""
    if not more.keys() & {"name", "data_owner", "definition"}:
        last = len(metric_state(world, which).definitions)
        more["definition"] = counted(meaning=f"As the {last + 1}th of us counts")
    changing = ChangeMetric.model_validate({"reason": "We learned", **more})
    return world.when(actor, metric_ref(which), changing)


def retire(world: World, which: str = "metric", actor: UUID = OTHER) -> World:
    world.when(actor, metric_ref(which), RetireMetric(reason="The quay is gone"))
    return world


def keep(
    world: World, version: int, goal: str = "okr", name: str = "metric", actor: UUID = STAFF, owner: UUID = STAFF
) -> list[Event]:
    keeping = KeepDefinition(goal=who(goal), seen=at_version(version, name), reason="We compare with last quarter")
    return world.when(actor, world.plan_ref(owner), keeping)


def berths(version: int, name: str = "metric", result: str = "berths", **more: Any) -> Okr:
    """An OKR whose key result is counted by a metric."""
    return okr(key_results=(counted_by(version, name, result),), **more)


def counted_by(version: int, name: str = "metric", result: str = "berths") -> Measured:
    return increase(result).model_copy(update={"metric": at_version(version, name)})
