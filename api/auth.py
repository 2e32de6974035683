"""Who is asking: the one place that reads a token. Full identity comes later and changes nothing but this module.

A token is a JWT signed by HS256 with the claims `sub` (the person), `org` (the organization) and `exp`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

import jwt
from fastapi import Depends, Request, Security
from fastapi.exceptions import HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.problems import UNAUTHENTICATED
from api.services import Services
from domain.access.grants import SEEING
from domain.directory.founding import NOT_FOUNDED
from domain.values import SYSTEM

ALGORITHM = "HS256"
ACTION = "x-action"
"""The member of a route's OpenAPI operation that names its action."""
_bearer = HTTPBearer(
    auto_error=False, bearerFormat="JWT", scheme_name="bearer", description="A person's token: `goalcycle token`."
)


@dataclass(frozen=True)
class Caller:
    """An authenticated person of an organization."""

    organization: UUID
    person: UUID
    action: str = ""
    """What the route shows (domain/access/grants.py); the route of commands has none of its own."""


def shows(action: str) -> dict[str, Any]:
    """What a GET route says of itself, as its `openapi_extra`: which action its reader must be granted."""
    if action not in SEEING:
        raise ValueError(f"{action} is granted to nobody: add it to SEEING in domain/access/grants.py")
    return {ACTION: action}


def mint_token(secret: str, *, organization: UUID, person: UUID, lasts: timedelta) -> str:
    """A token of a person, good for `lasts` from now."""
    claims = {"sub": str(person), "org": str(organization), "exp": datetime.now(UTC) + lasts}
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def read_token(secret: str, token: str) -> Caller:
    """Who a token speaks for. Raises `auth.required`."""
    caller, expires = _verified(secret, token)
    if expires <= time.time():
        raise UNAUTHENTICATED()
    return caller


@lru_cache(maxsize=10_000)
def _verified(secret: str, token: str) -> tuple[Caller, float]:
    """What a token says, and until when (seconds since 1970): its signature is looked at once, its end every time.

    Raises `auth.required`; nothing is remembered of what was refused.
    """
    try:
        claims = jwt.decode(token, secret, algorithms=[ALGORITHM], options={"require": ["sub", "org", "exp"]})
        caller = Caller(organization=UUID(claims["org"]), person=UUID(claims["sub"]))
        expires = float(claims["exp"])
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError):
        raise UNAUTHENTICATED() from None
    if caller.person == SYSTEM:
        raise UNAUTHENTICATED()  # duties are goalcycle's own: nobody can hold a token for them
    return caller, expires


async def services_of(request: Request) -> Services:
    """What the application was made with."""
    services: Services = request.app.state.services
    return services


def caller_of(request: Request, services: Services, organization: UUID) -> Caller:
    """The caller, of the organization in the path. Raises `auth.required`; another organization is invisible (404)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise UNAUTHENTICATED()
    caller = read_token(services.token_secret, token.strip())
    if caller.organization != organization:
        raise NOT_FOUNDED()
    return caller


async def authenticated(
    request: Request,
    organization: UUID,
    _documented: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    services: Annotated[Services, Depends(services_of)],
) -> Caller:
    """`caller_of` for FastAPI's routes. A route that does not say what it shows is closed: it answers 404."""
    action = (getattr(request.scope.get("route"), "openapi_extra", None) or {}).get(ACTION)
    if action is None:
        raise HTTPException(404)
    return replace(caller_of(request, services, organization), action=action)


Asking = Annotated[Caller, Depends(authenticated)]
Serving = Annotated[Services, Depends(services_of)]
