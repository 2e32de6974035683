"""What the supervisor must know of a part to start it, see that it serves, and stop it."""

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Part:
    """One program of the stack."""

    name: str
    command: tuple[str, ...]
    ready: Callable[[], Awaitable[bool]] | None = None
    """Asked again and again until it is true. None: the part prints the line `{"ready": name}` when it serves."""
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None
    user: str | None = None
    """The account that runs it; None: our own."""
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends it when the supervisor dies."""
    ready_within: float = 60.0
    """Seconds until a start counts as failed."""
    stop_within: float = 15.0
    """Seconds after the stop signal until it is killed."""
