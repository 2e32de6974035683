"""Cursors of lists: opaque to callers, so that what lies behind them may change. Never offsets."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.problems import CURSOR_INVALID
from api.services import Limits

PAGE = 50
"""Items of a page where nothing else is asked for."""
After = Annotated[str | None, Query(max_length=512, description="The `next` of the page before this one.")]
Limit = Annotated[int, Query(ge=1, description="Items of a page; more than a page may have is cut to that.")]


def encode_cursor(stream: UUID, version: int) -> str:
    """The cursor after a version of a stream."""
    return base64.urlsafe_b64encode(json.dumps([str(stream), version]).encode()).decode().rstrip("=")


def decode_cursor(stream: UUID, cursor: str | None) -> int:
    """The version after which to go on; 0 without a cursor. Raises `cursor.invalid`, also for another list's."""
    if cursor is None:
        return 0
    try:
        of, version = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise CURSOR_INVALID("/query/after") from None
    if of != str(stream) or type(version) is not int or version < 0:
        raise CURSOR_INVALID("/query/after")
    return version


def page_size(limits: Limits, asked: int) -> int:
    """How many items a page has."""
    return min(asked, limits.page)
