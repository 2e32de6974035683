"""`goalcycle run api` with two routes more, which read the body, do nothing with it and answer 204.

`POST /noop` is a FastAPI route of the same application, found first: it has what every request has (request id, bound
of the body, latency metric), and nothing else. `POST /bare` is a FastAPI application of its own in the same process.
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
BARE = "/bare"


async def answer(request: Request) -> Response:
    """Nothing, once the body is here."""
    await request.body()
    return Response(status_code=204)


class Beside:
    """Two applications behind one server."""

    def __init__(self, ours: ASGIApp, bare: ASGIApp) -> None:
        self._ours = ours
        self._bare = bare

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._bare if scope.get("path") == BARE else self._ours
        await app(scope, receive, send)


def create_app(services: Services) -> ASGIApp:
    """What the server serves here."""
    ours = api_app.create_app(services)
    ours.post(NOOP, include_in_schema=False)(answer)
    ours.router.routes.insert(0, ours.router.routes.pop())
    bare = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    bare.post(BARE)(answer)
    return Beside(ours, bare)


if __name__ == "__main__":
    vars(api)["create_app"] = create_app  # `goalcycle run api` stays what it is, and serves this
    main()
