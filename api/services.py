"""What the API works with: made by the composition root and handed in, so that `api` imports no part of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from prometheus_client import CollectorRegistry

from eventlog.codec import Codec
from eventlog.handler import CommandHandler
from eventlog.log import Log
from eventlog.seal import Opener
from eventlog.views import Standing


class Views(Protocol):
    """The read models. What they return is JSON of ids, codes and numbers, without texts or names."""

    async def board(
        self,
        organization: UUID,
        cycle: UUID,
        after: str | None,
        limit: int,
        *,
        units: Collection[UUID] | None = None,
        blocks: str | None = None,
    ) -> Mapping[str, Any] | None:
        """A cycle's standing, its units' and a page of its plans; None: no such cycle. Raises ValueError for a foreign
        cursor.
        """
        ...

    async def inbox(self, organization: UUID, person: UUID) -> Mapping[str, Any]:
        """What a person must do."""
        ...

    async def standings(self, organization: UUID, person: UUID, plans: Collection[UUID]) -> Mapping[UUID, Standing]:
        """How far these plans are, and how far somebody's own last act on each was."""
        ...

    async def children(self, organization: UUID, plan: UUID, goal: UUID, limit: int) -> Mapping[str, Any]:
        """The plans and ids of the alignments to a goal."""
        ...

    async def metrics(self, organization: UUID, after: UUID | None, limit: int) -> list[UUID]:
        """The organization's metrics in order of id, behind one."""
        ...

    async def resting(self, organization: UUID, upon: UUID, after: UUID | None, limit: int) -> list[UUID]:
        """The streams that rest on another, or once did, in order of id, behind one."""
        ...

    async def wait_for(self, organization: UUID, position: int, timeout: float) -> bool:  # noqa: ASYNC109
        """Whether the read models have reached a position, after waiting up to `timeout` seconds for it."""
        ...


Readiness = Mapping[str, bool]
"""Checks by name (`postgres`, `migrations`); ready is when all hold."""


@dataclass(frozen=True)
class Limits:
    """What one request may ask for."""

    body_bytes: int = 1024 * 1024
    """More than this is 413, told while the body still arrives."""
    bulk_bytes: int = 8 * 1024 * 1024
    """The same for a request that may bring thousands of things."""
    requests: int = 2_000
    """Requests under way in one process; one more is refused at once."""
    bodies_bytes: int = 64 * 1024 * 1024
    """What the bodies of all requests under way may come to."""
    request_seconds: float = 20.0
    """After this a request is given up. Whether a command took effect is unknown then; its key makes asking safe."""
    page: int = 200
    """The most items of a page."""
    read_your_writes_seconds: float = 2.0
    """How long a read waits for `min_position` before it answers 503."""


@dataclass(frozen=True)
class Services:
    """Everything the API needs."""

    handler: CommandHandler
    log: Log
    codec: Codec
    views: Views
    opener: Callable[[UUID], Opener]
    """Opens sealed values of an organization, for one request."""
    token_secret: str = field(repr=False)
    """Signs the callers' bearer tokens (HS256): at least 32 bytes."""
    readiness: Callable[[], Awaitable[Readiness]]
    queue_depth: Callable[[], int]
    """Requests that wait to be appended, for metrics."""
    limits: Limits = Limits()
    registry: CollectorRegistry | None = None
    """What `/metrics` shows: the engine's, to which the application adds its own; None: those alone."""
