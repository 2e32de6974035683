"""The application, put together from its services."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from api import advice, alignment, bulk, gate, history, lists, metric_reads, negotiation, service, state
from api.admission import Admission
from api.commands import command_route
from api.errors import add_error_handlers
from api.frame import Frame
from api.metrics import Metrics
from api.openapi import VERSION, openapi_of
from api.services import Services
from api.texts import LANGUAGES, texts_in

ROUTERS = (
    state.router,
    alignment.router,
    negotiation.router,
    metric_reads.router,
    gate.router,
    history.router,
    lists.router,
    advice.router,
    bulk.router,
    service.router,
)


def create_app(services: Services) -> FastAPI:
    """The API on these services.

    FastAPI's own documentation pages are off: they load from a content network, blank offline. `/docs` is ours.
    """
    for language in LANGUAGES:
        texts_in(language)  # a broken catalogue stops the start, not the first refusal in that language
    metrics = Metrics(services.queue_depth, services.registry)
    app = _routed(metrics)
    app.state.services = services
    app.state.metrics = metrics
    add_error_handlers(app)
    app.add_middleware(Admission, limits=services.limits)  # inside the frame: the last one added is the outermost
    app.add_middleware(Frame, metrics=metrics, limits=services.limits)
    return app


def openapi_document() -> dict[str, Any]:
    """What `/openapi.json` answers, without services."""
    return _routed(Metrics(lambda: 0)).openapi()


def _routed(metrics: Metrics) -> FastAPI:
    app = FastAPI(title="goalcycle", version=VERSION, docs_url=None, redoc_url=None)
    for router in ROUTERS:
        app.include_router(router)
    app.router.routes.insert(0, command_route(metrics))  # first: most requests are commands
    app.openapi = lambda: openapi_of(app)  # type: ignore[method-assign]
    return app
