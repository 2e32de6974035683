"""GET of a goal's whole negotiation: each revision with its difference, who said and decided what, whose turn (R4).

Told from the log itself, from those events that the caller may see (R8).
"""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api.access import require_reader, sight_of
from api.auth import Asking, Serving, shows
from api.lists import listed
from api.negotiation_shapes import NegotiationAnswer
from api.openapi import PROBLEMS
from api.rendering import rendered
from api.told import told
from domain.access.refusals import GOAL_UNKNOWN
from domain.decider import Ref
from domain.plan.above import asked_on
from domain.plan.record import Happened, record_of

router = APIRouter(prefix="/v1/organizations/{organization}", tags=["plan"], responses={"default": PROBLEMS})


@router.get(
    "/plans/{plan}/goals/{goal}/negotiation",
    operation_id="get_negotiation",
    summary="Negotiation",
    response_model=NegotiationAnswer,
    openapi_extra=shows("see.negotiation"),
)
async def get_negotiation(services: Serving, caller: Asking, plan: UUID, goal: UUID) -> Response:
    """Everything that was said of a goal, in order: revisions in full with what each changes and why, turns with their
    deadlines, comments and what became of them, mediation and objections; and whom it waits for now.
    """
    directory = await require_reader(services, caller)
    sight = await sight_of(services, caller, directory, plan)
    found = sight.today.goals.get(goal)
    if found is None or not sight.sees(found):
        raise GOAL_UNKNOWN(goal=str(goal))
    records = await services.log.read_stream(caller.organization, Ref("plan", plan))
    seen = await told(services, caller, directory, records)
    record = record_of(goal, (Happened(one.version, one.actor, one.at, event) for one, event in seen))
    value, erased = await rendered(services.opener(caller.organization), record)
    standing = {
        "hash": found.hash,
        "number": found.number,
        "rounds": found.rounds,
        "rounds_most": sight.found.cycle.policy.rounds_most,
        "agreed": found.agreed,
        "imposed": found.imposed is not None and found.imposed == found.hash,
        "turn": found.turn.value if found.turn is not None else None,
        "waits_for": [str(person) for person in asked_on(found, sight.found)],
    }
    document = {"plan": str(plan), "goal": str(goal), **standing, **value, "erased": erased}
    return await listed(services, caller, directory, document)
