"""ETags: the version of a stream's last fact. A reminder is no fact, so it never makes somebody's edit stale."""

from __future__ import annotations

import re

from api.problems import HEADER_MALFORMED, PRECONDITION_REQUIRED
from domain.messages import Command

STRONG_TAG = re.compile(r'"(\d{1,18})"')
CREATES_ONLY = 0


def etag(version: int) -> str:
    """The entity tag of a fact's version."""
    return f'"{version}"'


def expected_version(command: type[Command], match: str | None, none_match: str | None) -> int | None:
    """The version that a request insists on: `If-Match`, or 0 for `If-None-Match: *` (it must not exist yet).

    Raises `precondition.required` where the command is an edit and names no version, `header.malformed`.
    """
    if none_match is not None:
        if none_match.strip() != "*" or match is not None or not command.opens:
            raise HEADER_MALFORMED(header="If-None-Match")
        return CREATES_ONLY
    if match is None or match.strip() == "*":
        if command.edits:
            raise PRECONDITION_REQUIRED()
        return None
    found = STRONG_TAG.fullmatch(match.strip())
    if found is None:
        raise HEADER_MALFORMED(header="If-Match")
    return int(found.group(1))
