"""Named points inside a part at which it can be made to die, wait or misbehave.

A point is armed by a file and struck once, by whichever process comes there first: taking the file away is the claim.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

BEFORE_APPEND = "append.before"
"""The decision is made; nothing has been sent to Postgres."""
AFTER_APPEND = "append.after"
"""Postgres has committed; nobody has been told."""
IN_HEARTBEAT = "heartbeat"
"""A worker says that a duty is under way (the duty is held up until it has to say so)."""
SHUFFLED_NUDGES = "nudges.shuffled"
"""While it is armed every nudge goes out one to three times, late and in no order."""


class Points:
    """The armed points of one home."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "points"
        self._folder.mkdir(mode=0o755, exist_ok=True)

    def arm(self, part: str, point: str) -> None:
        """Arm a point of a kind of part (`worker`, `api`, …)."""
        (self._folder / f"{part}.{point}").touch()

    def disarm(self, part: str, point: str) -> None:
        """Harmless where it was struck already."""
        (self._folder / f"{part}.{point}").unlink(missing_ok=True)

    def is_armed(self, part: str, point: str) -> bool:
        return (self._folder / f"{part}.{point}").exists()

    def strike(self, part: str, point: str) -> None:
        """Die here, without a word, where the point is armed and nobody else has claimed it."""
        try:
            (self._folder / f"{part}.{point}").unlink()
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)
