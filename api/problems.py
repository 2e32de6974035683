"""What the API itself can refuse, and RFC 9457 documents for every refusal.

Invariant: a problem document never repeats a value that the caller sent, because it may be a text that is sealed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.texts import Texts, texts_for
from domain.problems import DomainError, Problem, problem

UNAUTHENTICATED = problem(
    "auth.required",
    401,
    "A valid bearer token is needed.",
    hint="Send `Authorization: Bearer <token>`; for the local stack `goalcycle token` makes one.",
)
ROUTE_UNKNOWN = problem("route.unknown", 404, "There is nothing at this address.", hint="`/docs` lists all addresses.")
METHOD_WRONG = problem(
    "route.method",
    405,
    "This address does not take this method.",
    hint="The `Allow` header names the methods that it takes.",
)
BODY_TOO_LARGE = problem(
    "body.too_large", 413, "The body has more than {limit} bytes.", hint="Send several smaller requests."
)
MEDIA_TYPE = problem("body.media_type", 415, "The body must be JSON.", hint="Send `Content-Type: application/json`.")
MALFORMED = problem("body.malformed", 400, "The body is not well-formed JSON.", hint="Send one JSON object in UTF-8.")
HEADER_MALFORMED = problem(
    "header.malformed", 400, "The header {header} cannot be used like this.", hint="See the documentation of the route."
)
INVALID = problem(
    "request.invalid",
    422,
    "The request does not fit its schema; `errors` says where.",
    hint="Correct the fields that `errors` points to.",
)
PRECONDITION_REQUIRED = problem(
    "precondition.required",
    428,
    "This edit must say which version you saw.",
    hint="Read the resource and send its `ETag` in `If-Match`.",
)
VERSION_UNKNOWN = problem(
    "version.unknown", 422, "There is no version {version} yet.", hint="The history lists the versions there are."
)
AS_OF_FUTURE = problem(
    "as_of.future", 422, "`as_of` lies in the future.", hint="Ask for a position or an instant that has passed."
)
AS_OF_INVALID = problem(
    "as_of.invalid",
    422,
    "`as_of` is neither a position nor an instant.",
    hint="Send a position such as 412, or an instant with its offset such as 2027-01-31T16:00:00Z.",
)
CURSOR_INVALID = problem(
    "cursor.invalid", 422, "This cursor was not made by this list.", hint="Begin again without `after`."
)
BEHIND = problem(
    "view.behind",
    503,
    "The lists have not caught up with position {position} yet.",
    hint="Try again in a moment, or leave out `min_position`.",
    transient=True,
)
UNAVAILABLE = problem(
    "log.unavailable",
    503,
    "The log cannot be reached.",
    hint="Send the request again in a moment with the same Idempotency-Key.",
    transient=True,
)
UNREADABLE = problem(
    "log.unreadable",
    503,
    "What stands at position {position} of the log was written by another release and cannot be read by this one.",
    hint="Send the request again later; operators: install the release that wrote it.",
)
NOT_READY = problem(
    "service.not_ready", 503, "Not ready: {checks}.", hint="Operators: `goalcycle doctor` says what is missing."
)
INTERNAL = problem(
    "internal.error",
    500,
    "Something went wrong here.",
    hint="Send the request again with the same Idempotency-Key; if it stays, report the request_id.",
)
PROBLEM_TYPE = "application/problem+json"
RETRY_SECONDS = "1"


def refusal(request: Request, error: DomainError, **more: Any) -> Response:
    """The response that a domain error stands for; `more` are extension members."""
    return problem_response(request, error.problem, error.params, errors=fields_at_fault(request, error), **more)


def fields_at_fault(request: Request, error: DomainError) -> list[dict[str, Any]]:
    """The fields that a refusal, and what was refused with it, point to."""
    texts = _texts(request)
    return [
        {"pointer": one.pointer, "code": one.code, "message": texts.filled(one.problem.sentence, one.params)}
        for one in (error, *error.others)
        if one.pointer
    ]


def problem_response(
    request: Request,
    kind: Problem,
    params: Mapping[str, Any] | None = None,
    *,
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """A problem document in the caller's language, as the answer to the whole request."""
    request.state.problem = kind.code
    document = problem_document(request, kind, params, errors, **more)
    return Response(
        json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"),
        kind.status,
        media_type=PROBLEM_TYPE,
        headers=_headers(kind, _texts(request)) | dict(headers or {}),
    )


def problem_document(
    request: Request,
    kind: Problem,
    params: Mapping[str, Any] | None = None,
    errors: Sequence[Mapping[str, Any]] = (),
    **more: Any,
) -> dict[str, Any]:
    """What a refusal says, in the caller's language."""
    texts = _texts(request)
    detail = texts.filled(kind.sentence, params or {})
    document: dict[str, Any] = {
        "type": f"{str(request.base_url).rstrip('/')}/problems/{kind.code}",
        "title": texts.title(kind.sentence),
        "status": kind.status,
        "code": kind.code,
        "detail": detail,
    }
    if kind.hint:
        document["hint"] = texts(kind.hint)
    if errors:
        document["errors"] = list(errors)
    document |= more
    document["request_id"] = getattr(request.state, "request_id", "")
    return document


def _texts(request: Request) -> Texts:
    return texts_for(request.headers.get("accept-language", ""))


def _headers(kind: Problem, texts: Texts) -> dict[str, str]:
    headers = {"Content-Language": texts.tag, "Vary": "Accept-Language", "Cache-Control": "no-store"}
    if kind.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if kind.transient or kind.status == 503:
        headers["Retry-After"] = RETRY_SECONDS
    return headers
