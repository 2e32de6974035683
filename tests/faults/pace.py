"""How the clients of a campaign behave."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Pace:
    """How the clients behave; faults may turn these while they run."""

    clients: int = 8
    pause: float = 0.25
    """Mean seconds between two commands of one client."""
    copies: int = 1
    """Each command goes out one to so many times at once, in no order."""
    timeout: float = 5.0
    """Seconds after which an answer is given up; a command may wait 2 s for a phase that is closing."""
