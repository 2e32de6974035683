"""What every part that listens does alike."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EADDRINUSE

import uvicorn

from cli.stack.errors import StackError

SETTINGS = "GOALCYCLE_API_HOST, GOALCYCLE_API_PORT, GOALCYCLE_METRICS_HOST and GOALCYCLE_*_METRICS_PORT"


class Server(uvicorn.Server):
    """Leaves signals to whoever runs us: `goalcycle run` turns them into a cancellation."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def bind(host: str, port: int) -> socket.socket:
    """A listening socket, so that a taken port is our own error and not uvicorn's exit.

    Raises:
        StackError: the port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = "another program has it" if error.errno == EADDRINUSE else f"{error.strerror}".partition(" (")[0]
        raise StackError(f"cannot listen on port {port} of {host}", f"{why}; {SETTINGS} move it") from error
    # Every connection inherits it. asyncio would set it on none of them: it asks for a protocol number that
    # `create_server` leaves at 0. Without it head and body of an answer are 40 ms apart (Nagle's algorithm and
    # delayed acknowledgements).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
