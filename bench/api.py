"""`goalcycle run api` with one route more: POST /noop, a plain FastAPI application of its own that answers 204.

It reads the body and does nothing with it. It lies outside of goalcycle's frame (request id, bound of the body,
metrics), so that whoever is measured against it carries what is ours, and it carries nothing.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api import app as api_app
from api.services import Services
from cli.main import main
from cli.serve import api

NOOP = "/noop"


def noop() -> FastAPI:
    """The plain application."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.post(NOOP)
    async def answer(request: Request) -> Response:
        await request.body()
        return Response(status_code=204)

    return app


class WithNoop:
    """Both applications behind one server."""

    def __init__(self, ours: ASGIApp) -> None:
        self._ours = ours
        self._noop = noop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._noop if scope.get("path") == NOOP else self._ours
        await app(scope, receive, send)


def create_app(services: Services) -> ASGIApp:
    """What the server serves here."""
    return WithNoop(api_app.create_app(services))


if __name__ == "__main__":
    vars(api)["create_app"] = create_app  # `goalcycle run api` stays what it is, and serves this
    main()
