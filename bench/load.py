"""The load generator as the rows use it: started once, steered line by line (bench/loader.py is the process).

Its ceiling is what it reaches against a server that answers the same bytes to everything.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bench.loader import HOST
from bench.processes import python, stopped

NAME = "bench.loader (raw HTTP/1.1, asyncio on uvloop, one process)"
LINE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Load:
    """What came of a job."""

    done: int
    seconds: float
    p50: float
    """Seconds."""
    p99: float
    refused: int
    """Answers that were no success. A figure with refusals in it is no figure."""
    refusal: str

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.done / self.seconds


class RefusedError(Exception):
    """The server refused some of the load."""


class Generator:
    """A running load generator."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()
        self.answered = 0
        """Requests answered since the start, those after the end of their jobs included."""

    async def run(self, port: int, clients: Sequence[Sequence[str]], seconds: float) -> Load:
        """Let each client send its requests in turn, over one connection, again and again. Raises RefusedError."""
        return await self.work({"port": port, "clients": clients, "seconds": seconds})

    async def work(self, job: dict[str, Any]) -> Load:
        """Do a job, one at a time. Raises RefusedError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._turn, asyncio.timeout(job["seconds"] + 60):
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            line = await self._process.stdout.readline()
        if not line:
            raise RefusedError("the load generator has ended")
        answer = json.loads(line)
        self.answered += answer.pop("answered")
        load = Load(**answer)
        if load.refused:
            raise RefusedError(f"{load.refused} of {load.done}: {load.refusal}")
        return load


@asynccontextmanager
async def generator() -> AsyncIterator[Generator]:
    """Start the load generator's process."""
    pipe = asyncio.subprocess.PIPE
    async with stopped(await python("bench.loader", stdin=pipe, stdout=pipe, limit=LINE_BYTES)) as process:
        yield Generator(process)


async def ceiling(load: Generator, seconds: float) -> float:
    """Requests a second that the generator reaches with 16 clients against a server that does nothing."""
    async with stopped(await python("bench.loader", "trivial", stdout=asyncio.subprocess.PIPE)) as process:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        clients = [[post("/", b'{"confidence":"0.7"}')]] * 16
        await load.run(port, clients, min(seconds, 0.5))
        return (await load.run(port, clients, seconds)).rate


def post(path: str, body: bytes, token: str = "none") -> str:
    """A ready request, as a client library would write it."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {HOST}\r\naccept: */*\r\nuser-agent: bench\r\n"
        f"authorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head + body.decode()
