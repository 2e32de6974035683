"""One POST route per command, generated from the registry: a new command needs no route code."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, Header, Query, Request
from starlette.responses import JSONResponse, Response

from api.access import require_reader
from api.auth import Asking, Caller, Serving
from api.bodies import parse_command, read_body
from api.metrics import Metrics
from api.openapi import command_documentation
from api.preconditions import etag, expected_version
from api.problems import HEADER_MALFORMED, refusal
from api.rendering import rendered
from api.services import Services
from domain.decider import Ref
from domain.directory.state import DIRECTORY
from domain.messages import Command, Kind
from domain.problems import DomainError
from domain.registry import COMMANDS
from eventlog.decision import STALE
from eventlog.handler import Answer, Order, Step
from eventlog.identity import command_id

ORGANIZATION = "/v1/organizations/{organization}"
STREAM_PATHS: dict[Kind, str] = {"directory": "/directory", "cycle": "/cycles/{cycle}", "plan": "/plans/{plan}"}
"""Where the streams of each kind live below their organization."""
KEY = re.compile(r"[\x21-\x7e]{1,255}")

IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="Makes a retry harmless. Without it every request is a new command."),
]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The ETag that you saw. Required where the command is an edit.")
]
IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", description="`*`: only create, never add to what exists.")
]
DryRun = Annotated[bool, Query(description="Answer what would be appended, and append nothing.")]


def add_command_routes(app: FastAPI, metrics: Metrics) -> None:
    """Add the route of every command that a caller may send."""
    for name, (kind, command) in COMMANDS.items():
        if command.system or kind not in STREAM_PATHS:
            continue
        app.add_api_route(
            f"{ORGANIZATION}{STREAM_PATHS[kind]}/{kebab(name)}",
            _endpoint(kind, command, metrics),
            methods=["POST"],
            response_model=None,
            **command_documentation(kind, name, command),
        )


def kebab(name: str) -> str:
    """A command's name as in its route."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def _endpoint(kind: Kind, command: type[Command], metrics: Metrics) -> Callable[..., Awaitable[Response]]:
    name = command.__name__

    async def endpoint(
        request: Request,
        services: Serving,
        caller: Asking,
        ref: Ref = Depends(_REFS[kind]),
        idempotency_key: IdempotencyKey = None,
        if_match: IfMatch = None,
        if_none_match: IfNoneMatch = None,
        dry_run: DryRun = False,
    ) -> Response:
        outcome = "refused"
        route = f"{kind}/{ref.stream}/{kebab(name)}"
        try:
            expected = expected_version(command, if_match, if_none_match)
            key = _checked(idempotency_key)
            body = await read_body(request, route)
            order = Order(
                organization=caller.organization,
                actor=caller.person,
                command_id=command_id(caller.organization, caller.person, route, key),
                steps=(Step(ref, parse_command(command, body.tree)),),
                body=body.canonical,
                expected=expected,
                dry_run=dry_run,
            )
            answer = await services.handler.execute(order)
            outcome = answer.outcome
            return await _answered(request, services, caller.organization, ref, answer)
        except DomainError as error:
            if error.problem is not STALE:
                raise
            return await _stale(request, services, caller, ref, error)
        finally:
            metrics.commands.labels(name, outcome).inc()

    return endpoint


async def _stale(request: Request, services: Services, caller: Caller, ref: Ref, error: DomainError) -> Response:
    """412, with what has happened since the version that was seen."""
    await require_reader(services, caller)
    since = await services.log.read_stream(caller.organization, ref, after_version=error.params["seen"])
    changes = [{"version": item.version, "type": item.type, "position": item.position} for item in since]
    return refusal(request, error, changes=changes)


async def _answered(request: Request, services: Services, organization: UUID, ref: Ref, answer: Answer) -> Response:
    versions = {str(stream): version for stream, version in (answer.versions or {}).items()}
    document: dict[str, Any] = {"outcome": answer.outcome, "position": None, "versions": versions, "events": []}
    headers: dict[str, str] = {}
    status = 200
    if answer.last_position:
        document["position"] = {"first": answer.first_position, "last": answer.last_position}
        headers["Goalcycle-Position"] = str(answer.last_position)
    for stream, event in answer.events:
        entry: dict[str, Any] = {
            "stream": {"kind": stream.kind, "id": str(stream.stream)},
            "type": type(event).__name__,
        }
        if answer.outcome == "dry_run":
            entry["data"] = (await rendered(services.opener(organization), event)).value
        document["events"].append(entry)
    written = (answer.versions or {}).get(ref.stream)
    if answer.outcome != "dry_run":
        # Callers' commands lead to facts only, so the version after them is the last fact's.
        headers["ETag"] = etag(written or (await services.handler.cache.load(organization, ref)).head.fact_version)
        if written is not None and written == answer.last_position - answer.first_position + 1:
            status = 201
            headers["Location"] = request.url.path.rpartition("/")[0].removesuffix("/directory")
    return JSONResponse(document, status, headers=headers)


def _checked(key: str | None) -> str:
    if key is None:
        return str(uuid4())
    if KEY.fullmatch(key) is None:
        raise HEADER_MALFORMED(header="Idempotency-Key")
    return key


def _directory_ref() -> Ref:
    return DIRECTORY


def _cycle_ref(cycle: UUID) -> Ref:
    return Ref("cycle", cycle)


def _plan_ref(plan: UUID) -> Ref:
    return Ref("plan", plan)


_REFS: dict[Kind, Callable[..., Ref]] = {"directory": _directory_ref, "cycle": _cycle_ref, "plan": _plan_ref}
