"""The parts of goalcycle that run as processes: one name, one `async def serve(settings)` each.

A part serves until it is told to stop (SIGTERM or SIGINT cancel it), and prints the one line
`{"ready": name}` on stdout as soon as it serves. It is imported only when it runs.
"""

from collections.abc import Awaitable, Callable
from importlib import import_module

from eventlog.settings import Settings

Serve = Callable[[Settings], Awaitable[None]]

PARTS = {
    "projector": "cli.serve.projector:serve",
    "api": "cli.serve.api:serve",
    "worker": "cli.serve.worker:serve",
    "relay": "cli.serve.relay:serve",
}
"""In the order in which the local stack starts them; it stops them in reverse."""


def load_part(name: str) -> Serve:
    """The serve function of a part, its module imported now.

    Raises:
        KeyError: no part has this name.
    """
    module, _, function = PARTS[name].partition(":")
    serve: Serve = getattr(import_module(module), function)
    return serve
