"""Moves on metrics: defined, defined otherwise, retired; and goals that stay with what they name."""

from __future__ import annotations

from domain.decider import Ref
from domain.goals import metrics_of
from domain.measuring import MetricVersion
from domain.metric.defining import ChangeMetric, DefineMetric
from domain.metric.retiring import RetireMetric
from domain.metric.state import MetricDefinition, MetricState
from domain.plan.metric_change import KeepDefinition
from tests.moves import TEXT, Scene, Sending, sends
from tests.support.given import BOARD, HEAD, OTHER, World, who

METRICS = ("berths", "berths anew")


def metric_ref(name: str) -> Ref:
    return Ref("metric", who(f"metric {name}"))


def defined(world: World) -> list[tuple[Ref, MetricState]]:
    """The metrics there are."""
    states = ((ref, world.state(ref)) for ref in map(metric_ref, METRICS))
    return [(ref, state) for ref, state in states if state.version]


@sends(DefineMetric)
def define_metric(scene: Scene) -> Sending:
    ref = scene.one([ref for ref in map(metric_ref, METRICS) if not scene.world.state(ref).version])
    what = MetricDefinition(unit="berths", direction="higher")
    return ref, DefineMetric(name="Berths used", data_owner=scene.one([OTHER, HEAD]), definition=what)


@sends(ChangeMetric)
def change_metric(scene: Scene) -> Sending:
    ref, state = scene.one(defined(scene.world))
    if scene.often(0.3):
        return ref, ChangeMetric(data_owner=scene.one([OTHER, HEAD, BOARD[0]]), reason=TEXT)
    how = scene.one(["weekly", "monthly", "daily"])
    what = state.latest.definition.model_copy(update={"frequency": how})
    return ref, ChangeMetric(definition=what, reason=TEXT)


@sends(RetireMetric)
def retire_metric(scene: Scene) -> Sending:
    ref, _ = scene.one(defined(scene.world))
    return ref, RetireMetric(reason=TEXT)


@sends(KeepDefinition)
def keep_definition(scene: Scene) -> Sending:
    owner, goal = scene.goal(lambda goal: any(True for _ in metrics_of(goal.definition)))
    named = scene.one(list(metrics_of(goal.definition)))
    state: MetricState = scene.world.state(Ref("metric", named.metric))
    seen = MetricVersion(metric=named.metric, version=state.latest.version)
    return scene.world.plan_ref(owner), KeepDefinition(goal=goal.id, seen=seen, reason=TEXT)
