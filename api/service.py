"""Health, metrics and the pages that explain: nothing here needs a token, and nothing here tells of an organization."""

from __future__ import annotations

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import HTMLResponse, JSONResponse, Response

from api.auth import Serving
from api.metrics import Metrics
from api.openapi import PROBLEMS
from api.pages import documentation_page, problem_index_page, problem_page
from api.problems import NOT_READY, ROUTE_UNKNOWN, problem_response
from domain.problems import PROBLEMS as DECLARED

HTML = {"text/html": {"schema": {"type": "string"}}}
PAGE_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
"""A page of ours asks nobody for anything."""

router = APIRouter(tags=["service"])


@router.get("/health/live", operation_id="get_liveness", summary="Liveness", response_model=dict[str, str])
async def liveness() -> Response:
    """Whether the process answers at all."""
    return JSONResponse({"status": "live"})


@router.get(
    "/health/ready",
    operation_id="get_readiness",
    summary="Readiness",
    response_model=dict[str, bool],
    responses={503: PROBLEMS},
)
async def readiness(request: Request, services: Serving) -> Response:
    """Whether commands can be answered: each check by name. 503 names those that fail."""
    checks = await services.readiness()
    failing = [name for name, holds in checks.items() if not holds]
    if failing:
        return problem_response(request, NOT_READY, {"checks": ", ".join(failing)})
    return JSONResponse(dict(checks))


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """Counters and histograms in Prometheus's text format; each one's HELP line says what it means."""
    found: Metrics = request.app.state.metrics
    return Response(generate_latest(found.registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/docs", operation_id="get_documentation", summary="Documentation", response_class=HTMLResponse)
async def documentation(request: Request) -> Response:
    """This document as one page that loads nothing from anywhere."""
    return HTMLResponse(documentation_page(request.app.openapi()), headers=PAGE_HEADERS)


@router.get("/problems", operation_id="list_problems", summary="Problems", response_class=HTMLResponse)
async def problems() -> Response:
    """Every refusal there is, in both languages."""
    return HTMLResponse(problem_index_page(), headers=PAGE_HEADERS)


@router.get(
    "/problems/{code}",
    operation_id="get_problem",
    summary="Problem",
    response_class=HTMLResponse,
    responses={404: PROBLEMS},
)
async def problem_of(request: Request, code: str) -> Response:
    """What a problem's `type` points to: its meaning and the way out, in both languages."""
    found = DECLARED.get(code)
    if found is None:
        return problem_response(request, ROUTE_UNKNOWN)
    return HTMLResponse(problem_page(found), headers=PAGE_HEADERS)
