"""GET of what lies across plans: a cycle's board, and the inbox of the caller. Answered from the read models.

`?min_position=` (the `Goalcycle-Position` of one's last command) makes a read wait until it shows that command.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.access import require_reader, scorecards
from api.auth import Asking, Caller, Serving, shows
from api.cursors import PAGE, After, Limit, page_size
from api.inbox import told
from api.list_shapes import BoardAnswer, InboxAnswer
from api.openapi import PROBLEMS
from api.problems import BEHIND, CURSOR_INVALID
from api.rendering import rendered
from api.services import Services
from api.texts import Texts, texts_for
from domain.access.refusals import CYCLE_UNKNOWN
from domain.decider import Ref
from domain.directory.state import DirectoryState
from domain.sealed import CommonName, PersonName
from domain.words import CHECKS, WAITS

router = APIRouter(prefix="/v1/organizations/{organization}", tags=["lists"], responses={"default": PROBLEMS})
UNSEEN = {"confidence": None, "okr_score": None, "kpi_payout": None, "receipt": None}
"""What of a row belongs to the scorecard (R8)."""
MinPosition = Annotated[
    int | None, Query(ge=0, le=2**62, description="Wait until this position is shown, a moment at most, else 503.")
]


@router.get(
    "/cycles/{cycle}/board",
    operation_id="get_board",
    summary="Board",
    response_model=BoardAnswer,
    openapi_extra=shows("see.board"),
)
async def board(
    request: Request,
    services: Serving,
    caller: Asking,
    cycle: UUID,
    after: After = None,
    limit: Limit = PAGE,
    min_position: MinPosition = None,
    unit: Annotated[UUID | None, Query(description="The plans of this unit and of those under it alone.")] = None,
    blocks: Annotated[str | None, Query(max_length=40, description="The plans that fail this check alone.")] = None,
) -> Response:
    """The standing of a cycle, of its units and of its plans; what goals came to only where the caller may see it."""
    directory = await require_reader(services, caller)
    await caught_up(services, caller, min_position)
    size = page_size(services.limits, limit)
    try:
        units = None if unit is None else directory.units_under(unit)
        found = await services.views.board(caller.organization, cycle, after, size, units=units, blocks=blocks)
    except ValueError:
        raise CURSOR_INVALID("/query/after") from None
    if found is None:
        raise CYCLE_UNKNOWN()
    cycle_state = (await services.handler.cache.refresh(caller.organization, Ref("cycle", cycle))).state
    owners = [UUID(str(row["owner"])) for row in found["items"]]
    seen = {str(owner) for owner in scorecards(caller.person, cycle_state, directory, owners)}
    rows = [row if str(row["owner"]) in seen else {**row, **UNSEEN} for row in found["items"]]
    texts = texts_for(request.headers.get("accept-language", ""))
    checks = [{**check, "text": texts(CHECKS[check["check"]])} for check in found["cycle"]["gate"]]
    about = found["cycle"].get("about_deadlines")
    standing = {"gate": checks, "about_deadlines_text": texts(WAITS[about]) if about else None}
    shown = {**found, "cycle": {**found["cycle"], **standing}, "items": rows}
    return await listed(services, caller, directory, shown, texts)


@router.get(
    "/inbox",
    operation_id="get_inbox",
    summary="Inbox",
    response_model=InboxAnswer,
    openapi_extra=shows("see.inbox"),
)
async def inbox(
    request: Request,
    services: Serving,
    caller: Asking,
    min_position: MinPosition = None,
    since: Annotated[
        int | None,
        Query(ge=0, le=2**62, description="The `position` of the list you saw last: what is newer is `changed`."),
    ] = None,
) -> Response:
    """What the caller must do, the most urgent first: why, until when in working days, and what has changed."""
    directory = await require_reader(services, caller)
    await caught_up(services, caller, min_position)
    texts = texts_for(request.headers.get("accept-language", ""))
    found = await services.views.inbox(caller.organization, caller.person)
    plans = {UUID(item["plan"]) for item in found["items"] if item["plan"]}
    stands = await services.views.standings(caller.organization, caller.person, plans)
    items = told(found["items"], stands, directory, caller.person, since, texts, datetime.now(UTC))
    return await listed(services, caller, directory, {**found, "items": items}, texts)


async def caught_up(services: Services, caller: Caller, position: int | None) -> None:
    """Wait until the read models show a position. Raises `view.behind`."""
    if position is None:
        return
    limit = services.limits.read_your_writes_seconds
    if not await services.views.wait_for(caller.organization, position, limit):
        raise BEHIND(position=position)


async def listed(
    services: Services, caller: Caller, directory: DirectoryState, found: Mapping[str, Any], texts: Texts | None = None
) -> Response:
    """The list with the names of everybody that it speaks of: the read models hold ids only."""
    told = set(_strings(found))
    known: dict[str, CommonName | PersonName] = {
        **{str(person.id): person.name for person in directory.people.values() if str(person.id) in told},
        **{str(team.id): team.name for team in directory.teams.values() if str(team.id) in told},
    }
    names, _ = await rendered(services.opener(caller.organization), known)
    headers = {"Cache-Control": "private, no-store"}
    if texts is not None:
        headers |= {"Content-Language": texts.tag, "Vary": "Accept-Language"}
    return JSONResponse({**found, "names": names}, headers=headers)


def _strings(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, Mapping):
        for item in tree.values():
            yield from _strings(item)
    elif isinstance(tree, list):
        for item in tree:
            yield from _strings(item)
