"""`goalcycle` as an operator runs it: a process with settings of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cli.stack.tether import tether


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    output: str
    errors: str

    @property
    def answer(self) -> dict[str, Any]:
        """What `--json` printed."""
        answer: dict[str, Any] = json.loads(self.output)
        return answer


async def goalcycle(*arguments: str, environment: Mapping[str, str], within: float = 60) -> Said:
    """Run one command to its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
        preexec_fn=tether(signal.SIGKILL),
    )
    try:
        async with asyncio.timeout(within):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Said(process.returncode, output.decode(), errors.decode())
