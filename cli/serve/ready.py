"""Telling the supervisor that a part serves, and showing from then on that it lives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from cli.heartbeat import beat
from eventlog.settings import Settings


@asynccontextmanager
async def serving(settings: Settings, part: str) -> AsyncIterator[None]:
    """Print the readiness line, and beat until the part ends."""
    print(json.dumps({"ready": part}), flush=True)
    beating = asyncio.create_task(beat(settings, part))
    try:
        yield
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
