"""Every exception that may leave a route, as a problem document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.bodies import InvalidBody
from api.field_texts import field_message
from api.problems import INVALID, METHOD_WRONG, ROUTE_UNKNOWN, UNAVAILABLE, UNREADABLE, problem_response, refusal
from api.texts import texts_for
from domain.problems import DomainError
from eventlog.codec import UnknownEventError
from eventlog.outage import LOST

logger = structlog.get_logger(__name__)


def add_error_handlers(app: FastAPI) -> None:
    """Register them."""
    app.add_exception_handler(DomainError, _domain_error)
    app.add_exception_handler(InvalidBody, _invalid_body)
    app.add_exception_handler(RequestValidationError, _invalid_parameters)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(UnknownEventError, _unreadable)
    for lost in LOST:
        app.add_exception_handler(lost, _unavailable)


async def _domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    return refusal(request, error)


async def _invalid_body(request: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidBody)
    return _invalid(request, error.errors)


async def _invalid_parameters(request: Request, error: Exception) -> Response:
    """A parameter of the path that cannot be an id names nothing: 404. Others are errors of the request."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item["loc"][0] == "path" for item in found):
        return problem_response(request, ROUTE_UNKNOWN)
    return _invalid(request, [("/" + "/".join(str(step) for step in item["loc"]), item) for item in found])


def _invalid(request: Request, found: Sequence[tuple[str, Mapping[str, Any]]]) -> Response:
    return problem_response(request, INVALID, errors=schema_faults(request, found))


def schema_faults(request: Request, found: Sequence[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """What does not fit a schema, by JSON pointer, in the caller's language."""
    texts = texts_for(request.headers.get("accept-language", ""))
    return [
        {"pointer": pointer, "code": error["type"], "message": field_message(texts, error)} for pointer, error in found
    ]


async def _http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own: no route, or not by this method."""
    assert isinstance(error, HTTPException)
    kind = METHOD_WRONG if error.status_code == METHOD_WRONG.status else ROUTE_UNKNOWN
    if error.status_code not in {METHOD_WRONG.status, ROUTE_UNKNOWN.status}:
        raise error
    return problem_response(request, kind, headers=error.headers)


async def _unavailable(request: Request, error: Exception) -> Response:
    """The database went away. Whether a command took effect is unknown; its key makes repeating it harmless."""
    del error
    return problem_response(request, UNAVAILABLE)


async def _unreadable(request: Request, error: Exception) -> Response:
    """Another process may know the event already: releases are rolled out one process after the other."""
    assert isinstance(error, UnknownEventError)
    logger.error("log.unreadable", error=str(error))
    return problem_response(request, UNREADABLE, {"position": error.position})
