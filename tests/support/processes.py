"""goalcycle's own parts as processes of their own, which can be killed like any other."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.stack.tether import tether


@dataclass
class Process:
    """One running part."""

    part: str
    running: asyncio.subprocess.Process
    output: Path

    @property
    def alive(self) -> bool:
        return self.running.returncode is None

    async def is_ready(self) -> bool:
        """Whether it says that it serves."""
        return any(line.get("ready") == self.part for line in self._lines())

    async def has_logged(self, event: str) -> bool:
        """Whether it wrote this structured line."""
        return any(line.get("event") == event for line in self._lines())

    async def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is said."""
        self.running.kill()
        await self.running.wait()

    def _lines(self) -> list[dict[str, object]]:
        written = self.output.read_text(encoding="utf-8").rpartition("\n")[0]  # the last line may still grow
        return [json.loads(line) for line in written.splitlines() if line.startswith("{")]


@asynccontextmanager
async def running(part: str, environment: Mapping[str, str], output: Path) -> AsyncIterator[Process]:
    """`goalcycle run PART`, stopped by SIGTERM at the end of the block unless it was killed before."""
    with output.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli.main", "run", part),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "GOALCYCLE_LOG_FORMAT": "json", **environment},
            preexec_fn=tether(signal.SIGKILL),
        )
    try:
        yield Process(part, process, output)
    finally:
        if process.returncode is None:
            process.terminate()
            async with asyncio.timeout(30):
                await process.wait()
