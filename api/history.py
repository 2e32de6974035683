"""GET of what happened: the history of one stream, the feed of all, and the difference between two versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from api.access import require_reader, sight_of
from api.as_of import AsOfQuery, moment_of
from api.auth import Asking, Caller, Serving, shows
from api.cursors import PAGE, After, Limit, decode_cursor, encode_cursor, page_size
from api.difference import plan_difference
from api.openapi import PROBLEMS
from api.problems import VERSION_UNKNOWN
from api.rendering import rendered_events
from api.services import Services
from api.shapes import EventPage, Feed, PlanDifference
from api.told import told
from domain.access.refusals import CYCLE_UNKNOWN, PLAN_UNKNOWN
from domain.decider import Ref
from domain.directory.founding import NOT_FOUNDED
from domain.directory.state import DIRECTORY
from domain.messages import Kind
from domain.metric.state import METRIC_UNKNOWN
from domain.problems import Problem
from eventlog.log import Recorded

router = APIRouter(prefix="/v1/organizations/{organization}", responses={"default": PROBLEMS})
UNKNOWN: dict[Kind, Problem] = {
    "directory": NOT_FOUNDED,
    "cycle": CYCLE_UNKNOWN,
    "plan": PLAN_UNKNOWN,
    "metric": METRIC_UNKNOWN,
}
PRIVATE = {"Cache-Control": "private, no-store"}


@router.get(
    "/directory/history",
    operation_id="list_directory_history",
    tags=["directory"],
    summary="Directory history",
    response_model=EventPage,
    openapi_extra=shows("see.history"),
)
async def directory_history(
    services: Serving, caller: Asking, after: After = None, limit: Limit = PAGE, as_of: AsOfQuery = None
) -> Response:
    """Every event of the directory, oldest first."""
    return await _history(services, caller, DIRECTORY, after, limit, as_of)


@router.get(
    "/cycles/{cycle}/history",
    operation_id="list_cycle_history",
    tags=["cycle"],
    summary="Cycle history",
    response_model=EventPage,
    openapi_extra=shows("see.history"),
)
async def cycle_history(
    services: Serving, caller: Asking, cycle: UUID, after: After = None, limit: Limit = PAGE, as_of: AsOfQuery = None
) -> Response:
    """Every event of a cycle, oldest first."""
    return await _history(services, caller, Ref("cycle", cycle), after, limit, as_of)


@router.get(
    "/plans/{plan}/history",
    operation_id="list_plan_history",
    tags=["plan"],
    summary="Plan history",
    response_model=EventPage,
    openapi_extra=shows("see.history"),
)
async def plan_history(
    services: Serving, caller: Asking, plan: UUID, after: After = None, limit: Limit = PAGE, as_of: AsOfQuery = None
) -> Response:
    """Every event of a plan, oldest first: each revision, decision, signature and check-in."""
    return await _history(services, caller, Ref("plan", plan), after, limit, as_of)


@router.get(
    "/metrics/{metric}/history",
    operation_id="list_metric_history",
    tags=["metric"],
    summary="Metric history",
    response_model=EventPage,
    openapi_extra=shows("see.history"),
)
async def metric_history(
    services: Serving, caller: Asking, metric: UUID, after: After = None, limit: Limit = PAGE, as_of: AsOfQuery = None
) -> Response:
    """Every event of a metric, oldest first: each definition, who changed it and why."""
    return await _history(services, caller, Ref("metric", metric), after, limit, as_of)


@router.get(
    "/plans/{plan}/diff",
    operation_id="get_plan_difference",
    tags=["plan"],
    summary="Difference of a plan",
    response_model=PlanDifference,
    openapi_extra=shows("see.difference"),
)
async def plan_diff(
    services: Serving,
    caller: Asking,
    plan: UUID,
    from_version: Annotated[int, Query(alias="from", ge=0, le=2**31 - 1, description="A version; 0: before all.")],
    to_version: Annotated[
        int | None, Query(alias="to", ge=0, le=2**31 - 1, description="A version; absent: the present one.")
    ] = None,
) -> Response:
    """What changed between two versions of a plan, goal by goal and field by field."""
    directory = await require_reader(services, caller)
    ref = Ref("plan", plan)
    sight = await sight_of(services, caller, directory, plan)
    records = await services.log.read_stream(caller.organization, ref)
    _require_kind(ref, records)
    to_version = len(records) if to_version is None else to_version
    for name, version in (("from", from_version), ("to", to_version)):
        if version > len(records):
            raise VERSION_UNKNOWN(f"/query/{name}", version=version)
    return JSONResponse(
        await plan_difference(services, caller, ref, sight, records, from_version, to_version), headers=PRIVATE
    )


@router.get(
    "/feed",
    operation_id="list_feed",
    tags=["lists"],
    summary="Feed",
    response_model=Feed,
    openapi_extra=shows("see.feed"),
)
async def feed(
    services: Serving,
    caller: Asking,
    after: Annotated[int, Query(ge=0, le=2**62, description="The position after which to go on.")] = 0,
    limit: Limit = PAGE,
) -> Response:
    """The organization's events in order of position: follow it by its `next`, which goes on where a page is empty.

    Positions that are left out belong to what the caller may not see.
    """
    directory = await require_reader(services, caller)
    size = page_size(services.limits, limit)
    records = await services.log.read_feed(caller.organization, after=after, limit=size)
    seen = await told(services, caller, directory, records)
    items = await rendered_events(services.opener(caller.organization), seen)
    following = records[-1].position if records else after
    return JSONResponse({"items": items, "next": following}, headers=PRIVATE)


def _require_kind(ref: Ref, records: Sequence[Recorded]) -> None:
    """A stream is found by its id alone: a cycle's id under /plans names nothing."""
    if not records or records[0].kind != ref.kind:
        raise UNKNOWN[ref.kind]()


async def _history(
    services: Services, caller: Caller, ref: Ref, after: str | None, limit: int, as_of: str | None
) -> Response:
    directory = await require_reader(services, caller)
    if ref.kind == "plan":
        await sight_of(services, caller, directory, ref.stream)
    moment = await moment_of(services, caller, as_of)
    version = decode_cursor(ref.stream, after)
    records = await services.log.read_stream(
        caller.organization, ref, after_version=version, up_to_position=moment.position
    )
    if version == 0 or records:
        _require_kind(ref, records)
    size = page_size(services.limits, limit)
    seen = await told(services, caller, directory, records)
    items = await rendered_events(services.opener(caller.organization), seen[:size])
    following = encode_cursor(ref.stream, seen[size - 1][0].version) if len(seen) > size else None
    return JSONResponse({"items": items, "next": following}, headers=moment.headers)
