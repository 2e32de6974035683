"""Trace and span ids that follow from a command's id, so that no part has to remember or hand on a trace.

The relay knows a position, the log knows the command that wrote it, and both ids follow from that: minutes or months
later, on another machine, after any crash. Not the command id itself: six of its bits are fixed (RFC 9562), some where
ratio samplers look, which would then keep all traces or none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

TRACE = b"goalcycle trace 1"
APPEND = b"goalcycle append 1"


def trace_id_of(command_id: UUID) -> int:
    """The trace of a command and of what followed from it."""
    return int.from_bytes(hashlib.sha256(TRACE + command_id.bytes).digest()[:16], "big")


def span_id_of(command_id: UUID) -> int:
    """The span of the append that wrote a command's events: there is exactly one, as the log promises."""
    return int.from_bytes(hashlib.sha256(APPEND + command_id.bytes).digest()[:8], "big")


@dataclass
class _Given:
    trace: int | None
    span: int | None


_GIVEN: ContextVar[_Given | None] = ContextVar("goalcycle_given_ids", default=None)


class DerivedIds(RandomIdGenerator):
    """Random ids, except for the next span inside `given`."""

    def generate_trace_id(self) -> int:
        given = _GIVEN.get()
        if given is None or given.trace is None:
            return super().generate_trace_id()
        found, given.trace = given.trace, None
        return found

    def generate_span_id(self) -> int:
        given = _GIVEN.get()
        if given is None or given.span is None:
            return super().generate_span_id()
        found, given.span = given.span, None
        return found


@contextmanager
def given(trace: int | None = None, span: int | None = None) -> Iterator[None]:
    """Let the next root span begun here have this trace id, and the next span this span id."""
    token = _GIVEN.set(_Given(trace, span))
    try:
        yield
    finally:
        _GIVEN.reset(token)
