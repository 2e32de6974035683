"""What a client of Postgres says on the wire, followed closely enough to know which statement it executes.

Only the proxy's cuts need it; anything that is not Postgres's protocol is passed over in silence.
"""

from __future__ import annotations

import struct

UNTYPED = {80877103, 80877104}
"""Codes of the requests for encryption, after which the client begins anew."""
CANCEL = 80877102
LONGEST = 64 * 1024 * 1024


class Frontend:
    """Follows one connection's messages from the client."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._started = False
        self._lost = False
        """It speaks something else, or encrypted."""
        self._texts: dict[bytes, bytes] = {}
        """Text of each prepared statement by name."""
        self._bound: list[bytes] = []
        """What has been bound since the last `Sync`."""

    def executed(self, chunk: bytes) -> list[bytes]:
        """Texts of the statements that the server executes with this piece: simple ones, and bound ones at `Sync`."""
        if self._lost:
            return []
        self._buffer += chunk
        found: list[bytes] = []
        while (message := self._next()) is not None:
            kind, body = message
            if kind == b"Q":
                found.append(body)
            elif kind == b"P":
                name, _, rest = body.partition(b"\0")
                self._texts[name] = rest.partition(b"\0")[0]
            elif kind == b"B":
                name = body.partition(b"\0")[2].partition(b"\0")[0]
                self._bound.append(self._texts.get(name, b""))
            elif kind == b"S":
                found += self._bound
                self._bound = []
        return found

    def _next(self) -> tuple[bytes, bytes] | None:
        start = 1 if self._started else 0
        if len(self._buffer) < start + 4:
            return None
        (length,) = struct.unpack_from("!i", self._buffer, start)
        if not 4 <= length <= LONGEST:
            self._lost = True
            self._buffer.clear()
            return None
        end = start + length
        if len(self._buffer) < end:
            return None
        kind, body = bytes(self._buffer[:start]), bytes(self._buffer[start + 4 : end])
        del self._buffer[:end]
        if not self._started:
            code = struct.unpack("!i", body[:4])[0] if len(body) >= 4 else 0
            self._started = code not in UNTYPED and code != CANCEL
        return kind, body
