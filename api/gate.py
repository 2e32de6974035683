"""GET of a cycle's gate: what closing its present phase now would come to, looked at in the log itself."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api.access import require_reader
from api.auth import Asking, Serving, shows
from api.cursors import PAGE, Limit, page_size
from api.list_shapes import GateAnswer
from api.lists import listed
from api.openapi import PROBLEMS
from api.rendering import plain
from domain.access.refusals import CYCLE_UNKNOWN
from domain.cycle.state import CycleState
from domain.decider import Ref
from domain.gate import what_if

router = APIRouter(prefix="/v1/organizations/{organization}", tags=["cycle"], responses={"default": PROBLEMS})


@router.get(
    "/cycles/{cycle}/gate",
    operation_id="get_gate",
    summary="Gate",
    response_model=GateAnswer,
    openapi_extra=shows("see.gate"),
)
async def gate(services: Serving, caller: Asking, cycle: UUID, limit: Limit = PAGE) -> Response:
    """What closing the present phase now would come to: every failing check and whom it waits for. Changes nothing.

    `counts` are of all failing checks; of these `failing` shows the first `limit`.
    """
    directory = await require_reader(services, caller)
    cache = services.handler.cache
    state: CycleState = (await cache.refresh(caller.organization, Ref("cycle", cycle))).state
    if not state.opened:
        raise CYCLE_UNKNOWN()
    plans = await cache.refresh_each(caller.organization, state.plans())
    found = what_if(state, {ref: cached.state for ref, cached in plans.items()}, directory)
    shown = plain(found)
    shown["failing"] = shown["failing"][: page_size(services.limits, limit)]
    return await listed(services, caller, directory, {"cycle": str(cycle), **shown})
