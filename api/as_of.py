"""`?as_of=`: which position an answer is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from api.auth import Caller
from api.problems import AS_OF_FUTURE, AS_OF_INVALID
from api.services import Services
from domain.decider import Ref
from domain.values import Instant
from eventlog.log import AsOfFutureError
from eventlog.states import Cached

AsOfQuery = Annotated[
    str | None, Query(alias="as_of", description="A position, or an RFC 3339 instant with its offset. Absent: now.")
]
_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


@dataclass(frozen=True)
class Moment:
    """Now, or a position of the past."""

    position: int | None = None
    instant: datetime | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Nothing is kept: what a position's answer shows depends on today's rights, which may have been taken away."""
        return {"Cache-Control": "private, no-store"}

    @property
    def shown(self) -> dict[str, Any] | None:
        """The `as_of` member of an answer."""
        if self.position is None:
            return None
        return {"position": self.position, "instant": to_jsonable_python(self.instant)}


async def moment_of(services: Services, caller: Caller, as_of: str | None) -> Moment:
    """Resolve `as_of`. Raises `as_of.invalid`, `as_of.future`."""
    if as_of is None:
        return Moment()
    if as_of.isascii() and as_of.isdigit() and len(as_of) <= 18:
        position = int(as_of)
        if position > await services.log.last_position(caller.organization):
            raise AS_OF_FUTURE("/query/as_of")
        return Moment(position)
    try:
        # A `+` that was not percent-encoded arrives as a space.
        instant = _INSTANT.validate_python(as_of.replace(" ", "+") if "T" in as_of else None)
    except ValidationError:
        raise AS_OF_INVALID("/query/as_of") from None
    try:
        return Moment(await services.log.position_at(caller.organization, instant), instant)
    except AsOfFutureError:
        raise AS_OF_FUTURE("/query/as_of") from None


async def load(services: Services, caller: Caller, ref: Ref, moment: Moment, *, just_read: bool = False) -> Cached:
    """A stream's state at a moment; now means now, not what this process saw last, unless that was just read."""
    if moment.position is None:
        cache = services.handler.cache
        return await (cache.load if just_read else cache.refresh)(caller.organization, ref)
    return await services.handler.cache.load_at(caller.organization, ref, moment.position)
