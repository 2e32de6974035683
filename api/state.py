"""GET of one directory, cycle, plan or goal: answered from the log itself, now or as of any moment."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from api.access import require_reader
from api.as_of import AsOfQuery, Moment, load, moment_of
from api.auth import Asking, Caller, Serving
from api.openapi import PROBLEMS
from api.preconditions import etag
from api.rendering import plain, rendered
from api.services import Services
from api.shapes import PlanAnswer, StateAnswer
from api.waits import signature_waits
from domain.cycle.state import CYCLE_UNKNOWN, CycleState
from domain.decider import Ref
from domain.directory.founding import NOT_FOUNDED
from domain.directory.state import DIRECTORY, DirectoryState
from domain.plan.ground import ground_of
from domain.plan.state import PLAN_UNKNOWN, PlanState
from domain.waiting import plan_waits

router = APIRouter(prefix="/v1/organizations/{organization}", responses={"default": PROBLEMS})


@router.get("", operation_id="get_directory", tags=["directory"], summary="Directory", response_model=StateAnswer)
async def get_directory(services: Serving, caller: Asking, as_of: AsOfQuery = None) -> Response:
    """People, teams, reporting lines and roles."""
    await require_reader(services, caller)
    moment = await moment_of(services, caller, as_of)
    found = await load(services, caller, DIRECTORY, moment)
    if not found.state.founded:
        raise NOT_FOUNDED()
    zone = found.state.zone
    return await _answer(
        services, caller, moment, "directory", DIRECTORY.stream, found.head.fact_version, zone, found.state
    )


@router.get("/cycles/{cycle}", operation_id="get_cycle", tags=["cycle"], summary="Cycle", response_model=StateAnswer)
async def get_cycle(services: Serving, caller: Asking, cycle: UUID, as_of: AsOfQuery = None) -> Response:
    """A cycle: its phase, deadlines, policy, participants and, once published, results."""
    await require_reader(services, caller)
    moment = await moment_of(services, caller, as_of)
    found, directory = await asyncio.gather(
        load(services, caller, Ref("cycle", cycle), moment), load(services, caller, DIRECTORY, moment)
    )
    if not found.state.opened:
        raise CYCLE_UNKNOWN()
    zone = directory.state.zone
    return await _answer(services, caller, moment, "cycle", cycle, found.head.fact_version, zone, found.state)


@router.get("/plans/{plan}", operation_id="get_plan", tags=["plan"], summary="Plan", response_model=PlanAnswer)
async def get_plan(services: Serving, caller: Asking, plan: UUID, as_of: AsOfQuery = None) -> Response:
    """A plan with its goals, the hash that a signature binds, who may sign, and what each goal waits for."""
    await require_reader(services, caller)
    moment = await moment_of(services, caller, as_of)
    state, version, cycle, directory = await _plan(services, caller, plan, moment)
    owner = state.owner or plan
    ground = ground_of(owner, cycle, directory)
    more = {
        "phase": cycle.phase.value,
        "content_hash": state.content_hash(cycle.policy.scoring.hash),
        "responsible": str(ground.owner),
        "signed": state.signed,
        "signature": signature_waits(state, ground),
        "waits": plain(list(plan_waits(state, ground, owner, plan))),
    }
    return await _answer(services, caller, moment, "plan", plan, version, directory.zone, state, more)


@router.get(
    "/plans/{plan}/goals/{goal}", operation_id="get_goal", tags=["plan"], summary="Goal", response_model=StateAnswer
)
async def get_goal(services: Serving, caller: Asking, plan: UUID, goal: UUID, as_of: AsOfQuery = None) -> Response:
    """One goal at its latest revision. Its version is its plan's."""
    await require_reader(services, caller)
    moment = await moment_of(services, caller, as_of)
    state, version, _, directory = await _plan(services, caller, plan, moment)
    return await _answer(services, caller, moment, "goal", goal, version, directory.zone, state.goal(goal))


async def _plan(
    services: Services, caller: Caller, plan: UUID, moment: Moment
) -> tuple[PlanState, int, CycleState, DirectoryState]:
    """A plan, the version of its last fact, and what lies above it. Raises `plan.unknown`."""
    found, directory = await asyncio.gather(
        load(services, caller, Ref("plan", plan), moment), load(services, caller, DIRECTORY, moment)
    )
    state: PlanState = found.state
    if state.cycle is None:
        raise PLAN_UNKNOWN()
    cycle = await load(services, caller, Ref("cycle", state.cycle), moment)
    return state, found.head.fact_version, cycle.state, directory.state


async def _answer(
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
