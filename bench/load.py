"""The load generator, a process of its own: HTTP/1.1 as bytes over asyncio on uvloop.

It writes ready requests and looks at no more of an answer than its status and its length, so that on two cores nearly
all of the machine is left to the server it measures. `Generator` starts and steers it; its ceiling is what it reaches
against `Trivial`, a server that answers the same bytes to everything.

    job     {"port": 8080, "clients": [["POST /a …", …], …], "seconds": 3}   each client sends its requests in turn
    answer  {"done": 6000, "seconds": 3.0, "p50": 0.004, "p99": 0.01, "refused": 0, "refusal": ""}
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import cast

import uvloop

from bench.processes import python, stopped

NAME = "bench.load (raw HTTP/1.1, asyncio on uvloop, one process)"
HOST = "127.0.0.1"
LINE_BYTES = 64 * 1024 * 1024
TRIVIAL_ANSWER = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"


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

    async def run(self, port: int, clients: Sequence[Sequence[str]], seconds: float) -> Load:
        """Let each client send its requests in turn, over one connection, again and again. Raises RefusedError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        job = {"port": port, "clients": clients, "seconds": seconds}
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        async with asyncio.timeout(seconds + 60):
            line = await self._process.stdout.readline()
        load = Load(**json.loads(line))
        if load.refused:
            raise RefusedError(f"{load.refused} of {load.done}: {load.refusal}")
        return load


@asynccontextmanager
async def generator() -> AsyncIterator[Generator]:
    """Start the load generator's process."""
    pipe = asyncio.subprocess.PIPE
    async with stopped(await python("bench.load", stdin=pipe, stdout=pipe, limit=LINE_BYTES)) as process:
        yield Generator(process)


async def ceiling(load: Generator, seconds: float) -> float:
    """Requests a second that the generator reaches with 16 clients against a server that does nothing."""
    async with stopped(await python("bench.load", "trivial", stdout=asyncio.subprocess.PIPE)) as process:
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


# --- within the process ---


class _Client(asyncio.Protocol):
    """Sends its next request when the last one is answered, until the time is up."""

    def __init__(self, requests: list[bytes], run: _Run) -> None:
        self._requests = requests
        self._run = run
        self._next = 0
        self._sent = 0.0
        self._received = b""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def close(self) -> None:
        self._transport.close()

    def send(self) -> None:
        request = self._requests[self._next]
        self._next = (self._next + 1) % len(self._requests)
        self._sent = perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        end = received.find(b"\r\n\r\n")
        if end < 0 or len(received) < end + 4 + _length(received, end):
            self._received = received
            return
        self._received = b""
        now = perf_counter()
        self._run.answered(now - self._sent, received)
        if now < self._run.end:
            self.send()
        elif not self.ended.done():
            self.ended.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionResetError("the server closed the connection"))


def _length(head: bytes, end: int) -> int:
    at = head.find(b"content-length: ", 0, end)
    if at < 0:
        return 0
    return int(head[at + 16 : head.find(b"\r", at)])


class _Run:
    """One job under way."""

    def __init__(self) -> None:
        self.end = 0.0
        self.times: list[float] = []
        self.refused = 0
        self.refusal = ""

    def answered(self, seconds: float, answer: bytes) -> None:
        self.times.append(seconds)
        if answer[9:10] != b"2":
            self.refused += 1
            self.refusal = self.refusal or answer[:500].decode(errors="replace")


def _itself(client: _Client) -> _Client:
    return client


async def _work(job: dict[str, object]) -> dict[str, object]:
    loop, run = asyncio.get_running_loop(), _Run()
    scripts = job["clients"]
    port, seconds = job["port"], job["seconds"]
    assert isinstance(scripts, list)
    assert isinstance(port, int)
    assert isinstance(seconds, int | float)
    clients = []
    for script in scripts:
        client = _Client([request.encode() for request in script], run)
        await loop.create_connection(partial(_itself, client), HOST, port)
        clients.append(client)
    begun = perf_counter()
    run.end = begun + seconds
    for client in clients:
        client.send()
    await asyncio.gather(*(client.ended for client in clients))
    took = perf_counter() - begun
    for client in clients:
        client.close()
    times = sorted(run.times)
    return {
        "done": len(times),
        "seconds": took,
        "p50": times[len(times) // 2],
        "p99": times[len(times) * 99 // 100],
        "refused": run.refused,
        "refusal": run.refusal,
    }


async def _serve_jobs() -> None:
    loop = asyncio.get_running_loop()
    gc.disable()  # what is kept are floats
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await _work(json.loads(line))), flush=True)
        gc.collect()


class _Trivial(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        del data
        self._transport.write(TRIVIAL_ANSWER)


async def _serve_trivially() -> None:
    server = await asyncio.get_running_loop().create_server(_Trivial, HOST, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve_trivially() if "trivial" in sys.argv else _serve_jobs())
