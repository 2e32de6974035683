"""Many commands in one request: one by one, each with an answer of its own, or all or nothing.

A manager signs what waits for them so (R5.8): one event a plan, and what changed since it was shown is refused by
itself. Commands to one stream are decided in the order in which they stand; those to different streams at once.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from api.addresses import ADDRESSES, MANY, Address
from api.auth import Asking, Caller, Serving, shows
from api.bodies import InvalidBody, canonical_body, parse, read_body
from api.commands import answer_document, checked_key, is_dry_run, position_header
from api.errors import schema_faults
from api.examples import BULK_EXAMPLE
from api.metrics import Metrics
from api.openapi import PROBLEMS, SCHEMA_REF
from api.problems import INVALID, PRECONDITION_REQUIRED, fields_at_fault, problem_document
from api.services import Services
from api.shapes import BulkAnswer, BulkCommands, BulkItem, CommandAnswer
from domain.problems import DomainError, problem
from eventlog.handler import Order, Step
from eventlog.identity import command_id

MOST_ONE_BY_ONE = 200
COMMAND_UNKNOWN = problem(
    "command.unknown", 422, "There is no such command.", hint="`/docs` lists all commands by their names."
)
STREAM_MISPLACED = problem(
    "command.stream",
    422,
    "A command to a cycle or a plan names its stream; one to the directory names none.",
    hint="Put the id of the cycle or plan into `stream`, or leave it out.",
)
TOO_MANY = problem(
    "bulk.too_many",
    422,
    "At most {most} commands are taken one by one.",
    hint="Send several requests, or one that is atomic.",
)
BY_NAME = {address.name: address for address in ADDRESSES}
SENT = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"$ref": SCHEMA_REF.format(model=BulkCommands.__name__)},
            "example": BULK_EXAMPLE,
        }
    },
}

router = APIRouter(prefix="/v1/organizations/{organization}", tags=["lists"], responses={"default": PROBLEMS})


@dataclass(frozen=True)
class Wanted:
    """One of many commands, understood."""

    place: int
    address: Address
    step: Step
    route: str
    item: BulkItem


@router.post(
    f"/{MANY}",
    operation_id="send_commands",
    summary="Many commands",
    response_model=BulkAnswer | CommandAnswer,
    openapi_extra={"requestBody": SENT, **shows("do.commands")},
)
async def send_commands(request: Request, services: Serving, caller: Asking) -> Response:
    """Commands of any kind. One by one (the default): each has an answer or a problem of its own, in their order.
    `atomic`: all or nothing, in their order, with every fault at once, answered like one command.
    """
    key = checked_key(request.headers.get("idempotency-key"))
    body = await read_body(request, MANY)
    asked = parse(BulkCommands, body.tree)
    metrics: Metrics = request.app.state.metrics
    many = Many(request, services, caller, key, metrics, dry_run=is_dry_run(request))
    if asked.atomic:
        return await many.at_once(asked.items, body.canonical)
    if len(asked.items) > MOST_ONE_BY_ONE:
        raise TOO_MANY("/items", most=MOST_ONE_BY_ONE)
    return await many.one_by_one(asked.items)


@dataclass(frozen=True)
class Many:
    """A request with many commands."""

    request: Request
    services: Services
    caller: Caller
    key: str
    metrics: Metrics
    dry_run: bool

    async def at_once(self, items: Sequence[BulkItem], canonical: bytes) -> Response:
        """All or nothing. Raises DomainError with every refusal, InvalidBody with every field at fault."""
        wanted, invalid = [], []
        for place, item in enumerate(items):
            try:
                wanted.append(self._wanted(place, item, f"/items/{place}"))
            except InvalidBody as error:
                invalid += [(f"/items/{place}/body{pointer}", found) for pointer, found in error.errors]
        if invalid:
            raise InvalidBody(invalid)
        id = command_id(self.caller.organization, self.caller.person, MANY, self.key)
        answer = await self.services.handler.execute(self._order(id, [one.step for one in wanted], canonical))
        document = await answer_document(self.services, self.caller.organization, answer)
        return JSONResponse(document, headers=position_header(answer))

    async def one_by_one(self, items: Sequence[BulkItem]) -> Response:
        """Each for itself."""
        answers: dict[int, dict[str, Any]] = {}
        streams: dict[Any, list[Wanted]] = defaultdict(list)
        for place, item in enumerate(items):
            try:
                wanted = self._wanted(place, item)
                streams[wanted.step.ref].append(wanted)
            except (DomainError, InvalidBody) as error:
                answers[place] = self._refused(error)

        async def send(queue: list[Wanted]) -> None:
            for wanted in queue:
                answers[wanted.place] = await self._sent(wanted)

        await asyncio.gather(*(send(queue) for queue in streams.values()))
        positions = [found["answer"]["position"] for found in answers.values() if found["answer"]]
        last = max((position["last"] for position in positions if position), default=0)
        headers = {"Goalcycle-Position": str(last)} if last else {}
        return JSONResponse({"items": [answers[place] for place in range(len(items))]}, headers=headers)

    async def _sent(self, wanted: Wanted) -> dict[str, Any]:
        outcome = "refused"
        # The key of the command's own address: whichever way it is sent again, it is the same command.
        key = wanted.item.key or f"{self.key}/{wanted.place}"
        id = command_id(self.caller.organization, self.caller.person, wanted.route, key)
        order = self._order(id, [wanted.step], canonical_body(wanted.route, wanted.item.body))
        try:
            answer = await self.services.handler.execute(order)
            outcome = answer.outcome
            document = await answer_document(self.services, self.caller.organization, answer)
            return {"status": 200, "answer": document, "problem": None}
        except DomainError as error:
            return self._refused(error)
        finally:
            self.metrics.commands.labels(wanted.address.name, outcome).inc()

    def _order(self, id: UUID, steps: Sequence[Step], body: bytes) -> Order:
        return Order(
            organization=self.caller.organization,
            actor=self.caller.person,
            command_id=id,
            steps=tuple(steps),
            body=body,
            dry_run=self.dry_run,
        )

    def _wanted(self, place: int, item: BulkItem, pointer: str = "") -> Wanted:
        """What an item asks for. Raises DomainError, InvalidBody."""
        address = BY_NAME.get(item.command)
        if address is None:
            raise COMMAND_UNKNOWN(f"{pointer}/command")
        if (item.stream is None) != (address.kind == "directory"):
            raise STREAM_MISPLACED(f"{pointer}/stream")
        if address.command.edits and item.version is None:
            raise PRECONDITION_REQUIRED(f"{pointer}/version")
        ref = address.ref(item.stream)
        step = Step(ref, parse(address.command, item.body), pointer and f"{pointer}/body", item.version)
        return Wanted(place, address, step, address.route(ref), item)

    def _refused(self, error: DomainError | InvalidBody) -> dict[str, Any]:
        if isinstance(error, InvalidBody):
            document = problem_document(self.request, INVALID, errors=schema_faults(self.request, error.errors))
        else:
            faults = fields_at_fault(self.request, error)
            document = problem_document(self.request, error.problem, error.params, faults)
        return {"status": document["status"], "answer": None, "problem": document}
