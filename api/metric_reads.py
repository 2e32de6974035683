"""GET of what the organization counts: its metrics with their definitions by date, and the goals that use them (R3.10).

A metric is everybody's to see; which goals use it is told goal by goal (R8).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api.access import require_reader, sights_of
from api.as_of import AsOfQuery, load, moment_of
from api.auth import Asking, Serving, shows
from api.cursors import PAGE, After, Limit, page_size
from api.lists import listed
from api.metric_shapes import MetricsAnswer, MetricUsesAnswer
from api.openapi import PROBLEMS
from api.problems import CURSOR_INVALID
from api.rendering import rendered
from api.shapes import StateAnswer
from api.state import answer
from domain.decider import Ref
from domain.goals import Kpi, measures_of
from domain.metric.state import METRIC_UNKNOWN
from domain.plan.looks import NO_LOOK
from domain.plan.seeing import Sight

router = APIRouter(prefix="/v1/organizations/{organization}", tags=["metric"], responses={"default": PROBLEMS})


@router.get(
    "/metrics",
    operation_id="list_metrics",
    summary="Metrics",
    response_model=MetricsAnswer,
    openapi_extra=shows("see.metric"),
)
async def list_metrics(services: Serving, caller: Asking, after: After = None, limit: Limit = PAGE) -> Response:
    """Every metric of the organization with all its definitions, retired ones too."""
    directory = await require_reader(services, caller)
    position = await services.log.last_position(caller.organization)  # before the streams: they hold at least this much
    size = page_size(services.limits, limit)
    found = await services.views.metrics(caller.organization, _after(after), size + 1)
    refs = [Ref("metric", metric) for metric in found[:size]]
    cached = await services.handler.cache.refresh_each(caller.organization, refs) if refs else {}
    states = {str(ref.stream): one.state for ref, one in cached.items()}
    shown, _ = await rendered(services.opener(caller.organization), states)
    items = []
    for ref, one in cached.items():
        state = {name: value for name, value in shown[str(ref.stream)].items() if name != "version"}
        items.append({"metric": str(ref.stream), "version": one.head.fact_version, **state})
    following = str(found[size - 1]) if len(found) > size else None
    return await listed(services, caller, directory, {"items": items, "next": following, "position": position})


@router.get(
    "/metrics/{metric}",
    operation_id="get_metric",
    summary="Metric",
    response_model=StateAnswer,
    openapi_extra=shows("see.metric"),
)
async def get_metric(services: Serving, caller: Asking, metric: UUID, as_of: AsOfQuery = None) -> Response:
    """A metric: its name, who vouches for its numbers, and its definitions by date."""
    directory = await require_reader(services, caller)
    moment = await moment_of(services, caller, as_of)
    found = await load(services, caller, Ref("metric", metric), moment)
    if not found.state.definitions:
        raise METRIC_UNKNOWN()
    return await answer(
        services, caller, moment, "metric", metric, found.head.fact_version, directory.zone, found.state
    )


@router.get(
    "/metrics/{metric}/plans",
    operation_id="list_metric_plans",
    summary="Plans that use a metric",
    response_model=MetricUsesAnswer,
    openapi_extra=shows("see.metric"),
)
async def list_metric_plans(
    services: Serving, caller: Asking, metric: UUID, after: After = None, limit: Limit = PAGE
) -> Response:
    """Which goals a metric counts, at which version of its definition, and whether they are kept so knowingly. A page
    looks at `limit` plans; those of which the caller sees no such goal are left out.
    """
    directory = await require_reader(services, caller)
    position = await services.log.last_position(caller.organization)
    ref, size = Ref("metric", metric), page_size(services.limits, limit)
    if not (await services.handler.cache.refresh(caller.organization, ref)).state.definitions:
        raise METRIC_UNKNOWN()
    plans = await services.views.resting(caller.organization, metric, _after(after), size + 1)
    sights = await sights_of(services, caller, directory, plans[:size])
    uses = [use for plan, sight in sights.items() if sight is not None for use in _uses(metric, plan, sight)]
    items, _ = await rendered(services.opener(caller.organization), uses)
    following = str(plans[size - 1]) if len(plans) > size else None
    return await listed(services, caller, directory, {"items": items, "next": following, "position": position})


def _after(cursor: str | None) -> UUID | None:
    try:
        return UUID(cursor) if cursor else None
    except ValueError:
        raise CURSOR_INVALID("/query/after") from None


def _uses(metric: UUID, plan: UUID, sight: Sight) -> Iterator[dict[str, Any]]:
    state = sight.today
    look = state.metrics.get(metric, NO_LOOK)
    for goal in state.goals.values():
        if not sight.sees(goal):
            continue
        for measure in measures_of(goal.definition):
            if measure.metric is not None and measure.metric.metric == metric:
                yield {
                    "cycle": state.cycle,
                    "plan": plan,
                    "owner": state.owner,
                    "goal": goal.id,
                    "title": goal.definition.title,
                    "measure": goal.id if isinstance(measure, Kpi) else measure.id,
                    "version": measure.metric.version,
                    "told": look.version,
                    "kept": goal.id in look.kept,
                }
