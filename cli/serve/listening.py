"""What every part that listens does alike."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn


class Server(uvicorn.Server):
    """Leaves signals to whoever runs us: `goalcycle run` turns them into a cancellation."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def bind(host: str, port: int) -> socket.socket:
    """A listening socket, so that a taken port is our own error and not uvicorn's exit.

    Raises:
        OSError: the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    # Every connection inherits it. asyncio would set it on none of them: it asks for a protocol number that
    # `create_server` leaves at 0. Without it head and body of an answer are 40 ms apart (Nagle's algorithm and
    # delayed acknowledgements).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
