"""Naming a metric: the organization counts it, has the version that is named, and says the same of it (R3.10)."""

from __future__ import annotations

from domain.decider import Context
from domain.goals import Kpi, Okr, measures_of, metrics_of
from domain.key_results import Maintained, Measured
from domain.measuring import MetricVersion
from domain.metric.state import MetricDefinition, MetricState
from domain.plan.state import PlanState
from domain.problems import problem

UNKNOWN = problem(
    "goal.metric_unknown", 422, "There is no metric {metric}.", "Define it first, or leave the measure without one."
)
RETIRED = problem(
    "goal.metric_retired",
    422,
    "The metric {metric} is retired: nothing more is measured by it.",
    "Name another metric, or leave the measure without one.",
)
VERSION_UNKNOWN = problem(
    "goal.metric_version_unknown",
    422,
    "The metric {metric} has no version {version} of its definition: the last one is {last}.",
    "Look at the metric and name the version that you mean.",
)
DISAGREES = problem(
    "goal.metric_disagrees",
    422,
    "The measure's {field} is {said}, and by its metric it is {defined}.",
    "Say the same as the metric's definition, or leave the measure without a metric.",
)


def require_metrics(state: PlanState, definition: Okr | Kpi, context: Context) -> None:
    """Refuse a metric that a goal cannot be measured by. What the plan names already may stay, whatever became of it.

    Raises `goal.metric_unknown`, `goal.metric_retired`, `goal.metric_version_unknown`, `goal.metric_disagrees`.
    """
    if not metrics_of(definition):
        return
    named = frozenset([one for goal in state.goals.values() for one in metrics_of(goal.definition)])
    for measure in measures_of(definition):
        if measure.metric is not None:
            at = _pointer(definition, measure)
            defined = _require_defined(measure.metric, context, f"{at}/metric", known=measure.metric in named)
            _require_same(measure, defined, at)


def _pointer(definition: Okr | Kpi, measure: Kpi | Measured | Maintained) -> str:
    if isinstance(definition, Kpi):
        return "/definition"
    return f"/definition/key_results/{next(n for n, one in enumerate(definition.key_results) if one is measure)}"


def _require_defined(one: MetricVersion, context: Context, pointer: str, *, known: bool) -> MetricDefinition:
    state: MetricState = context.state("metric", one.metric)
    if not state.definitions:
        raise UNKNOWN(f"{pointer}/metric", metric=str(one.metric))
    if state.retired_at is not None and not known:
        raise RETIRED(f"{pointer}/metric", metric=str(one.metric))
    found = state.at_version(one.version)
    if found is None:
        raise VERSION_UNKNOWN(
            f"{pointer}/version", metric=str(one.metric), version=one.version, last=state.latest.version
        )
    return found.definition


def _require_same(measure: Kpi | Measured | Maintained, defined: MetricDefinition, pointer: str) -> None:
    """The unit of every measure; which way is better of what has a way; of a KPI also what its readings make."""
    _require_equal("unit", measure.unit, defined.unit, pointer)
    if isinstance(measure, Maintained):
        return
    if isinstance(measure, Measured):
        field, said = "kind", "higher" if measure.kind == "increase" else "lower"
    else:
        field, said = "direction", measure.direction
        _require_equal("aggregation", measure.aggregation or "last", defined.aggregation, pointer)
    if defined.direction is not None:
        _require_equal(field, said, defined.direction, pointer)


def _require_equal(field: str, said: str, defined: str, pointer: str) -> None:
    if said != defined:
        raise DISAGREES(f"{pointer}/{field}", field=field, said=said, defined=defined)
