"""One value, one byte string: RFC 8785 for what goalcycle stores, and the hashes over it.

Keys are ASCII and there are no floats (decimals are strings), so the standard library's sorted, compact JSON is
exactly RFC 8785; a test compares it with the `rfc8785` library. Nothing optional is written when absent, so a
field added later leaves the hashes of earlier content alone.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical_json(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value without floats."""
    return _encode(value).encode()


def canonical_bytes(model: BaseModel) -> bytes:
    """The RFC 8785 bytes of a model, absent fields left out."""
    return canonical_json(model.__pydantic_serializer__.to_python(model, mode="json", exclude_none=True))


def content_hash(tag: str, *parts: bytes) -> str:
    """SHA-256 over a domain tag and length-prefixed parts, so that no two inputs share one encoding."""
    digest = hashlib.sha256()
    for part in (f"goalcycle/{tag}".encode(), *parts):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
