"""How a part without a port shows that it lives: a file that its event loop touches.

A process that hangs, or whose loop is blocked, stops touching it; a mere process id could not tell.
"""

import asyncio
import time
from pathlib import Path

from eventlog.settings import Settings

EVERY_SECONDS = 5.0
STALE_SECONDS = 20.0


async def beat(settings: Settings, part: str) -> None:
    """Touches the part's file until it is cancelled."""
    path = _path(settings, part)
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        path.touch()
        await asyncio.sleep(EVERY_SECONDS)


def is_beating(settings: Settings, part: str) -> bool:
    """Whether the part touched its file lately."""
    try:
        age = time.time() - _path(settings, part).stat().st_mtime
    except FileNotFoundError:
        return False
    return age < STALE_SECONDS


def _path(settings: Settings, part: str) -> Path:
    return settings.home / "health" / part
