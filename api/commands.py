"""Commands over HTTP: authenticate, parse, hand to the command handler, render."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.access import require_reader, sight_of
from api.addresses import Addressed, CommandRoute
from api.auth import Caller, caller_of
from api.bodies import parse, read_body
from api.metrics import Metrics
from api.preconditions import etag, expected_version
from api.problems import HEADER_MALFORMED, refusal
from api.rendering import rendered
from api.services import Services
from api.told import told
from domain.decider import Ref
from domain.problems import DomainError
from eventlog.decision import STALE
from eventlog.handler import Answer, Order, Step
from eventlog.identity import command_id

KEY = re.compile(r"[\x21-\x7e]{1,255}")
YES_OR_NO = TypeAdapter(bool)


def command_route(metrics: Metrics) -> CommandRoute:
    """The route of all commands."""

    async def endpoint(request: Request, to: Addressed) -> Response:
        outcome = "refused"
        services: Services = request.app.state.services
        caller, ref = caller_of(request, services, to.organization), to.ref
        try:
            order = await _order(request, caller, to)
            answer = await services.handler.execute(order)
            outcome = answer.outcome
            return await _answered(request, services, caller.organization, ref, answer)
        except DomainError as error:
            if error.problem is not STALE:
                raise
            return await _stale(request, services, caller, ref, error, opens=to.address.command.opens)
        finally:
            metrics.commands.labels(to.address.name, outcome).inc()

    return CommandRoute(endpoint)


async def _order(request: Request, caller: Caller, to: Addressed) -> Order:
    """What the request asks for. Raises DomainError, InvalidBody, RequestValidationError."""
    command, headers = to.address.command, request.headers
    route = to.address.route(to.ref)
    expected = expected_version(command, headers.get("if-match"), headers.get("if-none-match"))
    key = checked_key(headers.get("idempotency-key"))
    body = await read_body(request, route)
    return Order(
        organization=caller.organization,
        actor=caller.person,
        command_id=command_id(caller.organization, caller.person, route, key),
        steps=(Step(to.ref, parse(command, body.tree), expected=expected),),
        body=body.canonical,
        dry_run=is_dry_run(request),
    )


def is_dry_run(request: Request) -> bool:
    """What `?dry_run=` says. Raises RequestValidationError."""
    asked = request.query_params.get("dry_run") if request.scope["query_string"] else None
    if asked is None:
        return False
    try:
        return YES_OR_NO.validate_python(asked)
    except ValidationError as error:
        found = [{**item, "loc": ("query", "dry_run")} for item in error.errors(include_url=False, include_input=False)]
        raise RequestValidationError(found) from None


async def _stale(
    request: Request, services: Services, caller: Caller, ref: Ref, error: DomainError, *, opens: bool
) -> Response:
    """412, with what has happened since the version that was seen, as far as the caller may know of it."""
    reader = replace(caller, action="see.history")
    directory = await require_reader(services, reader)
    if ref.kind == "plan" and not opens:
        await sight_of(services, reader, directory, ref.stream)
    since = await services.log.read_stream(caller.organization, ref, after_version=error.params["seen"])
    seen = await told(services, reader, directory, since)
    changes = [{"version": item.version, "type": item.type, "position": item.position} for item, _ in seen]
    return refusal(request, error, changes=changes)


async def answer_document(services: Services, organization: UUID, answer: Answer) -> dict[str, Any]:
    """What came of an order, as a `CommandAnswer`."""
    versions = {str(stream): version for stream, version in (answer.versions or {}).items()}
    document: dict[str, Any] = {"outcome": answer.outcome, "position": None, "versions": versions, "events": []}
    if answer.last_position:
        document["position"] = {"first": answer.first_position, "last": answer.last_position}
    for stream, event in answer.events:
        entry: dict[str, Any] = {
            "stream": {"kind": stream.kind, "id": str(stream.stream)},
            "type": type(event).__name__,
        }
        if answer.outcome == "dry_run":
            entry["data"] = (await rendered(services.opener(organization), event)).value
        document["events"].append(entry)
    return document


def position_header(answer: Answer) -> dict[str, str]:
    """The position that a read waits for to show what was written."""
    return {"Goalcycle-Position": str(answer.last_position)} if answer.last_position else {}


async def _answered(request: Request, services: Services, organization: UUID, ref: Ref, answer: Answer) -> Response:
    document = await answer_document(services, organization, answer)
    headers, status = position_header(answer), 200
    written = (answer.versions or {}).get(ref.stream)
    if answer.outcome != "dry_run":
        # Callers' commands lead to facts only, so the version after them is the last fact's.
        headers["ETag"] = etag(written or (await services.handler.cache.load(organization, ref)).head.fact_version)
        if written is not None and written == answer.last_position - answer.first_position + 1:
            status = 201
            headers["Location"] = request.url.path.rpartition("/")[0].removesuffix("/directory")
    return JSONResponse(document, status, headers=headers)


def checked_key(key: str | None) -> str:
    """The caller's Idempotency-Key, else one of our own. Raises `header.malformed`."""
    if key is None:
        return str(uuid4())
    if KEY.fullmatch(key) is None:
        raise HEADER_MALFORMED(header="Idempotency-Key")
    return key
