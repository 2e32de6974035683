"""Command ids: the same wish has the same id however often it is sent, and nobody can take another's.

Invariant: a caller's id and a duty's id never meet. They are version 5 uuids under two different namespaces, and the
name under each is the JSON of a list, so that no two lists of parts share one name.
"""

from __future__ import annotations

import json
from uuid import UUID, uuid5

CALLERS = UUID("5b0e6a52-6a0c-5d0f-9a51-3b8a3c1f2e01")
"""The namespace of ids that callers choose the key of."""
DUTIES = UUID("c6b1f0de-87f9-5b39-8b1e-6c0f5d7a9b02")
"""The namespace of duties; no route leads into it."""


def command_id(organization: UUID, actor: UUID, route: str, idempotency_key: str) -> UUID:
    """The id of a caller's command: the same key of the same person on the same route is the same command."""
    return uuid5(CALLERS, _name(str(organization), str(actor), route, idempotency_key))


def duty_id(organization: UUID, stream: UUID, duty_key: str) -> UUID:
    """The id under which a stream's duty is performed, at most once for ever."""
    return uuid5(DUTIES, _name(str(organization), str(stream), duty_key))


def _name(*parts: str) -> str:
    return json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
