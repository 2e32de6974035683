"""Where commands live: POST /v1/organizations/{organization}/plans/{plan}/propose-revision, one address per command.

All of them are one route. FastAPI would try a pattern for each command and resolve each parameter by itself, which
takes longer than to decide and append.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn
from uuid import UUID

from pydantic import TypeAdapter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from api.services import Limits
from domain.decider import Ref
from domain.directory.state import DIRECTORY
from domain.messages import Command, Kind
from domain.registry import CALLABLE

ORGANIZATION = "/v1/organizations/{organization}"
STREAM_PATHS: Mapping[Kind, str] = {
    "directory": "/directory",
    "cycle": "/cycles/{cycle}",
    "plan": "/plans/{plan}",
    "metric": "/metrics/{metric}",
}
"""Where the streams of each kind live below their organization."""
PATTERN = re.compile(
    r"/v1/organizations/(?P<organization>[^/]+)/"
    r"(?P<stream>directory|(?P<kind>cycle|plan|metric)s/(?P<id>[^/]+))/(?P<command>[a-z]+(?:-[a-z]+)*)"
)
_id = TypeAdapter(UUID).validate_python
"""As in FastAPI's routes: `UUID` itself takes spellings like 0x… and a newline at the end."""


@dataclass(frozen=True)
class Address:
    """A command and the path of its route."""

    kind: Kind
    command: type[Command]

    @cached_property
    def name(self) -> str:
        return self.command.__name__

    @cached_property
    def last(self) -> str:
        """The last step of the path: the command's name in kebab case."""
        return kebab(self.name)

    def ref(self, stream: UUID | None) -> Ref:
        """The stream that it is sent to; None: the directory."""
        return DIRECTORY if stream is None else Ref(self.kind, stream)

    def route(self, ref: Ref) -> str:
        """What an Idempotency-Key is bound to besides the caller."""
        return f"{ref.kind}/{ref.stream}/{self.last}"

    @cached_property
    def path(self) -> str:
        return f"{ORGANIZATION}{STREAM_PATHS[self.kind]}/{self.last}"


def kebab(name: str) -> str:
    """A command's name as in its address."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


ADDRESSES = tuple(Address(kind, command) for kind, command in CALLABLE.values() if kind in STREAM_PATHS)
"""Every command that a caller may send: a new command needs no route code."""


MANY = "commands"
"""The last step of the path that takes many commands of any kind."""
BULK = frozenset({MANY, *(address.last for address in ADDRESSES if address.command.bulk)})
"""The last steps of the paths whose bodies may be larger."""


def body_limit(path: str, limits: Limits) -> int:
    """Bytes that the body of a request to this path may have."""
    return limits.bulk_bytes if path.rpartition("/")[2] in BULK else limits.body_bytes


@dataclass(frozen=True)
class Addressed:
    """What a request's path says."""

    address: Address
    organization: UUID
    stream: str | None
    """The stream's id as written; None: the directory."""

    @cached_property
    def ref(self) -> Ref:
        """The stream. Raises HTTPException: looked at behind the caller's token, which comes first on every route."""
        return self.address.ref(None if self.stream is None else _parsed(self.stream))


Endpoint = Callable[[Request, Addressed], Awaitable[Response]]


class CommandRoute(BaseRoute):
    """The route of all commands."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._addresses = {f"{address.kind}/{address.last}": address for address in ADDRESSES}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """A POST to a command's address; another method is told which one it takes."""
        found = PATTERN.fullmatch(scope["path"]) if scope["type"] == "http" else None
        address = self._addresses.get(f"{found['kind'] or 'directory'}/{found['command']}") if found else None
        if found is None or address is None:
            return Match.NONE, {}
        child = {"route": address, "path_params": found.groupdict()}
        return (Match.FULL if scope["method"] == "POST" else Match.PARTIAL), child

    def url_path_for(self, name: str, /, **path_params: Any) -> NoReturn:
        """Nobody asks for an address by name."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Raises what the endpoint raises, and HTTPException where the path names nothing."""
        if scope["method"] != "POST":
            raise HTTPException(405, headers={"Allow": "POST"})
        response = await self._endpoint(Request(scope, receive, send), _addressed(scope))
        await response(scope, receive, send)


def _addressed(scope: Scope) -> Addressed:
    address, found = scope["route"], scope["path_params"]
    return Addressed(address, _parsed(found["organization"]), found["id"])


def _parsed(text: str) -> UUID:
    try:
        return _id(text)
    except ValueError:  # pydantic's error is one; what cannot be an id names nothing
        raise HTTPException(404) from None
