"""GET of one directory, cycle, plan or goal: answered from the log itself, now or as of any moment."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from api.access import require_reader, seen_cycle, sight_of
from api.as_of import AsOfQuery, Moment, load, moment_of
from api.auth import Asking, Caller, Serving, shows
from api.openapi import PROBLEMS
from api.preconditions import etag
from api.rendering import plain, rendered
from api.services import Services
from api.shapes import PlanAnswer, StateAnswer
from api.waits import signature_waits
from domain.access.refusals import CYCLE_UNKNOWN, PLAN_UNKNOWN
from domain.cycle.state import CycleState
from domain.decider import Ref
from domain.directory.founding import NOT_FOUNDED
from domain.directory.state import DIRECTORY, DirectoryState
from domain.plan.ground import ground_of
from domain.plan.state import PlanState
from domain.waiting import plan_waits

router = APIRouter(prefix="/v1/organizations/{organization}", responses={"default": PROBLEMS})


@router.get(
    "",
    operation_id="get_directory",
    tags=["directory"],
    summary="Directory",
    response_model=StateAnswer,
    openapi_extra=shows("see.directory"),
)
async def get_directory(services: Serving, caller: Asking, as_of: AsOfQuery = None) -> Response:
    """People, teams, reporting lines and roles."""
    await require_reader(services, caller)
    moment = await moment_of(services, caller, as_of)
    found = await load(services, caller, DIRECTORY, moment)
    if not found.state.founded:
        raise NOT_FOUNDED()
    zone = found.state.zone
    return await answer(
        services, caller, moment, "directory", DIRECTORY.stream, found.head.fact_version, zone, found.state
    )


@router.get(
    "/cycles/{cycle}",
    operation_id="get_cycle",
    tags=["cycle"],
    summary="Cycle",
    response_model=StateAnswer,
    openapi_extra=shows("see.cycle"),
)
async def get_cycle(services: Serving, caller: Asking, cycle: UUID, as_of: AsOfQuery = None) -> Response:
    """A cycle: its phase, deadlines, policy, participants and, once published, the results that the caller may see."""
    known = await require_reader(services, caller)
    moment = await moment_of(services, caller, as_of)
    ref = Ref("cycle", cycle)
    found, directory, today = await asyncio.gather(
        load(services, caller, ref, moment),
        load(services, caller, DIRECTORY, moment),
        services.handler.cache.refresh(caller.organization, ref),
    )
    if not found.state.opened:
        raise CYCLE_UNKNOWN()
    zone, shown = directory.state.zone, seen_cycle(caller.person, found.state, today.state, known)
    return await answer(services, caller, moment, "cycle", cycle, found.head.fact_version, zone, shown)


@router.get(
    "/plans/{plan}",
    operation_id="get_plan",
    tags=["plan"],
    summary="Plan",
    response_model=PlanAnswer,
    openapi_extra=shows("see.plan"),
)
async def get_plan(services: Serving, caller: Asking, plan: UUID, as_of: AsOfQuery = None) -> Response:
    """A plan with those of its goals that the caller may see, the hash that a signature binds, who may sign, and what
    each goal waits for. Whoever does not see all of it is told no hash.
    """
    moment = await moment_of(services, caller, as_of)
    whole, shown, version, cycle, directory = await _plan(services, caller, plan, moment)
    owner = whole.owner or plan
    ground = ground_of(owner, cycle, directory)
    entire = whole.goals.keys() == shown.goals.keys()
    waits = [item for item in plan_waits(whole, ground, owner, plan) if item.goal is None or item.goal in shown.goals]
    if not entire:
        waits = [item if item.goal else item.model_copy(update={"hash": None, "seen_hash": None}) for item in waits]
    more = {
        "phase": cycle.phase.value,
        "content_hash": whole.content_hash(cycle.policy.scoring.hash) if entire else None,
        "responsible": str(ground.owner),
        "signed": whole.signed,
        "signature": signature_waits(whole, ground),
        "waits": plain(waits),
    }
    return await answer(services, caller, moment, "plan", plan, version, directory.zone, shown, more)


@router.get(
    "/plans/{plan}/goals/{goal}",
    operation_id="get_goal",
    tags=["plan"],
    summary="Goal",
    response_model=StateAnswer,
    openapi_extra=shows("see.goal"),
)
async def get_goal(services: Serving, caller: Asking, plan: UUID, goal: UUID, as_of: AsOfQuery = None) -> Response:
    """One goal at its latest revision. Its version is its plan's."""
    moment = await moment_of(services, caller, as_of)
    _, shown, version, _, directory = await _plan(services, caller, plan, moment)
    return await answer(services, caller, moment, "goal", goal, version, directory.zone, shown.goal(goal))


class Seen(NamedTuple):
    """A plan at a moment, and what lies above it."""

    whole: PlanState
    shown: PlanState
    """With what the caller may see of it."""
    version: int
    """Of the last fact."""
    cycle: CycleState
    directory: DirectoryState


async def _plan(services: Services, caller: Caller, plan: UUID, moment: Moment) -> Seen:
    """A plan as the caller sees it. Raises `plan.unknown`, also where that is nothing."""
    known = await require_reader(services, caller)
    sight = await sight_of(services, caller, known, plan)
    found, directory = await asyncio.gather(
        load(services, caller, Ref("plan", plan), moment, just_read=True),
        load(services, caller, DIRECTORY, moment, just_read=True),
    )
    whole: PlanState = found.state
    shown = sight.plan(whole)
    if shown is None or whole.cycle is None:
        raise PLAN_UNKNOWN()
    cycle = await load(services, caller, Ref("cycle", whole.cycle), moment, just_read=True)
    return Seen(whole, shown, found.head.fact_version, cycle.state, directory.state)


async def answer(
    services: Services,
    caller: Caller,
    moment: Moment,
    kind: str,
    stream: UUID,
    version: int,
    zone: str,
    state: BaseModel,
    more: dict[str, Any] | None = None,
) -> Response:
    """A state as of a moment, with its texts; `version`: of its last fact."""
    value, erased = await rendered(services.opener(caller.organization), state)
    document = {
        "organization": str(caller.organization),
        "kind": kind,
        "id": str(stream),
        "version": version,
        "as_of": moment.shown,
        "zone": zone,
        "state": value,
        "erased": erased,
        **(more or {}),
    }
    return JSONResponse(document, headers={"ETag": etag(version), **moment.headers})
